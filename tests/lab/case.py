"""What the groups share: the servers, started once per class, and one
session judged and compared."""

import contextlib
import dataclasses
import itertools
import unittest

import gate
import nameserver
import postfix
import space
import zones
from smtp import Smtp, wait_for

OK = "250 2.1.5 Ok"


@contextlib.contextmanager
def servers(native):
    """The MTA and the DNS of a group.  native: parameters of the MTA, for
    the listener that mailmum does not guard."""
    mta = postfix.Postfix(postfix.listeners(gate.SOCKET), native)
    dns = nameserver.Dns()
    wait_for("Postfix", lambda: postfix.listens(postfix.NATIVE))
    Lab.mta = mta
    try:
        yield
    finally:
        mta.stop()
        dns.stop()


@dataclasses.dataclass
class Case:
    """A session, and what has to come of it.  client: a name of zones.py or
    an address."""

    client: str
    reply: str  # None: greylisted for the first time
    action: str
    reason: str
    list: str = None
    answer: str = None
    sender: str = "alice@example.org"
    helo: str = "mail.example.org"
    recipient: str = None
    what: str = ""

    def __str__(self):
        return " ".join(filter(None, (self.client, self.what)))


class Lab(unittest.TestCase):
    """A class of tests around one mailmum.  policy: the text of its lists;
    settings: what its configuration has beside the lab's own."""

    mta = None  # the group's Postfix
    policy = ""
    settings = {}
    tables = {}  # files of /etc/mailmum, beside those of the policies
    maxDiff = None
    _numbers = itertools.count(1)

    @classmethod
    def setUpClass(cls):
        cls.gate = gate.Gate(cls.policy, cls.tables, **cls.settings)
        cls.addClassCleanup(cls.gate.end)

    def tearDown(self):
        self.gate.check()

    def recipient(self):
        """An address that no other session has, to find its record by."""
        return f"r{next(self._numbers)}@example.com"

    def reread(self, text):
        """Another policy, for the sessions that begin from now on."""
        self.gate.configure(text)
        code, said = self.gate.ctl("reload")
        self.assertEqual(0, code, said)

    def judge(self, case, port=None):
        """One session up to RCPT.  Its reply and the recipient used."""
        recipient = case.recipient or self.recipient()
        with Smtp(zones.ADDRESS.get(case.client, case.client), port) as c:
            c.helo(case.helo)
            c.mail(case.sender)
            reply = c.rcpt(recipient)
            if not reply.startswith(("421", "521")):  # MTA hangs up
                c.quit()
        return reply, recipient

    def expect(self, case):
        """One session: reply and record are what they have to be."""
        reply, recipient = self.judge(case)
        record = self.gate.record(recipient=recipient)
        self.assertEqual(reply, case.reply or greylisted(recipient))
        wanted = {k: v for k, v in (
            ("action", case.action), ("reason", case.reason),
            ("list", case.list), ("answer", case.answer)) if v is not None}
        if reply != OK:
            wanted["reply"] = reply
        self.assertEqual(wanted, {
            k: v for k, v in record.items()
            if k in ("action", "reason", "list", "answer", "reply")})
        return record

    def expect_all(self, cases):
        for case in cases:
            with self.subTest(str(case)):
                self.expect(case)


def greylisted(recipient, seconds=170):
    return (f"451 4.7.1 <{recipient}>: Recipient address rejected: "
            f"Greylisted, come back in {seconds} seconds")


def accepted(client, reason, zone=None, answer=None, **more):
    return Case(client, OK, "accept", reason, zone, answer, **more)


def blocked(what, name, zone, text=""):
    """Postfix's default_rbl_reply."""
    return (f"554 5.7.1 Service unavailable; {what} [{name}] blocked using "
            f"{zone}" + (f"; {text}" if text else ""))


def listed(client, zone, answer="127.0.0.2", text=None, **more):
    """The case of a client refused by reject_rbl_client."""
    ip = zones.ADDRESS[client]
    return Case(client, blocked("Client host", ip, zone.split("=")[0],
                                zones.txt(ip) if text is None else text),
                "reject", f"reject_rbl_client {zone}", zone.split("=")[0],
                answer, **more)


def rhsbl(word, client, what, name, domain, **more):
    """The case of a name refused by one of reject_rhsbl_*."""
    zone = "dbl.spamhaus.org"
    return Case(client, blocked(what, name, zone, f"{domain} sends spam"),
                "reject", f"reject_rhsbl_{word} {zone}", zone, "127.0.1.2",
                **more)


def logs():
    """What to read when a test has failed."""
    for path in ("mailmum.stderr", "records.json", "postfix/log",
                 "guarded/log"):
        path = space.BASE / path
        if path.exists():
            lines = path.read_text(errors="replace").splitlines()
            yield f"--- {path.name}, the end of {len(lines)} lines"
            yield from lines[-60:]
