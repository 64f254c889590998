"""Where accepted mail arrives when a test wants to see it: an LMTP server
that keeps what it gets, and what Postfix's queue and log say of the rest."""

import re
import socketserver
import threading

from smtp import wait_for

PORT = 2424
# Parameters of the MTA that send all mail here.
TRANSPORT = {"local_transport": f"lmtp:inet:127.0.0.1:{PORT}",
             "default_transport": f"lmtp:inet:127.0.0.1:{PORT}"}


class _Lmtp(socketserver.StreamRequestHandler):
    def _say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def _data(self):
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline().rstrip(b"\r\n")) != b".":
            lines.append(line.decode("latin1"))
        self.server.keep(self.recipients, lines)  # before anybody hears so
        for _ in self.recipients:
            self._say("250 2.0.0 kept")

    def handle(self):
        self.recipients = []
        self._say("220 sink LMTP")
        for line in self.rfile:
            words = line.decode("latin1").split(":", 1)
            verb = words[0].strip().upper()
            if verb == "QUIT":
                self._say("221 bye")
                return
            if verb == "DATA":
                self._data()
                continue
            if verb.startswith("LHLO"):
                self._say("250 sink")
                continue
            if verb == "MAIL FROM":
                self.recipients = []
            if verb == "RCPT TO":
                self.recipients.append(
                    words[1].strip().split(">")[0].lstrip("<"))
            self._say("250 2.0.0 fine")


class Sink(socketserver.ThreadingTCPServer):
    """Messages by the queue id in their own Received:."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", PORT), _Lmtp)
        self.lock = threading.Lock()
        self.mail = {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()

    def keep(self, recipients, lines):
        queue_id = re.search(r"id ([0-9A-Za-z]+)", "\n".join(lines))[1]
        with self.lock:
            known, _ = self.mail.setdefault(queue_id, ([], None))
            self.mail[queue_id] = (sorted(known + recipients), lines)

    def fate(self, mta, reply, since):
        """What became of a message that was "queued as": (word, recipients,
        header lines), once that is known.  since: where the log ended when
        its session began."""
        queue_id = re.search(r"queued as (\w+)", reply)[1]
        return wait_for(f"the fate of {queue_id}",
                        lambda: self._fate(mta, queue_id, since))

    def _fate(self, mta, queue_id, since):
        log = mta.log()[since:]
        queued = [path.parts for path in (mta.dir / "spool").rglob(queue_id)]
        with self.lock:
            recipients, lines = self.mail.get(queue_id, ([], None))
        if any("hold" in parts for parts in queued):
            return "held", [], []
        if f" {queue_id}: removed" in log and lines:
            return "delivered", recipients, list(headers(lines))
        if " discard: " in log.replace("milter-", " ") and not (
                queued or lines):
            return "discarded", [], []
        return None


def headers(lines):
    """Those that the message had or got, with Received: cut short."""
    for line in lines[:lines.index("")]:
        if line[:1] in " \t":
            continue
        yield "Received:" if line.startswith("Received:") else line
