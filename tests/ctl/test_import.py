"""mailmumctl import from the outside: what it makes of Postfix's files.

usage: test_import.py MAILMUMCTL
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

CTL = sys.argv[1]

MAIN = """\
compatibility_level = 3.6
mynetworks = 127.0.0.0/8 192.0.2.0/24
"""
SMTPD = """\
# service type  private unpriv  chroot  wakeup  maxproc command + args
smtp      inet  n       -       {chroot}       -       -       smtpd
"""
MILTER = "{ unix:/run/mailmum.sock, default_action=accept }"


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.dir = scratch.name
        self.main = self.path("main.cf")

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        with open(self.path(name), "w") as f:
            f.write(text)

    def run_ctl(self, *args, text=None):
        done = subprocess.run([CTL, *args], capture_output=True, text=True,
                              timeout=60, input=text or "")
        self.assertNotIn("Sanitizer", done.stderr)
        return done

    def load(self, main, master=None, code=0):
        """What an import says as JSON."""
        self.write("main.cf", MAIN + main)
        if master is not None:
            self.write("master.cf", master)
        done = self.run_ctl("import", "--json", self.main)
        self.assertEqual((code, ""), (done.returncode, done.stderr))
        return json.loads(done.stdout)

    def commands(self, result):
        """Without the directory, which is another one each time."""
        return [c.replace(f" -c '{os.path.realpath(self.dir)}'", "")
                for c in result["commands"]]

    def words(self, result, name="smtpd_recipient_restrictions"):
        """The elements of a list of the policy that was written."""
        block = re.search(rf"(?m)^{name} =\n((?:  .*\n)*)",
                          result["policy"])
        if block is None:
            return None
        lines = [line.strip() for line in block[1].splitlines()]
        return [line for line in lines if not line.startswith("#")]

    def stays(self, result):
        return {s["restriction"]: s for s in result["stays"]}


class Lists(Case):
    def test_whole_list_moves(self):
        result = self.load("smtpd_helo_restrictions = permit_mynetworks,\n"
                           "  reject_invalid_helo_hostname\n")
        self.assertEqual(
            ["permit_mynetworks", "reject_invalid_helo_hostname"],
            self.words(result, "smtpd_helo_restrictions"))
        self.assertEqual(["postconf -X smtpd_helo_restrictions",
                          f"postconf -e 'smtpd_milters = {MILTER}'"],
                         self.commands(result))
        self.assertEqual({}, self.stays(result))
        self.assertIn("\nmynetworks = 127.0.0.0/8 192.0.2.0/24\n",
                      result["policy"])

    def test_what_stays_keeps_what_may_let_mail_past_it(self):
        result = self.load("""\
smtpd_recipient_restrictions = permit_mynetworks,
 reject_non_fqdn_sender,
 reject_unauth_destination,
 check_client_access inline:{192.0.2.1=OK},
 permit_dnswl_client list.example.org,
 reject_rbl_client bl.example.org,
 reject_unverified_recipient,
 reject_rbl_client late.example.org,
 permit
""")
        self.assertEqual(
            ["permit_mynetworks", "reject_non_fqdn_sender",
             "check_client_access inline:{192.0.2.1=OK}",
             "permit_dnswl_client list.example.org",
             "reject_rbl_client bl.example.org",
             "reject_rbl_client late.example.org", "permit"],
            self.words(result))
        self.assertEqual(
            "postconf -e 'smtpd_recipient_restrictions = permit_mynetworks, "
            "reject_unauth_destination, "
            "check_client_access inline:{192.0.2.1=OK}, "
            "permit_dnswl_client list.example.org, "
            "reject_unverified_recipient'", self.commands(result)[0])
        stays = self.stays(result)
        self.assertEqual("only the MTA can probe addresses",
                         stays["reject_unverified_recipient"]["why"])
        self.assertEqual(9, stays["reject_unverified_recipient"]["line"])
        self.assertTrue(stays["permit_mynetworks"]["both"])

    def test_allowlists_do_not_override_relay_control(self):
        result = self.load("""\
smtpd_recipient_restrictions = permit_dnswl_client list.example.org,
 reject_rbl_client bl.example.org, reject_unauth_destination
