"""Sessions out of the ordinary: several messages, pauses, hostile clients."""

import time

import gate
import zones
from case import OK, Lab, blocked
from smtp import Smtp, wait_for

BAD_SENDER = ("450 4.1.8 <x@missing.example.org>: Sender address rejected: "
              "Domain not found")
ZEN = blocked("Client host", "192.0.2.2", "zen.spamhaus.org",
              zones.txt("192.0.2.2"))
# What a stranger may try to do to a log, a record or a reply.
FORGERIES = (
    'a"b', "x=y action=accept", "tab\there", "bell\a", "esc\x1b[2J",
    "del\x7f", "back\\slash", "%n%s", "null&<html>", "\xe9\xff", "a" * 480,
    "'; DROP TABLE", "{\"action\":\"accept\"}",
)


class Session(Lab):
    policy = gate.policy("b")

    def one(self, recipient):
        return self.gate.record(recipient=recipient)

    def test_second_message(self):
        """Each message has facts of its own; the connection's stay."""
        to = [self.recipient() for _ in range(5)]
        with Smtp(zones.ADDRESS["plain"]) as c:
            c.helo()
            c.mail()
            self.assertEqual(OK, c.rcpt(to[0]))
            self.assertRegex(c.data(), "^250 2.0.0 Ok: queued")
            c.mail("x@missing.example.org")
            self.assertEqual(BAD_SENDER, c.rcpt(to[1]))
            self.assertEqual(BAD_SENDER, c.rcpt(to[2]))
            c.need("RSET")
            c.mail("")
            self.assertEqual(OK, c.rcpt(to[3]))
            c.helo("helospam.example.org")
            c.mail()
            self.assertEqual(blocked(
                "Helo command", "helospam.example.org", "dbl.spamhaus.org",
                "helospam.example.org sends spam"), c.rcpt(to[4]))
            c.quit()
        records = [self.one(r) for r in to]
        self.assertEqual(["accept", "defer", "defer", "accept", "reject"],
                         [r["action"] for r in records])
        self.assertEqual(1, len({r["session"] for r in records}))

    def test_idle(self):
        """Pauses, longer than the deadline and than the answers' TTL in
        some list, do no harm."""
        recipient = self.recipient()
        with Smtp(zones.ADDRESS["listed"]) as c:
            time.sleep(1)
            c.helo()
            time.sleep(2.5)
            c.mail()
            time.sleep(1)
            self.assertEqual(ZEN, c.rcpt(recipient))
            time.sleep(2.5)
            self.assertEqual(ZEN, c.rcpt(self.recipient()))
            c.quit()
        # the answers came while the client slept
        self.assertLess(float(self.one(recipient)["wait"]), 0.1)

    def test_client_goes(self):
        """Nothing remains of clients that hang up at any point."""
        for commands in ([], ["EHLO a.example.org"],
                         ["EHLO a.example.org", "MAIL FROM:<>"],
                         ["EHLO a.example.org", "MAIL FROM:<>",
                          "RCPT TO:<a@example.com>"]):
            with Smtp(zones.ADDRESS["plain"]) as c:
                for command in commands:
                    c.send(command)
        wait_for("all sessions to end", self.no_sessions)

    def no_sessions(self):
        return self.gate.stats()["counters"]["sessions_open"] == 0

    def test_hostile_helo(self):
        for text in FORGERIES:
            with self.subTest(text):
                recipient = self.recipient()
                with Smtp(zones.ADDRESS["plain"]) as c:
                    c.send(b"HELO " + text.encode("latin1"))
                    if not c.reply().startswith("250"):
                        continue  # more than one word, or too much
                    c.mail()
                    reply = c.rcpt(recipient)
                    c.quit()
                self.assertRegex(reply, "^50[14] 5.5.2 [ -~]+$")
                record = self.one(recipient)
                self.assertEqual(reply, record["reply"])
                self.assertRegex(record["helo"], r'^[^\x00-\x20"<>@\\]+$')

    def test_hostile_sender(self):
        for text in FORGERIES:
            with self.subTest(text):
                recipient = self.recipient()
                quoted = text.replace("\\", "\\\\").replace('"', '\\"')
                with Smtp(zones.ADDRESS["listed"]) as c:
                    c.helo()
                    c.send(b'MAIL FROM:<"' + quoted.encode("latin1")
                           + b'"@example.org>')
                    if not c.reply().startswith("250"):
                        continue
                    self.assertEqual(ZEN, c.rcpt(recipient))
                    c.quit()
                self.assertIn("@example.org", self.one(recipient)["sender"])

    def test_postmaster(self):
        """Bare, in any case, is let through; with a domain it is not."""
        with Smtp(zones.ADDRESS["listed"]) as c:
            c.helo()
            c.mail()
            for bare in ("postmaster", "PostMaster"):
                self.assertEqual(OK, c.rcpt(bare))
            self.assertEqual(ZEN, c.rcpt("postmaster@example.com"))
            c.quit()

    def test_extension_parameters(self):
        """SIZE=, BODY= and the like are not part of the address."""
        recipient = self.recipient()
        with Smtp(zones.ADDRESS["plain"]) as c:
            c.helo()
            c.need("MAIL FROM:<Alice@Example.ORG> SIZE=100 BODY=8BITMIME")
            self.assertEqual(OK, c.cmd(
                f"RCPT TO:<{recipient}> NOTIFY=NEVER"))
            c.quit()
        self.assertEqual("Alice@Example.ORG", self.one(recipient)["sender"])
