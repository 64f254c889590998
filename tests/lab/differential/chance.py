"""Policies and sessions made up by chance, the same ones for a seed."""

import random

import zones
from differential import sessions

LISTS = ("client", "helo", "sender", "relay", "recipient")
CLIENTS = (*zones.ADDRESS, "127.0.0.9")
HELOS, SENDERS = sessions.HELOS, sessions.SENDERS
RECIPIENTS = sessions.RECIPIENTS
# A list that refuses, one that allows, and one that cannot be asked.
BY_ADDRESS = ("zen.spamhaus.org", "psbl.surriel.com", "truncate.gbudb.net",
              "hostkarma.junkemailfilter.com=127.0.0.2",
              "hostkarma.junkemailfilter.com=127.0.0.[1;2..3]",
              "list.dnswl.org=127.0.[0..9].[2..3]",
              "wl.mailspike.net=127.0.0.20", "tempfail.example.org")
BY_NAME = ("dbl.spamhaus.org", "dbl.spamhaus.org=127.0.1.[2..99]",
           "dbl.spamhaus.org=127.0.1.3", "tempfail.example.org")
KEYS = {
    "client": ("unknown", "192.0.2", "192.0", "192.0.2.2", "2001:db8",
               "example.net", "listed.example.net", "net", "127.0.0.9"),
    "helo": ("example.org", "org", "foe.example.org", "localhost",
             "[192.0.2.10]", "unknown"),
    "sender": ("<>", "example.org", "alice@", "alice@example.org", "org",
               "spam.example.org", "joe@", "bulk@", "x@"),
    "reverse_client_hostname": (
        "unknown", "192.0.2", "example.net", "forged.example.net",
        "tempfail.example.org", "2001:db8:", "net"),
    "recipient": ("bob@example.com", "bob@", "example.com", "com",
                  "postmaster@"),
}
# Of name servers and mail servers, and of what has a name itself.
HOSTS = ("ns.example.org", "example.org", "ns.example.net", "org",
         "mail.example.org", "mx.evil.example.org", "127", "127.0.0.8",
         "198.51.100.200", "198.51.100", "198.51.100.210", "203.0.113.25",
         "2001:db8:51:", "2001:db8:51::201", "2001:db8", "192.0.2.1",
         "192.0.2", "missing.example.org", "alice", "1.2.3", "localhost")
NETS = ("127.0.0.0/8", "198.51.100.0/24", "!198.51.100.0/24", "2001:db8::/32",
        "0.0.0.0/0", "::/0", "203.0.113.25", "192.0.2.0/24")
RESULTS = ("OK", "OK", "DUNNO", "REJECT", "REJECT go away", "REJECT 5.1.1 no",
           "REJECT 5.7.2 no", "DEFER", "DEFER later", "550", "550 not you",
           "450 4.1.3 not now", "553 5.1.8 no such", "DEFER_IF_PERMIT",
           "DEFER_IF_PERMIT 4.7.3 perhaps", "DEFER_IF_REJECT",
           "DEFER_IF_REJECT 4.7.4 perhaps not", "WARN odd", "INFO so so",
           "RELAY", "reject", "ok", "HOLD", "DISCARD no", "PREPEND X-A: b",
           "REDIRECT a@example.com", "BCC a@example.com")
WORDS = ("permit", "reject", "defer", "defer_if_permit", "defer_if_reject",
         "permit_mynetworks", "permit_sasl_authenticated",
         "reject_unknown_client_hostname",
         "reject_unknown_reverse_client_hostname",
         "reject_invalid_helo_hostname", "reject_non_fqdn_helo_hostname",
         "reject_unknown_helo_hostname", "reject_non_fqdn_sender",
         "reject_non_fqdn_recipient", "reject_unknown_sender_domain",
         "reject_invalid_hostname", "Reject_Unknown_Client",
         "reject_unknown_recipient_domain", "reject_multi_recipient_bounce",
         "reject_plaintext_session", "permit_inet_interfaces",
         "permit_naked_ip_address", "reject_maps_rbl",
         "permit_tls_all_clientcerts", "check_sasl_access static:REJECT")
