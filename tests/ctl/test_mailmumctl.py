"""mailmumctl from the outside: what it prints, and its exit codes.

usage: test_mailmumctl.py MAILMUMCTL GREYLIST_SEED
No network but loopback: a small DNS server and a fake control socket.
"""
import ipaddress
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

from zone_server import ZoneServer

CTL, SEED = sys.argv[1:3]

ZONE = """
99.2.0.192.in-addr.arpa PTR mail.example.net
mail.example.net A 192.0.2.99
99.2.0.192.bl.example.org A 127.0.0.2
99.2.0.192.bl.example.org TXT listed, see http://bl.example.org/
7.2.0.192.in-addr.arpa PTR good.example.net
good.example.net A 192.0.2.7
7.2.0.192.wl.example.org A 127.0.5.2
1.2.0.192.in-addr.arpa PTR forged.example.net
forged.example.net A 192.0.2.2
4.2.0.192.err.example.org A 127.255.255.254
5.2.0.192.zen.example.org A 127.0.0.4
{v6} PTR v6.example.net
v6.example.net AAAA 2001:db8::6
example.net MX 10 mail.example.net
""".format(v6=ipaddress.ip_address("2001:db8::6").reverse_pointer)

SETTINGS = """\
dns_stub = .=127.0.0.1@{port}
dns_trust_anchor_file = none
dns_deadline = 5s
myhostname = mx.example.org
state_directory = {directory}
control_socket = unix:{directory}/control.sock
"""

POLICY = """\
dnsxl_labels = key.zen.example.org=zen.example.org
smtpd_helo_restrictions = reject_invalid_helo_hostname
smtpd_recipient_restrictions =
  permit_mynetworks
  permit_sasl_authenticated
  permit_dnswl_client wl.example.org=127.0.[0..255].[1..3]
  reject_unknown_sender_domain
  reject_rbl_client bl.example.org
  warn_if_reject reject_unknown_client_hostname
  reject_rbl_client key.zen.example.org
  reject_rbl_client err.example.org
  reject_rbl_client fail.example.org
  greylist
"""


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)
        self.directory = self.scratch.name
        self.config = os.path.join(self.directory, "mailmum.conf")

    def write(self, text):
        with open(self.config, "w") as f:
            f.write(text)

    def run_ctl(self, *args, config=True):
        command = [CTL] + (["-c", self.config] if config else []) + list(args)
        done = subprocess.run(command, capture_output=True, text=True,
                              timeout=60, stdin=subprocess.DEVNULL)
        self.assertNotIn("Sanitizer", done.stderr)
        return done

    def expect(self, code, args, out=None, err=None, config=True):
        done = self.run_ctl(*args, config=config)
        self.assertEqual((code, err if err is not None else ""),
                         (done.returncode, done.stderr), done.stdout)
        if out is not None:
            self.assertEqual(out, done.stdout.replace(self.config, "FILE"))
        return done.stdout


