"""Greylisting: wait, come back, be known; and what is remembered when."""

import json
import pathlib
import time

import space
import zones
from case import OK, Lab, greylisted
from smtp import Smtp, wait_for

DELAY = 4  # seconds: early retries have to be early
EARLY = "^451 4.7.1 <.*>: .*: Greylisted, come back in [1-4] seconds?$"


SHIPPED = pathlib.Path(__file__).parents[2] / "contrib/greylist-exceptions"


class Greylist(Lab):
    policy = "smtpd_recipient_restrictions = greylist\n"
    settings = {"greylist_delay": f"{DELAY}s",
                "greylist_auto_allow_count": "2"}

    def ask(self, client, recipient, sender="alice@example.org"):
        with Smtp(zones.ADDRESS.get(client, client)) as c:
            c.helo()
            c.mail(sender)
            reply = c.rcpt(recipient)
            c.quit()
        return reply

    def first(self, client, recipient, sender="alice@example.org"):
        """A first attempt.  When it was."""
        self.assertEqual(greylisted(recipient, DELAY),
                         self.ask(client, recipient, sender))
        return time.time()

    def passes(self, client, recipient, sender="alice@example.org"):
        self.assertEqual(OK, self.ask(client, recipient, sender))

    @staticmethod
    def sit_out(since):
        """Until the delay is over, counted in whole seconds."""
        time.sleep(max(0, since + DELAY + 1 - time.time()))

    def nth(self, recipient, n):
        """The n-th record of a recipient."""
        return wait_for(f"record {n} of {recipient}", lambda: self.gate
                        .records(recipient=recipient)[n - 1:])[0]

    def test_retry(self):
        recipient = self.recipient()
        since = self.first("grey", recipient)
        record = self.nth(recipient, 1)
        self.assertEqual("greylist", record["action"])
        self.assertEqual("greylist", record["reason"])
        self.assertEqual(greylisted(recipient, DELAY), record["reply"])
        self.assertNotIn("delay", record)

        # early, and from another host of the same network
        self.assertRegex(self.ask("grey", recipient), EARLY)
        self.assertRegex(self.ask("198.51.100.77", recipient), EARLY)
        # other triplets wait for themselves
        self.first("203.0.113.7", recipient)
        self.first("grey", recipient, "")

        self.sit_out(since)
        self.passes("198.51.100.78", recipient)
        record = self.nth(recipient, 6)
        self.assertEqual("accept", record["action"])
        self.assertIn(int(record["delay"]), range(DELAY, DELAY + 10))
        self.passes("grey", recipient)
        self.assertNotIn("delay", self.nth(recipient, 7))

    def test_allowance(self):
        """Two passes, and the network is trusted, IPv6 by its /64."""
        one, two, three = (self.recipient() for _ in range(3))
        self.first("2001:db8:a::1", one)
        since = self.first("2001:db8:a::1", two)
        self.sit_out(since)
        self.passes("2001:db8:a::2", one)
        self.first("2001:db8:a::3", three)
        self.passes("2001:db8:a::4", two)
        self.passes("2001:db8:a::5", three)
        self.passes("2001:db8:a::6", self.recipient())
        self.first("2001:db8:a:1::1", self.recipient())

    def test_kill(self):
        """What was answered is remembered, whatever happens to us."""
        waiting, known = self.recipient(), self.recipient()
        since = self.first("192.0.2.10", known)
        self.sit_out(since)
        self.passes("192.0.2.10", known)
        since = self.first("192.0.2.10", waiting, "")
        self.gate.kill()
        self.gate.start()
        self.assertRegex(self.ask("192.0.2.10", waiting, ""), EARLY)
        self.passes("192.0.2.10", known)
        self.sit_out(since)
        self.passes("192.0.2.10", waiting, "")

    def test_exceptions(self):
        """The file that comes with mailmum, one of our own, postgrey's; with
        names as Postfix has found them out."""
        own = space.BASE / "exceptions"
        space.write(own, "client plain.example.net\n  reason  a pool\n"
                         "sender bounce@shop.example\n"
                         "recipient /^open-/\n"
                         "client forged.example.net\n"
                         "client never.example\n")
        space.write(space.BASE / "clients", "regular.example.net # theirs\n")
        self.gate.configure(
            self.policy, greylist_optout="free.example",
            greylist_exceptions=f"{SHIPPED}, {own}, "
                                f"postgrey_clients:{space.BASE}/clients")
        code, text = self.gate.ctl("reload")
        self.assertEqual(0, code, text)
        self.addCleanup(self.gate.ctl, "reload")
        self.addCleanup(self.gate.configure, self.policy)

        recipient = self.recipient()
        self.passes("plain", recipient)
        record = self.nth(recipient, 1)
        self.assertEqual("greylist_exceptions", record["reason"])
        self.assertEqual("plain.example.net", record["answer"])
        self.passes("regular", self.recipient())
        self.passes("203.0.113.70", self.recipient(), "bounce@shop.example")
        self.passes("203.0.113.70", "open-" + self.recipient())
        # the PTR says so, and its name says otherwise
        self.first("forged", self.recipient())
        self.first("203.0.113.70", self.recipient())

        code, text = self.gate.ctl("greylist", "exceptions", "--unused",
                                   "--json")
        self.assertEqual(0, code, text)
        unused = {row["pattern"] for row in json.loads(text)["exceptions"]}
        self.assertLessEqual({"never.example", "forged.example.net",
                              "amazonses.com"}, unused)
        self.assertFalse({"plain.example.net", "regular.example.net",
                          "bounce@shop.example", "/^open-/"} & unused)
        code, text = self.gate.ctl("explain", zones.ADDRESS["plain"])
        self.assertEqual(0, code, text)
        self.assertIn(f"plain.example.net, {own}:1.\n  a pool\n", text)

    def test_two_recipients(self):
        """Each recipient has a verdict of its own."""
        one, two = self.recipient(), self.recipient()
        since = self.first("203.0.113.50", one)
        self.sit_out(since)
        with Smtp("203.0.113.50") as c:
            c.helo()
            c.mail()
            self.assertEqual(OK, c.rcpt(one))
            self.assertEqual(greylisted(two, DELAY), c.rcpt(two))
            self.assertEqual(OK, c.rcpt("postmaster"))
            self.assertRegex(c.data(), "^250 ")
            c.quit()
        self.assertIn("queue_id", self.nth(two, 1))
