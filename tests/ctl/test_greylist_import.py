"""mailmumctl greylist import: files and what it says of them.

usage: test_greylist_import.py MAILMUMCTL
What the real postgrey and sqlgrey write is imported in the lab.
"""
import hashlib
import json
import os
import pathlib
import pwd
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

CTL = sys.argv[1]
NOW = int(time.time())
DAY = 86400
LOAD = shutil.which("db5.3_load")

TRIPLETS = {
    "192.0.2.0/news-#@list.example/b@example.com": (NOW - 900, NOW - 500),
    "192.0.2.0//b@example.com": (NOW - 100, NOW - 90),
    "2001:db8:0:0:0:0:0:0/joe@example.org/b@example.com":
        (NOW - 99 * DAY, NOW - 98 * DAY),
    "nobody/joe@example.org/b@example.com": (NOW - 900, NOW - 500),
}
CLIENTS = {"198.51.100.7": (6, NOW - 9), "198.51.101.7": (2, NOW - 9)}


def dump(records):
    lines = ["VERSION=3", "format=print", "type=btree", "HEADER=END"]
    for key, (one, two) in sorted(records.items()):
        lines += [f" {key}", f" {one},{two}"]
    return "\n".join(lines + ["DATA=END", ""])


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.base = pathlib.Path(scratch.name)
        self.base.chmod(0o755)
        self.state = self.base / "state"
        self.state.mkdir()
        self.conf = self.base / "mailmum.conf"
        self.conf.write_text(
            f"state_directory = {self.state}\n"
            "greylist_exceptions =\ngreylist_identity = name, network\n"
            "smtpd_recipient_restrictions = greylist\n"
            "dns_stub = .=127.0.0.1@1\ndns_trust_anchor_file = none\n")

    def run_ctl(self, *args, stdin=""):
        return subprocess.run(
            [CTL, "-c", self.conf, *args], input=stdin, text=True,
            capture_output=True, timeout=60, errors="surrogateescape")

    def expect(self, code, *args, stdin="", stderr=""):
        done = self.run_ctl("greylist", "import", *args, stdin=stdin)
        said = done.stderr.replace(str(self.base), "BASE")
        self.assertEqual((code, stderr), (done.returncode, said))
        return done.stdout.replace(str(self.base), "BASE")

    def counts(self, *args, stdin=""):
        return json.loads(self.expect(0, *args, "--json", stdin=stdin))

    def state_of(self, client, sender, recipient="b@example.com"):
        done = self.run_ctl("explain", client, "--name", "unknown", "--from",
                            sender, "--to", recipient, "--json")
        return json.loads(done.stdout)["greylist"]["state"]

    def contents(self, path):
        return {p.name: (hashlib.sha256(p.read_bytes()).hexdigest(),
                         p.stat().st_mtime_ns)
                for p in path.iterdir() if p.is_file()}


