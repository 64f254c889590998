"""Policy A: allow, block, allow, greylist."""

import gate
import zones
from case import OK, Case, Lab, accepted, listed, rhsbl

CIDR = "check_client_access cidr:/etc/mailmum/rbl_override"
DNSWL = "permit_dnswl_client list.dnswl.org=127.0.[0..255].[2..3]"
KARMA = "permit_dnswl_client hostkarma.junkemailfilter.com=127.0.0.[1;5]"
IADB = "permit_dnswl_client iadb.isipp.com=127.0.2.[1;2]"


def waits(client, **more):
    return Case(client, None, "greylist", "greylist", **more)


class PolicyA(Lab):
    policy = gate.policy("a")

    def test_listed(self):
        self.expect_all([
            listed("listed", "zen.spamhaus.org"),
            listed("listed6", "zen.spamhaus.org"),
            listed("uceprotect", "dnsbl-1.uceprotect.net"),
            listed("psbl", "psbl.surriel.com"),
            listed("black", "hostkarma.junkemailfilter.com=127.0.0.2"),
            listed("mailspike", "bl.mailspike.net", "127.0.0.10"),
            listed("barracuda", "b.barracudacentral.org"),
            listed("gbudb", "truncate.gbudb.net", text=""),
            listed("listed", "zen.spamhaus.org", sender="", what="null"),
        ])

    def test_listed_by_name(self):
        self.expect_all([
            rhsbl("reverse_client", "spamname", "Unverified Client host",
                  "spamname.example.net", "spamname.example.net"),
            rhsbl("reverse_client", "forgedspam", "Unverified Client host",
                  "forgedspam.example.net", "forgedspam.example.net"),
            rhsbl("sender", "plain", "Sender address",
                  "joe@spam.example.org", "spam.example.org",
                  sender="joe@spam.example.org"),
        ])

    def test_allowed(self):
        self.expect_all([
            accepted("iadb", IADB, "iadb.isipp.com", "127.0.2.1"),
            accepted("allowed", DNSWL, "list.dnswl.org", "127.0.5.2"),
            accepted("allowed6", DNSWL, "list.dnswl.org", "127.0.5.2"),
            accepted("both", DNSWL, "list.dnswl.org", "127.0.5.2"),
            # 127.0.0.1 is no listing, unless the filter names it
            accepted("white", KARMA, "hostkarma.junkemailfilter.com",
                     "127.0.0.1"),
            accepted("wl", "permit_dnswl_client wl.mailspike.net",
                     "wl.mailspike.net", "127.0.0.20"),
            accepted("lowtrust", "permit_dnswl_client list.dnswl.org",
                     "list.dnswl.org", "127.0.9.1"),
        ])

    def test_own_table(self):
        name = f"byhand-no.example.net[{zones.ADDRESS['byhand-no']}]"
        self.expect_all([
            accepted("byhand-ok", CIDR, None, "192.0.2.40"),
            Case("byhand-no", f"554 5.7.1 <{name}>: Client host rejected: "
                 "blocked by hand", "reject", CIDR, None, "192.0.2.41"),
        ])

    def test_the_rest(self):
        self.expect_all([
            waits("plain"),
            waits("plain6"),
            waits("noptr"),
            waits("noptr6"),
            waits("forged"),
            waits("ptrfail"),
            waits("namefail"),
            waits("badcode"),  # a code in no filter
            waits("category10"),  # newsletters: no allowance
            waits("plain", sender="", what="null sender"),
        ])

    def test_postmaster(self):
        reply, _ = self.judge(Case("listed", OK, "", "",
                                   recipient="postmaster"))
        self.assertEqual(reply, OK)
        self.expect(listed("listed", "zen.spamhaus.org",
                           recipient="postmaster@example.com"))