""")
        self.assertEqual(
            "postconf -e 'smtpd_recipient_restrictions = "
            "reject_unauth_destination'", self.commands(result)[0])

    def test_nothing_overtakes_what_stays_and_permits(self):
        result = self.load("""\
smtpd_recipient_restrictions = reject_rbl_client bl.example.org,
 permit_mx_backup, reject_rbl_client other.example.org, reject
""")
        self.assertEqual(["reject_rbl_client bl.example.org"],
                         self.words(result))
        stays = self.stays(result)
        self.assertEqual({"permit_mx_backup", "reject",
                          "reject_rbl_client other.example.org"}, set(stays))
        self.assertEqual("permit_mx_backup", stays["reject"]["behind"])

    def test_only_permits_and_relay_control_is_left_alone(self):
        result = self.load("""\
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_client_restrictions = reject_rbl_client bl.example.org
""")
        self.assertEqual(["postconf -X smtpd_client_restrictions",
                          f"postconf -e 'smtpd_milters = {MILTER}'"],
                         self.commands(result))
        self.assertIsNone(self.words(result, "smtpd_relay_restrictions"))
        why = self.stays(result)["reject_unauth_destination"]["why"]
        self.assertIn("who may relay", why)

    def test_relay_control_is_never_lost(self):
        result = self.load("""\
smtpd_relay_restrictions =
smtpd_recipient_restrictions = permit_mynetworks, reject
""")
        self.assertIn(
            "postconf -e 'smtpd_relay_restrictions = permit_mynetworks, "
            "permit_sasl_authenticated, reject_unauth_destination'",
            self.commands(result))

    def test_unknown_words_and_tables_stay(self):
        result = self.load("""\
smtpd_client_restrictions = reject_frobnication x.example.org,
 reject_rbl_client bl.example.org
smtpd_sender_restrictions = reject_non_fqdn_sender,
 check_sender_access ldap:/etc/postfix/x.cf, reject_unknown_sender_domain
""")
        self.assertEqual(["reject_rbl_client bl.example.org"],
                         self.words(result, "smtpd_client_restrictions"))
        self.assertEqual(["reject_non_fqdn_sender"],
                         self.words(result, "smtpd_sender_restrictions"))
        stays = self.stays(result)
        self.assertIn("ldap",
                      stays["check_sender_access ldap:/etc/postfix/x.cf"]
                      ["why"])
        self.assertIn("unknown restriction",
                      stays["reject_frobnication x.example.org"]["why"])

    def test_faulty_row_keeps_its_table(self):
        self.write("access", "a.example FILTER x:y\n")
        result = self.load("smtpd_client_restrictions = reject_rbl_client a.b"
                           f"\n check_client_access hash:{self.dir}/access\n")
        self.assertEqual(["reject_rbl_client a.b"],
                         self.words(result, "smtpd_client_restrictions"))
        why = self.stays(result)[
            f"check_client_access hash:{self.dir}/access"]["why"]
        self.assertIn(f"{self.dir}/access:1: ", why)

    def test_table_that_is_not_there(self):
        result = self.load("smtpd_client_restrictions =\n"
                           " check_client_access hash:/nowhere/access\n",
                           code=78)
        self.assertFalse(result["valid"])
        line = next(n for n, text in enumerate(
            result["policy"].splitlines(), 1) if "/nowhere/access" in text)
        self.assertEqual([("mailmum.conf", line)],
                         [(m["file"], m["line"]) for m in result["mistakes"]])

    def test_prefixes_go_with_their_word(self):
        result = self.load("""\
smtpd_client_restrictions = warn_if_reject reject_rbl_client a.example,
 warn_if_reject reject_unverified_sender
""")
        self.assertEqual(["warn_if_reject reject_rbl_client a.example"],
                         self.words(result, "smtpd_client_restrictions"))
        self.assertIn("warn_if_reject reject_unverified_sender",
                      self.stays(result))

    def test_twins(self):
        result = self.load("""\
smtpd_client_restrictions = reject_rbl_client a.example
  reject_rbl_client a.example
""")
        self.assertIn("reject_rbl_client a.example: stands in line 3 already",
                      [n["text"] for n in result["notes"]])

    def test_policy_services(self):
        result = self.load("""\
smtpd_recipient_restrictions = reject_rbl_client a.example,
 check_policy_service unix:private/policyd-spf, reject_rbl_client b.example
