"""Three MX hosts that share one greylist, by a real Redis."""

import contextlib
import itertools
import pathlib
import shutil
import socket
import time
import unittest

import gate
import nameserver
import postfix
import redis
import space
from case import OK, greylisted
from smtp import Smtp, wait_for

DELAY = 4  # seconds
EARLY = "^451 4.7.1 <.*>: .*: Greylisted, come back in [1-4] seconds?$"
PORTS = (25, 26, 27)  # of the hosts
REDIS = 6379
GONE = "the shared greylist cannot be asked"
BACK = "the shared greylist can be asked again"
POLICY = "smtpd_recipient_restrictions = greylist\n"
SETTINGS = {"greylist_store": f"sqlite, redis:127.0.0.1:{REDIS}",
            "greylist_delay": f"{DELAY}s",
            "greylist_auto_allow_count": "0",
            # however busy the machine is
            "greylist_redis_deadline": "1s"}


def socket_of(number):
    return f"/run/mx{number}.sock"


@contextlib.contextmanager
def SERVERS(native):
    """One Postfix that stands for three."""
    services = "".join(
        postfix.smtpd(port, postfix.MILTER_OF.format(socket_of(i), "tempfail"),
                      "max_use = 1", *postfix.GUARDED)
        for i, port in enumerate(PORTS))
    pathlib.Path("/run/mailmum").mkdir()
    mta = postfix.Postfix(services, native)
    dns = nameserver.Dns()
    for port in PORTS:
        wait_for("Postfix", lambda port=port: postfix.listens(port))
    try:
        yield
    finally:
        mta.stop()
        dns.stop()


