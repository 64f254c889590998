"""Another greylist's state is taken over: the real postgrey and the real
sqlgrey see mail first, and then nobody waits again because of mailmum.
milter-greylist is not in Debian: its file is made up elsewhere."""

import json
import os
import shutil
import socket
import subprocess
import time
import unittest

import postfix
import space
import zones
from case import OK, Lab, greylisted
from smtp import Smtp, wait_for

NATIVE = {}
DELAY = 4  # of mailmum, and the most of the others
ALLOWED = "2001:db8:99:1::200"

# What mail comes from there, and then what other mail is the same to them.
KNOWN = [
    ("plain", "alice@example.org", "alice@example.org"),
    ("plain", "News-2024-11@List.Example.org",
     "news-2025-12@list.example.org"),
    ("plain6", "bob+tag@example.org", "Bob+other@Example.org"),
    ("noptr", "", ""),
    ("noptr", "prvs=1234567890=carol@example.org",
     "prvs=2345678901=carol@example.org"),
    ("198.51.100.99", "a/b=c'd@example.org", "a/b=c'd@example.org"),
    ("198.51.100.99", '"two words"@example.org', '"two words"@example.org'),
]


def ask(port, **more):
    """The action that a policy service answers."""
    attributes = {"request": "smtpd_access_policy", "protocol_state": "RCPT",
                  "client_name": "unknown", "helo_name": "x.example"} | more
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall("".join(f"{name}={value}\n" for name, value in
                             attributes.items()).encode() + b"\n")
        return sock.makefile().readline().strip()


def listens(port):
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


