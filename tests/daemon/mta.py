"""The MTA's side of the milter protocol, version 6, enough to test a filter.

Speaks as Postfix does: macros before each command, no reply awaited where the
filter has negotiated that none comes.
"""
import socket
import struct

NR_CONN, NR_HELO, NR_MAIL = 0x1000, 0x2000, 0x4000
NR_ALL = 0xFF080 & ~0x800
NO_STEPS = 0x37F  # connect, helo, mail, rcpt, body, hdrs, eoh, unknown, data
RCPT_REJ, SKIP, LEADSPC = 0x800, 0x400, 0x100000
POSTFIX_STEPS = NO_STEPS | NR_ALL | RCPT_REJ | SKIP | LEADSPC
ACTIONS = 0x1FF
SETSYMLIST = 0x100
CHANGES = (b"+", b"-", b"h", b"i", b"q", b"m")
ADDHDRS, ADDRCPT, DELRCPT, QUARANTINE = 0x1, 0x4, 0x8, 0x20
STAGES = {0: "connect", 1: "helo", 2: "mail", 3: "rcpt"}


class Gone(Exception):
    """The filter has closed the connection."""


class Mta:
    """One SMTP session, as the filter sees it."""

    def __init__(self, path, actions=ACTIONS, steps=POSTFIX_STEPS, timeout=20):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(timeout)
        self.macros = {}
        try:
            self.sock.connect(path)
            self._negotiate(actions, steps)
        except BaseException:
            self.sock.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        try:
            self._send(b"Q")
        except OSError:
            pass
        self.sock.close()

    def _send(self, command, data=b""):
        self.sock.sendall(struct.pack("!I", len(data) + 1) + command + data)

    def _read(self, n):
        data = b""
        while len(data) < n:
            try:
                more = self.sock.recv(n - len(data))
            except ConnectionResetError:
                more = b""
            if not more:
                raise Gone()
            data += more
        return data

    def _receive(self):
        (length,) = struct.unpack("!I", self._read(4))
        data = self._read(length)
        return data[:1], data[1:]

    def _negotiate(self, actions, steps):
        self._send(b"O", struct.pack("!III", 6, actions, steps))
        command, data = self._receive()
        assert command == b"O", command
        self.version, self.actions, self.steps = struct.unpack("!III", data[:12])
        rest = data[12:]
        while rest:
            (stage,) = struct.unpack("!I", rest[:4])
            text, _, rest = rest[4:].partition(b"\0")
            self.macros[STAGES[stage]] = text.decode().split()

    def _command(self, command, data, no_reply, macros):
        if macros:
            flat = b"".join(
                f"{name}\0{value}\0".encode("utf-8", "surrogateescape")
                for name, value in macros.items())
            self._send(b"D", command + flat)
        self._send(command, data)
        if self.steps & no_reply:
            return None
        return self.answer()

    def answer(self):
        """"continue", or the reply's text, or the answer's letter."""
        command, data = self._receive()
        if command == b"c":
            return "continue"
        if command == b"y":
            return data.rstrip(b"\0").decode("utf-8", "surrogateescape")
        return command.decode()

    def connect(self, address="192.0.2.9", name=None, port=12345, ptr=None,
                resolve=None):
        shown = name if name is not None else f"[{address}]"
        if address is None:
            data = shown.encode() + b"\0U"
        else:
            family = b"6" if ":" in address else b"4"
            data = (shown.encode() + b"\0" + family + struct.pack("!H", port) +
                    address.encode() + b"\0")
        macros = {"j": "mx.example.net", "{daemon_name}": "mx.example.net"}
        if address is not None:
            macros.update({
                "{client_name}": name or "unknown",
                "{client_ptr}": ptr or name or "unknown",
                "{client_resolve}": resolve or ("OK" if name else "FAIL"),
                "{client_port}": str(port)})
        return self._command(b"C", data, NR_CONN, macros)

    def helo(self, name="mail.example.org"):
        data = name.encode("utf-8", "surrogateescape") + b"\0"
        return self._command(b"H", data, NR_HELO, {})

    def mail(self, sender="<a@example.org>", **macros):
        data = sender.encode("utf-8", "surrogateescape") + b"\0SIZE=100\0"
        return self._command(b"M", data, NR_MAIL, macros)

    def rcpt(self, recipient="<b@example.net>", queue_id=None):
        macros = {"{rcpt_addr}": recipient.strip("<>")}
        if queue_id:
            macros["i"] = queue_id
        data = recipient.encode("utf-8", "surrogateescape") + b"\0"
        return self._command(b"R", data, 0, macros)

    def eom(self):
        """The message has come: what is to be done to it, as pairs of the
        protocol's letter and its texts, and the answer last."""
        self._send(b"E")
        done = []
        while True:
            command, data = self._receive()
            if command in CHANGES:
                number = command == b"i"
                texts = data[4 * number:].split(b"\0")[:-1]
                done.append((command.decode(), *(
                    text.decode("utf-8", "surrogateescape")
                    for text in texts)))
            else:
                return done + [command.decode()]

    def abort(self):
        self._send(b"A")


def session(path, address="192.0.2.9", name=None, helo="mail.example.org",
            sender="<a@example.org>", rcpt="<b@example.net>"):
    """A whole session with one recipient; what RCPT was answered."""
    with Mta(path) as mta:
        mta.connect(address, name)
        mta.helo(helo)
        mta.mail(sender)
        return mta.rcpt(rcpt)