class Usage(Case):
    def test_mistakes_are_said(self):
        cases = [
            ([], "no command; mailmumctl --help lists them"),
            (["exlain"], 'unknown command "exlain": did you mean "explain"?'),
            (["frobnicate"],
             'unknown command "frobnicate"; mailmumctl --help lists them'),
            (["explain"],
             "explain: CLIENT is missing; see mailmumctl explain --help"),
            (["explain", "192.0.2.1", "x"], "explain: too many arguments"),
            (["explain", "mail.example.org"],
             'explain: "mail.example.org" is not an IPv4 or IPv6 address'),
            (["explain", "192.0.2.256"],
             'explain: "192.0.2.256" is not an IPv4 or IPv6 address'),
            (["check", "--helo", "x"], "check: --helo means nothing here"),
            (["stats", "now"], "stats: too many arguments"),
        ]
        for args, text in cases:
            with self.subTest(args=args):
                self.expect(2, args, "", "mailmumctl: " + text + "\n",
                            config=False)

    def test_unknown_option(self):
        done = self.run_ctl("check", "--frob", config=False)
        self.assertEqual(2, done.returncode)
        self.assertIn("--frob", done.stderr)
        self.assertIn("mailmumctl --help", done.stderr)

    def test_help(self):
        for option in "-h", "--help":
            out = self.expect(0, [option], config=False)
            for word in "check", "explain", "stats", "reload", "--json":
                self.assertIn(word, out)
        out = self.expect(0, ["stats", "--help"], config=False)
        self.assertIn("--json", out)
        self.assertNotIn("--helo", out)

    def test_version(self):
        out = self.expect(0, ["--version"], config=False)
        self.assertRegex(out, r"^mailmumctl \d+\.\d+\.\d+\n$")

    def test_full_disk(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([CTL, "--help"], stdout=full,
                                  stderr=subprocess.PIPE, text=True)
        self.assertEqual(74, done.returncode)
        self.assertIn("No space left", done.stderr)


class Check(Case):
    def test_good(self):
        self.write("""\
greylist_delay = 5m
smtpd_helo_restrictions = permit_mynetworks, reject_invalid_hostname
smtpd_recipient_restrictions = permit_mynetworks,
  reject_unauth_destination,
  check_client_access inline:{192.0.2.1=OK},
  permit_dnswl_client list.dnswl.org=127.0.[0..255].[ 2..3 ],
  reject_rbl_client zen.spamhaus.org, reject_rbl_client bl.example.org,
  greylist
greylist_exceptions =
""")
        self.expect(0, ["check"], """\
FILE:4: notice: reject_unauth_destination: keep it in main.cf: only the MTA \
knows which domains it relays for

FILE: valid.

For each recipient the policy takes 9 steps: 2 in smtpd_helo_restrictions and
7 in smtpd_recipient_restrictions. 3 DNS lists are asked: list.dnswl.org,
zen.spamhaus.org and bl.example.org. mailmum resolves names itself, from the
root; a recipient waits 2 seconds for answers at most. 1 access table is read.
What no step refuses is let in. Who is greylisted may come back after 300
seconds. Keep in main.cf, where alone they work: reject_unauth_destination.
""")

    def test_classes(self):
        """What stands in classes and in the results of tables counts."""
        self.write("""\
smtpd_restriction_classes = strict
strict = reject_rbl_client zen.spamhaus.org, reject_unverified_sender
smtpd_recipient_restrictions = inline:{ { example.org = strict },
  { example.net = permit_dnswl_client list.dnswl.org, reject } }
""")
        out = self.expect(0, ["check"])
        self.assertIn("""\
For each recipient the policy takes 1 step in smtpd_recipient_restrictions,
and 5 more where a class or a table leads. 2 DNS lists are asked:
list.dnswl.org and zen.spamhaus.org. mailmum""", out)
        self.assertIn("1 access table is read.", out)
        self.assertIn("they work:\nreject_unverified_sender.", out)

    def test_relaying(self):
        """Where the domains are named, nothing has to stay in main.cf."""
        self.write("mydestination = example.org\n"
                   "smtpd_relay_restrictions = reject_unauth_destination\n")
        self.assertNotIn("main.cf", self.expect(0, ["check"]))

    def test_strict(self):
        self.write("""\
smtpd_recipient_restrictions = permit_mynetworks,
  reject_unverified_recipient, reject_rbl_client bl.example.org
smtpd_data_restrictions = reject_multi_recipient_bounce
""")
        self.expect(0, ["check"])
        self.expect(78, ["check", "--strict"], """\
FILE:2: reject_unverified_recipient: keep it in main.cf: only the MTA can \
probe addresses
FILE:3: smtpd_data_restrictions: keep it in main.cf: only Postfix sees that \
stage
FILE: 2 errors: it would load, and leave that to the MTA.
""")
        result = json.loads(self.expect(78, ["check", "--strict", "--json"]))
        self.assertFalse(result["valid"])
        self.assertEqual(["error", "error"],
                         [c["severity"] for c in result["complaints"]])
        # another notice stays one
        self.write("smtpd_recipient_restrictions = permit, greylist\n")
        self.expect(0, ["check", "--strict"])

    def test_file_as_argument(self):
        self.write("")
        self.expect(0, ["check", self.config], """\
FILE: valid.

There is no restriction: all mail is let in.
""", config=False)

    def test_bad(self):
        self.write("""\
greylist_dealy = 5m
dns_deadline = soon
smtpd_recipient_restrictions =
  reject_rbl_client zen.spamhaus.org=127.0.0,
  # a comment
  reject_unknown_sender
  permit
""")
        out = self.expect(78, ["check"]).replace(self.config, "FILE")
        lines = out.splitlines()
        self.assertIn('FILE:1: unknown parameter "greylist_dealy": did you '
                      'mean "greylist_delay"?', lines)
        self.assertRegex(out, r'(?m)^FILE:2: dns_deadline: "soon" is not')
        self.assertRegex(out, r"(?m)^FILE:4: reject_rbl_client: .*127\.0\.0")
        self.assertRegex(out, r'(?m)^FILE:6: unknown restriction '
                              r'"reject_unknown_sender": did you mean')
        self.assertEqual("FILE: 4 errors: it would be refused.", lines[-1])
        self.assertEqual(5, len(lines))

    def test_no_file(self):
        self.expect(78, ["check"], """\
FILE: No such file or directory
FILE: 1 error: it would be refused.
""")

    def test_json(self):
        self.write("smtpd_recipient_restrictions = reject_unauth_destination,"
                   " reject_rbl_client bl.example.org, greylist\n"
                   "greylist_exceptions =\n")
        result = json.loads(self.expect(0, ["check", "--json"]))
        self.assertTrue(result["valid"])
        self.assertEqual(["notice"],
                         [c["severity"] for c in result["complaints"]])
        self.assertEqual(1, result["complaints"][0]["line"])
        self.assertEqual(
            {"steps": {"smtpd_client_restrictions": 0,
                       "smtpd_helo_restrictions": 0,
                       "smtpd_sender_restrictions": 0,
                       "smtpd_relay_restrictions": 0,
                       "smtpd_recipient_restrictions": 3},
             "more_steps": 0,
             "dns_lists": ["bl.example.org"], "access_tables": 0,
             "policy_services": [],
             "greylists": True, "greylist_exceptions": 0,
             "keep_in_main_cf": ["reject_unauth_destination"]},
            result["summary"])
        self.write("smtpd_recipient_restrictions = frobnicate\n")
        result = json.loads(self.expect(78, ["check", "--json"]))
        self.assertFalse(result["valid"])
        self.assertEqual(["error"],
                         [c["severity"] for c in result["complaints"]])
        self.assertNotIn("summary", result)


class Explain(Case):
    @classmethod
    def setUpClass(cls):
        cls.server = ZoneServer(ZONE)
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        super().setUp()
        self.policy(POLICY)

    def policy(self, text):
        self.write(SETTINGS.format(port=self.server.port,
                                   directory=self.directory) + text)

    def explain(self, code, *args):
        """The output with times made equal."""
        out = self.expect(code, ["explain", *args])
        self.assertNotIn("\033", out)
        out = out.replace(self.config, "FILE")
        out = out.replace(self.directory, "DIR")
        return re.sub(r"\d+ ms", "N ms", out)

    def explain_json(self, code, *args):
        return json.loads(self.expect(code, ["explain", "--json", *args]))

    def seed(self, *args):
        subprocess.run([SEED, self.config, *args], check=True, timeout=60)

    def test_what_is_pasted_cannot_write_to_the_terminal(self):
        self.policy("smtpd_recipient_restrictions = reject_non_fqdn_sender, "
                    "greylist\n")
        out = self.explain(1, "192.0.2.7", "--name", "a\033[2J.example",
                           "--from", "x\u009b2J@\033]0;y.example",
                           "--to", "\033[31m@example.org")
        self.assertIn("  name       a?[2J.example\n", out)
        self.assertRegex(out, r"  sender     <x\?\?2J@\?]0;y.example>\n")
        self.assertNotIn("\u009b", out)
        out = self.explain(1, "192.0.2.7", "--name", "\033[2J",
                           "--from", "x\033[2J\u009b2J")
        self.assertIn("need fully-qualified address", out)
        self.assertNotIn("\u009b", out)

    def test_listed(self):
        out = self.explain(1, "192.0.2.99")
        body, footer = out.rsplit("\n\n", 1)
        self.assertEqual("""\
The session, judged by FILE:

  client     192.0.2.99
  name       mail.example.net                looked up: name and address agree
          PTR 99.2.0.192.in-addr.arpa             mail.example.net  \
(ttl 300, N ms)
          A mail.example.net                      192.0.2.99  (ttl 300, N ms)
  HELO       mail.example.net                assumed
  sender     <>                              assumed
  recipient  <postmaster@mx.example.org>     assumed

smtpd_helo_restrictions
     8  reject_invalid_helo_hostname              goes on

smtpd_recipient_restrictions
    10  permit_mynetworks                         goes on
    11  permit_sasl_authenticated                 does not apply: not logged in
    12  permit_dnswl_client wl.example.org=127.0.[0..255].[1..3]
                                                  not listed
          A 99.2.0.192.wl.example.org             no such record  \
(ttl 60, N ms)
    13  reject_unknown_sender_domain              goes on
    14  reject_rbl_client bl.example.org          REFUSES: listed
          A 99.2.0.192.bl.example.org             127.0.0.2  (ttl 300, N ms)
          TXT 99.2.0.192.bl.example.org           "listed, see \
http://bl.example.org/"  (ttl 300, N ms)

Refused: reject_rbl_client bl.example.org, line 14.
  554 5.7.1 Service unavailable; Client host [192.0.2.99] blocked using \
bl.example.org; listed, see http://bl.example.org/""", body)
        self.assertRegex(footer, r"^DNS questions asked: \d+, needed: 5; "
                                 r"RCPT waited N ms\.\n$")

    def test_allowed(self):
        out = self.explain(0, "192.0.2.7")
        self.assertIn("\nAccepted: permit_dnswl_client "
                      "wl.example.org=127.0.[0..255].[1..3], line 12.\n", out)
        self.assertIn("ACCEPTS: listed\n", out)
        self.assertNotIn("bl.example.org", out)

    def test_a_list_knows_what_was_known_at_its_stage(self):
        for delay, code in ("no", 0), ("yes", 1):
            self.policy(f"smtpd_delay_reject = {delay}\n"
                        "mydestination = example.net\n"
                        "smtpd_client_restrictions =\n"
                        " permit_dnswl_client wl.example.org, reject\n")
            self.explain(code, "192.0.2.7", "--to", "b@elsewhere.example")

    def test_greylisted_and_softened(self):
        out = self.explain(1, "192.0.2.1", "--from", "a@example.net",
                           "--to", "b@example.org")
        self.assertIn("name and address do not agree\n", out)
        self.assertIn("  PTR name   forged.example.net\n", out)
        self.assertIn("""
Recorded beside the verdict:
  warn_if_reject reject_unknown_client_hostname: 450 4.7.25 Client host \
rejected: cannot find your hostname, [192.0.2.1]
""", out)
        self.assertIn("its servers fail", out)
        self.assertIn("10 mail.example.net  (ttl 300", out)
        self.assertIn("""
The greylist was not read: DIR/greylist.sqlite: """, out)
        self.assertIn("""
Greylisted: greylist, line 19.
  451 4.7.1 <b@example.org>: Recipient address rejected: Greylisted, come \
back in 170 seconds
""", out)

    def test_greylist_is_only_looked_at(self):
        triplet = ["192.0.2.1", "a@example.net", "b@example.org"]
        args = ["192.0.2.1", "--from", "a@example.net", "--to",
                "b@example.org"]
        self.seed(*triplet, "100")
        for _ in range(2):
            out = self.explain(1, *args)
            self.assertRegex(out, r"\nThe greylist: waiting since \d{4}-\d\d"
                                  r"-\d\d \d\d:\d\d:\d\d, [67]\d seconds "
                                  r"left\.\n")
            self.assertRegex(out, r"come back in [67]\d seconds\n")
        out = self.explain(1, "192.0.2.1", "--from", "c@example.net")
        self.assertIn("\nThe greylist: never seen: would be asked to come "
                      "back in 170 seconds.\n", out)

    def test_greylist_passed(self):
        triplet = ["192.0.2.1", "a@example.net", "b@example.org"]
        args = ["192.0.2.1", "--from", "a@example.net", "--to",
                "b@example.org"]
        self.seed(*triplet, "300")
        self.assertRegex(self.explain(0, *args),
                         r"waiting since .*: long enough, would pass\.\nIt takes "
                         r"the client for 192\.0\.2\.0/24\.\n"
                         r"\nAccepted: nothing refused it\.\n")
        self.seed(*triplet, "100")
        self.assertRegex(self.explain(0, *args),
                         r"\nThe greylist: known since ")
        result = self.explain_json(0, *args)
        self.assertEqual(("known", 0), (result["greylist"]["state"],
                                        result["greylist"]["wait"]))

    def test_not_greylisted(self):
        with open(os.path.join(self.directory, "own"), "w") as f:
            f.write("\nclient example.net\n  reason  it is a pool\n"
                    "recipient /^\x1b|abuse@/\n")
        self.policy("smtpd_recipient_restrictions = greylist\n"
                    f"greylist_exceptions = {self.directory}/own\n"
                    "greylist_optin = example.org\n")
        pool = ["192.0.2.9", "--name", "mx.example.net", "--ptr",
                "mx.example.net", "--to", "b@example.org"]
        self.assertIn("\n\nNot greylisted, by greylist_exceptions: "
                      "example.net, DIR/own:2.\n  it is a pool\n\nAccepted",
                      self.explain(0, *pool))
        self.assertEqual(
            {"by": "greylist_exceptions", "pattern": "example.net",
             "file": f"{self.directory}/own", "line": 2,
             "reason": "it is a pool"},
            self.explain_json(0, *pool)["exempt"])
        # a name that nothing confirms does not count
        self.assertIn("\nGreylisted: ", self.explain(
            1, "192.0.2.9", "--name", "unknown", "--ptr", "mx.example.net",
            "--to", "b@example.org"))
        self.assertIn("\nNot greylisted, by greylist_exceptions: "
                      "/^?|abuse@/, DIR/own:4.\n", self.explain(
                          0, "192.0.2.9", "--to", "abuse@example.org"))
        self.assertIn("\nNot greylisted, by greylist_optin.\n", self.explain(
            0, "192.0.2.9", "--to", "b@example.com"))

    def test_facts_given(self):
        out = self.explain(
            1, "2001:db8::1", "--name", "unknown", "--ptr",
            "host.example.net", "--helo", "bad helo", "--from", "<>",
            "--to", "<b@example.org>")
        self.assertIn("""
  client     2001:db8::1
  name       unknown
  PTR name   host.example.net
  HELO       bad?helo
  sender     <>
  recipient  <b@example.org>
""", out)
        self.assertIn("""\
     8  reject_invalid_helo_hostname              REFUSES

Refused: reject_invalid_helo_hostname, line 8.
  501 5.5.2 <bad?helo>: Helo command rejected: Invalid name
""", out)
        self.assertNotIn("smtpd_recipient_restrictions", out)

    def test_ipv6(self):
        out = self.explain(1, "2001:db8::6")
        self.assertIn("  name       v6.example.net                  looked "
                      "up: name and address agree\n", out)
        self.assertIn("          AAAA v6.example.net                     "
                      "2001:db8::6  (ttl 300, N ms)\n", out)

    def test_ptr_given_is_confirmed(self):
        out = self.explain(1, "192.0.2.99", "--ptr", "Mail.Example.net.")
        self.assertIn("  name       Mail.Example.net.               looked "
                      "up: name and address agree\n", out)
        out = self.explain(1, "192.0.2.98", "--ptr", "mail.example.net")
        self.assertIn("name and address do not agree\n", out)
        out = self.explain(1, "192.0.2.98", "--ptr", "h.fail.example.net")
        self.assertIn("could not be looked up\n", out)

    def test_login(self):
        out = self.explain(0, "192.0.2.99", "--auth", "jo")
        self.assertIn("\n  login      jo\n", out)
        self.assertIn("Accepted: permit_sasl_authenticated, line 11.", out)

    def test_postmaster(self):
        out = self.explain(0, "192.0.2.99", "--to", "postmaster")
        self.assertIn("\nAccepted: a bare postmaster always is.\n", out)

    def test_no_name(self):
        out = self.explain(1, "192.0.2.200")
        self.assertIn("\n  name       unknown                         "
                      "looked up: it has no name\n", out)
        self.assertIn("\n  HELO       [192.0.2.200]                   "
                      "assumed\n", out)
        self.policy("smtpd_client_restrictions = permit\n")
        out = self.explain(0, "2001:db8::200")
        self.assertIn("  HELO       [IPv6:2001:db8::200]", out)

    def test_keys_stay_hidden(self):
        for args in ["--from", "a@example.net"], ["--json"]:
            out = self.expect(1, ["explain", "192.0.2.5", *args])
            self.assertNotIn("key.", out)
            self.assertIn("5.2.0.192.zen.example.org", out)

    def test_error_code_is_no_listing(self):
        out = self.explain(1, "192.0.2.4")
        self.assertIn("    17  reject_rbl_client err.example.org         "
                      "an error code: no listing\n", out)
        self.assertIn("127.255.255.254", out)

    def test_dead_server(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            self.write(SETTINGS.format(port=silent.getsockname()[1],
                                       directory=self.directory)
                       + "dns_deadline = 300ms\nsmtpd_client_restrictions = "
                         "reject_rbl_client bl.example.org\n")
            out = self.explain(0, "192.0.2.1", "--name", "unknown")
        self.assertIn("no answer before dns_deadline\n", out)
        self.assertIn("\nNot everything was answered within dns_deadline, "
                      "N ms.\n", out)
        self.assertIn("\nAccepted: nothing refused it.\n", out)

    def test_colours_on_a_terminal_only(self):
        master, slave = os.openpty()
        child = subprocess.Popen(
            [CTL, "-c", self.config, "explain", "192.0.2.7"], stdout=slave)
        os.close(slave)
        out = b""
        try:
            while chunk := os.read(master, 65536):
                out += chunk
        except OSError:  # how a terminal ends
            pass
        os.close(master)
        self.assertEqual(0, child.wait(60))
        self.assertIn(b"\033[1;32mACCEPTS\033[0m", out)

    def test_classes(self):
        """Each list that a step leads to stands below it, further in; what
        a pattern made has no line."""
        self.policy("""\
smtpd_restriction_classes = outer, inner
outer = inner, permit_mynetworks
inner = check_sender_access pcre:{{/^(.*)@/ reject_rbl_client $$1.example.org}}
smtpd_recipient_restrictions = outer, reject
""")
        out = self.explain(1, "192.0.2.99", "--from", "bl@example.net")
        self.assertRegex(out, r"""
smtpd_recipient_restrictions
    10  outer +REFUSES
     8    inner +REFUSES
     9      check_sender_access pcre:.*
 +REFUSES: bl@example.net: reject_rbl_client bl.example.org
     -        reject_rbl_client bl.example.org +REFUSES: listed
""")
        self.assertIn("\nRefused: reject_rbl_client bl.example.org.\n", out)
        trail = self.explain_json(
            1, "192.0.2.99", "--from", "bl@example.net")["trail"]
        self.assertEqual([("outer", 0), ("inner", 1)],
                         [(t["step"], t["depth"]) for t in trail[:2]])
        self.assertEqual(3, trail[3]["depth"])

    def test_empty_policy(self):
        self.policy("")
        out = self.explain(0, "192.0.2.1", "--name", "unknown")
        self.assertIn("\nThe policy has no restrictions.\n"
                      "\nAccepted: nothing refused it.\n", out)

    def test_json(self):
        result = self.explain_json(1, "192.0.2.99", "--from", "a@example.net")
        self.assertEqual(
            {"client_address": "192.0.2.99", "client_name": "mail.example.net",
             "reverse_client_name": "mail.example.net",
             "client_resolve": "OK", "helo": "mail.example.net",
             "sender": "a@example.net",
             "recipient": "postmaster@mx.example.org", "sasl_username": None,
             "assumed": ["client_name", "helo", "recipient"]},
            {k: v for k, v in result["session"].items() if k != "questions"})
        step = result["trail"][-1]
        self.assertEqual(("smtpd_recipient_restrictions", 14,
                          "reject_rbl_client bl.example.org", "refuse"),
                         (step["list"], step["line"], step["step"],
                          step["outcome"]))
        self.assertEqual(
            [("A", "ok", 300, ["127.0.0.2"]),
             ("TXT", "ok", 300, ["listed, see http://bl.example.org/"])],
            [(q["type"], q["status"], q["ttl"], q["records"])
             for q in step["questions"]])
        for question in step["questions"]:
            self.assertLess(0, question["took_us"])
        self.assertEqual(
            {"action": "reject", "reason": "reject_rbl_client bl.example.org",
             "restrictions": "smtpd_recipient_restrictions", "line": 14,
             "reply": "554 5.7.1 Service unavailable; Client host "
                      "[192.0.2.99] blocked using bl.example.org; listed, "
                      "see http://bl.example.org/",
             "list": "bl.example.org", "answer": "127.0.0.2"},
            result["verdict"])
        self.assertLessEqual(result["dns"]["needed"], result["dns"]["asked"])

    def test_bad_configuration(self):
        self.write("smtpd_recipient_restrictions = frobnicate\n")
        done = self.run_ctl("explain", "192.0.2.1")
        self.assertEqual((78, ""), (done.returncode, done.stdout))
        self.assertEqual(
            self.config + ':1: unknown restriction "frobnicate"\n'
            "mailmumctl: explain: 1 error in the configuration\n",
            done.stderr)


class Daemon:
    """Answers one request on a control socket."""

    def __init__(self, path, reply):
        self.request = b""
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(path)
        self.socket.listen(1)
        self.reply = reply.encode()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        peer, _ = self.socket.accept()
        with peer:
            while not self.request.endswith(b"\n"):
                self.request += peer.recv(4096)
            peer.sendall(self.reply)

    def close(self):
        self.thread.join(10)
        self.socket.close()


class Asking(Case):
    """With a daemon that answers what it is told to."""

    def setUp(self):
        super().setUp()
        self.path = os.path.join(self.directory, "control.sock")
        self.write("control_socket = unix:%s\n" % self.path)

    def ask(self, code, args, reply, out=None, err=None, request=None):
        daemon = Daemon(self.path, reply)
        got = self.expect(code, args, out, err)
        daemon.close()
        os.unlink(self.path)
        self.assertEqual((request or args[0]).encode() + b"\n",
                         daemon.request)
        return got


class Control(Asking):
    STATS = {"version": "0.1.0", "uptime": 273906, "store": None,
             "counters": {"sessions": 1234, "sessions_open": 2,
                          "accepts": 17, "new_one": 5},
             "resolver": {"asked": 7},
             "dns_lists": [{"list": "bl.example.org", "state": "fine",
                            "asked": 1000, "took_us": 12345678},
                           {"list": "a.example", "state": "dead",
                            "asked": 0, "took_us": 0}],
             "restrictions": [
                 {"restriction": "check_client_access inline:{" + 70 * "x" +
                  "}", "reject": 12}],
             "nothing": []}

    def test_stats(self):
        reply = "200 ok\n" + json.dumps(self.STATS) + "\n"
        self.ask(0, ["stats"], reply, """\
  version                  0.1.0
  uptime             3d 04:05:06
  store                     none

Sessions
  sessions                  1234
  sessions open                2

Verdicts
  accepts                     17

Other
  new one                      5

Resolver
  asked                        7

Dns lists
  list            state  asked  ms each
  bl.example.org  fine    1000     12.3
  a.example       dead       0      0.0

Restrictions
  restriction                                                   reject
  check_client_access inline:{xxxxxxxxxxxxxxxxxxxxxxxxxxxxx...      12

Nothing
  none
""")
        got = self.ask(0, ["stats", "--json"], reply)
        self.assertEqual(self.STATS, json.loads(got))

    def test_stats_for_prometheus(self):
        """What the daemon says, unchanged."""
        text = "# HELP mailmum_x Text.\nmailmum_x 1\n# EOF\n"
        for option, request in (("--openmetrics", "metrics"),
                                ("--prometheus", "metrics classic=yes")):
            self.ask(0, ["stats", option], "200 metrics\n" + text, text,
                     request=request)
        self.expect(2, ["stats", "--json", "--prometheus"], "",
                    "mailmumctl: stats: only one of --json, --openmetrics, "
                    "--prometheus\n")

    def test_stats_unreadable(self):
        for body in "", "[]", "{", "<html>":
            with self.subTest(body=body):
                self.ask(69, ["stats"], "200 ok\n" + body, "",
                         "mailmumctl: stats: the daemon's answer cannot be "
                         "read; --json shows it\n")

    def test_reload(self):
        notice = "/etc/x:3: notice: user has changed\n"
        self.ask(0, ["reload"], "200 reloaded\n" + notice,
                 "reloaded\n" + notice)
        wrong = "/etc/x:3: unknown parameter \"y\"\n"
        self.ask(78, ["reload"], "400 refused\n" + wrong,
                 "refused\n" + wrong)
        result = json.loads(self.ask(78, ["reload", "--json"],
                                     "400 refused\n" + wrong))
        self.assertEqual({"done": False, "text": "refused",
                          "complaints": [wrong[:-1]]}, result)

    def test_no_daemon(self):
        for command in "stats", "reload":
            self.expect(69, [command], "",
                        "mailmumctl: %s: the daemon cannot be reached at %s: "
                        "No such file or directory.\nStart mailmum, or name "
                        "its configuration with -c.\n" % (command, self.path))
        left = socket.socket(socket.AF_UNIX)
        left.bind(self.path)
        left.close()
        self.expect(69, ["stats"], "",
                    "mailmumctl: stats: the daemon cannot be reached at %s: "
                    "Connection refused.\nNobody listens there any more.  "
                    "Start mailmum.\n" % self.path)

    def test_somebody_else(self):
        for reply in "", "hello\n", "20x ok\n", "200", "200ok\n":
            with self.subTest(reply=reply):
                self.ask(69, ["stats"], reply, "",
                         "mailmumctl: stats: no proper reply from %s: mailmum "
                         "is stopping, or what listens there is not mailmum\n"
                         % self.path)

    def test_no_configuration(self):
        os.unlink(self.config)
        self.expect(78, ["stats"], "", "mailmumctl: stats: %s: No such file "
                    "or directory\n" % self.config)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
