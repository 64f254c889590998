"""mailmumctl import: the tutorials' policies as main.cf, taken apart, the
printed commands carried out, and the pair judges as the policy does."""

import os

import gate
import postfix
import space
import test_policy_a
import test_policy_b
import test_policy_c
from case import OK, Case, Lab, accepted, greylisted, listed

# For reject_unverified_recipient: seconds, not more.
PROBES = """
address_verify_map =
address_verify_poll_delay = 1s
"""
SERVICES = """
submission inet n - n - - smtpd
  -o smtpd_sasl_auth_enable=yes
  -o { smtpd_recipient_restrictions = permit_sasl_authenticated, reject }
"""


def import_main(directory):
    """Imports the main.cf of a directory.  What it printed; the policy and
    the commands are in its folder "out"."""
    out = directory / "out"
    out.mkdir(exist_ok=True)
    for path in out.iterdir():
        path.unlink()
    return space.run(os.environ["MAILMUMCTL"], "import",
                     directory / "main.cf", "--output", out)


def carry_out(directory):
    space.run("sh", "-e", directory / "out/postfix-commands")
    path = directory / "main.cf"
    os.utime(path, (0, 0))  # what has just changed is read at leisure


class Imported:
    """The listener NATIVE asks mailmum as soon as main.cf says so."""

    @classmethod
    def setUpClass(cls):
        etc = cls.mta.dir / "etc"
        cls.addClassCleanup(cls.mta.configure, {})
        cls.mta.configure({})
        with open(etc / "main.cf", "a", encoding="utf-8") as main:
            main.write(PROBES + cls.policy)
        for name, text in gate.TABLES.items():
            space.write(gate.CONF.parent / name, text)
        cls.said = import_main(etc)
        carry_out(etc)
        cls.original = cls.policy
        cls.policy = (etc / "out/mailmum.conf").read_text()
        cls.addClassCleanup(setattr, cls, "policy", cls.original)
        super().setUpClass()
        # what Postfix itself still reads; it has read it before
        for name in gate.TABLES:
            space.run("postmap", "-c", etc,
                      f"hash:{gate.CONF.parent / name}")

    def judge(self, case, port=postfix.NATIVE):
        return super().judge(case, port)

    def expect(self, case):
        """The same verdict, whoever gives it; what Postfix does not refuse
        by itself, mailmum has judged."""
        reply, recipient = self.judge(case)
        self.assertEqual(reply, case.reply or greylisted(recipient))
        if case.reply in (None, OK):
            record = self.gate.record(recipient=recipient)
            self.assertEqual(record["action"], case.action)

    def test_strict(self):
        """Nothing in it is left to the MTA."""
        code, said = self.gate.ctl("check", "--strict")
        self.assertEqual(code, 0, said)


class ImportedA(Imported, Lab):
    policy = test_policy_a.PolicyA.policy
    test_listed = test_policy_a.PolicyA.test_listed
    test_listed_by_name = test_policy_a.PolicyA.test_listed_by_name
    test_allowed = test_policy_a.PolicyA.test_allowed
    test_own_table = test_policy_a.PolicyA.test_own_table
    test_the_rest = test_policy_a.PolicyA.test_the_rest


class ImportedB(Imported, Lab):
    policy = test_policy_b.PolicyB.policy
    test_listed = test_policy_b.PolicyB.test_listed
    test_allowed = test_policy_b.PolicyB.test_allowed
    test_unknown = test_policy_b.PolicyB.test_unknown
    test_names = test_policy_b.PolicyB.test_names
    test_helo = test_policy_b.PolicyB.test_helo
    test_sender_domain = test_policy_b.PolicyB.test_sender_domain


class ImportedC(Imported, Lab):
    """Part of it stays in Postfix: relay control and address probes."""

    policy = test_policy_c.PolicyC.policy
    test_own_table = test_policy_c.PolicyC.test_own_table
    test_sanity = test_policy_c.PolicyC.test_sanity

    def test_judged(self):
        self.expect_all([
            listed("listed", "zen.spamhaus.org"),
            accepted("allowed", test_policy_c.DNSWL),
            accepted("127.0.0.9", "permit_mynetworks"),
            Case("plain", None, "greylist", "greylist"),
            Case("noptr", None, "greylist", "greylist"),
        ])

    def test_relaying(self):
        for client in "plain", "allowed", "byhand-ok":
            reply, _ = self.judge(Case(client, "", "", "",
                                       recipient="joe@elsewhere.example"))
            self.assertEqual(reply, "454 4.7.1 <joe@elsewhere.example>: "
                             "Relay access denied")
        self.expect(accepted("127.0.0.9", "permit_mynetworks",
                             recipient="kim@elsewhere.example"))

    def test_said(self):
        self.assertIn("reject_unverified_recipient\n    only the MTA can "
                      "probe addresses\n", self.said)


class Overrides(Lab):
    """What is printed for master.cf is what postconf takes, and a service
    with a policy of its own has the same one afterwards."""

    @classmethod
    def setUpClass(cls):
        pass  # without mailmum

    def tearDown(self):
        pass

    def test_services(self):
        directory = space.BASE / "overrides"
        directory.mkdir()
        space.write(directory / "main.cf",
                    "compatibility_level = 3.6\n"
                    "queue_directory = /var/spool/postfix\n"
                    "smtpd_milters = inet:127.0.0.1:8891\n"
                    "smtpd_helo_restrictions = reject_invalid_helo_hostname\n"
                    "smtpd_recipient_restrictions = permit_mynetworks,\n"
                    "  reject_rbl_client zen.spamhaus.org\n")
        space.write(directory / "master.cf", postfix.MASTER_CF + SERVICES
                    + "smtp inet n - y - - smtpd\n"
                    + "2525 inet n - n - - smtpd\n")
        import_main(directory)
        carry_out(directory)
        found = space.run("postconf", "-c", directory, "-Px").splitlines()
        lines = dict(line.split(" =", 1) for line in found if " =" in line)
        ours = "unix:{}/run/mailmum.sock, default_action=accept"
        self.assertEqual(
            " inet:127.0.0.1:8891", lines["submission/inet/smtpd_milters"])
        self.assertEqual(" reject_invalid_helo_hostname",
                         lines["submission/inet/smtpd_helo_restrictions"])
        self.assertEqual(
            " { " + ours.format("/var/spool/postfix")
            + " }, inet:127.0.0.1:8891", lines["2525/inet/smtpd_milters"])
        self.assertNotIn("smtp/inet/smtpd_milters", lines)
        self.assertEqual(
            "{ " + ours.format("") + " }, inet:127.0.0.1:8891\n",
            space.run("postconf", "-c", directory, "-h", "smtpd_milters"))
        for name in "helo", "recipient":
            self.assertEqual("\n", space.run(
                "postconf", "-c", directory, "-h",
                f"smtpd_{name}_restrictions"))
