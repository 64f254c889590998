"""The same as test_relay, where a domain of relay_domains is itself alone.
Postfix's resolver keeps what it has once read: a group of its own."""

import test_relay

DOMAINS = test_relay.DOMAINS | {
    "parent_domain_matches_subdomains": "mynetworks"}
NATIVE = DOMAINS | test_relay.PLAIN


class Below(test_relay.Both):
    domains = DOMAINS

    def test_whole_domains(self):
        self.take({
            "smtpd_recipient_restrictions": "reject_unauth_destination"})
        self.same("plain", test_relay.RECIPIENTS)
