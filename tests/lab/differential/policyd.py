"""A policy service whose answers depend on what it is asked, and only on
that: both gates ask it."""

import socketserver
import threading

ADDRESS = ("127.0.0.1", 9998)
# By the recipient's local part, then by the sender's.
RECIPIENTS = {
    "carol": "REJECT carol says the service", "list": "DEFER_IF_PERMIT wait",
    "abuse": "OK", "bob+tag": "450 4.2.1 tagged", "Bob": "DUNNO",
    "p-class": "ask", "p-list": "reject_non_fqdn_sender, reject",
    "p-odd": "NOSUCH action", "p-empty": "", "p-info": "INFO so",
    "p-warn": "WARN careful", "p-dir": "DEFER_IF_REJECT 4.7.4 perhaps not",
    "p-defer": "defer", "p-permit": "permit", "p-digits": "550",
    "p-text": "554 5.7.9 with a text; and more, of it",
    "p-rbl": "reject_rbl_client zen.spamhaus.org",
    "p-six": "600 no such code", "p-four": "4501 x",
    "p-blank": "  REJECT  after blanks", "p-case": "reject with a text",
    "p-tempered": "REJECT 4.7.1 not a 4", "p-deferred": "DEFER 5.7.1 not a 5",
    "p-long": "REJECT " + "long words " * 60, "p-ok": "ok whatever",
    "p-table": "check_sender_access inline:{example.org=REJECT}",
}
SENDERS = {"joe": "554 5.7.1 joe says the service", "bulk+tag": "DEFER bulk"}


def answer(asked):
    """p-show-NAME@... is refused with the value of that attribute."""
    to = asked.get("recipient", "").split("@")[0]
    if to.startswith("p-show-"):
        name = to.removeprefix("p-show-").replace("-", "_")
        return f"450 4.7.1 {name}=[{asked.get(name)}]"
    if to == "p-names":
        return f"450 4.7.1 {' '.join(sorted(asked))}"
    return RECIPIENTS.get(to) or SENDERS.get(
        asked.get("sender", "").split("@")[0], "DUNNO")


class _Handler(socketserver.StreamRequestHandler):
    def handle(self):
        asked = {}
        for line in self.rfile:
            name, _, value = line.decode("latin1").rstrip("\n").partition("=")
            if name:
                asked[name] = value
                continue
            self.wfile.write(f"action={answer(asked)}\n\n".encode("latin1"))
            asked = {}


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 50


def start():
    """Runs until the namespace ends."""
    server = _Server(ADDRESS, _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
