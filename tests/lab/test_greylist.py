"""Greylisting: wait, come back, be known; and what is remembered when."""

import time

import zones
from case import OK, Lab, greylisted
from smtp import Smtp, wait_for

DELAY = 4  # seconds: early retries have to be early
EARLY = "^451 4.7.1 <.*>: .*: Greylisted, come back in [1-4] seconds?$"


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
