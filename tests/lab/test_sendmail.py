"""Sendmail as the MTA: the policies and the sessions of the other groups, with
the same replies and records, and a Postfix that asks the same mailmum."""

import concurrent.futures
import contextlib
import os
import pathlib
import shutil
import subprocess
import time

import case
import gate
import policyserver
import postfix
import sendmail
import space
import test_effects
import test_greylist
import test_native
import test_policy_a
import test_policy_b
import test_policy_c
import test_session
import zones
from case import OK, Case
from smtp import Smtp

# Recipients that Sendmail itself refuses.
ACCESS = """
To:closed@example.com	ERROR:5.1.1:550 closed
To:later@example.com	ERROR:4.2.0:450 later
"""
REFUSED = (("closed@example.com", "550 5.1.1"),
           ("later@example.com", "450 4.2.0"),
           ("x@relay.example", "550 5.7.1"))
FEATURES = "FEATURE(`blocklist_recipients')dnl\n"
PORTS = postfix.MILTER, sendmail.GUARDED

# Of the cases for Postfix: a HELO that Sendmail does not take, and a client
# of which Postfix says that its name is not its own, and Sendmail is not sure.
OTHERWISE = ({"helo": 'a"b<c>'}, {"client": "namefail"})
AT_ONCE = "smtpd_delay_reject = no\n"
RESULT = "smtpd_recipient_restrictions = check_sender_access static:{{{}}}\n"
TEXTS = (
    AT_ONCE + "smtpd_helo_restrictions = reject\n",
    AT_ONCE + "smtpd_sender_restrictions = reject\n",
    AT_ONCE + "smtpd_sender_restrictions = "
    "check_sender_access static:{421 4.3.2 go}\n",
    RESULT.format("421 4.3.2 go"), RESULT.format("REJECT %s 100%... done"),
    RESULT.format("REJECT " + "long words " * 80),
    "smtpd_recipient_restrictions = reject\nsmtpd_reject_footer = "
    "\\c. See http://x/%n;\\nsecond $client_address line\\nthird\n",
    "smtpd_recipient_restrictions = defer\nsmtpd_reject_footer = "
    "one 100%\\ntwo... lines\n",
)


@contextlib.contextmanager
def servers(native):
    with case.servers(native):
        mta = sendmail.Sendmail(FEATURES, ACCESS)
        Smtp.heard = dict.fromkeys(
            (sendmail.GUARDED, sendmail.TRY, sendmail.BARE), sendmail.heard)
        try:
            yield
        finally:
            mta.stop()


SERVERS = servers


