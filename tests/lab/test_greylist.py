"""Greylisting: wait, come back, be known; and what is remembered when."""

import json
import pathlib
import re
import time

import sink
import space
import zones
from case import OK, Lab, greylisted
from smtp import Smtp, wait_for

DELAY = 4  # seconds: early retries have to be early
EARLY = "^451 4.7.1 <.*>: .*: Greylisted, come back in [1-4] seconds?$"
SHIPPED = pathlib.Path(__file__).parents[2] / "contrib/greylist-exceptions"


class Asking(Lab):
    policy = "smtpd_recipient_restrictions = greylist\n"
    settings = {"greylist_delay": f"{DELAY}s",
                "greylist_auto_allow_count": "0"}

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


class Greylist(Asking):
    def test_retry(self):
        recipient = self.recipient()
        since = self.first("198.51.100.76", recipient)
        record = self.nth(recipient, 1)
        self.assertEqual("greylist", record["action"])
        self.assertEqual("greylist", record["reason"])
        self.assertEqual(greylisted(recipient, DELAY), record["reply"])
        self.assertNotIn("delay", record)

        # early, and from another host of the same network
        self.assertRegex(self.ask("198.51.100.76", recipient), EARLY)
        self.assertRegex(self.ask("198.51.100.77", recipient), EARLY)
        # other triplets wait for themselves
        self.first("203.0.113.7", recipient)
        self.first("198.51.100.76", recipient, "")

        self.sit_out(since)
        self.passes("198.51.100.78", recipient)
        record = self.nth(recipient, 6)
        self.assertEqual("accept", record["action"])
        self.assertIn(int(record["delay"]), range(DELAY, DELAY + 10))
        self.passes("198.51.100.76", recipient)
        self.assertNotIn("delay", self.nth(recipient, 7))

    def test_kill(self):
        """What was answered is remembered, whatever happens to us."""
        waiting, known = self.recipient(), self.recipient()
        since = self.first("192.0.2.210", known)
        self.sit_out(since)
        self.passes("192.0.2.210", known)
        since = self.first("192.0.2.210", waiting, "")
        self.gate.kill()
        self.gate.start()
        self.assertRegex(self.ask("192.0.2.210", waiting, ""), EARLY)
        self.passes("192.0.2.210", known)
        self.sit_out(since)
        self.passes("192.0.2.210", waiting, "")

    def test_sender_that_changes(self):
        """Each mail of a list or a signer has another sender."""
        recipient = self.recipient()
        since = self.first("203.0.113.60", recipient,
                           "prvs=1234567890=alice@example.org")
        self.assertRegex(self.ask("203.0.113.60", recipient,
                                  "prvs=2234567890=Alice@example.org"), EARLY)
        self.sit_out(since)
        self.passes("203.0.113.60", recipient,
                    "prvs=3234567890=alice@example.org")
        self.passes("203.0.113.60", recipient, "alice+x@example.org")

    def test_two_recipients(self):
        """Once one has passed, the others of the same mail follow."""
        one, two, three = (self.recipient() for _ in range(3))
        since = self.first("203.0.113.50", one)
        self.sit_out(since)
        with Smtp("203.0.113.50") as c:
            c.helo()
            c.mail()
            self.assertEqual(OK, c.rcpt("postmaster"))  # counts for itself
            self.assertEqual(greylisted(two, DELAY), c.rcpt(two))
            self.assertEqual(OK, c.rcpt(one))
            self.assertEqual(OK, c.rcpt(three))
            self.assertEqual(OK, c.rcpt(two))
            # the next mail is another one
            self.assertRegex(c.data(), "^250 ")
            c.mail("bob@example.org")
            self.assertEqual(greylisted(one, DELAY), c.rcpt(one))
            c.quit()
        self.assertIn("queue_id", self.nth(two, 1))
        self.assertNotIn("delay", self.nth(three, 1))

    def test_all_recipients_have_come_once(self):
        """A first attempt counts for all whom it named."""
        one, two = self.recipient(), self.recipient()
        with Smtp("203.0.113.70") as c:
            c.helo()
            c.mail()
            for recipient in one, two:
                self.assertEqual(greylisted(recipient, DELAY),
                                 c.rcpt(recipient))
            c.quit()
        self.sit_out(time.time())
        self.passes("203.0.113.70", two)
        self.passes("203.0.113.70", one)


