"""What tables do to a message: it fares as with Postfix's own restrictions,
its recipients and its header are the same."""

import postfix
import sink
import zones
from case import Lab
from smtp import Smtp

RELAY = {"smtpd_relay_restrictions": "reject_unauth_destination"}
NATIVE = sink.TRANSPORT | RELAY
BOB, KIM, JO = "bob@example.com", "kim@example.com", "jo@example.com"


def table(what, **results):
    """check_WHAT_access with these rows; "_" in a key is a dot, "__" "@"."""
    rows = ", ".join(
        "{ %s = %s }" % (key.replace("__", "@").replace("_", "."), value)
        for key, value in results.items())
    return f"check_{what}_access inline:{{ {rows} }}"


def always(what, result):
    return f"check_{what}_access static:{{{result}}}"


def lists(**words):
    """Parameters: lists by their short names."""
    return {f"smtpd_{name}_restrictions": value
            for name, value in words.items()}


AT_ONCE = {"smtpd_delay_reject": "no"}
# A title, the lists, the recipients; DATA follows if one is accepted.
CASES = (
    ("hold", lists(client=always("client", "HOLD look at it")), [BOB]),
    ("hold without a text", lists(recipient=always("sender", "HOLD")), [BOB]),
    ("discard", lists(sender=always("sender", "DISCARD")), [BOB]),
    ("discard with a text", lists(
        recipient=always("recipient", "DISCARD not wanted")), [BOB]),
    ("discard wins over hold", lists(
        client=always("client", "HOLD"),
        recipient=always("sender", "DISCARD")), [BOB]),
    ("discard ends all lists", lists(
        client=always("client", "DISCARD"), helo="reject",
        recipient="reject"), [BOB]),
    ("discard and what was put off", lists(
        client="defer_if_permit", recipient=always("sender", "DISCARD")),
     [BOB]),
    ("discard, and those who follow", lists(recipient=table(
        "recipient", bob__example_com="DISCARD", kim__example_com="REJECT")),
     [BOB, KIM, JO]),
    ("discard after others", lists(recipient=table(
        "recipient", bob__example_com="DISCARD", kim__example_com="REJECT")),
     [JO, KIM, BOB]),
    ("discard for a postmaster too", lists(recipient=table(
        "recipient", bob__example_com="DISCARD")), [BOB, "postmaster"]),
    ("discard by one that is refused", lists(recipient=
        "defer_if_permit, " + table("recipient", bob__example_com="DISCARD",
                                    kim__example_com="OK")), [BOB]),
    ("prepend", lists(recipient=always("client", "PREPEND X-Note: text")),
     [BOB]),
    ("prepend without blanks", lists(
        recipient=always("client", "PREPEND X-Note:text")), [BOB]),
    ("prepend with many blanks", lists(
        recipient=always("client", "prepend X-Note:   text   here")), [BOB]),
    ("prepend, nothing in it", lists(
        recipient=always("client", "PREPEND X-Note:")), [BOB]),
    ("prepend, a blank before the colon", lists(
        recipient=always("client", "PREPEND X-Note : text")), [BOB]),
    ("prepend in the order of the walk", lists(
        client=always("client", "PREPEND X-A: 1"),
        sender=always("sender", "PREPEND X-B: 2"),
        recipient=always("helo", "PREPEND X-C: 3") + ", "
        + always("recipient", "PREPEND X-A: 4")), [BOB]),
    ("prepend for each recipient", lists(recipient=table(
        "recipient", bob__example_com="PREPEND X-To: bob",
        kim__example_com="PREPEND X-To: kim")), [KIM, BOB, JO]),
    ("prepend again for each recipient", lists(
        client=always("client", "PREPEND X-Client: seen")), [KIM, BOB]),
    ("prepend by one that is refused", lists(
        recipient=always("client", "PREPEND X-Client: seen") + ", "
        + table("recipient", kim__example_com="REJECT")), [KIM, BOB]),
    ("hold by one that is refused", lists(recipient=table(
        "recipient", kim__example_com="HOLD") + ", "
        + table("recipient", kim__example_com="REJECT")), [KIM, BOB]),
    ("bcc by one that is refused", lists(recipient=table(
        "recipient", kim__example_com="BCC arch@example.com") + ", "
        + table("recipient", kim__example_com="REJECT")), [KIM, BOB]),
    ("redirect by one that is refused", lists(recipient=table(
        "recipient", kim__example_com="REDIRECT arch@example.com") + ", "
        + table("recipient", kim__example_com="REJECT")), [KIM, BOB]),
    ("redirect", lists(recipient=always(
        "recipient", "REDIRECT arch@example.com")), [BOB]),
    ("redirect of many", lists(recipient=table(
        "recipient", kim__example_com="REDIRECT arch@example.com")),
     [BOB, KIM, JO, "postmaster", "postmaster@example.com"]),
    ("redirect to one of them", lists(recipient=table(
        "recipient", kim__example_com="REDIRECT bob@example.com")),
     [BOB, KIM]),
    ("the last redirect counts", lists(recipient=table(
        "recipient", bob__example_com="REDIRECT one@example.com",
        kim__example_com="REDIRECT two@example.com")), [BOB, KIM]),
    ("redirect of odd addresses", lists(recipient=always(
        "client", "REDIRECT arch@example.com")),
     ['"b b"@example.com', "Bob@Example.COM", "bob+x@example.com", "jo"]),
    ("bcc", lists(recipient=always(
        "recipient", "BCC arch@example.com")), [BOB]),
    ("several bcc", lists(
        client=always("client", "BCC one@example.com"),
        recipient=always("sender", "BCC two@example.com") + ", "
        + always("helo", "bcc three@example.com")), [BOB]),
    ("bcc of one who gets it anyway", lists(
        client=always("client", "BCC bob@example.com")), [BOB, KIM]),
    ("bcc and redirect", lists(
        client=always("client", "BCC one@example.com"),
        recipient=always("sender", "REDIRECT two@example.com")), [BOB]),
    ("all of them, under warn_if_reject", lists(recipient=", ".join(
        "warn_if_reject " + always("sender", action) for action in (
            "PREPEND X-Note: text", "BCC one@example.com",
            "REDIRECT two@example.com"))), [BOB]),
    ("hold under warn_if_reject", lists(
        recipient="warn_if_reject " + always("sender", "HOLD")), [BOB]),
    ("discard under warn_if_reject", lists(
        recipient="warn_if_reject " + always("sender", "DISCARD")
        + ", reject"), [BOB]),
    ("hold and prepend", lists(
        client=always("client", "HOLD"),
        recipient=always("sender", "PREPEND X-Note: text")), [BOB]),
    ("nothing of it behind a refusal", lists(recipient=table(
        "recipient", kim__example_com="REJECT") + ", "
        + always("client", "HOLD")), [KIM]),
    ("too early for a message", AT_ONCE | lists(
        client=always("client", "HOLD") + ", "
        + always("client", "DISCARD") + ", "
        + always("client", "PREPEND X-A: b"),
        helo=always("helo", "BCC arch@example.com") + ", "
        + always("helo", "REDIRECT arch@example.com")), [BOB]),
    ("hold at MAIL", AT_ONCE | lists(
        sender=always("sender", "HOLD")), [BOB]),
    ("discard at MAIL, and all who follow", AT_ONCE | lists(
        sender=always("sender", "DISCARD"), recipient="reject"),
     [BOB, KIM]),
    ("discard at MAIL, what was put off at HELO", AT_ONCE | lists(
        helo="defer_if_permit", sender=always("sender", "DISCARD")), [BOB]),
    ("prepend once at MAIL, and for each recipient", AT_ONCE | lists(
        sender=always("sender", "PREPEND X-S: s"),
        recipient=always("sender", "PREPEND X-R: r")), [BOB, KIM]),
    ("redirect and bcc at MAIL", AT_ONCE | lists(
        sender=always("sender", "BCC arch@example.com"),
        recipient=table("recipient",
                        kim__example_com="REDIRECT two@example.com")),
     [BOB, KIM]),
    ("both flags up", lists(
        recipient="defer_if_permit, defer_if_reject, "
        + always("client", "HOLD")), [BOB]),
)