# Parameters: what they may be, beside their default.
PARAMETERS = {
    **dict.fromkeys((f"{name}_reject_code" for name in (
        "unknown_address", "unknown_client", "unknown_hostname", "maps_rbl",
        "access_map", "invalid_hostname", "non_fqdn", "plaintext",
        "multi_recipient_bounce")), ("450", "553")),
    "reject_code": ("451", "550"), "defer_code": ("452",),
    "access_map_defer_code": ("453",),
    "reject_tempfail_action": ("defer",),
    "smtpd_delay_reject": ("no",),
    "maps_rbl_domains": ("zen.spamhaus.org, truncate.gbudb.net=127.0.0.2",
                         "tempfail.example.org dbl.spamhaus.org"),
    "unknown_address_tempfail_action": ("defer", "defer_if_permit"),
    "unknown_helo_hostname_tempfail_action": ("defer",),
    "parent_domain_matches_subdomains": ("mynetworks", ""),
    "smtpd_null_access_lookup_key": ("nobody",),
    "recipient_delimiter": ("+",),
    "reject_tempfail_action": ("defer",),
    "smtpd_delay_reject": ("no",),
    "soft_bounce": ("yes",),
    "smtpd_relay_before_recipient_restrictions": ("no", "yes"),
    "smtpd_reject_footer": (
        "call us", "\\c. Call $client_address\\nback",
        "$server_name $helo_name\\n$sender\\n${sender_domain?at}"),
    "default_rbl_reply": (
        "$rbl_code no: $rbl_class [$rbl_what] by $rbl_domain"
        "${rbl_reason? ($rbl_reason)}",
        "553 5.7.9 $client $client_name $client_address $reverse_client_name",
        "$rbl_code $sender $sender_name $sender_domain $recipient_name at "
        "$recipient_domain from $helo_name to $server_name",
        "450 5.7.1 $rbl_txt${rbl_txt:nothing}", "521 $rbl_what"),
    "rbl_reply_maps": (
        "inline:{ { zen.spamhaus.org = $$rbl_code 4.7.8 zen }, "
        "{ psbl.surriel.com = 421 bye $$rbl_what } }",),
}
WITH_LIST = {
    "reject_rbl_client": BY_ADDRESS, "permit_dnswl_client": BY_ADDRESS,
    "reject_rhsbl_client": BY_NAME, "reject_rhsbl_reverse_client": BY_NAME,
    "reject_rhsbl_helo": BY_NAME, "reject_rhsbl_sender": BY_NAME,
    "reject_rhsbl_recipient": BY_NAME, "permit_rhswl_client": BY_NAME,
}


CLASSES = ("first", "second", "third")  # each may name those behind it
SERVICE = "check_policy_service inet:127.0.0.1:9998"
SITES = {  # who we are; mydestination is always there
    "mynetworks": ("192.0.2.0/28", "!192.0.2.2 192.0.2.0/24 [2001:db8::]/64",
                   "127.0.0.0/8, inline:{ {192.0.2.10 = x} }"),
    "relay_domains": ("example.net", ".example.org example.net",
                      "inline:{ {example.org = x} }"),
    "virtual_alias_domains": ("example.org",),
    "virtual_mailbox_domains": ("example.net", "sub.example.com"),
    "relay_domains_reject_code": ("451", "550"),
}


def render(policy):
    """As text.  What is a list of the language is one of Python's."""
    return "".join(
        f"{name} = {', '.join(value) if isinstance(value, list) else value}\n"
        for name, value in policy.items())


class Chance(random.Random):
    """Makes policies and sessions."""

    def result(self, classes):
        """An action, or restrictions in its place."""
        if self.random() < 0.75:
            return self.choice(RESULTS)
        plain = [word for word in (*WORDS, *classes) if " " not in word]
        return self.choice((", ", " ")).join(
            self.sample(plain, self.randint(1, 2)))

    def table(self, what, classes):
        """An inline table, or one of the kinds that look at whole keys."""
        kind = self.choice(("inline", "inline", "cidr", "pcre", "regexp"))
        if kind == "cidr" and what in ("client", "hosts"):
            net = self.choice(NETS if what == "hosts" else (
                "192.0.2.0/28", "192.0.2.10", "::/0", "2001:db8::/125",
                "!192.0.2.0/27"))
            return f"cidr:{{{{{net} {self.result(classes)}}}}}"
        if kind in ("pcre", "regexp"):
            pattern = self.choice(("/example/", "/^unknown$$/", "/spam/",
                                   "!/[0-9]/", "/^(bob|alice)@/"))
            return f"{kind}:{{{{{pattern} {self.result(classes)}}}}}"
        keys = HOSTS if what == "hosts" else KEYS[what]
        entries = ", ".join(f"{{ {key} = {self.result(classes)} }}" for key in
                            self.sample(keys, self.randint(1, 3)))
        return f"inline:{{ {entries} }}"

    def word(self, classes):
        kind = self.random()
        if kind < 0.4:
            what = self.choice(list(KEYS))
            if kind < 0.12:
                by = self.choice(("ns", "mx", "a"))
                return f"check_{what}_{by}_access " + self.table(
                    "hosts", classes)
            return f"check_{what}_access {self.table(what, classes)}"
        if kind < 0.6:
            word = self.choice(list(WITH_LIST))
            return f"{word} {self.choice(WITH_LIST[word])}"
        if kind < 0.63:
            return SERVICE
        return self.choice((*WORDS, *classes))

    def list(self, classes, least=0):
        return [("warn_if_reject " if self.random() < 0.12 else "")
                + self.word(classes)
                for _ in range(self.randint(least, 4))]

    def policy(self):
        """Parameters by the names that both of us know."""
        policy = {"mydestination": "example.com",
                  "smtpd_restriction_classes": list(CLASSES)}
        policy |= {name: self.choice(values)
                   for name, values in (PARAMETERS | SITES).items()
                   if self.random() < 0.15}
        for i, name in enumerate(CLASSES):
            policy[name] = self.list(CLASSES[i + 1:], 1)
        for name in LISTS:
            policy[f"smtpd_{name}_restrictions"] = self.list(CLASSES)
        relay = "smtpd_relay_restrictions"  # or Postfix refuses to run
        policy[relay] = ["reject_unauth_destination", *policy[relay]]
        return policy

    def session(self):
        if self.random() < 0.15:
            return self.choice(sessions.SHAPES)
        return sessions.Session(
            client=self.choice(CLIENTS), helo=self.choice(HELOS),
            sender=self.choice(SENDERS),
            recipients=tuple(self.sample(RECIPIENTS, 2)))