class Exceptions(Asking):
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


class Allowance(Asking):
    settings = Asking.settings | {"greylist_auto_allow_interval": "0s",
                                  "greylist_auto_allow_count": "2"}

    def test_allowance(self):
        """Two passes, and the host is trusted, with IPv6 its /64."""
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

    def test_neighbours_earn_their_own(self):
        """What is next to a trusted host may be anybody."""
        one, two = (self.recipient() for _ in range(2))
        self.first("192.0.2.211", one)
        self.sit_out(self.first("192.0.2.211", two))
        for recipient in one, two, self.recipient():
            self.passes("192.0.2.211", recipient)
        self.first("192.0.2.212", self.recipient())

    def test_once_in_an_interval(self):
        """A busy hour is one pass."""
        self.gate.configure(self.policy, greylist_auto_allow_interval="1h")
        self.assertEqual(0, self.gate.ctl("reload")[0])
        one, two, three = (self.recipient() for _ in range(3))
        since = [self.first("2001:db8:b::1", r) for r in (one, two, three)][2]
        self.sit_out(since)
        for recipient in one, two, three:
            self.passes("2001:db8:b::1", recipient)
        self.first("2001:db8:b::1", self.recipient())
        self.gate.configure(self.policy)
        self.assertEqual(0, self.gate.ctl("reload")[0])


class Pool(Asking):
    """One sender, fifteen addresses, no two in one network."""

    settings = Asking.settings | {"greylist_ipv4_prefix": "32",
                                  "greylist_ipv6_prefix": "128"}

    def test_second_attempt_from_anywhere(self):
        asked = []
        for i, address in enumerate(zones.POOL):
            recipient = self.recipient()
            retry = zones.POOL[(i * 4 + 7) % len(zones.POOL)]
            asked.append((recipient, retry, self.first(address, recipient)))
        self.assertEqual(len(zones.POOL), len({a[1] for a in asked}))
        self.sit_out(asked[-1][2])
        for recipient, retry, _ in asked:
            with self.subTest(retry):
                self.passes(retry, recipient)

    def test_nobody_else_passes_on_its_key(self):
        waits, known = self.recipient(), self.recipient()
        self.first(zones.POOL[0], waits)
        since = self.first(zones.POOL[0], known)
        self.sit_out(since)
        self.passes(zones.POOL[-1], known)
        for address in zones.POOL_FORGED + zones.POOL_DIALUP:
            for recipient in waits, known:
                with self.subTest(address):
                    self.first(address, recipient)
        self.passes(zones.POOL[7], waits)

    def test_nor_do_neighbours_in_its_networks(self):
        """Networks as wide as they are by default."""
        self.gate.configure(self.policy, greylist_ipv4_prefix="24",
                            greylist_ipv6_prefix="64")
        self.assertEqual(0, self.gate.ctl("reload")[0])
        recipient = self.recipient()
        since = self.first(zones.POOL[1], recipient)
        self.sit_out(since)
        self.passes(zones.POOL[2], recipient)
        forged, dialup = zones.POOL_FORGED, zones.POOL_DIALUP
        for address in forged[1], forged[4], dialup[7], forged[9], dialup[11]:
            with self.subTest(address):
                self.first(address, recipient)
        self.gate.configure(self.policy)
        self.assertEqual(0, self.gate.ctl("reload")[0])


class SpfPool(Asking):
    """The same of a sender whose hosts have no names, but an SPF record."""

    settings = Pool.settings
    sender = "news@pool.example.org"

    def test_second_attempt_from_anywhere(self):
        pool, asked = zones.POOL_NAMELESS, []
        for i, address in enumerate(pool):
            recipient = self.recipient()
            asked.append((recipient, pool[(i * 4 + 7) % len(pool)],
                          self.first(address, recipient, self.sender)))
        # beside them, with the same sender
        for i in 1, 4, 9:
            self.first(zones.POOL_STRANGERS[i], asked[i][0], self.sender)
        self.sit_out(asked[-1][2])
        for recipient, retry, _ in asked:
            with self.subTest(retry):
                self.passes(retry, recipient, self.sender)
        self.first(zones.POOL_STRANGERS[7], asked[7][0], self.sender)