class Host(gate.Gate):
    """mailmum on the number-th host."""

    def __init__(self, number, **settings):
        self.dir = space.BASE / f"mx{number}"
        shutil.rmtree(self.dir, ignore_errors=True)
        (self.dir / "state").mkdir(parents=True)
        self.conf, self.socket = self.dir / "conf", socket_of(number)
        self.arguments = ("-c", str(self.conf))
        self.log, self.errors = self.dir / "log", self.dir / "stderr"
        self.control = f"/run/mailmum/mx{number}.sock"
        self.settings = SETTINGS | {
            "milter_socket": f"unix:{self.socket}",
            "control_socket": f"unix:{self.control}",
            "state_directory": str(self.dir / "state")} | settings
        self.configure(POLICY)
        self.start()

    def request(self, line):
        """What the control socket answers."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(self.control)
            sock.sendall(line.encode() + b"\n")
            return sock.makefile().read()

    def shared(self):
        return self.stats()["shared"]

    def works(self, yes=True):
        wait_for(f"Redis to be {'' if yes else 'not '}asked",
                 lambda: self.shared()["works"] == yes)

    def told(self):
        """All that was learned here is in Redis."""
        wait_for("the queue to be empty",
                 lambda: self.shared()["queued"] == 0)


class Hosts(unittest.TestCase):
    """Each test has hosts of its own, and a Redis without a memory."""

    settings = {}
    _numbers = itertools.count(1)
    maxDiff = None

    def server(self):
        return redis.Redis(REDIS)

    def setUp(self):
        self.redis = self.server()
        self.addCleanup(self.redis.stop)
        self.hosts = []
        for number in range(len(PORTS)):
            self.hosts.append(Host(number, **self.settings))
            self.addCleanup(self.hosts[-1].end)

    def work(self, yes=True):
        for host in self.hosts:
            host.works(yes)

    def recipient(self):
        return f"r{next(self._numbers)}@example.com"

    def ask(self, number, recipient, client="203.0.113.60"):
        with Smtp(client, PORTS[number]) as c:
            c.helo()
            c.mail()
            reply = c.rcpt(recipient)
            c.quit()
        return reply

    def first(self, number, recipient, client="203.0.113.60"):
        """A first attempt.  When it was."""
        self.assertEqual(greylisted(recipient, DELAY),
                         self.ask(number, recipient, client))
        return time.time()

    def early(self, number, recipient):
        self.assertRegex(self.ask(number, recipient), EARLY)

    def passes(self, number, recipient):
        self.assertEqual(OK, self.ask(number, recipient))

    @staticmethod
    def sit_out(since):
        time.sleep(max(0, since + DELAY + 1 - time.time()))

    def agree(self):
        """A client that tries one host after the other, twice; and one that
        has been to the first alone."""
        one, two = self.recipient(), self.recipient()
        self.first(0, one)
        since = self.first(0, two)
        self.hosts[0].told()
        self.early(1, one)
        self.early(2, one)
        self.sit_out(since)
        self.passes(2, two)
        record = wait_for("the record", lambda: self.hosts[2].records(
            recipient=two))[0]
        self.assertIn(int(record["delay"]), range(DELAY, DELAY + 20))
        self.hosts[2].told()
        for number in 1, 2, 0:
            self.passes(number, one)
            self.passes(number, two)

    def said(self, number, *parts):
        return self.hosts[number].messages(*parts)

    def secret_is_kept(self, secret):
        for host in self.hosts:
            for text in (host.log.read_text(), host.stderr(),
                         host.ctl("stats", "--json")[1],
                         host.ctl("check")[1]):
                self.assertNotIn(secret, text)
            arguments = pathlib.Path(
                f"/proc/{host.process.pid}/cmdline").read_bytes()
            self.assertNotIn(secret.encode(), arguments)


class Plain(Hosts):
    def test_they_agree(self):
        self.work()
        self.agree()
        keys = self.redis.ask("KEYS", "*").split()
        self.assertTrue(keys)
        for key in keys:
            self.assertRegex(key, "^mailmum:[0-9a-f]{32}$")
            self.assertGreater(int(self.redis.ask("TTL", key)), 0)
        # what is known is nobody else's business
        asked = self.hosts[0].shared()["asked"]
        known = self.recipient()
        since = self.first(0, known)
        self.sit_out(since)
        for _ in range(3):
            self.passes(0, known)
        self.assertEqual(asked + 1, self.hosts[0].shared()["asked"])

    def test_killed(self):
        self.work()
        before, while_gone = self.recipient(), self.recipient()
        self.first(0, before)
        self.hosts[0].told()
        self.redis.kill()
        # each by itself; nothing is refused
        since = self.first(0, while_gone)
        self.early(0, before)
        self.first(1, self.recipient())
        self.work(False)
        self.sit_out(since)
        self.passes(0, before)
        self.first(2, before)
        self.redis.start()
        self.work()
        self.hosts[0].told()
        # learned while it was gone
        self.passes(1, while_gone)
        for number in range(3):
            wait_for("one line each way",
                     lambda number=number: self.said(number, BACK))
            self.assertEqual(1, len(self.said(number, GONE)))
            self.assertEqual(1, len(self.said(number, BACK)))

    def test_frozen(self):
        self.work()
        recipients = [self.recipient() for _ in range(6)]
        self.redis.freeze()
        since = [self.first(0, r) for r in recipients][-1]
        shared = self.hosts[0].shared()
        self.assertEqual(0, shared["works"], shared)
        self.assertEqual(6, shared["timeouts"] + shared["errors"]
                         + shared["skipped"], shared)
        self.assertLessEqual(shared["timeouts"], 3)
        self.assertEqual(1, len(self.said(0, GONE)))
        self.sit_out(since)
        self.passes(0, recipients[0])
        self.redis.thaw()
        self.work()
        self.hosts[0].told()
        for recipient in recipients:
            self.passes(2, recipient)

    def test_emptied(self):
        self.work()
        recipient = self.recipient()
        since = self.first(0, recipient)
        self.hosts[0].told()
        self.assertEqual("OK", self.redis.ask("FLUSHALL"))
        self.early(0, recipient)  # and it is there again
        self.hosts[0].told()
        self.assertNotEqual("0", self.redis.ask("DBSIZE"))
        self.sit_out(since)
        self.passes(1, recipient)

    def test_by_hand(self):
        self.work()
        recipient = self.recipient()
        self.first(0, recipient)
        self.hosts[0].told()
        said = self.hosts[0].request(
            "greylist-release client=203.0.113.60 sender=alice@example.org "
            f"recipient={recipient}")
        self.assertRegex(said, "^200 ")
        self.hosts[0].told()
        self.passes(1, recipient)

    def test_a_value_of_somebody_else(self):
        self.work()
        recipient = self.recipient()
        self.first(0, recipient)
        self.hosts[0].told()
        for key in self.redis.ask("KEYS", "*").split():
            self.redis.ask("DEL", key)
            self.redis.ask("RPUSH", key, "no record")
        since = self.first(1, recipient)
        self.work()
        self.sit_out(since)
        self.passes(1, recipient)
        self.assertGreater(self.hosts[1].shared()["garbage"], 0)

    def test_full(self):
        """Redis refuses to take more."""
        self.work()
        self.redis.ask("CONFIG", "SET", "maxmemory", "1")
        recipient = self.recipient()
        since = self.first(0, recipient)
        wait_for("it to be said", lambda: self.said(0, GONE, "OOM"))
        self.sit_out(since)
        self.passes(0, recipient)
        self.redis.ask("CONFIG", "SET", "maxmemory", "0")
        self.work()
        self.hosts[0].told()
        self.passes(1, recipient)


class Slow(Hosts):
    settings = {"greylist_store": "sqlite, redis:127.0.0.1:6390",
                "greylist_redis_deadline": "100ms"}

    def test_slow(self):
        line = redis.Line(6390, REDIS)
        self.work()
        line.delay = 0.3
        recipients = [self.recipient() for _ in range(5)]
        since = [self.first(0, r) for r in recipients][-1]
        self.hosts[0].works(False)
        self.sit_out(since)
        self.passes(0, recipients[0])
        self.first(2, recipients[1])
        # it is told all the same
        self.hosts[0].told()
        line.delay = 0
        self.work()
        self.passes(1, recipients[2])


class Password(Hosts):
    secret = "open-sesame-63"

    def server(self):
        self.file = space.write(space.BASE / "password", "wrong-one-17\n",
                                0o600)
        self.settings = {"greylist_redis_password_file": str(self.file)}
        return redis.Redis(REDIS, "--requirepass", self.secret,
                           cli=("--no-auth-warning", "-a", self.secret))

    def test_wrong_and_right(self):
        recipient = self.recipient()
        since = self.first(0, recipient)
        for number in range(3):
            wait_for("it to be said", lambda number=number: self.said(
                number, GONE, "WRONGPASS"))
        self.secret_is_kept("wrong-one-17")
        self.sit_out(since)
        self.passes(0, recipient)
        # no restart
        space.write(self.file, self.secret + "\n", 0o600)
        self.work()
        self.hosts[0].told()
        self.passes(1, recipient)
        self.agree()
        self.secret_is_kept(self.secret)


class Tls(Hosts):
    def server(self):
        self.tls = space.BASE / "tls"
        self.tls.mkdir(exist_ok=True)
        self.certify("ca", "-x509", "-addext",
                     "basicConstraints=critical,CA:TRUE")
        for name, address in (("redis", "127.0.0.1"), ("mx", "192.0.2.1")):
            self.certify(name, "-x509", "-CA", self.tls / "ca.pem", "-CAkey",
                         self.tls / "ca.key", "-addext",
                         f"subjectAltName=IP:{address}")
        self.settings = {
            "greylist_store": f"sqlite, rediss:127.0.0.1:{REDIS}",
            "greylist_redis_ca_file": str(self.tls / "ca.pem"),
            "greylist_redis_cert_file": str(self.tls / "mx.pem"),
            "greylist_redis_key_file": str(self.tls / "mx.key")}
        return self.speaks_as("redis")

    def speaks_as(self, name):
        files = {"ca-cert": "ca.pem", "cert": f"{name}.pem",
                 "key": f"{name}.key"}
        options = [text for what, file in files.items() for text in
                   (f"--tls-{what}-file", str(self.tls / file))]
        options[0] = "--tls-ca-cert-file"
        cli = ("--tls", "--insecure", "--cert", str(self.tls / "mx.pem"),
               "--key", str(self.tls / "mx.key"))
        return redis.Tls(REDIS, *options, cli=cli)

    def certify(self, name, *more):
        space.run("openssl", "req", "-newkey", "ec", "-pkeyopt",
                  "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                  f"/CN={name}", "-keyout", self.tls / f"{name}.key", "-out",
                  self.tls / f"{name}.pem", *more)

    def test_tls(self):
        self.work()
        self.agree()
        # somebody else in its place, with a certificate of the same CA
        self.redis.kill()
        other = self.speaks_as("mx")
        self.addCleanup(other.stop)
        wait_for("it to be said", lambda: self.said(0, GONE))
        self.first(0, self.recipient())
        self.hosts[0].works(False)
        self.assertEqual("0", other.ask("DBSIZE"))

    def test_whom_nobody_has_signed(self):
        self.work()
        strange = Host(3, **self.settings | {"greylist_redis_ca_file": ""})
        self.addCleanup(strange.end)
        said = wait_for("it to be said", lambda: strange.messages(GONE))
        self.assertRegex(said[0], "its certificate: ")


class Failover(Hosts):
    settings = {"greylist_store": "sqlite, redis:127.0.0.1:26380, "
                                  "redis:127.0.0.1:26379",
                "greylist_redis_sentinel": "mx"}

    def server(self):
        self.replica = redis.Redis(
            6380, "--replicaof", f"127.0.0.1 {REDIS}")
        self.addCleanup(self.replica.stop)
        master = redis.Redis(REDIS)
        wait_for("replication", lambda: "master_link_status:up" in
                 self.replica.ask("INFO", "replication"))
        sentinel = redis.Sentinel(26379, "mx", REDIS)
        self.addCleanup(sentinel.stop)
        wait_for("Sentinel to know the replica", lambda: "6380" in
                 sentinel.ask("SENTINEL", "replicas", "mx"))
        return master

    def test_failover(self):
        self.work()
        before = self.recipient()
        since = self.first(0, before)
        self.hosts[0].told()
        wait_for("the replica to have it", lambda: "1" ==
                 self.replica.ask("DBSIZE"))
        self.redis.kill()
        for number in range(3):
            wait_for("it to be said", lambda number=number: self.said(
                number, GONE))
        wait_for("the failover", lambda: "role:master" in
                 self.replica.ask("INFO", "replication"))
        self.work()
        self.sit_out(since)
        self.passes(1, before)
        self.agree()

