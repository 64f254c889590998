"""SMTP sessions as data, and what came of one: a reply for each stage."""

import contextlib
import dataclasses
import random
import re

import zones
from differential import login
from smtp import Smtp

BYE = ("421", "521")  # after these the MTA hangs up
LETTER = "Subject: lab\r\nFrom: <a@example.org>\r\n\r\nhello\r\n."


@dataclasses.dataclass(frozen=True)
class Session:
    """client: a name of zones.py or an address.  recipients, senders: with
    blanks between them; "-" as sender or client stands for the null one."""

    client: str = "plain"
    helo: str = "mail.example.org"
    sender: str = "alice@example.org"
    recipients: tuple = ("bob@example.com",)
    verb: str = "EHLO"  # empty: none is sent
    xclient: str = ""  # attributes; the client has to be trusted with it
    also: tuple = ()  # a second transaction: sender, recipients...
    options: str = ""  # of MAIL
    login: str = ""  # of a user; see login.py
    data: bool = False

    def __str__(self):
        """In the form of a "# session:" line of a policy."""
        words = []
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                value = ",".join(value) if isinstance(value, tuple) else value
                words.append(f"{field.name}={value}")
        return "; ".join(words) or "as usual"


def parse(text):
    """The session of a "# session:" line."""
    values = dict(part.strip().split("=", 1)
                  for part in text.split(";") if part.strip())
    for name in ("recipients", "also"):
        if name in values:
            values[name] = tuple(values[name].split(","))
    if "data" in values:
        values["data"] = values["data"] == "True"
    return Session(**values)


class _Dialogue:
    def __init__(self, smtp):
        self.smtp, self.replies = smtp, [("connect", smtp.banner)]

    def say(self, stage, line):
        reply = self.smtp.cmd(line)
        self.replies.append((stage, _neutral(reply)))
        if reply.startswith(BYE):
            raise EOFError
        return reply[:1]

    def transaction(self, session, sender, recipients):
        self.say("mail", f"MAIL FROM:<{sender}>{session.options}")
        took = [self.say("rcpt", f"RCPT TO:<{recipient}>")
                for recipient in recipients]
        if session.data and "2" in took:
            if self.say("data", "DATA") == "3":
                self.say("message", LETTER)


def _neutral(reply):
    """What is never the same twice."""
    return re.sub(r"queued as \w+", "queued as ID", reply)


def hold(session, port):
    """Speaks it: [(stage, reply)]."""
    source = zones.ADDRESS.get(session.client, session.client)
    with Smtp(source, port) as smtp:
        talk = _Dialogue(smtp)
        if smtp.banner.startswith(BYE):
            return talk.replies
        with contextlib.suppress(EOFError):
            _script(talk, session)
            smtp.quit()
    return talk.replies


def _script(talk, session):
    if session.xclient:
        talk.say("ehlo before", "EHLO trusted.example.org")
        talk.say("xclient", f"XCLIENT {session.xclient}")
    if session.verb:
        talk.say("helo", f"{session.verb} {session.helo}")
    if session.login:
        talk.say("auth", f"AUTH PLAIN {login.token(session.login)}")
    talk.transaction(session, session.sender, session.recipients)
    if session.also:
        talk.say("rset", "RSET")
        talk.transaction(session, session.also[0], session.also[1:])


CLIENTS = (
    "plain", "plain6", "listed", "listed6", "allowed", "allowed6", "both",
    "spamname", "psbl", "gbudb", "white", "black", "badcode", "lowtrust",
    "byhand-ok", "byhand-no", "noptr", "noptr6", "forged", "forgedspam",
    "ptrfail", "namefail", "grey", "198.51.100.77", "127.0.0.9")
HELOS = (
    "mail.example.org", "mail.example.org.", "MAIL.Example.ORG", "localhost",
    "a..b", "-x.example.org", "a_b.example.org", "[192.0.2.10]", "[1.2.3]",
    "[IPv6:2001:db8::1]", "[2001:db8::1]", "192.0.2.10", "1.2.3",
    "nohost.example.org", "h.tempfail.example.org", "spam.example.org",
    "helospam.example.org", "foe.example.org", "friend.example.org",
    "mx.example.com", "example.com", 'x"y', "unknown", "#!%$",
    "plain.example.net", ".mail.example.org", "0x7f.1", "2001::1",
    "192.0.2.10.", "evil.example.org", "alias.example.org")
