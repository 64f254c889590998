"""An SMTP client that sends exactly what it is told to, from any address."""

import select
import socket

import postfix
import space
from waiting import PATIENCE, wait_for  # the latter for the tests


class Smtp:
    """One connection.  Replies are text: all lines, without the last CRLF."""

    port = postfix.MILTER  # whom a test talks to that does not say whom
    heard = {}  # {port: what replies from there mean}

    def __init__(self, source, port=None, greeted=True):
        self.port = port or self.port
        six = ":" in source
        self.sock = socket.socket(socket.AF_INET6 if six else socket.AF_INET)
        self.sock.settimeout(PATIENCE)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.bind((source, 0))
        try:
            self._connect(space.ADDRESS6 if six else space.ADDRESS, self.port)
        except OSError:
            self.sock.close()
            raise
        self.rest = b""
        self.banner = self.reply() if greeted else None

    def readable(self):
        return select.select([self.sock], [], [], 0)[0]

    def _connect(self, server, port):
        self.sock.connect((server, port))

    def reply(self):
        lines = []
        while True:
            while b"\n" not in self.rest:
                more = self.sock.recv(65536)
                if not more:
                    raise EOFError(f"closed after {lines}")
                self.rest += more
            line, self.rest = self.rest.split(b"\n", 1)
            lines.append(line.rstrip(b"\r").decode("latin1"))
            if lines[-1][3:4] != "-":
                return self.heard.get(self.port, str)("\n".join(lines))

    def send(self, data):
        if isinstance(data, str):
            data = data.encode()
        self.sock.sendall(data + b"\r\n")

    def cmd(self, data):
        self.send(data)
        return self.reply()

    def need(self, data):
        """A command that has to succeed."""
        reply = self.cmd(data)
        if reply[:1] not in "23":
            raise AssertionError(f"{data!r}: {reply}")
        return reply

    def helo(self, name="mail.example.org"):
        return self.need(f"EHLO {name}")

    def mail(self, sender="alice@example.org"):
        return self.need(f"MAIL FROM:<{sender}>")

    def rcpt(self, recipient):
        return self.cmd(f"RCPT TO:<{recipient}>")

    def data(self, text="Subject: lab\r\n\r\nhello\r\n"):
        self.need("DATA")
        return self.cmd(text + ".")

    def quit(self):
        try:
            self.cmd("QUIT")
        finally:
            self.close()

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