class Effects(Lab):
    policy = "smtpd_recipient_restrictions = permit\n"

    @classmethod
    def setUpClass(cls):
        cls.sink = sink.Sink()
        cls.addClassCleanup(cls.sink.stop)
        super().setUpClass()

    def take(self, policy):
        self.gate.configure("".join(
            f"{k} = {v}\n" for k, v in policy.items()))
        code, text = self.gate.ctl("reload")
        self.assertEqual(0, code, text)
        native = NATIVE | policy
        relay = "smtpd_relay_restrictions"
        native[relay] = ", ".join(filter(None, (
            RELAY[relay], policy.get(relay))))
        self.mta.configure(native)

    def session(self, recipients, port):
        """All replies, and the fate of the message."""
        replies, since = [], len(self.mta.log())
        with Smtp(zones.ADDRESS["plain"], port) as c:
            c.helo()
            c.mail()
            replies += [c.rcpt(recipient) for recipient in recipients]
            if not any(reply.startswith("250") for reply in replies):
                return replies, None
            fate = self.fate(c.data(), port, since)
            c.quit()
        return replies, fate

    def fate(self, reply, port, since):
        """port: whom the message went to."""
        del port  # one MTA
        return self.sink.fate(self.mta, reply, since)

    def test_like_native(self):
        for title, policy, recipients in CASES:
            self.take(policy)
            with self.subTest(title):
                self.assertEqual(self.session(recipients, postfix.NATIVE),
                                 self.session(recipients, postfix.MILTER))