class Lab(case.Lab):
    """Tests that say nothing of the MTA talk to Sendmail."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.addClassCleanup(setattr, Smtp, "port", Smtp.port)
        Smtp.port = sendmail.GUARDED


class PolicyA(Lab, test_policy_a.PolicyA):
    pass


class PolicyB(Lab, test_policy_b.PolicyB):
    pass


class PolicyC(Lab, test_policy_c.PolicyC):
    pass


class Session(Lab, test_session.Session):
    pass


class Greylist(Lab, test_greylist.Asking):
    test_retry = test_greylist.Greylist.test_retry
    test_two_recipients = test_greylist.Greylist.test_two_recipients


class Together(case.Lab):
    """One mailmum for a Postfix and a Sendmail."""

    def test_at_once(self):
        """The same replies, whoever asks, while both do."""
        self.reread(gate.policy("b"))
        clients = ("plain", "listed", "allowed", "noptr", "forged", "ptrfail",
                   "namefail", "spamname", "byhand-ok", "listed6")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            found = {(client, port): pool.submit(self.judge, Case(
                client, "", "", ""), port) for client in clients
                for port in PORTS}
        for client in clients:
            with self.subTest(client):
                replies = [found[client, port].result() for port in PORTS]
                records = [self.gate.record(recipient=recipient)
                           for _, recipient in replies]
                self.assertEqual(*(reply for reply, _ in replies))
                self.assertEqual(*(self.essence(r) for r in records))

    def test_one_greylist(self):
        """Who was put off by one passes at the other."""
        self.reread("smtpd_recipient_restrictions = greylist\n"
                  "greylist_delay = 1s\n")
        attempt = Case("grey", "", "", "", recipient=self.recipient())
        first, second = PORTS
        self.assertRegex(self.judge(attempt, first)[0], "^451 .* Greylisted")
        time.sleep(2)  # its delay, and the rest of a second
        self.assertEqual(OK, self.judge(attempt, second)[0])

    def test_rules_for_one(self):
        """By the name of a listener."""
        self.reread("smtpd_recipient_restrictions = check_server_access "
                  f"inline:{{ MTA-inet-{sendmail.GUARDED}=REJECT }}\n")
        replies = [self.judge(Case("plain", "", "", ""), port)[0][:3]
                   for port in PORTS]
        self.assertEqual(["250", "554"], replies)

    @staticmethod
    def essence(record):
        return {k: v for k, v in record.items() if k not in (
            "time", "recipient", "wait", "session", "queue_id", "also")}


class Replies(case.Lab):
    """Byte for byte what a client of Postfix gets."""

    policy = test_native.Native.policy
    tables = test_native.Native.tables

    def test_policy(self):
        self.reread(self.policy)
        for i, told in enumerate(test_native.CASES):
            if told in OTHERWISE:
                continue
            with self.subTest(str(told)):
                told = Case(**{"client": "plain", "reply": "", "action": "",
                               "reason": "", "recipient":
                               f"native{i}@example.com"} | told)
                self.assertEqual(*(self.judge(told, port)[0]
                                   for port in PORTS))

    @staticmethod
    def session(port):
        """The replies up to two recipients, as far as it goes."""
        replies = []
        with contextlib.suppress(EOFError, ConnectionResetError), \
                Smtp(zones.ADDRESS["plain"], port) as c:
            c.helo()
            for command in ("MAIL FROM:<a@example.org>",
                            "RCPT TO:<bob@example.com>",
                            "RCPT TO:<jo@example.com>"):
                replies.append(c.cmd(command))
        return replies

    def test_stages_and_texts(self):
        for policy in TEXTS:
            with self.subTest(policy):
                self.reread(policy)
                self.assertEqual(*map(self.session, PORTS))

    def test_connect(self):
        """There Sendmail takes the verdict, and says a text of its own."""
        for action in "reject", "defer":
            with self.subTest(action):
                self.reread(AT_ONCE + f"smtpd_client_restrictions = {action}\n")
                first = [self.session(port)[0][0] for port in PORTS]
                self.assertEqual(*first)


class Attributes(case.Lab):
    """What a policy service is told."""

    PORT = 9998
    # another's, or of each session; Sendmail has a queue id already
    OWN = ("instance", "client_port", "server_port", "queue_id")
    policy = ("smtpd_recipient_restrictions = "
              f"check_policy_service inet:127.0.0.1:{PORT}\n")

    @classmethod
    def setUpClass(cls):
        cls.server = policyserver.PolicyServer(
            cls.PORT, lambda _: b"action=dunno\n\n")
        cls.addClassCleanup(cls.server.stop)
        super().setUpClass()

    def told(self, port, client, sender):
        recipient = self.recipient()
        with Smtp(zones.ADDRESS[client], port) as c:
            c.helo()
            c.need(f"MAIL FROM:{sender}")
            self.assertEqual(OK, c.rcpt(recipient))
            c.quit()
        (request,) = self.server.of(recipient)
        return {k: v.replace(recipient, "") for k, v in request
                if k not in self.OWN}

    def test_attributes(self):
        for client, sender in (
                ("plain", "<alice@example.org>"), ("plain6", "<>"),
                ("noptr", "<bob@example.com>"), ("noptr6", "<A@Example.ORG>"),
                ("forged", "<a@example.org> SIZE=12345 BODY=8BITMIME"),
                ("ptrfail", '<"a b"@example.org>'), ("namefail", "<x@y.z>")):
            with self.subTest(client, sender=sender):
                self.assertEqual(*(self.told(port, client, sender)
                                   for port in PORTS))


class Names(Lab):
    """Sendmail says "forged" of a name that could not be looked up, too."""

    policy = ("smtpd_recipient_restrictions = "
              "reject_unknown_client_hostname\n"
              "unknown_client_reject_code = 550\n")

    def test_could_not_find_out(self):
        """That is never refused for good."""
        for client, code in (("plain", "250"), ("plain6", "250"),
                             ("noptr", "550"), ("noptr6", "550"),
                             ("forged", "550"), ("ptrfail", "450"),
                             ("namefail", "450")):
            with self.subTest(client):
                reply, _ = self.judge(Case(client, "", "", ""))
                self.assertEqual(code, reply[:3], reply)


class Addresses(Lab):
    policy = """smtpd_recipient_restrictions =
 check_recipient_access inline:{ { bob@example.com = REJECT bob },
  { postmaster@mx.example.com = REJECT bare }, { @ = OK } }
 check_sender_access inline:{ { alice@example.com = REJECT ours },
  { carol@mx.example.com = REJECT bare }, { "b b"@example.com = REJECT odd } }
