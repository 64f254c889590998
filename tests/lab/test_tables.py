"""Tables: the same lookups as postmap -q, the same replies as smtpd."""

import contextlib
import os
import re
import socketserver
import sqlite3
import subprocess
import threading

import postfix
import space
import tables
import zones
from case import Lab
from smtp import Smtp

ROUNDS = int(os.environ.get("LAB_ROUNDS", "50"))
SEED = int(os.environ.get("LAB_SEED", "1"))
LINE = 510

# A table under check_sender_access, and its file.
REPLIES = {
    "inline:{ { a@example.org = REJECT one } }": "",
    "unionmap:{inline:{a@example.org=OK},inline:{a@example.org=REJECT}}": "",
    "unionmap:{inline:{a@example.org=permit},"
    "inline:{a@example.org=reject}}": "",
    "unionmap:{inline:{a@example.org=permit_mynetworks},"
    "inline:{a@example.org=reject}}": "",
    "unionmap:{inline:{{a@example.org=REJECT a}},"
    "inline:{{a@example.org=REJECT b}}}": "",
    "unionmap:{pcre:{{/^x/ OK}},inline:{example.org=REJECT}}": "",
    "unionmap:{inline:{x=OK},inline:{example.org=REJECT}}": "",
    "unionmap:{inline:{x=OK},pcre:{{/^example/ REJECT}}}": "",
    "pipemap:{inline:{example.org=b},inline:{b=REJECT}}": "",
    "pipemap:{pcre:{{/^(a)@/ $$1}},inline:{a=REJECT}}": "",
    "pipemap:{inline:{example.org=b},inline:{c=REJECT}}": "",
    "randmap:{REJECT}": "",
    "fail:so": "",
    "unionmap:{inline:{a@example.org=OK},fail:so}": "",
    "pipemap:{inline:{a@example.org=OK},fail:so}": "",
    "pipemap:{inline:{b@example.org=OK},fail:so}": "",
    "texthash:{}": "a@example.org OK\nb 1\nA@example.org REJECT\n",
    "hash:{}": "a@example.org REJECT a\nA@example.org OK\n",
    "btree:{}": "a@example.org REJECT a\nA@example.org OK\n",
    "inline:{a@example.org=REJECT,A@example.org=450}": "",
    "hash:{} ": '"b c"@example.org REJECT b\n',
    "hash:{}  ": '"b c"@example.org REJECT b\nb\\ c@example.org REJECT d\n',
    "hash:{}   ": '"b@c"@example.org REJECT b\n',
    "hash:{}    ": 'b@c@example.org REJECT b\n',
    "hash:{}     ": '"b@c"@ REJECT b\n',
    "hash:{}      ": 'b@c@ REJECT b\n',
    "pcre:{{/^b c@/ REJECT}}": "",
    "pcre:{{/^\"b c\"@/ REJECT}}": "",
    "hash:{}       ": '"b c"@ REJECT b\n',
    "hash:{}        ": '"a"@example.org REJECT b\n',
    "static:REJECT": "",
    "pcre:{{/^(x)?a@/ $$1}}": "",
    "unionmap:{inline:{a@example.org=DUNNO},pcre:{{/^(x)?a@/ $$1}}}": "",
    "unionmap:{static:OK,pcre:{{/^(x)?a@/ $$1}}}": "",
}
SENDERS = ("a@example.org", '"b c"@example.org', '"b@c"@example.org',
           "b@sub.example.org")


ROWS = (("a@example.org", "REJECT x"), ("two", "x"), ("two", "y"),
        ("o'brien@example.org", "REJECT q"), ("empty", ""), ("null", None),
        ("mail", "u@sub.example.org"), ("at", "@example.org"),
        ("example.org", "DUNNO"), ("%s", "percent"), ("plain", "OK"))
