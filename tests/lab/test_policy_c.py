"""Policy C: own list, blocklists, reputation, greylist the rest."""

import gate
import zones
from case import Case, Lab, accepted, listed

TABLE = "check_client_access hash:/etc/mailmum/rbl_override"
REP = "permit_dnswl_client rep.mailspike.net=127.0.0.[18..20]"
DNSWL = "permit_dnswl_client list.dnswl.org=127.0.[0..255].[2..3]"


def waits(client, **more):
    return Case(client, None, "greylist", "greylist", **more)


class PolicyC(Lab):
    policy = gate.policy("c")

    def test_listed(self):
        self.expect_all([
            listed("listed", "zen.spamhaus.org"),
            listed("listed6", "zen.spamhaus.org"),
            listed("mailspike", "bl.mailspike.net", "127.0.0.10"),
            listed("both", "zen.spamhaus.org"),
        ])

    def test_allowed(self):
        self.expect_all([
            accepted("rep", REP, "rep.mailspike.net", "127.0.0.19"),
            accepted("allowed", DNSWL, "list.dnswl.org", "127.0.5.2"),
            accepted("allowed6", DNSWL, "list.dnswl.org", "127.0.5.2"),
            accepted("byhand-ok", TABLE, None, "192.0.2.40"),
            accepted("127.0.0.9", "permit_mynetworks"),
        ])

    def test_own_table(self):
        name = f"byhand-no.example.net[{zones.ADDRESS['byhand-no']}]"
        self.expect(Case(
            "byhand-no", f"554 5.7.1 <{name}>: Client host rejected: "
            "blocked by hand", "reject", TABLE, None, "192.0.2.41"))

    def test_the_rest(self):
        self.expect_all([
            waits("plain"),
            waits("plain6"),
            waits("noptr"),
            waits("noptr6"),
            waits("forged"),
            waits("ptrfail"),
            waits("namefail"),
            waits("lowtrust"),
            waits("category10"),
            waits("plain", sender="", what="null sender"),
        ])

    def test_sanity(self):
        self.expect_all([
            Case("plain", "501 5.5.2 <a..b>: Helo command rejected: Invalid "
                 "name", "reject", "reject_invalid_hostname", helo="a..b"),
            Case("plain", "504 5.5.2 <alice>: Sender address rejected: need "
                 "fully-qualified address", "reject",
                 "reject_non_fqdn_sender", sender="alice"),
            Case("plain", "504 5.5.2 <bob>: Recipient address rejected: "
                 "need fully-qualified address", "reject",
                 "reject_non_fqdn_recipient", recipient="bob"),
            Case("plain", "450 4.1.8 <x@missing.example.org>: Sender address "
                 "rejected: Domain not found", "defer",
                 "reject_unknown_sender_domain",
                 sender="x@missing.example.org"),
        ])
