"""The daemon's life: reloads, failures, sudden and orderly ends."""

import concurrent.futures
import os
import re
import subprocess
import threading
import time

import gate
import nameserver
import postfix
import zones
from case import OK, Case, Lab, listed
from smtp import Smtp, wait_for

ZEN = "smtpd_recipient_restrictions = reject_rbl_client zen.spamhaus.org\n"
REJECT = "smtpd_recipient_restrictions = reject\n"
BROKEN = "smtpd_recipient_restrictions =\n permit,\n reject_rbl_clients a\n"
GONE = "451 4.7.1 Service unavailable - try again later"


def denied(recipient):
    return (f"554 5.7.1 <{recipient}>: Recipient address rejected: "
            "Access denied")


class Life(Lab):
    policy = ZEN
    settings = {"dns_deadline": "1s"}

    def setUp(self):
        self.gate.configure(ZEN)
        if self.gate.process.poll() is not None:
            self.gate.start()
        else:
            self.reload()

    def reload(self):
        code, text = self.gate.ctl("reload")
        self.assertEqual(0, code, text)

    def reloads(self):
        return self.gate.stats()["counters"]["reloads"]

    def waiters(self):
        return self.gate.stats()["counters"]["waiters"]

    def assert_denied(self):
        reply, recipient = self.judge(Case("plain", "", "", ""))
        self.assertEqual(denied(recipient), reply)

    def assert_passed(self, port=postfix.MILTER):
        self.assertEqual(OK, self.judge(Case("plain", "", "", ""), port)[0])

    def test_reload(self):
        """New sessions get the new policy, an open one keeps its own."""
        with Smtp(zones.ADDRESS["plain"]) as c:
            c.helo()
            c.mail()
            self.gate.configure(REJECT)
            self.reload()
            self.assert_denied()
            self.assertEqual(OK, c.rcpt(self.recipient()))
            c.quit()

    def test_hangup(self):
        """SIGHUP does the same."""
        before = self.reloads()
        self.gate.configure(REJECT)
        self.gate.hup()
        wait_for("the reload", lambda: self.reloads() > before)
        self.assert_denied()

    def test_failing_reload(self):
        """The running policy stands, and file and line are named."""
        self.gate.configure(BROKEN)
        code, text = self.gate.ctl("reload")
        self.assertEqual(78, code, text)
        where = f"{gate.CONF}:3: "
        self.assertIn(where, text)
        self.assertIn("reject_rbl_client\"", text)
        self.assert_passed()
        self.gate.hup()
        wait_for("the complaint", lambda: len(
            self.gate.messages(where)) >= 2)
        self.assert_passed()
        self.expect(listed("listed", "zen.spamhaus.org"))

    def test_resolver_changes(self):
        """A resolver's setting takes effect by a reload."""
        tap = nameserver.Tap()
        self.addCleanup(tap.stop)
        self.gate.configure(ZEN, dns_stub="", dns_forward=nameserver.TAP)
        self.reload()
        self.judge(Case("203.0.113.30", "", "", ""))
        self.assertEqual(1, tap.count(zones.reverse("203.0.113.30")))

    def test_reload_under_load(self):
        """No session fails, and each is judged by one policy."""
        done = threading.Event()

        def client(n):
            count = 0
            while not done.is_set():
                one, two = self.recipient(), self.recipient()
                with Smtp(f"203.0.113.{100 + n}", postfix.MILTER_BUSY) as c:
                    c.helo()
                    c.mail()
                    replies = c.rcpt(one), c.rcpt(two)
                    c.quit()
                self.assertIn(replies, ((OK, OK),
                                        (denied(one), denied(two))))
                count += 1
            return count

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            clients = [pool.submit(client, n) for n in range(8)]
            try:
                for n in range(20):
                    self.gate.configure(ZEN if n % 2 else REJECT)
                    if n % 4 < 2:
                        self.reload()
                    else:
                        before = self.reloads()
                        self.gate.hup()
                        wait_for("the reload",
                                 lambda: self.reloads() > before)
                    time.sleep(0.05)
            finally:
                done.set()
            self.assertGreater(sum(c.result() for c in clients), 20)

    def test_gone(self):
        """Killed: mail flows where the MTA was told so; then it is back."""
        with Smtp(zones.ADDRESS["plain"]) as strict, \
                Smtp(zones.ADDRESS["plain"], postfix.MILTER_ACCEPT) as lax:
            for c in (strict, lax):
                c.helo()
            self.gate.kill()
            self.assertEqual(GONE, strict.cmd("MAIL FROM:<>"))
            lax.mail()
            self.assertEqual(OK, lax.rcpt(self.recipient()))
            self.assertRegex(lax.data(), "^250 ")
        self.assert_passed(postfix.MILTER_ACCEPT)
        self.gate.start()
        self.assert_passed()
        self.expect(listed("listed", "zen.spamhaus.org"))

    def test_stop(self):
        """Within seconds, with sessions open, some of them waiting."""
        dead = nameserver.Server("dead.example.com")
        self.addCleanup(dead.stop)
        dead.silent = True
        self.gate.configure("smtpd_recipient_restrictions = "
                            "reject_rbl_client dead.example.com, "
                            "reject_rbl_client zen.spamhaus.org\n",
                            dns_deadline="4s")
        self.reload()
        recipient = self.recipient()
        with Smtp(zones.ADDRESS["plain"]) as idle, \
                Smtp(zones.ADDRESS["listed"]) as waiting:
            idle.helo()
            waiting.helo()
            waiting.mail()
            waiting.send(f"RCPT TO:<{recipient}>")
            # its question was asked at connect; RCPT has yet to arrive
            wait_for("its verdict to wait", self.waiters)
            self.gate.stop()
            # what was in flight was finished
            self.assertIn("blocked using zen.spamhaus.org", waiting.reply())
        self.assertEqual("reject",
                         self.gate.record(recipient=recipient)["action"])

    def test_socket(self):
        """The MTA's group may use it, others may not; a second daemon
        leaves it alone."""
        status = os.stat(gate.SOCKET)
        self.assertEqual("660", f"{status.st_mode & 0o777:o}")
        second = subprocess.run(
            [os.environ["MAILMUM"], "-f"], stderr=subprocess.PIPE,
            text=True, check=False, timeout=20)
        self.assertNotEqual(0, second.returncode)
        self.assertIn(gate.SOCKET, second.stderr)
        self.assert_passed()

    def test_check(self):
        """-t: every complaint, with file and line, and exit code 78."""
        bad = gate.CONF.with_name("bad.conf")
        bad.write_text(BROKEN + "dns_deadline = soon\n")
        done = subprocess.run(
            [os.environ["MAILMUM"], "-t", "-c", bad], check=False,
            stderr=subprocess.PIPE, text=True)
        self.assertEqual(78, done.returncode, done.stderr)
        self.assertTrue(re.search(f"^{bad}:3: ", done.stderr, re.M))
        self.assertTrue(re.search(f"^{bad}:4: ", done.stderr, re.M))
        for name in "abc":
            with self.subTest(name):
                self.gate.configure(gate.policy(name))
                subprocess.run([os.environ["MAILMUM"], "-t"], check=True,
                               stderr=subprocess.PIPE)