class Takeover:
    """Around one program; its class says how it is started."""

    policy = "smtpd_recipient_restrictions = greylist\n"
    settings = {"greylist_delay": f"{DELAY}s"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.home = space.BASE / cls.name
        shutil.rmtree(cls.home, ignore_errors=True)
        cls.home.mkdir()
        space.run("chown", cls.user, cls.home)
        cls.gate.stop()  # it has made its directory, as an operator would
        cls.mta.configure({"smtpd_recipient_restrictions":
                           f"check_policy_service inet:127.0.0.1:{cls.port}"})
        cls.addClassCleanup(cls.mta.configure, NATIVE)
        cls.process = subprocess.Popen(
            cls.command(), stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        try:
            wait_for(cls.name, lambda: listens(cls.port))
            cls.feed()
        finally:
            cls.end()
        cls.report = cls.take()
        cls.gate.start()

    @classmethod
    def end(cls):
        cls.process.terminate()
        cls.process.wait()

    @classmethod
    def feed(cls):
        """All have waited and passed there; one has only come once."""
        recipients = [f"known{i}@example.com" for i in range(len(KNOWN))]
        for again in False, True:
            if again:
                time.sleep(DELAY)
            for (client, sender, _), to in zip(KNOWN, recipients):
                reply = cls.try_once(client, sender, to, postfix.NATIVE)
                assert (reply == OK) == again, (client, sender, reply)
        reply = cls.try_once("203.0.113.77", "dave@example.org",
                             "waiting@example.com", postfix.NATIVE)
        assert reply != OK, reply
        cls.since = time.time()

    @classmethod
    def take(cls):
        files = {path: path.stat().st_mtime_ns
                 for path in cls.home.iterdir()}
        code, text = cls.gate.ctl("greylist", "import", cls.name,
                                  str(cls.source()), "--json", *cls.options)
        assert code == 0, text
        assert files == {path: path.stat().st_mtime_ns
                         for path in cls.home.iterdir()}
        return json.loads(text)

    @staticmethod
    def try_once(client, sender, recipient, port=postfix.MILTER):
        with Smtp(zones.ADDRESS.get(client, client), port) as c:
            c.helo()
            c.mail(sender)
            reply = c.rcpt(recipient)
            c.quit()
        return reply

    def test_what_passed_there_passes(self):
        for i, (client, sender, same) in enumerate(KNOWN):
            with self.subTest(f"{client} {same}"):
                self.assertEqual(OK, self.try_once(
                    client, same, f"Known{i}@example.com"))

    def test_what_did_not_waits(self):
        for client, sender in (("203.0.113.9", "alice@example.org"),
                               ("plain", "stranger@elsewhere.example")):
            self.assertEqual(greylisted("known0@example.com", DELAY),
                             self.try_once(client, sender,
                                           "known0@example.com"))

    def test_what_waits_has_waited_there(self):
        """It comes here for the first time when its time is over."""
        time.sleep(max(0, self.since + DELAY + 1 - time.time()))
        self.assertEqual(OK, self.try_once(
            "203.0.113.77", "dave@example.org", "waiting@example.com"))
        record = self.gate.record(recipient="waiting@example.com")
        self.assertGreaterEqual(int(record["delay"]), DELAY)

    def test_nothing_is_left_out(self):
        self.assertEqual({}, {name: value for name, value in
                              self.report.items()
                              if name.startswith("left") and value})
        self.assertEqual([], self.report["complaints"])
        self.assertFalse(self.report["in_use"])


@unittest.skipUnless(shutil.which("postgrey") and shutil.which("db5.3_dump"),
                     "there is no postgrey, or no db5.3_dump")
class Postgrey(Takeover, Lab):
    name, user, port = "postgrey", "postgrey", 10071
    options = ("--delay", "2s")

    @classmethod
    def command(cls):
        return ["postgrey", f"--inet=127.0.0.1:{cls.port}",
                f"--dbdir={cls.home}", "--delay=2"]

    @classmethod
    def source(cls):
        return cls.home

    @classmethod
    def feed(cls):
        """One client comes for long enough to be allowed there."""
        now = int(time.time())
        for hour in range(6, 0, -1):
            for after in 0, 10:
                ask(cls.port, client_address=ALLOWED,
                    sender=f"s{hour}@example.org",
                    recipient="b@example.com",
                    policy_test_time=now - hour * 3700 + after)
        super().feed()

    def test_allowed_clients_stay_so(self):
        self.assertEqual(1, self.report["allowed"])
        self.assertEqual(OK, self.try_once(
            ALLOWED, "new@example.org", self.recipient()))

    def test_counts(self):
        self.assertEqual((len(KNOWN) + 5, 1), (
            self.report["known"], self.report["waiting"]))


class PostgreyKilled(Postgrey):
    """All that it knows is in its log."""

    port = 10072

    @classmethod
    def end(cls):
        cls.process.kill()
        cls.process.wait()


@unittest.skipUnless(shutil.which("sqlgrey"), "there is no sqlgrey")
class Sqlgrey(Takeover, Lab):
    name, user, port = "sqlgrey", "sqlgrey", 10073
    options = ()

    @classmethod
    def command(cls):
        conf = space.write(cls.home / "conf", f"""
conf_dir = /etc/sqlgrey
inet = 127.0.0.1:{cls.port}
pidfile = {cls.home}/pid
db_type = SQLite
db_name = {cls.home}/sqlgrey.db
reconnect_delay = 0.03
admin_mail =
""")
        return ["sqlgrey", "-f", str(conf)]

    @classmethod
    def source(cls):
        return cls.home / "sqlgrey.db"

    def test_to_anybody(self):
        """A sender, and a domain of which two have passed."""
        for client, sender in (("plain", "News-1-2@list.example.org"),
                               ("noptr", ""),
                               ("198.51.100.99", "anybody@example.org")):
            with self.subTest(sender):
                self.assertEqual(OK, self.try_once(
                    client, sender, self.recipient()))
        self.assertGreater(self.report["domains"], 0)
        self.assertGreater(self.report["senders"], 0)


def missing():
    if os.geteuid() != 0:
        return "only root can start the programs"
    return None
