"""Which recipients and clients are ours: Postfix's own lists and resolver
beside mailmum's, the same replies byte for byte."""

import postfix
import space
import zones
from case import Lab
from smtp import Smtp

# What Postfix needs so that only the restrictions under test speak.
PLAIN = {
    "smtpd_relay_restrictions": "check_client_access static:OK, reject",
    "smtpd_reject_unlisted_recipient": "no",
}
DOMAINS = {
    "mydestination": "example.com, Local.Example.COM, [198.51.100.99], "
                     "inline:{ { table.example = x }, { .example = y } }",
    "virtual_alias_domains": "alias.example .alias2.example "
                             "pcre:{{/^p[0-9]+\\.example$$/ x}}",
    "virtual_mailbox_domains": "!not.box.example, box.example, "
                               "texthash:/etc/mailmum/boxes",
    "relay_domains": "!no.relay.example, relay.example, .dot.example, "
                     "inline:{ { keyed.example = x }, { .below.example = y } "
                     "}, /etc/mailmum/relays",
    "inet_interfaces": f"{space.ADDRESS}, [{space.ADDRESS6}]",
    "proxy_interfaces": "198.51.100.25",
}
TABLES = {
    "boxes": "more.box.example x\nalso.example x\n",
    "relays": "# a comment\nfile1.example, file2.example\n"
              "!no.file3.example\nfile3.example\n",
    "nets": "# a comment\n192.0.2.2 192.0.2.4\n!192.0.2.5\n",
    "nets.cidr": "192.0.2.20/30 x\n2001:db8::2 x\n",
}
NATIVE = DOMAINS | PLAIN
NAMES = [
    "example.com", "EXAMPLE.com", "example.com.", "local.example.com",
    "sub.example.com", "table.example", "a.table.example", "x.example",
    "alias.example", "a.alias.example", "a.alias2.example", "p12.example",
    "P12.Example", "a.p12.example", "box.example", "not.box.example",
    "more.box.example", "a.more.box.example", "also.example",
    "relay.example", "Relay.Example.", "a.relay.example",
    "a.b.relay.example", "no.relay.example", "x.no.relay.example",
    "norelay.example", "a.dot.example", "dot.example", "keyed.example",
    "a.keyed.example", "below.example", "a.below.example", "file1.example",
    "file2.example", "no.file3.example", "file3.example", "a.file3.example",
    "elsewhere.example", "localhost", f"[{space.ADDRESS}]",
    f"[IPv6:{space.ADDRESS6}]", f"[ipv6:{space.ADDRESS6.upper()}]",
    "[198.51.100.99]", "[198.51.100.25]", "[198.51.100.26]", "[127.0.0.1]",
]
RECIPIENTS = [f"bob@{name}" for name in NAMES] + [
    "bob", "bob%elsewhere.example", "bob%relay.example", "bob%example.com",
    "elsewhere.example!bob", "relay.example!bob", "example.com!bob",
    "a.example!b.example!bob", "relay.example!b.example!bob",
    "bob%elsewhere.example@example.com", "bob%relay.example@example.com",
    "bob%elsewhere.example@relay.example",
    "bob%elsewhere.example@box.example",
    "bob%elsewhere.example@alias.example",
    "elsewhere.example!bob@example.com", "relay.example!bob@example.com",
    "elsewhere.example!bob@relay.example", "bob%a%relay.example@example.com",
    "bob%relay.example%a@example.com", "relay.example!b%c@example.com",
    "b!c%relay.example@example.com", '"bob@elsewhere.example"@example.com',
    '"bob@relay.example"@example.com', '"bob@elsewhere.example"@box.example',
    '"b o b"@relay.example', '"b!o"@relay.example', '"b%o"@example.com',
    '""@example.com', '""@relay.example', "@example.com", "%@example.com",
    "!@example.com", "bob%@example.com", "bob!@example.com",
    "!bob@example.com", "%bob@example.com", "bob%example.com@example.com",
    "bob%example.com%example.com@example.com", "bob@a@example.com",
    "bob%%relay.example@example.com", "bob@example.com@relay.example",
    "@elsewhere.example:bob@example.com", "@example.com:bob@relay.example",
    "@example.com:bob@elsewhere.example",
    "@a.example,@b.example:bob@relay.example",
    "@relay.example:bob%relay.example@example.com",
    '"@elsewhere.example:bob"@example.com',
    '"@elsewhere.example:bob@relay.example"@example.com',
    f"bob%elsewhere.example@[{space.ADDRESS}]",
    f"bob%relay.example@[{space.ADDRESS}]",
    "bob%[198.51.100.25]@example.com", "bob%relay.example.@example.com",
    "bob+x@relay.example", "postmaster", "postmaster@elsewhere.example",
    "bob@relay.example..", "bob@[198.51.100.25", "bob@[198.51.100.27", "bob@-a.example",
]