# What stands behind dbpath, and what is looked up.
SQLITE = (
    "query = select v from t where k='%s'",
    "query = select v\n  from t where k = '%s'\n# a comment\n",
    "query = select v from t where k='%u'",
    "query = select v from t where k='%d'",
    "query = select '%S|%U|%D|%%'",
    "query = select '%1.%2'",
    "query = select '%3'",
    "query = select v from t where k='%s'\nresult_format = %s/%s",
    "query = select v from t where k='%s'\nresult_format = %u at %d",
    "query = select v from t where k='%s'\nresult_format = %u",
    "query = select v from t where k='%s'\nresult_format = %d %%",
    "query = select v from t where k='%s'\nresult_format = %S %U",
    "query = select v from t where k='%s'\nresult_format = <%1> %s",
    "query = select v from t where k='%s'\nexpansion_limit = 1",
    "query = select v from t where k='%s'\nexpansion_limit = 2",
    "query = select 'x'\ndomain = example.org other.example",
    "query = select 'x'\ndomain = Example.ORG",
    "select_field = v\ntable = t\nwhere_field = k",
    "select_field = v\ntable = t\nwhere_field = k\n"
    "additional_conditions = and v > 'x'",
    "query = select null",
    "query = select ''",
    "query = select 1, 2",
    "query = select v from t order by k, v",
    "query = select 1 where 0",
)
SQLITE_KEYS = (
    "a@example.org", "A@Example.ORG", "two", "o'brien@example.org", "empty",
    "null", "mail", "at", "example.org", "%s", "plain", "nobody",
    "@example.org", "a@", "a@b@example.org", "x@sub.example.org", "x@org",
    "x@.org", "x@example.org.", "x' or 'a'='a", "a b@example.org")


class SocketMap(socketserver.StreamRequestHandler):
    """Says for a key what stands in REPLIES, raw."""

    REPLIES = {
        "a@example.org": "16:OK REJECT mapped,", "plain": "5:OK OK,",
        "nothing": "9:NOTFOUND ,", "temp": "10:TEMP later,",
        "timeout": "8:TIMEOUT ,", "perm": "7:PERM no,", "odd": "5:MAYBE,",
        "raw": "OK REJECT\n", "semicolon": "9:OK REJECT;", "closes": "",
        "long": "100001:", "empty": "3:OK ,",
    }

    def handle(self):
        while True:
            length = b""
            while not length.endswith(b":"):
                more = self.rfile.read(1)
                if not more:
                    return
                length += more
            name, _, key = self.rfile.read(
                int(length[:-1])).decode().partition(" ")
            self.rfile.read(1)
            reply = self.REPLIES.get(key, "9:NOTFOUND ,")
            if name != "access":
                reply = "12:PERM no such,"
            self.wfile.write(reply.encode())
            if key in ("closes", "raw", "semicolon", "long", "odd"):
                return


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextlib.contextmanager
def socketmap():
    with Server(("127.0.0.1", 0), SocketMap) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"socketmap:inet:127.0.0.1:{server.server_address[1]}:access"
        server.shutdown()


def database():
    path = space.BASE / "tables.sqlite"
    if not path.exists():
        with contextlib.closing(sqlite3.connect(path)) as db, db:
            db.execute("create table t(k text, v text)")
            db.executemany("insert into t values(?, ?)", ROWS)
        path.chmod(0o644)
    return path


def config(name, text):
    path = space.write(space.BASE / name, f"dbpath = {database()}\n{text}\n")
    os.utime(path, (0, 0))  # what has just changed is read at leisure
    return path


