"""What is asked of the DNS, and when: nothing before MAIL, nothing for
those who log in, nothing twice."""

import gate
import nameserver
import zones
from case import OK, Case, Lab
from nameserver import A, MX
from smtp import Smtp, wait_for

LOGIN = "198.51.100.200"  # may use XCLIENT


def under(client, *lists):
    return {(f"{zones.reverse(zones.ADDRESS[client])}.{zone}", A)
            for zone in lists}


class Tapped(Lab):
    """mailmum asks through the tap."""

    settings = {"dns_stub": "", "dns_forward": nameserver.TAP}

    @classmethod
    def setUpClass(cls):
        cls.tap = nameserver.Tap()
        cls.addClassCleanup(cls.tap.stop)
        super().setUpClass()

    def asked(self, what):
        """The questions whose name contains this."""
        return [q for q in self.tap.asked if what in q[0]]


class QuestionsA(Tapped):
    policy = gate.policy("a")

    def test_at_connect(self):
        """What the client's address needs is asked before it has spoken."""
        lists = gate.policy("a").count("dnswl_client") - 1  # one is twice
        lists += gate.policy("a").count("reject_rbl_client") - 1
        with Smtp(zones.ADDRESS["plain"]) as c:
            wait_for("the questions", lambda: lists <= len(
                self.asked(zones.reverse(zones.ADDRESS["plain"]))))
            c.quit()


class Questions:
    """What policies B and C have to pass."""

    expected = set()

    def sent(self):
        """Questions that the resolver has sent; packets may be lost."""
        return self.gate.stats()["resolver"]["sent"]

    def test_whole_session(self):
        """Exactly what the policy needs, each question once."""
        self.tap.asked.clear()
        before = self.sent()
        recipient = self.judge(Case("plain", "", "", ""))[1]
        self.gate.record(recipient=recipient)
        self.assertEqual(len(self.expected), self.sent() - before)
        self.assertEqual(self.expected, set(self.tap.asked))

    def test_ahead(self):
        """At MAIL the questions go out, though no recipient is known."""
        self.tap.asked.clear()
        with Smtp(zones.ADDRESS["regular"]) as c:
            c.helo("other.example.org")
            c.mail("x@more.example.org")
            wait_for("the questions", lambda: len(self.expected)
                     == len(set(self.tap.asked)))
            c.quit()

    def test_quits_early(self):
        """Neither after connect nor after EHLO."""
        early = "192.0.2.200"
        Smtp(early).quit()
        with Smtp(early) as c:
            c.helo("early.example.org")
            c.need("NOOP")
            c.quit()
        self.judge(Case("regular", "", "", "", sender="x@nomx.example.org",
                        helo="nomx.example.org"))
        self.assertEqual([], self.asked(zones.reverse(early)))
        self.assertEqual([], self.asked("early.example.org"))

    def test_login(self):
        recipient = self.recipient()
        with Smtp(LOGIN) as c:
            c.helo("login.example.org")
            c.need(f"XCLIENT ADDR={LOGIN} LOGIN=joe")
            c.helo("login.example.org")
            c.mail("joe@login.example.org")
            self.assertEqual(OK, c.rcpt(recipient))
            c.quit()
        record = self.gate.record(recipient=recipient)
        self.assertEqual("permit_sasl_authenticated", record["reason"])
        self.assertEqual([], self.asked(zones.reverse(LOGIN)))
        self.assertEqual([], self.asked("login.example.org"))


class QuestionsB(Questions, Tapped):
    policy = gate.policy("b")
    expected = {
        ("mail.example.org", A), ("example.org", MX),
        ("mail.example.org.dbl.spamhaus.org", A),
        ("plain.example.net.dbl.spamhaus.org", A),
        ("example.org.dbl.spamhaus.org", A),
    } | under("plain", "bl.spamcop.net", "list.dnswl.org",
              "zen.spamhaus.org")


class QuestionsC(Questions, Tapped):
    policy = gate.policy("c")
    expected = {("example.org", MX)} | under(
        "plain", "bl.mailspike.net", "zen.spamhaus.org",
        "rep.mailspike.net", "list.dnswl.org")