class Shipped(Asking):
    """The policy that comes with mailmum."""

    policy = SHIPPED.with_name("mailmum.conf").read_text()
    settings = Asking.settings | {"greylist_exceptions": f"{SHIPPED}",
                                  "mynetworks": "127.0.0.0/8"}

    def test_only_the_suspicious_wait(self):
        for client in "plain", "allowed", "both", "regular", "spamname":
            self.passes(client, self.recipient())
        for client in "noptr", "forged", "spamcop", "noptr6":
            self.first(client, self.recipient())
        self.first(zones.POOL_DIALUP[3], self.recipient())
        self.assertRegex(self.ask("listed", self.recipient()), "^554 5.7.1 ")


class Groups(Asking):
    """What the operator calls one sender is one."""

    settings = Asking.settings | {
        "greylist_groups": "big={198.51.100.0/25 [2001:db8:77::]/48 "
                           "smtp.example.org}"}

    def test_a_group_is_one(self):
        recipient = self.recipient()
        since = self.first("198.51.100.99", recipient)
        self.first("198.51.100.180", recipient)  # not in it
        self.sit_out(since)
        self.passes("2001:db8:77:1::1", recipient)
        self.passes(zones.POOL[6], recipient)
        self.assertRegex(self.ask(zones.POOL_FORGED[6], recipient),
                         "^451 4.7.1 ")


class Flood(Asking):
    settings = Asking.settings | {"greylist_waiting_limit": "3",
                                  "greylist_retry_window": "1h"}

    def test_a_flood_fills_nothing(self):
        client = "203.0.113.90"
        recipients = [self.recipient() for _ in range(6)]
        since = [self.first(client, r) for r in recipients][2]
        self.assertEqual(3, self.gate.stats()["store"]["waiting"])
        # it has come, but nobody remembers
        self.sit_out(since)
        self.assertEqual(greylisted(recipients[5], DELAY),
                         self.ask(client, recipients[5]))
        # others are not concerned
        self.first("198.51.100.90", self.recipient())
        # what comes back makes room
        self.passes(client, recipients[0])
        since = self.first(client, recipients[5])
        self.sit_out(since)
        self.passes(client, recipients[5])


class Header(Asking):
    """Mail that waited says so."""

    @classmethod
    def setUpClass(cls):
        cls.sink = sink.Sink()
        cls.addClassCleanup(cls.sink.stop)
        super().setUpClass()
        cls.mta.configure(sink.TRANSPORT)
        cls.mta.reload()

    def headers(self, client, *recipients):
        since = len(self.mta.log())
        with Smtp(client) as c:
            c.helo()
            c.mail()
            for recipient in recipients:
                self.assertEqual(OK, c.rcpt(recipient))
            word, _, lines = self.sink.fate(self.mta, c.data(), since)
            c.quit()
        self.assertEqual("delivered", word)
        return [line for line in lines if line.startswith("X-Greylist:")]

    def test_header(self):
        one, two = self.recipient(), self.recipient()
        since = self.first("203.0.113.80", one)
        self.first("203.0.113.80", two)
        self.sit_out(since + 1)
        lines = self.headers("203.0.113.80", one, two)
        self.assertEqual(1, len(lines), lines)
        self.assertTrue(re.fullmatch(
            rf"X-Greylist: delayed [{DELAY}-9] seconds by mailmum at "
            r"mx\.example\.com; \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d "
            r"\+0000", lines[0]), lines[0])
        # not what is known already
        self.assertEqual([], self.headers("203.0.113.80", one))

    def test_none_if_not_wanted(self):
        recipient = self.recipient()
        self.gate.configure(self.policy, greylist_header="no")
        self.assertEqual(0, self.gate.ctl("reload")[0])
        since = self.first("203.0.113.81", recipient)
        self.sit_out(since)
        self.assertEqual([], self.headers("203.0.113.81", recipient))
        self.gate.configure(self.policy)
        self.assertEqual(0, self.gate.ctl("reload")[0])