""")
        self.assertEqual(["reject_rbl_client a.example",
                          "reject_rbl_client b.example"], self.words(result))
        self.assertIn("only Postfix may enter", self.stays(result)[
            "check_policy_service unix:private/policyd-spf"]["why"])

    def test_policy_services_elsewhere(self):
        result = self.load("""\
smtpd_recipient_restrictions = reject_rbl_client a.example,
 check_policy_service { inet:127.0.0.1:10023, timeout=10s },
 check_policy_service unix:quota/socket, reject_rbl_client b.example,
 reject_unverified_recipient
smtpd_sender_restrictions = check_policy_service unix:quota/socket
 reject_non_fqdn_sender
""")
        # postgrey never lets mail past anything; the other may
        self.assertEqual(
            ["reject_rbl_client a.example", "check_policy_service "
             "{ inet:127.0.0.1:10023, timeout=10s }"], self.words(result))
        self.assertIn('\n  # postgrey, it seems.  "greylist" in place of the next '
                      "line does without it.\n  check_policy_service {",
                      result["policy"])
        stays = self.stays(result)
        self.assertIn("twice", stays[
            "check_policy_service unix:quota/socket"]["why"])
        self.assertIn("reject_rbl_client b.example", stays)
        self.assertEqual(
            ["check_policy_service unix:/var/spool/postfix/quota/socket",
             "reject_non_fqdn_sender"],
            self.words(result, "smtpd_sender_restrictions"))

    def test_headers_are_not_prepended_twice(self):
        self.write("access", "192.0.2.1 PREPEND X-Seen: yes\n")
        table = f"check_client_access hash:{self.dir}/access"
        result = self.load("smtpd_client_restrictions =\n"
                           f" reject_rbl_client a.example, {table},\n"
                           " reject_unverified_sender\n")
        self.assertEqual(["reject_rbl_client a.example"],
                         self.words(result, "smtpd_client_restrictions"))
        self.assertIn("PREPEND", self.stays(result)[table]["why"])

    def test_discards_come_first(self):
        self.write("access", "192.0.2.1 DISCARD\n")
        table = f"check_client_access hash:{self.dir}/access"
        for rest, said in ("", False), (", reject_unverified_sender", True):
            result = self.load("smtpd_client_restrictions ="
                               f" reject_rbl_client a.example, {table}{rest}")
            self.assertEqual(said, any("DISCARD" in n["text"]
                                       for n in result["notes"]))

    def test_later_stages(self):
        result = self.load(
            "smtpd_client_restrictions = reject_rbl_client a.example\n"
            "smtpd_data_restrictions = reject_unauth_pipelining\n")
        self.assertIn(("smtpd_data_restrictions stays there: only Postfix "
                       "sees that stage", 4),
                      [(n["text"], n["line"]) for n in result["notes"]])


class Classes(Case):
    CLASSES = """\
smtpd_restriction_classes = strict, probing
strict = reject_rbl_client bl.example.org, reject_unknown_client_hostname
probing = reject_unverified_sender, permit
"""

    def test_class_goes_along(self):
        result = self.load(self.CLASSES + "smtpd_client_restrictions = "
                           "permit_mynetworks, strict\n")
        self.assertEqual(["permit_mynetworks", "strict"],
                         self.words(result, "smtpd_client_restrictions"))
        self.assertEqual(["reject_rbl_client bl.example.org",
                          "reject_unknown_client_hostname"],
                         self.words(result, "strict"))
        # what main.cf has of them, its services may need
        self.assertEqual("postconf -X smtpd_client_restrictions",
                         self.commands(result)[0])

    def test_class_that_needs_postfix(self):
        result = self.load(self.CLASSES + "smtpd_client_restrictions = "
                           "reject_rbl_client a.example, probing,"
                           " reject_rbl_client b.example\n")
        self.assertEqual(["reject_rbl_client a.example"],
                         self.words(result, "smtpd_client_restrictions"))
        stays = self.stays(result)
        self.assertEqual("its class has reject_unverified_sender, which "
                         "stays", stays["probing"]["why"])
        self.assertEqual("probing",
                         stays["reject_rbl_client b.example"]["behind"])

    def test_tables_that_lead_to_classes(self):
        for name, moves in ("strict", True), ("probing", False):
            self.write("access", f"a.example {name}\n")
            table = f"check_client_access hash:{self.dir}/access"
            result = self.load(self.CLASSES + "smtpd_client_restrictions = "
                               f"reject_rbl_client a.example, {table}\n")
            self.assertEqual(
                moves,
                table in self.words(result, "smtpd_client_restrictions"))
            if not moves:
                self.assertIn("leads to the class probing",
                              self.stays(result)[table]["why"])

    def test_overridden_class(self):
        result = self.load(
            self.CLASSES + "smtpd_client_restrictions = strict\n",
            "465 inet n - n - - smtpd -o strict=reject_non_fqdn_sender\n")
        self.assertIn("postconf -P '465/inet/smtpd_milters='",
                      self.commands(result))


class Parameters(Case):
    def test_names_are_expanded(self):
        self.write("access", "192.0.2.1 OK\n")
        result = self.load("""\
