"""Policy B: sanity first, blocklists by name and address."""

import gate
import zones
from case import OK, Case, Lab, accepted, blocked, listed, rhsbl

DNSWL = "permit_dnswl_client list.dnswl.org=127.0.[0..255].[1..3]"
TABLE = "check_client_access hash:/etc/mailmum/rbl_override"
HELOS = "check_helo_access hash:/etc/mailmum/helo_access"


def passed(client, **more):
    """Nothing objects: B does not greylist what it does not know."""
    return Case(client, OK, "accept", "end of list", **more)


def nameless(client):
    return Case(client, "450 4.7.1 Client host rejected: cannot find your "
                f"reverse hostname, [{zones.ADDRESS[client]}]", "defer",
                "reject_unknown_reverse_client_hostname")


def unverified(client):
    return Case(client, "450 4.7.25 Client host rejected: cannot find your "
                f"hostname, [{zones.ADDRESS[client]}]", "defer",
                "reject_unknown_client_hostname")


def bad_helo(helo, reply, action, reason):
    code, text = reply.split(" ", 2)[:2], reply.split(" ", 2)[2]
    return Case("plain", f"{' '.join(code)} <{helo}>: Helo command "
                f"rejected: {text}", action, reason, helo=helo, what=helo)


def bad_sender(sender, reply, action, **more):
    code, text = reply.split(" ", 2)[:2], reply.split(" ", 2)[2]
    return Case("plain", f"{' '.join(code)} <{sender}>: Sender address "
                f"rejected: {text}", action, "reject_unknown_sender_domain",
                sender=sender, what=sender, **more)


class PolicyB(Lab):
    policy = gate.policy("b")

    def test_listed(self):
        self.expect_all([
            listed("listed", "zen.spamhaus.org"),
            listed("listed6", "zen.spamhaus.org"),
            rhsbl("reverse_client", "spamname", "Unverified Client host",
                  "spamname.example.net", "spamname.example.net"),
            rhsbl("helo", "plain", "Helo command", "helospam.example.org",
                  "helospam.example.org", helo="helospam.example.org"),
            rhsbl("sender", "plain", "Sender address",
                  "joe@spam.example.org", "spam.example.org",
                  sender="joe@spam.example.org"),
        ])

    def test_allowed(self):
        self.expect_all([
            accepted("allowed", DNSWL, "list.dnswl.org", "127.0.5.2"),
            accepted("allowed6", DNSWL, "list.dnswl.org", "127.0.5.2"),
            accepted("both", DNSWL, "list.dnswl.org", "127.0.5.2"),
            accepted("lowtrust", DNSWL, "list.dnswl.org", "127.0.9.1"),
            accepted("byhand-ok", TABLE, None, "192.0.2.40"),
            accepted("127.0.0.9", "permit_mynetworks"),
        ])

    def test_unknown(self):
        self.expect_all([
            passed("plain"),
            passed("plain6"),
            passed("category10"),
            passed("plain", sender="", what="null sender"),
        ])

    def test_names(self):
        self.expect_all([
            nameless("noptr"),
            nameless("noptr6"),
            nameless("ptrfail"),
            unverified("forged"),
            unverified("namefail"),
            unverified("forgedspam"),
        ])

    def test_helo(self):
        unknown = "reject_unknown_helo_hostname"
        self.expect_all([
            bad_helo("a..b", "501 5.5.2 Invalid name", "reject",
                     "reject_invalid_helo_hostname"),
            bad_helo("localhost", "504 5.5.2 need fully-qualified hostname",
                     "reject", "reject_non_fqdn_helo_hostname"),
            bad_helo("nohost.example.org", "450 4.7.1 Host not found",
                     "defer", unknown),
            bad_helo("h.tempfail.example.org", "450 4.7.1 Host not found",
                     "defer", unknown),
            passed("plain", helo="[192.0.2.10]", what="literal"),
            passed("plain", helo="friend.example.org", what="friend"),
            Case("plain", "554 5.7.1 <foe.example.org>: Helo command "
                 "rejected: not you", "reject", HELOS, None,
                 "foe.example.org", helo="foe.example.org"),
        ])

    def test_sender_domain(self):
        self.expect_all([
            bad_sender("x@missing.example.org",
                       "450 4.1.8 Domain not found", "defer"),
            bad_sender("x@h.tempfail.example.org",
                       "450 4.1.8 Domain not found", "defer"),
            bad_sender("x@nullmx.example.org", "550 5.7.27 Domain "
                       "nullmx.example.org does not accept mail (nullMX)",
                       "reject"),
            passed("plain", sender="x@nomx.example.org", what="no MX"),
            # what might have refused does not shield from what does
            listed("listed", "zen.spamhaus.org",
                   sender="x@h.tempfail.example.org", what="and tempfail"),
        ])

    def test_greylist_instead_of_reject(self):
        self.expect(Case(
            "spamcop", None, "greylist",
            "greylist_if_reject reject_rbl_client bl.spamcop.net",
            "bl.spamcop.net", "127.0.0.2"))

    def test_rejected_though_marked(self):
        self.expect(Case(
            "spamcop", blocked("Sender address", "joe@spam.example.org",
                               "dbl.spamhaus.org",
                               "spam.example.org sends spam"),
            "reject", "reject_rhsbl_sender dbl.spamhaus.org",
            "dbl.spamhaus.org", "127.0.1.2", sender="joe@spam.example.org"))