"""

    def test_ours(self):
        """Addresses of the MTA's own domains have them in tables."""
        for sender, recipient, text in (
                ("x@example.org", "<bob@example.com>", "bob"),
                ("x@example.org", "<Bob@EXAMPLE.com>", "bob"),
                ("x@example.org", "bob@example.com", "bob"),
                ("x@example.org", "< bob@example.com >", "bob"),
                ("x@example.org", "(friend)bob@example.com", "bob"),
                ("alice@example.com", "<jo@example.com>", "ours"),
                ("carol", "<jo@example.com>", "bare"),
                ('"b b"@example.com', "<jo@example.com>", "odd")):
            with self.subTest(sender, recipient=recipient), \
                    Smtp(zones.ADDRESS["plain"]) as c:
                c.helo()
                c.mail(sender)
                reply = c.cmd(f"RCPT TO:{recipient}")
                self.assertRegex(reply, f"^554 .*: {text}$")
                c.quit()


class Apart(Lab):
    """What Sendmail does not ask about, or not of a client."""

    policy = "smtpd_recipient_restrictions = reject\n"

    def test_refused_by_sendmail(self):
        """No verdict, no record, and no place in the greylist."""
        with Smtp(zones.ADDRESS["plain"]) as c:
            c.helo()
            c.mail()
            for recipient, code in REFUSED:
                self.assertEqual(code, c.rcpt(recipient)[:9])
            self.assertEqual("554 5.7.1", c.rcpt("last@example.com")[:9])
            c.quit()
        self.gate.record(recipient="last@example.com")
        for recipient, _ in REFUSED:
            self.assertEqual([], self.gate.records(recipient=recipient))

    def test_listeners(self):
        """Each may have filters of its own, or none."""
        for port, code in ((sendmail.GUARDED, "554"), (sendmail.TRY, "554"),
                           (sendmail.BARE, "250")):
            with self.subTest(port):
                reply, _ = self.judge(Case("plain", "", "", ""), port)
                self.assertEqual(code, reply[:3])

    def test_undo(self):
        """README's command takes out what its other one has put in."""
        mc = sendmail.MAIL / "sendmail.mc"
        text = mc.read_text()
        space.run("sh", "-ec", sendmail.command("sed"))
        undone = mc.read_text()
        self.assertNotIn("mailmum.m4", undone)
        space.run("sh", "-ec", sendmail.command("echo"))
        self.assertEqual(text, mc.read_text())
        self.assertTrue(text.startswith(undone))

    def test_macros(self):
        """A Sendmail that cannot be asked for them tells them by itself."""
        cf = (sendmail.MAIL / "sendmail.cf").read_text()
        for stage, first, last in (
                ("connect", "j", "{daemon_flags}"),
                ("helo", "{tls_version}", "{cn_issuer}"),
                ("envfrom", "i", "{cn_issuer}"),
                ("envrcpt", "{rcpt_mailer}", "i")):
            self.assertRegex(cf, rf"(?m)^O Milter\.macros\.{stage}={first}, "
                             rf"[a-z_, {{}}]+, {last}$")

    def test_unsafe_sockets(self):
        """Sendmail does not start with one, and asks nobody by it; what
        README has to try it with, says so."""
        path = pathlib.Path(gate.SOCKET)
        real = path.with_name("real.sock")
        self.usable(True)
        path.rename(real)
        path.symlink_to(real)
        self.usable(False)
        path.unlink()
        real.rename(path)
        path.parent.chmod(0o775)
        self.usable(False)
        path.parent.chmod(0o755)
        self.usable(True)

    def usable(self, yes):
        self.starts(yes)
        reply, _ = self.judge(Case("plain", "", "", ""))
        self.assertEqual("554" if yes else "250", reply[:3])

    def starts(self, yes, *options):
        said = subprocess.run(
            [sendmail.BIN / "sendmail", "-bs", *options], text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
        self.assertEqual(yes, said.returncode == 0, said.stdout)
        self.assertRegex(said.stdout, "^220 " if yes else " unsafe: ")

    def test_user(self):
        """One that does not run as root has to be in the socket's group."""
        group = os.stat(gate.SOCKET).st_gid
        self.starts(False, "-O", "RunAsUser=smmta:smmta")
        shutil.chown(gate.SOCKET, group="smmta")
        self.starts(True, "-O", "RunAsUser=smmta:smmta")
        os.chown(gate.SOCKET, -1, group)

    def test_local_user(self):
        """sendmail -bs, by which programs of this machine send mail."""
        with subprocess.Popen(
                [sendmail.BIN / "sendmail", "-bs"], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, text=True) as session:
            for command in ("HELO here", "MAIL FROM:<root@example.com>",
                            "RCPT TO:<local@example.com>", "QUIT"):
                reply = session.stdout.readline()
                self.assertRegex(reply, "^2")
                session.stdin.write(command + "\r\n")
                session.stdin.flush()
        self.assertEqual([], self.gate.records(recipient="local@example.com"))

    def test_away(self):
        """Mail flows while mailmum is away, in open sessions as well."""
        def rcpt(c):
            c.mail()
            return c.rcpt(self.recipient())

        with Smtp(zones.ADDRESS["plain"]) as c:
            c.helo()
            self.gate.kill()
            self.assertEqual(OK, rcpt(c))
            self.assertRegex(c.data(), "^250 ")
        with Smtp(zones.ADDRESS["plain"]) as c:
            c.helo()
            self.assertEqual(OK, rcpt(c))
            c.quit()
        self.gate.start()
        with Smtp(zones.ADDRESS["plain"]) as c:
            c.helo()
            self.assertRegex(rcpt(c), "^554 5.7.1 ")
            c.quit()


class Effects(Lab, test_effects.Effects):
    """A message fares as with Postfix."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mta.configure(test_effects.NATIVE)
        cls.mta.reload()

    def take(self, policy):
        self.reread("".join(f"{k} = {v}\n" for k, v in policy.items()))

    def fate(self, reply, port, since):
        if port == sendmail.GUARDED:
            word, recipients, lines = sendmail.fate(self.sink, reply)
        else:
            word, recipients, lines = super().fate(reply, port, since)
        # each MTA adds lines of its own; Postfix may send the same twice
        return word, set(recipients), [line for line in lines if line.split(
            ":")[0] in ("Received", "Subject") or line.startswith("X-")]

    def test_like_native(self):
        for title, policy, recipients in test_effects.CASES:
            self.take(policy)
            with self.subTest(title):
                self.assertEqual(self.session(recipients, postfix.MILTER),
                                 self.session(recipients, sendmail.GUARDED))