lists = reject_rbl_client $zone
zone = bl.example.org
maps_rbl_reject_code = 550
default_rbl_reply = $rbl_code no; $rbl_what
smtpd_client_restrictions = check_client_access hash:$config_directory/access
 check_helo_access pcre:{{/^(a)/ REJECT $$1}}
 $lists
""")
        self.assertEqual(
            [f"check_client_access hash:{self.dir}/access",
             "check_helo_access pcre:{{/^(a)/ REJECT $$1}}",
             "reject_rbl_client bl.example.org"],
            self.words(result, "smtpd_client_restrictions"))
        self.assertIn("\nmaps_rbl_reject_code = 550\n", result["policy"])
        self.assertIn("\ndefault_rbl_reply = $rbl_code no; $rbl_what\n",
                      result["policy"])

    def test_defaults_that_hang_on_the_level(self):
        """postconf without -n prints them."""
        result = self.load(
            "smtpd_relay_restrictions = ${{$compatibility_level} <level {1} ? "
            "{} : {permit_mynetworks, permit_sasl_authenticated, "
            "defer_unauth_destination}}\n"
            "relay_domains = ${{$compatibility_level} <level {2} ? "
            "{$mydestination} : {}}\n"
            "smtpd_client_restrictions = reject_rbl_client a.example\n")
        self.assertEqual(["postconf -X smtpd_client_restrictions",
                          f"postconf -e 'smtpd_milters = {MILTER}'"],
                         self.commands(result))
        self.assertNotIn("relay_domains", result["policy"])

    def test_local_domains(self):
        text = "smtpd_client_restrictions = reject_rbl_client a.example\n"
        result = self.load(text)
        self.assertIn("\nmydestination = $myhostname, localhost.$mydomain, "
                      "localhost\n", result["policy"])
        # one of them that mailmum cannot read, and it knows none
        result = self.load(text + "mydestination = example.org\n"
                           "virtual_mailbox_domains = ldap:/etc/x.cf\n")
        self.assertTrue(result["valid"])
        self.assertNotIn("mydestination", result["policy"])
        self.assertRegex(" ".join(n["text"] for n in result["notes"]),
                         "the local domains are not taken along: .*ldap")

    def test_done_by_postfix_anyway(self):
        result = self.load("soft_bounce = yes\n"
                           "smtpd_client_restrictions = reject\n")
        self.assertNotIn("soft_bounce", result["policy"])
        self.assertIn("soft_bounce stays there: Postfix does it to mailmum's "
                      "replies as well", [n["text"] for n in result["notes"]])

    def test_daemons_own_names_are_not_postfixs(self):
        result = self.load("user = vmail\n"
                           "smtpd_client_restrictions = reject\n")
        self.assertNotIn("vmail", result["policy"])

    def test_set_twice(self):
        result = self.load("mynetworks = 192.0.2.0/24\n"
                           "smtpd_client_restrictions = permit_mynetworks\n"
                           "  reject_rbl_client a.example\n")
        self.assertEqual([], result["mistakes"])
        self.assertIn("\nmynetworks = 192.0.2.0/24\n", result["policy"])
        self.assertTrue(result["notes"][0]["text"].startswith(
            "mynetworks is set again"))

    def test_loop(self):
        result = self.load("a = $b\nb = $a\n"
                           "smtpd_client_restrictions = $a\n", code=78)
        self.assertIn("leads back to itself", result["mistakes"][0]["text"])
        self.assertEqual(self.main, result["mistakes"][0]["file"])


class Milters(Case):
    MAIN = "smtpd_client_restrictions = reject_rbl_client a.example\n"

    def test_chroot(self):
        result = self.load(self.MAIN, SMTPD.format(chroot="y"))
        self.assertIn("\nmilter_socket = unix:/var/spool/postfix/run/"
                      "mailmum.sock\n", result["policy"])
        self.assertEqual(["install -d -m 755 '/var/spool/postfix/run'"],
                         result["prepare"])
        self.assertEqual(f"postconf -e 'smtpd_milters = {MILTER}'",
                         self.commands(result)[-1])

    def test_no_chroot(self):
        for chroot in "n", "-":
            result = self.load(self.MAIN, SMTPD.format(chroot=chroot))
            self.assertNotIn("milter_socket", result["policy"])
            self.assertEqual([], result["prepare"])

    def test_old_default_is_chrooted(self):
        result = self.load("compatibility_level = 0\n" + self.MAIN,
                           SMTPD.format(chroot="-"))
        self.assertIn("milter_socket", result["policy"])

    def test_both(self):
        result = self.load(self.MAIN, SMTPD.format(chroot="y")
                           + "2525 inet n - n - - smtpd\n")
        path = "/var/spool/postfix/run/mailmum.sock"
        self.assertEqual(
            ["postconf -e 'mailmum_unchrooted_milters = "
             f"{{ unix:{path}, default_action=accept }}'",
             "postconf -P '2525/inet/smtpd_milters="
             "$mailmum_unchrooted_milters'"], self.commands(result)[:2])

    def test_others_are_kept(self):
        result = self.load("smtpd_milters = inet:localhost:8891\n"
                           "milter_protocol = 2\n" + self.MAIN)
        self.assertEqual(
            "postconf -e 'smtpd_milters = { unix:/run/mailmum.sock, "
            "default_action=accept, protocol=6 }, inet:localhost:8891'",
            self.commands(result)[-1])


class Services(Case):
    MAIN = """\