class Reports(Case):
    REPORT = """\
postgrey, standard input: 6 records
         1  triplet that has passed
         1  triplet that waits
         2  clients whose passes were counted
         1  of these is allowed from now on
Left out:
         1  has not been seen for greylist_max_age
         1  is not understood
standard input: record 4: "nobody" is no address
"""

    def test_dry_run(self):
        text = dump(TRIPLETS) + dump(CLIENTS)
        out = self.expect(0, "postgrey", "-", "--dry-run", stdin=text)
        self.assertEqual(self.REPORT + "Nothing was written.\n", out)
        self.assertEqual([], list(self.state.iterdir()))

    def test_import(self):
        text = dump(TRIPLETS) + dump(CLIENTS)
        out = self.expect(0, "postgrey", "-", stdin=text)
        self.assertEqual(self.REPORT + "Written to BASE/state.\n", out)
        self.assertEqual("known", self.state_of(
            "192.0.2.99", "News-77@list.example"))
        self.assertEqual("waiting", self.state_of("192.0.2.99", ""))
        self.assertEqual("client allowed", self.state_of(
            "198.51.100.7", "a@example.org"))
        for other in "198.51.100.9", "198.51.101.7":
            self.assertEqual("never seen", self.state_of(
                other, "a@example.org"))
        self.assertEqual("never seen", self.state_of(
            "192.0.2.99", "News-a@list.example"))

    def test_json(self):
        self.assertEqual({
            "program": "postgrey", "source": "standard input",
            "in_use": False, "written": False, "records": 6, "known": 1,
            "waiting": 1, "senders": 0, "domains": 0, "clients": 2,
            "allowed": 1, "left_expired": 1, "left_gave_up": 0,
            "left_wide": 0, "left_hashed": 0, "left_tarpit": 0,
            "left_unknown": 1, "complaints": [
                'standard input: record 4: "nobody" is no address']},
            self.counts("postgrey", "-", "--dry-run",
                        stdin=dump(TRIPLETS) + dump(CLIENTS)))

    def test_many_complaints(self):
        row = f"192.0.2.7\t<a@example.org>\t<b@example.com>\t{NOW + 900}\n"
        out = self.expect(0, "milter-greylist", "-", "--dry-run",
                          stdin="\033[31mwhat\n" * 12 + row)
        self.assertNotIn("\033", out)
        self.assertIn("        12  are not understood\nstandard input:1: ",
                      out)
        self.assertIn("standard input:10: ", out)
        self.assertIn("and 2 more.\nNothing", out)

    def test_nothing_understood(self):
        """Most likely it is another program's file."""
        for more in [], ["--dry-run"]:
            self.expect(65, "sqlgrey", "-", *more, stdin="root:x:0:0\n" * 3,
                        stderr="mailmumctl: greylist import: standard input: "
                        "nothing in it is as sqlgrey has it; standard input:1:"
                        " this is not seven columns with tabs between\n")
        self.assertEqual([], list(self.state.iterdir()))

    def test_delay(self):
        text = dump({"192.0.2.0/a@b/b@example.com": (NOW - 90, NOW - 30)})
        for delay, known in ("60", 1), ("1m", 1), ("61", 0):
            got = self.counts("postgrey", "-", "--delay", delay, "--dry-run",
                              stdin=text)
            self.assertEqual((known, 1 - known),
                             (got["known"], got["waiting"]))

    def test_usage(self):
        name = "mailmumctl: greylist import: "
        for args, want in {
                ("bogofilter", "-"): '"bogofilter" is none of: postgrey, '
                                     'sqlgrey, milter-greylist',
                ("postgrey", "-", "--delay", "x"): '"x" is no time'}.items():
            self.expect(2, *args, stderr=f"{name}{want}\n")
        done = self.run_ctl("greylist", "import", "postgrey")
        self.assertEqual(2, done.returncode)

    def test_a_cut_dump_is_not_taken_at_all(self):
        self.expect(65, "postgrey", "-", stdin=dump(TRIPLETS)[:-20],
                    stderr="mailmumctl: greylist import: standard input: "
                    "record 4: the dump has no end: it was cut\n")
        self.assertEqual([], list(self.state.iterdir()))


