"""Postfix's own restrictions beside mailmum's: the replies are the same,
byte for byte."""

import postfix
from case import Case, Lab

LINE = 510  # bytes; Postfix sends longer ones, RFC 5321 4.5.3.1.5 does not
LISTS = """
  check_client_access inline:{ { 192.0.2.40 = OK },
     { 192.0.2.41 = REJECT blocked by hand },
     { 192.0.2.30 = 553 5.7.3 go away }, { 192.0.2.31 = DEFER } },
  check_sender_access pcre:/etc/mailmum/senders.pcre,
  reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname,
  reject_non_fqdn_sender, reject_non_fqdn_recipient,
  reject_unknown_helo_hostname, reject_unknown_sender_domain,
  reject_unknown_reverse_client_hostname,
  permit_dnswl_client list.dnswl.org=127.0.[0..255].[2..3],
  reject_rhsbl_helo dbl.spamhaus.org,
  reject_rhsbl_sender dbl.spamhaus.org,
  reject_rhsbl_recipient dbl.spamhaus.org,
  reject_rhsbl_client dbl.spamhaus.org,
  reject_rhsbl_reverse_client dbl.spamhaus.org,
  reject_rbl_client zen.spamhaus.org,
  reject_rbl_client hostkarma.junkemailfilter.com=127.0.0.[2;3],
  reject_rbl_client truncate.gbudb.net,
  reject_unknown_client_hostname,
  warn_if_reject reject_rbl_client psbl.surriel.com,
  reject_unauth_destination
"""
NATIVE = {"smtpd_recipient_restrictions": " ".join(LISTS.split()),
          "unknown_address_reject_code": "551",
          "unknown_client_reject_code": "552",
          "unknown_hostname_reject_code": "553"}
CASES = [
    *({"client": name} for name in (
        "plain", "plain6", "listed", "listed6", "allowed", "allowed6",
        "both", "spamname", "forgedspam", "black", "badcode", "gbudb",
        "psbl", "noptr", "noptr6", "forged", "ptrfail", "namefail",
        "byhand-ok", "byhand-no", "iadb", "lowtrust", "127.0.0.9")),
    *({"helo": helo} for helo in (
        "localhost", "a..b", "-x.example.org", "[192.0.2.10]", "[192.0.2]",
        "[IPv6:2001:db8::1]", "[2001:db8::1]", "192.0.2.10",
        "mail.example.org.", "nohost.example.org", "h.tempfail.example.org",
        "helospam.example.org", "a_b.example.org", 'a"b<c>', "unknown")),
    *({"sender": sender} for sender in (
        "", "alice", "alice@host", "x@missing.example.org",
        "x@nullmx.example.org", "x@nomx.example.org",
        "x@h.tempfail.example.org", "Joe@Spam.Example.ORG",
        '"a b"@spam.example.org', "joe@spam.example.org.",
        "a@sub.spam.example.org", "x@[192.0.2.1]", "pcre-5xx@example.org",
        "pcre-4xx@example.org", "pcre-550@example.org",
        "pcre-ok@missing.example.org", "pcre-dip@example.org",
        "pcre-long@example.org")),
    *({"recipient": recipient} for recipient in (
        "bob", "postmaster", "POSTMASTER", "postmaster@example.com",
        '"b o b"@example.com', "b+x@Example.COM")),
    {"client": "listed", "sender": "x@h.tempfail.example.org"},
    {"client": "listed", "sender": "pcre-dir@example.org"},
    {"client": "noptr", "sender": "pcre-dip@example.org"},
    {"client": "listed", "helo": "h.tempfail.example.org"},
]
SENDERS = """
/^(pcre-5xx)@/ 550 5.7.2 $1 is not wanted
/^pcre-4xx@/ 421 4.3.2 later
/^pcre-550@/ 550
/^pcre-ok@/ OK
/^pcre-dip@/ DEFER_IF_PERMIT 4.7.3 perhaps
/^pcre-dir@/ DEFER_IF_REJECT 4.7.4 perhaps not
/^pcre-long@/ REJECT {}
""".format("long words " * 60)


class Native(Lab):
    policy = "".join(f"{k} = {v}\n" for k, v in NATIVE.items())
    tables = {"senders.pcre": SENDERS}

    def test_replies(self):
        for i, case in enumerate(CASES):
            with self.subTest(str(case)):
                case = Case(**{"client": "plain", "reply": "", "action": "",
                               "reason": "", "recipient":
                               f"native{i}@example.com"} | case)
                native = self.judge(case, postfix.NATIVE)[0]
                self.assertEqual(native[:LINE], self.judge(case)[0])