class Both(Lab):
    policy = "smtpd_recipient_restrictions = permit\n"
    tables = TABLES

    domains = DOMAINS

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # trivial-rewrite(8) may have begun under another class's settings
        cls.mta.configure(cls.domains | PLAIN)
        cls.mta.reload()

    def take(self, policy):
        policy = self.domains | policy
        self.gate.configure("".join(
            f"{k} = {v}\n" for k, v in policy.items()))
        code, text = self.gate.ctl("reload")
        self.assertEqual(0, code, text)
        self.mta.configure(policy | PLAIN)

    def replies(self, client, recipients, port, sender="alice@example.org"):
        replies = []
        with Smtp(zones.ADDRESS.get(client, client), port) as c:
            c.helo()
            c.mail(sender)
            for recipient in recipients:
                replies.append((recipient, c.rcpt(recipient)))
            c.quit()
        return replies

    def sent(self, sender, port):
        """The reply to MAIL, or to RCPT where that was accepted."""
        with Smtp(zones.ADDRESS["plain"], port) as c:
            c.helo()
            reply = c.cmd(f"MAIL FROM:<{sender}>")
            if reply.startswith("250"):
                reply = c.rcpt("bob@example.com")
            c.quit()
        return reply

    def same(self, client, recipients):
        for native, ours in zip(
                self.replies(client, recipients, postfix.NATIVE),
                self.replies(client, recipients, postfix.MILTER_RELAY)):
            with self.subTest(client=client, recipient=native[0]):
                self.assertEqual(native, ours)


class Relay(Both):

    def test_words(self):
        for words in (
                "reject_unauth_destination", "defer_unauth_destination",
                "permit_auth_destination, reject",
                "permit_dnswl_client list.dnswl.org, reject",
                "check_recipient_access static:OK, reject",
                "reject_unknown_recipient_domain",
                "permit_dnswl_client tempfail.example.org, reject"):
            with self.subTest(words):
                self.take({"smtpd_recipient_restrictions": words,
                           "unknown_address_reject_code": "551"})
                self.same("allowed", RECIPIENTS)

    def test_codes(self):
        for code in "454", "550":
            self.take({
                "relay_domains_reject_code": code,
                "smtpd_client_restrictions": "reject_unauth_destination",
                "smtpd_recipient_restrictions":
                    "warn_if_reject reject_unauth_destination, "
                    "defer_unauth_destination"})
            self.same("plain", ["a@elsewhere.example", "a@relay.example"])

    def test_senders(self):
        """Those in domains of our own are not looked up."""
        self.take({
            "unknown_address_reject_code": "551",
            "smtpd_recipient_restrictions": "reject_unknown_sender_domain"})
        for sender in ["", *RECIPIENTS]:
            with self.subTest(sender=sender):
                self.assertEqual(self.sent(sender, postfix.NATIVE),
                                 self.sent(sender, postfix.MILTER_RELAY))


NETWORKS = (
    "127.0.0.0/8 [::1]/128", "", "192.0.2.0/24", "!192.0.2.10 192.0.2.0/24",
    "192.0.2.0/24 !192.0.2.10", "[2001:db8::]/64, [2001:DB8:0:0::10]",
    "[2001:db8:0::2]", "0.0.0.0/0", "[::]/0", "example.net",
    ".example.net", "!plain.example.net, Example.NET", "unknown",
    "/etc/mailmum/nets 192.0.2.5", "!/etc/mailmum/nets 192.0.2.0/24",
    "cidr:/etc/mailmum/nets.cidr", "!cidr:/etc/mailmum/nets.cidr [::]/0",
    "inline:{ { 192.0.2.10 = x }, { listed.example.net = x } }",
    "inline:{ { 192.0.2 = x }, { example.net = x } }",
    "inline:{ { .example.net = x } }", "pcre:{{/^192.*0$$/ x}}",
    "pcre:{{/^plain/ x}}", "static:x", "!static:x 0.0.0.0/0", "fail:x",
    "192.0.2.0/24 fail:x", "!fail:x 192.0.2.0/24", "!!192.0.2.10",
    "192.0.2.10 # and so on, 192.0.2.2", "192.0.2.11/32 192.0.2.12/32",
    "!unknown 192.0.2.0/24",
)
NETWORKS_CLIENTS = (
    "127.0.0.9", "plain", "plain6", "listed", "listed3", "white", "noptr",
    "listed6")


class Networks(Both):

    def compare(self, networks, **policy):
        self.take({"mynetworks": networks, "smtpd_client_restrictions":
                   "permit_mynetworks, reject"} | policy)
        for client in NETWORKS_CLIENTS:
            with self.subTest(networks, **policy):
                self.same(client, ["bob@example.com"])

    def test_clients(self):
        for networks in NETWORKS:
            self.compare(networks)

    def test_whole_names(self):
        for networks in NETWORKS:
            if "example.net" in networks:
                self.compare(networks, parent_domain_matches_subdomains="")

    def test_table_error(self):
        for name in "helo", "sender", "recipient":
            self.compare("fail:x", smtpd_client_restrictions="", **{
                f"smtpd_{name}_restrictions":
                    "warn_if_reject permit_mynetworks, reject"})