class Remote(Lab):
    """postmap -q beside remote tables, key by key: it ends at a failure."""

    policy = "smtpd_recipient_restrictions = permit\n"

    def compare(self, spec, *keys):
        found, said = tables.postmap(self.mta.dir / "etc", spec, keys)
        if "fatal" in said and len(keys) > 1:
            for key in keys:
                with self.subTest(key=key):
                    self.compare(spec, key)
            return
        ours, complaints = tables.ours(spec, keys)
        if "fatal" in said:
            found = "FAILED\n"
        self.assertEqual(found, ours, said + complaints)

    def test_sqlite(self):
        for i, text in enumerate(SQLITE):
            path = config(f"sqlite{i}.cf", text)
            with self.subTest(text=text):
                self.compare(f"sqlite:{path}", *SQLITE_KEYS)

    def test_socketmap(self):
        with socketmap() as spec:
            for key in (*SocketMap.REPLIES, "else", "A@Example.ORG"):
                with self.subTest(key=key):
                    self.compare(spec, key)
            self.compare(spec + "x", "plain")
            self.compare(f"unionmap:{{static:a,{spec}}}", "plain")
            self.compare(f"pipemap:{{inline:{{b=plain}},{spec}}}", "b")


class Lookups(Lab):
    """postmap -q beside the tables of mailmum."""

    policy = "smtpd_recipient_restrictions = permit\n"

    def test_all(self):
        config = self.mta.dir / "etc"
        for seed in range(SEED, SEED + ROUNDS):
            maker = tables.Maker(seed)
            directory = space.BASE / f"tables{seed}"
            directory.mkdir()
            spec = maker.table(directory, "t")
            with self.subTest(seed=seed, spec=spec):
                found, said = tables.postmap(config, spec, maker.keys())
                ours, complaints = tables.ours(spec, maker.keys())
                if ours is None:
                    # Postfix says nothing of a regexp: "if" that begins
                    # with a backslash (mailmum.conf(5), differences)
                    silent = (spec.startswith("regexp:") and re.search(
                        r'[iI][fF]\s+!*\\', spec) and re.search(
                        r': "\\[^"]*": a rule is needed', complaints))
                    self.assertTrue(said or silent, complaints)
                elif tables.twice(spec, said):
                    if spec.startswith("texthash:"):
                        self.assertEqual("FAILED\n", ours)
                else:
                    self.assertEqual(found, ours, said)


class Replies(Lab):
    """smtpd's own check_sender_access beside mailmum's."""

    policy = "smtpd_recipient_restrictions = permit\n"

    def take(self, policy):
        self.gate.configure("".join(
            f"{k} = {v}\n" for k, v in policy.items()))
        code, text = self.gate.ctl("reload")
        self.assertEqual(0, code, text)
        self.mta.configure(policy)

    def reply(self, sender, port):
        with Smtp(zones.ADDRESS["plain"], port) as c:
            c.helo()
            c.mail(sender)
            reply = c.rcpt("bob@example.com")
            if not reply.startswith(("421", "521")):
                c.quit()
        return reply[:LINE]

    def compare(self, spec):
        self.take({"smtpd_recipient_restrictions":
                   f"check_sender_access {spec}, permit",
                   "smtpd_relay_restrictions": "reject_unauth_destination"})
        for sender in SENDERS:
            self.assertEqual(self.reply(sender, postfix.NATIVE),
                             self.reply(sender, postfix.MILTER), sender)

    def test_remote(self):
        good = config("good.cf", "query = select v from t where k='%s'")
        limited = config(
            "limited.cf", "query = select v from t\nexpansion_limit = 1")
        with socketmap() as mapped:
            for spec in (f"sqlite:{good}", f"sqlite:{limited}", mapped,
                         f"unionmap:{{sqlite:{good}, {mapped}}}",
                         f"pipemap:{{inline:{{example.org=a@example.org}}, "
                         f"{mapped}}}"):
                with self.subTest(spec=spec):
                    self.compare(spec)

    def test_all(self):
        for i, (spec, text) in enumerate(REPLIES.items()):
            spec = spec.strip()
            if text:
                path = space.write(space.BASE / f"table{i}", text)
                spec = spec.replace("{}", str(path))
                if spec.startswith(("hash:", "btree:")):
                    subprocess.run(["postmap", "-c", self.mta.dir / "etc",
                                    spec], check=True, capture_output=True)
            with self.subTest(spec=spec, text=text):
                self.compare(spec)
