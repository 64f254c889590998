"""Lists that are not well: dead, broken, without manners, sold."""

import concurrent.futures
import time

import nameserver
import zones
from case import Case, Lab, accepted, blocked, listed
from nameserver import SERVFAIL, Server
from smtp import wait_for

DEADLINE = 1  # seconds
SLACK = 2  # what a session may take beside it, on a busy machine
POLICY = """
smtpd_recipient_restrictions =
  permit_dnswl_client allow.example.com,
  reject_rbl_client dead.example.com,
  reject_rbl_client codes.example.com,
  reject_rbl_client parked.example.com,
  reject_rbl_client home.example.com,
  reject_rbl_client zen.spamhaus.org
"""
SIGNED = """
smtpd_recipient_restrictions =
  reject_rbl_client signed.example.net,
  reject_rbl_client k3y.dq.example.net
dnsxl_labels = k3y.dq.example.net=dq.example.net
"""


def passed(client, **more):
    return accepted(client, "end of list", **more)


class Lists(Lab):
    policy = POLICY
    settings = {"dns_deadline": f"{DEADLINE}s"}

    @classmethod
    def setUpClass(cls):
        for zone in zones.OWN_LISTS:
            server = Server(zone)
            setattr(cls, zone.split(".")[0], server)
            cls.addClassCleanup(server.stop)
        super().setUpClass()

    def own(self, client, zone, answer="127.0.0.2"):
        """The case of a client that a list of this test refuses."""
        return Case(client, blocked("Client host", client, zone,
                                    zones.txt(client)), "reject",
                    f"reject_rbl_client {zone}", zone, answer)

    def timed(self, case):
        since = time.monotonic()
        record = self.expect(case)
        return time.monotonic() - since, record

    def message(self, *parts):
        """One message has all parts, and none comes twice."""
        found = wait_for(f"the message {parts}",
                         lambda: self.gate.messages(*parts), 60)
        self.assertEqual(1, len(found), found)
        return found[0]

    def test_dead(self):
        """Nobody waits longer than the deadline; once the breaker is open
        nobody waits; when the list is back it is asked again."""
        zone = "dead.example.com"
        self.dead.silent = True
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            done = list(pool.map(self.timed, [
                listed("listed", "zen.spamhaus.org"),
                listed("listed6", "zen.spamhaus.org"),
                *(passed(f"203.0.113.{i}") for i in range(101, 107))]))
        self.assertLess(max(took for took, _ in done), DEADLINE + SLACK)
        self.assertGreaterEqual(
            max(float(record["wait"]) for _, record in done), DEADLINE)
        self.message(zone, "is of no use")

        took, record = self.timed(passed("203.0.113.110"))
        self.assertLess(float(record["wait"]), DEADLINE / 2)
        self.assertEqual(0, self.dead.count(zones.reverse("203.0.113.110")))

        self.dead.list("203.0.113.111")
        self.dead.silent = False
        self.message(zone, "answers again")
        self.expect(self.own("203.0.113.111", zone))

    def test_broken(self):
        """A blocklist that fails refuses nobody, and shields nobody."""
        self.codes.rcode = SERVFAIL
        self.expect_all([passed("203.0.113.115"),
                         listed("listed2", "zen.spamhaus.org")])
        self.codes.rcode = None

    def test_allowlist_broken(self):
        """A reject that an unread allowlist might have stopped is put off;
        nothing else is."""
        self.allow.rcode = SERVFAIL
        self.expect_all([
            Case("both", "450 4.7.1 <192.0.2.16>: Client host rejected: "
                 "Service unavailable", "defer",
                 "permit_dnswl_client allow.example.com"),
            passed("203.0.113.120"),
        ])
        self.allow.rcode = None
        self.allow.list("203.0.113.121")
        self.expect(accepted(
            "203.0.113.121", "permit_dnswl_client allow.example.com",
            "allow.example.com", "127.0.0.2"))

    def test_allowlist_error_code(self):
        """An error code allows nobody, and puts nothing off."""
        self.allow.everything = ("127.255.255.255", "too many questions")
        self.expect_all([passed("203.0.113.125"),
                         listed("listed3", "zen.spamhaus.org")])
        self.allow.everything = None

    def not_a_listing(self, server, zone, code, ended, net):
        """Answers code to everything; then the list comes to its senses.
        net: ten clients that nobody else uses."""
        server.everything = (code, "not a listing")
        self.expect_all(passed(f"{net}{i}") for i in range(3))
        self.message(zone, code)
        server.everything = None
        server.list(f"{net}9")
        self.expect(self.own(f"{net}9", zone))
        self.expect_all(passed(f"{net}{i}") for i in range(4, 8))
        self.message(zone, ended)

    def test_error_codes(self):
        self.not_a_listing(self.codes, "codes.example.com",
                           "127.255.255.254",
                           "answers no error codes any more", "203.0.113.13")

    def test_parked(self):
        self.not_a_listing(self.parked, "parked.example.com",
                           "198.51.100.7",
                           "answers as a list again", "203.0.113.14")

    def test_parked_at_home(self):
        """127.0.0.1 is where parked names point that fear visitors."""
        self.not_a_listing(self.home, "home.example.com", "127.0.0.1",
                           "answers as a list again", "203.0.113.15")


class Signed(Lab):
    """DNSSEC, and a list's key that nobody is to see."""

    policy = SIGNED
    settings = {"dns_trust_anchor_file": str(nameserver.ANCHOR)}

    def test_signatures(self):
        self.expect(listed("listed", zones.SIGNED))
        self.expect_all([passed("plain"), passed("plain6")])
        self.assertEqual(0, self.gate.stats()["resolver"]["bogus"])
        self.expect(passed("tampered"))
        self.assertEqual(1, self.gate.stats()["resolver"]["bogus"])

    def test_key(self):
        """Only the label is ever shown."""
        ip = zones.ADDRESS["listed6"]
        self.expect(Case(
            "listed6", blocked("Client host", ip, "dq.example.net",
                               zones.txt(ip)),
            "reject", "reject_rbl_client dq.example.net", "dq.example.net",
            "127.0.0.2"))
        for shown in (self.gate.log.read_text(), self.gate.stderr(),
                      self.gate.ctl("stats")[1], self.gate.ctl("check")[1],
                      self.gate.ctl("explain", ip)[1],
                      self.gate.ctl("explain", ip, "--json")[1]):
            self.assertNotIn("k3y", shown)