SENDERS = (
    "", "alice@example.org", "Alice@Example.ORG", "alice", "a@host",
    "x@missing.example.org", "x@nullmx.example.org", "x@nomx.example.org",
    "x@h.tempfail.example.org", "joe@spam.example.org",
    "joe@spam.example.org.", '"a b"@spam.example.org',
    "joe@sub.spam.example.org", "x@[192.0.2.1]", "bulk+tag@example.org",
    "ceo@example.com", "owner-list@example.org", "x@a..b.example.org",
    "x@more.example.org", "x@other.example.org", "root@example.net",
    "x@evil.example.org", "x@six.example.org", "x@alias.example.org",
    "x@deadmx.example.org", "x@failmx.example.org", "x@badmx.example.org",
    "x@numeric.example.org", "x@away.example.org", "x@a.b.c.example.org",
    "x@[IPv6:2001:db8:51::201]", "x@org", "X@Mail.Example.Org",
    '"@"@example.org', "a%b@example.org", "@x.example:y@example.org")
RECIPIENTS = (
    "bob@example.com", "Bob@Example.COM", "bob", "postmaster",
    "Postmaster@example.com", "abuse@example.com", '"b b"@example.com',
    "bob+tag@example.com", "list@example.com", "carol@example.com",
    "x@sub.example.com", "bob@example.net", "x@missing.example.org",
    "x@h.tempfail.example.org", "user%example.net@example.com",
    "bob@[203.0.113.25]", "joe@spam.example.org", "a!b@example.com",
    "x@nullmx.example.org", "bob@example.com.")
SHAPES = (
    Session(recipients=("bob@example.com", "carol@example.com")),
    Session(recipients=("bob@example.net", "bob@example.com",
                        "postmaster")),
    Session("listed", recipients=("postmaster", "bob@example.com",
                                  "abuse@example.com")),
    Session(sender="", recipients=("bob@example.com", "carol@example.com",
                                   "list@example.com")),
    Session(also=("joe@spam.example.org", "bob@example.com")),
    Session("listed", sender="joe@spam.example.org",
            also=("", "carol@example.com", "bob@example.com")),
    Session(verb="HELO"),
    Session("listed", verb="HELO", helo="localhost"),
    Session(verb=""),
    Session("listed", verb=""),
    Session(options=" SIZE=1000 BODY=8BITMIME"),
    Session("grey", xclient="NAME=spamname.example.net ADDR=192.0.2.15"),
    Session("grey", xclient="NAME=[UNAVAILABLE] ADDR=192.0.2.2"),
    Session("grey", xclient="NAME=[TEMPUNAVAIL] ADDR=IPV6:2001:db8::2 "
            "REVERSE_NAME=[TEMPUNAVAIL]"),
    Session("grey", xclient="NAME=mail.example.com ADDR=10.1.2.3 "
            "REVERSE_NAME=mail.example.com"),
    Session("grey", xclient="NAME=[UNAVAILABLE] ADDR=192.0.2.17 "
            "REVERSE_NAME=forgedspam.example.net"),
    Session("grey", xclient="NAME=a.b.c.sub.example.net ADDR=198.51.100.99"),
    Session(login="joe"),
    Session("listed", login="ann@example.com",
            recipients=("bob@example.net", "bob@example.com")),
    Session("noptr", login="joe", sender="joe@spam.example.org",
            helo="localhost", recipients=("x@missing.example.org",)),
    Session(data=True),
    Session("listed", data=True, recipients=("bob@example.com",
                                             "postmaster")),
    Session(sender="", data=True),
    Session(sender="", recipients=("bob@example.com", "list@example.com"),
            data=True),
)


def one_at_a_time():
    yield Session()
    yield from (Session(client=x) for x in CLIENTS[1:])
    yield from (Session(helo=x) for x in HELOS[1:])
    yield from (Session(sender=x) for x in SENDERS if x != SENDERS[1])
    yield from (Session(recipients=(x,)) for x in RECIPIENTS[1:])
    yield from SHAPES


def pairs(name, count):
    """Two or more things varied together, the same ones for a name."""
    chance = random.Random(name)
    for _ in range(count):
        session = Session()
        for part in chance.sample(PARTS, chance.choice((2, 2, 3))):
            session = dataclasses.replace(session, **part(chance))
        yield session


PARTS = (
    lambda chance: {"client": chance.choice(CLIENTS)},
    lambda chance: {"helo": chance.choice(HELOS)},
    lambda chance: {"sender": chance.choice(SENDERS)},
    lambda chance: {"recipients": tuple(chance.sample(
        RECIPIENTS, chance.choice((1, 1, 2))))},
)
