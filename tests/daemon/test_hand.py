"""What operators do to the greylist by hand, in the running daemon: it holds,
a restart and a kill included, and the log says who it was.

usage: MAILMUM=path/to/mailmum test_hand.py
"""
import json
import os
import pwd
import signal
import subprocess
import unittest

from gate import Gate, until
from mta import Mta, session

POLICY = """\
smtpd_recipient_restrictions = greylist
greylist_exceptions =
greylist_delay = 30m
"""
CLIENT = "192.0.2.1"
MAIL = b"client=192.0.2.1 sender=a@example.org recipient=b@example.net"


class Hand(unittest.TestCase):
    def setUp(self):
        self.gate = Gate(POLICY)
        self.gate.__enter__()
        self.addCleanup(self.gate.__exit__, None)

    def send(self, recipient="<b@example.net>", client=CLIENT, **more):
        return session(self.gate.milter, client, rcpt=recipient, **more)

    def waits(self, **mail):
        self.assertEqual("451", self.send(**mail)[:3])

    def passes(self, **mail):
        self.assertEqual("continue", self.send(**mail))

    def hand(self, code, request, text=None):
        got, said, body = self.gate.control(request + b"\n")
        self.assertEqual(code, got, said)
        if text is not None:
            self.assertEqual(text, said)
        return body

    def kill(self):
        self.gate.signal(signal.SIGKILL)
        self.gate.process.wait()
        os.remove(self.gate.path("log"))
        self.gate.start()

    def test_release(self):
        self.hand(404, b"greylist-release " + MAIL,
                  "no such mail is waiting")
        self.waits()
        self.waits(client="198.51.100.1")
        self.hand(200, b"greylist-release " + MAIL,
                  "passes at its next attempt")
        self.kill()
        self.waits(client="198.51.100.1")
        self.passes()
        record = self.gate.record(action="accept")
        self.assertEqual("greylist release", record["reason"])
        counters = self.gate.counters()
        self.assertEqual(1, counters["greylist_released"])
        self.assertEqual(0, counters["greylist_passed"])
        self.passes()  # known from now on
        self.assertEqual(1, self.gate.counters()["greylist_known"])
        self.hand(404, b"greylist-release " + MAIL)

    def test_forget(self):
        self.hand(404, b"greylist-forget " + MAIL,
                  "no such mail has been seen")
        self.waits()
        self.hand(200, b"greylist-release " + MAIL)
        self.passes()
        self.hand(200, b"greylist-forget " + MAIL, "forgotten")
        self.kill()
        self.waits()
        self.assertEqual(1, self.gate.counters()["greylist_new"])
        self.hand(404, b"greylist-forget client=192.0.2.1",
                  "this client has not passed before")

    def test_expect(self):
        self.waits(recipient="<c@example.net>")
        self.hand(200, b"greylist-expect recipient=B@example.net for=1h")
        self.kill()
        self.passes()
        self.passes(recipient="<b+login@example.net>")
        self.waits(recipient="<c@example.net>")
        counters = self.gate.counters()
        self.assertEqual(2, counters["greylist_expected"])
        self.hand(200, b"greylist-unexpect recipient=%3Cb@example.net%3E",
                  "taken back")
        # nothing of it was remembered
        self.waits()
        self.hand(404, b"greylist-unexpect recipient=b@example.net",
                  "nothing is expected for this recipient")

    def test_what_one_expects_lets_no_other_recipient_in(self):
        self.hand(200, b"greylist-expect recipient=b@example.net")
        with Mta(self.gate.milter) as mta:
            mta.connect(CLIENT)
            mta.helo()
            mta.mail()
            self.assertEqual("continue", mta.rcpt("<b@example.net>"))
            self.assertEqual("451", mta.rcpt("<c@example.net>")[:3])

    def test_allow(self):
        self.hand(200, b"greylist-allow who=192.0.2.1 for=1h", "open")
        self.kill()
        self.passes()
        self.assertEqual("greylist allow",
                         self.gate.record(action="accept")["reason"])
        self.waits(client="192.0.2.2")
        self.hand(200, b"greylist-allow who=192.0.2.0%2f24")
        self.passes(client="192.0.2.2")
        self.hand(200, b"greylist-disallow who=192.0.2.0/24", "taken back")
        self.waits(client="192.0.2.2")
        self.passes()
        self.assertEqual(3, self.gate.counters()["greylist_granted"])
        self.hand(404, b"greylist-disallow who=192.0.2.0/24",
                  "this client was not allowed by hand")

    def test_what_makes_no_sense(self):
        for request, text in (
                (b"greylist-release " + MAIL[:-28],
                 "a sender and a recipient are needed"),
                (b"greylist-release client=x sender= recipient=b@x",
                 "the client is no address"),
                (b"greylist-forget sender=x", "the client is no address"),
                (b"greylist-expect recipient=b",
                 "the recipient is no mail address"),
                (b"greylist-expect", "the recipient is no mail address"),
                (b"greylist-expect recipient=b@x for=0s",
                 "that is no time from 1s on"),
                (b"greylist-expect recipient=b@x for=99999999999999w",
                 "that is no time from 1s on"),
                (b"greylist-expect recipient=b@x for=15",
                 "a time has a unit: 15m are minutes, 15s seconds"),
                (b"greylist-expect recipient=b@x for=soon",
                 "that is no time from 1s on"),
                (b"greylist-allow", "it is no address, and in nobody's "
                                    "domain"),
                (b"greylist-allow who=com",
                 "it is no address, and in nobody's domain"),
                (b"greylist-allow who=group:x",
                 "there is no such group in greylist_groups"),
                (b"greylist-allow who=192.0.2.0/25",
                 "a network has to be a /24, or an address; others can "
                 "stand in greylist_exceptions"),
                (b"greylist-allow who=x.example why=because",
                 "it does not take such an argument")):
            with self.subTest(request=request):
                self.hand(400, request, text)
        self.assertEqual([], self.gate.lines("greylist-"))

    def test_the_log_says_who(self):
        evil = "%22%20by%3Droot%0agreylist-allow"
        self.hand(200, b"greylist-expect recipient=" + evil.encode() +
                  b"@x.example sudo-user=jo%20e for=60s")
        line = until(lambda: self.gate.lines("greylist-expect"), "the line")
        me = pwd.getpwuid(os.getuid()).pw_name
        self.assertEqual(
            [f'greylist-expect by={me} uid={os.getuid()} sudo_user="jo e" '
             'recipient="\\" by=root\\x0Agreylist-allow@x.example" for=60s '
             "seconds=60"], line)
        self.hand(200, b"greylist-allow who=mx.sender.example")
        line = until(lambda: self.gate.lines("greylist-allow by"), "the line")
        self.assertEqual(
            [f"greylist-allow by={me} uid={os.getuid()} "
             "who=mx.sender.example identity=name:sender.example "
             f"seconds={36 * 86400}"], line)

    def ctl(self, code, *args):
        done = subprocess.run(
            [os.environ["MAILMUMCTL"], "-c", self.gate.config, "greylist",
             *args], capture_output=True, text=True, timeout=60,
            env={**os.environ, "SUDO_USER": "jo"})
        self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        return done.stdout

    def listed(self, *args):
        """What waits, without what changes with time."""
        got = json.loads(self.ctl(0, "list", "--json", *args))["waiting"]
        for mail in got:
            self.assertIn(mail.pop("left"), range(1801))
        return got

    def test_mailmumctl(self):
        """The way it goes: somebody waits for a mail."""
        odd = {"client": "198.51.100.1", "sender": "<>",
               "recipient": '<"x \x1b\\" y"@example.net>'}
        self.waits(name="mx.sender.example")
        self.waits(**odd)
        one, two = self.listed()
        self.assertEqual(("mx.sender.example", "b@example.net", False),
                         (one["name"], one["recipient"], one["released"]))
        self.assertEqual([two], self.listed("--sender", "<>"))
        self.assertEqual([two], self.listed("--limit", "1"))
        self.assertEqual([one], self.listed("--client", "*.Sender.example"))
        self.assertIn("passes at its next attempt",
                      self.ctl(0, "release", one["id"]))
        self.assertEqual([True, False],
                         [mail["released"] for mail in self.listed()])
        done = json.loads(self.ctl(0, "release", "--json", "--sender", "<>"))
        self.assertEqual([(two["id"], True)], [
            (mail["id"], mail["done"]) for mail in done["mails"]])
        self.passes(name="mx.sender.example")
        self.passes(**odd)
        self.assertEqual([], self.listed())
        line = self.gate.lines("greylist-release")[0]
        self.assertIn(" sudo_user=jo ", line)
        self.assertIn(" identity=name:sender.example ", line)

    def test_show_and_forget(self):
        mail = ("192.0.2.1", "--name", "mx.sender.example", "--from",
                "a@example.org", "--to", "b@example.net")
        self.waits(name="mx.sender.example")
        self.ctl(0, "release", "--client", "192.0.2.1")
        self.passes(name="mx.sender.example")
        shown = json.loads(self.ctl(0, "show", "--json", *mail))
        self.assertEqual(("known", "name:sender.example", 1),
                         (shown["state"], shown["identity"],
                          shown["records"]["triplet"]["count"]))
        self.assertEqual("forgotten\n", self.ctl(0, "forget", *mail))
        self.ctl(1, "forget", *mail)
        shown = json.loads(self.ctl(1, "show", "--json", *mail))
        self.assertEqual("never seen", shown["state"])
        self.assertNotIn("triplet", shown["records"])
        self.waits(name="mx.sender.example")
        self.assertIn(": forgotten\n", self.ctl(0, "forget", "--client",
                                                "192.0.2.1"))
        self.assertEqual([], self.listed())

    def test_windows_by_mailmumctl(self):
        self.assertEqual("open for 15m\n",
                         self.ctl(0, "expect", "b@example.net"))
        self.assertEqual("open for 2d\n",
                         self.ctl(0, "allow", "mx.sender.example", "2d"))
        self.assertRegex(self.ctl(0, "expect", "--list"),
                         r"^until [-0-9]+ [:0-9]+  b@example\.net\n$")
        allowed = json.loads(self.ctl(0, "allow", "--list", "--json"))
        self.assertEqual(["name:sender.example"], [
            row["client"] for row in allowed["allowed"]])
        self.assertEqual("taken back\n", self.ctl(
            0, "expect", "--remove", "B@example.net"))
        self.assertEqual("There are none.\n", self.ctl(0, "expect", "--list"))
        self.assertEqual([], self.listed())
        self.waits()
        self.passes(name="mx.sender.example", recipient="<c@example.net>")

    def test_without_the_daemon(self):
        self.waits()
        self.gate.stop()
        self.assertEqual(1, len(self.listed()))
        self.ctl(1, "show", "192.0.2.1", "--name", "unknown")
        for args in (["release", "--sender", "a@"], ["expect", "b@x"],
                     ["allow", "192.0.2.1"], ["delays"]):
            self.ctl(69, *args)
        os.remove(self.gate.path("log"))
        self.gate.start()

    def delays(self):
        body = json.loads(self.hand(200, b"greylist-delays"))
        self.assertEqual(1800, body["greylist_delay"])
        return body["begun"], {row["delay"]: row for row in body["delays"]}

    def test_delays_survive_a_restart(self):
        self.waits()
        self.waits(recipient="<c@example.net>")
        self.hand(200, b"greylist-release " + MAIL)
        self.passes()
        begun, rows = self.delays()
        self.assertEqual(2, begun)
        # let in at once: nobody knows when it would have come back
        self.assertEqual(
            {"delay": 30, "back": 0, "median": 0, "percent95": 0,
             "longest": 0, "unknown": rows[30]["unknown"],
             "away": 2 - rows[30]["unknown"]}, rows[30])
        self.gate.stop()
        os.remove(self.gate.path("log"))
        self.gate.start()
        self.assertEqual((begun, rows), self.delays())


if __name__ == "__main__":
    unittest.main()