class Files(Case):
    def berkeley(self, name, records):
        done = subprocess.run([LOAD, self.base / "pg" / name],
                              input=dump(records), text=True, timeout=60)
        self.assertEqual(0, done.returncode)

    @unittest.skipUnless(LOAD, "there is no Berkeley DB")
    def test_berkeley(self):
        pg = self.base / "pg"
        pg.mkdir()
        self.berkeley("postgrey.db", TRIPLETS)
        only = self.counts("postgrey", str(pg), "--dry-run")
        self.berkeley("postgrey_clients.db", CLIENTS)
        before, copies = self.contents(pg), self.base / "copies"
        copies.mkdir()
        os.environ["TMPDIR"] = str(copies)
        self.addCleanup(os.environ.pop, "TMPDIR")
        both = self.counts("postgrey", str(pg), "--dry-run")
        one = self.counts("postgrey", str(pg / "postgrey_clients.db"))
        self.assertEqual(before, self.contents(pg))
        self.assertEqual([], list(copies.iterdir()))
        self.assertEqual([(4, 0), (6, 2), (2, 2)], [
            (got["records"], got["clients"]) for got in (only, both, one)])
        self.assertEqual("client allowed", self.state_of(
            "198.51.100.7", "a@example.org"))

    def sqlgrey(self, table="from_awl"):
        path = self.base / "sqlgrey.db"
        db = sqlite3.connect(path)
        db.executescript(f"""
            CREATE TABLE connect (sender_name, sender_domain, src, rcpt,
              first_seen timestamp);
            CREATE TABLE {table} (sender_name, sender_domain, src,
              first_seen timestamp, last_seen timestamp);
            CREATE TABLE domain_awl (sender_domain, src,
              first_seen timestamp, last_seen timestamp);""")
        db.execute("INSERT INTO connect VALUES (?, ?, ?, ?, ?)",
                   ("a\tb\\c\nd", "list.example", "192.0.2",
                    "b@example.com", NOW - 20))
        if table == "from_awl":
            db.execute("INSERT INTO from_awl VALUES (?, ?, ?, ?, ?)",
                       ("news-#", "list.example", "192.0.2.7", NOW - 900,
                        NOW - 20))
        db.execute("INSERT INTO domain_awl VALUES (?, ?, ?, ?)",
                   ("example.org", "2001:0db8:0001:0002", NOW - 900, NOW))
        db.commit()
        db.close()
        return str(path)

    def test_sqlite(self):
        path = self.sqlgrey()
        before = self.contents(self.base)[os.path.basename(path)]
        got = self.counts("sqlgrey", path)
        self.assertEqual(before, self.contents(self.base)["sqlgrey.db"])
        self.assertEqual((1, 1, 1, 0), tuple(got[name] for name in (
            "waiting", "senders", "domains", "left_unknown")))
        for client, sender, want in (
                ("192.0.2.8", "News-12ab@list.example", "known"),
                ("192.0.3.8", "News-12ab@list.example", "never seen"),
                ("2001:db8:1:2::9", "anybody@Example.org", "known"),
                ("2001:db8:1:3::9", "anybody@Example.org", "never seen")):
            with self.subTest(client):
                self.assertEqual(want, self.state_of(client, sender))

    def test_milter_greylist(self):
        path = self.base / "greylist.db"
        path.write_text(
            "# stored tuples\n"
            f"192.0.2.7\t<a@example.org>\t<b@example.com>\t{NOW + 900}\n"
            f"192.0.2.7\t<c@example.org>\t<b@example.com>\t{NOW + 900} AUTO "
            "# 2026\n")
        got = self.counts("milter-greylist", str(path))
        self.assertEqual((1, 1), (got["known"], got["waiting"]))
        self.assertEqual("known",
                         self.state_of("192.0.2.8", "C@Example.org"))
        self.assertNotIn(self.state_of("192.0.2.8", "a@example.org"),
                         ("never seen", "known"))

    def test_what_is_no_such_file(self):
        lite, text = self.sqlgrey("other"), self.base / "text"
        text.write_text("hello\n")
        (self.base / "empty").mkdir()
        for program, path, want in (
                ("sqlgrey", lite, f"{lite}: no such table: from_awl"),
                ("postgrey", lite, f"{lite}: this is none of postgrey's"),
                ("sqlgrey", self.base, f"{self.base}: this is none of "
                 "sqlgrey's"),
                ("postgrey", self.base / "empty", f"{self.base}/empty: "
                 "there is no postgrey.db in it"),
                ("postgrey", text, f"{text}:1: this is no output of "
                 "db_dump"),
                ("sqlgrey", self.base / "no", f"{self.base}/no: No such "
                 "file or directory")):
            with self.subTest(want):
                self.expect(
                    65, program, str(path), "--dry-run",
                    stderr=f"mailmumctl: greylist import: {want}\n".replace(
                        str(self.base), "BASE"))


class Writing(Case):
    TEXT = dump(TRIPLETS) + dump(CLIENTS)

    def test_not_beside_another_process(self):
        self.expect(0, "postgrey", "-", stdin=self.TEXT)
        database = self.state / "greylist.sqlite"
        daemon = sqlite3.connect(database)
        daemon.execute("SELECT count(*) FROM record").fetchall()
        self.expect(74, "postgrey", "-", stdin=self.TEXT,
                    stderr="mailmumctl: greylist import: BASE/state/"
                    "greylist.sqlite: it is in use: stop mailmum first\n")
        self.expect(0, "postgrey", "-", "--dry-run", stdin=self.TEXT)
        daemon.close()
        self.expect(0, "postgrey", "-", stdin=self.TEXT)

    def rows(self):
        db = sqlite3.connect(self.state / "greylist.sqlite")
        rows = db.execute(
            "SELECT k, first, count, note FROM record ORDER BY k").fetchall()
        db.close()
        return rows

    def test_twice(self):
        self.expect(0, "postgrey", "-", stdin=self.TEXT)
        rows = self.rows()
        self.assertEqual(5, len(rows))
        self.expect(0, "postgrey", "-", stdin=self.TEXT)
        self.assertEqual(rows, self.rows())

    def test_without_a_directory(self):
        self.state.rmdir()
        self.expect(74, "postgrey", "-", stdin=self.TEXT,
                    stderr="mailmumctl: greylist import: BASE/state: No such "
                    "file or directory; mailmum makes it when it starts\n")

    @unittest.skipUnless(os.geteuid() == 0, "only root can be somebody else")
    def test_files_are_their_owners(self):
        nobody = pwd.getpwnam("nobody")
        os.chown(self.state, nobody.pw_uid, nobody.pw_gid)
        secret = self.base / "secret"
        secret.write_text(self.TEXT)
        secret.chmod(0o600)
        self.expect(0, "postgrey", str(secret))
        files = list(self.state.iterdir())
        self.assertIn(self.state / "greylist.sqlite", files)
        for path in files:
            self.assertEqual((nobody.pw_uid, nobody.pw_gid),
                             (path.stat().st_uid, path.stat().st_gid))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