mua_restrictions = permit_sasl_authenticated, reject
smtpd_client_restrictions = reject_rbl_client a.example
smtpd_recipient_restrictions = permit_mynetworks, reject_rbl_client b.example
"""

    def test_own_policy(self):
        result = self.load(self.MAIN, SMTPD.format(chroot="n") + """\
submission inet n - n - - smtpd
  -o syslog_name=postfix/submission
  -o smtpd_client_restrictions=$mua_restrictions
  # a comment
  -o { smtpd_helo_required = yes }
""")
        self.assertEqual(
            ["postconf -P 'submission/inet/smtpd_milters='",
             "postconf -e 'without_mailmum_recipient_restrictions = "
             "permit_mynetworks, reject_rbl_client b.example'",
             "postconf -P 'submission/inet/smtpd_recipient_restrictions="
             "$without_mailmum_recipient_restrictions'",
             "postconf -X smtpd_client_restrictions",
             "postconf -X smtpd_recipient_restrictions",
             f"postconf -e 'smtpd_milters = {MILTER}'"],
            self.commands(result))
        self.assertIn(
            ("submission/inet overrides what mailmum has now: it keeps its "
             "own policy, in Postfix alone", 3),
            [(n["text"], n["line"]) for n in result["notes"]])

    def test_overridden_variable(self):
        result = self.load(
            "zone = a.example\n"
            "smtpd_client_restrictions = reject_rbl_client $zone\n",
            "465 inet n - n - - smtpd -o zone=b.example\n")
        self.assertIn("postconf -P '465/inet/smtpd_milters='",
                      self.commands(result))

    def test_same_policy_in_other_words(self):
        result = self.load(
            self.MAIN, "465 inet n - n - - smtpd -o smtpd_tls_wrappermode=yes"
            " -o {smtpd_client_restrictions=reject_rbl_client a.example}\n")
        self.assertFalse(any(" -P " in c for c in result["commands"]))

    def test_no_milters(self):
        for option in "smtpd_milters=", \
                "receive_override_options=no_address_mappings,no_milters":
            result = self.load(
                self.MAIN, f"127.0.0.1:10025 inet n - n - - smtpd -o {option}"
                " -o smtpd_recipient_restrictions=permit_mynetworks,reject"
                " -o smtpd_client_restrictions=\n")
            self.assertFalse(any(" -P " in c for c in result["commands"]))

    def test_postscreen(self):
        result = self.load(
            self.MAIN + "postscreen_dnsbl_sites = a.example*2\n",
            "smtp inet n - n - 1 postscreen\nsmtpd pass - - n - - smtpd\n")
        texts = [n["text"] for n in result["notes"]]
        self.assertIn("smtpd/pass is judged by mailmum", texts)
        self.assertIn("reject_rbl_client a.example: postscreen_dnsbl_sites "
                      "asks it as well, which does no harm", texts)

    def test_faulty_line(self):
        result = self.load(self.MAIN, "smtp inet n\n", code=78)
        self.assertEqual((self.path("master.cf"), 1,
                          "3 fields where a service has 8"),
                         tuple(result["mistakes"][0].values()))


class Files(Case):
    TEXT = "smtpd_client_restrictions = reject_rbl_client a.example\n"

    def test_output(self):
        self.write("main.cf", MAIN + self.TEXT)
        done = self.run_ctl("import", self.main, "--output", self.dir + "/")
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertEqual(
            [f"{self.dir}/mailmum.conf: written, and valid.",
             f"{self.dir}/postfix-commands: written, the commands below.", ""],
            done.stdout.splitlines()[:3])
        check = self.run_ctl("check", "--strict", self.path("mailmum.conf"))
        self.assertEqual(0, check.returncode, check.stdout)
        with open(self.path("postfix-commands")) as f:
            for line in f:
                self.assertIn(line, done.stdout)
        # neither of them is written over
        done = self.run_ctl("import", self.main, "--output", self.dir + "/")
        self.assertEqual(74, done.returncode)
        self.assertIn("is there already", done.stderr)
        os.unlink(self.path("mailmum.conf"))
        done = self.run_ctl("import", self.main, "--output", self.dir + "/")
        self.assertEqual(74, done.returncode)
        self.assertFalse(os.path.exists(self.path("mailmum.conf")))

    def test_output_file(self):
        self.write("main.cf", MAIN + self.TEXT)
        out = self.path("new.conf")
        self.assertEqual(0, self.run_ctl("import", self.main, "--output",
                                         out).returncode)
        with open(out) as f:
            self.assertIn("reject_rbl_client a.example", f.read())

    def test_standard_input(self):
        done = self.run_ctl("import", "-", text=MAIN + self.TEXT)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertIn("# main.cf:3\nsmtpd_client_restrictions =\n"
                      "  reject_rbl_client a.example\n", done.stdout)
        self.assertIn("\npostconf -X smtpd_client_restrictions\n",
                      done.stdout)
        self.assertIn("There was no master.cf to read", done.stdout)

    def test_given_master(self):
        self.write("main.cf", MAIN + self.TEXT)
        self.write("other.cf", SMTPD.format(chroot="y"))
        done = self.run_ctl("import", self.main, "--master",
                            self.path("other.cf"))
        self.assertIn("\nmilter_socket = ", done.stdout)

    def test_unreadable(self):
        done = self.run_ctl("import", self.main)
        self.assertEqual((78, f"mailmumctl: import: {self.main}: No such "
                          "file or directory\n"),
                         (done.returncode, done.stderr))
        self.write("main.cf", "a = \0\n")
        done = self.run_ctl("import", self.main)
        self.assertEqual(78, done.returncode)
        self.assertIn("NUL", done.stderr)
        self.write("main.cf", self.TEXT)
        done = self.run_ctl("import", self.main, "--master", "/nowhere")
        self.assertEqual(78, done.returncode)
        done = self.run_ctl("import")
        self.assertEqual(2, done.returncode)

    def test_nothing_to_do(self):
        self.write("main.cf", MAIN)
        done = self.run_ctl("import", self.main)
        self.assertEqual(0, done.returncode)
        self.assertIn("no restriction in it is for mailmum", done.stdout)
        self.assertNotIn("postconf", done.stdout)


unittest.main(argv=sys.argv[:1])
