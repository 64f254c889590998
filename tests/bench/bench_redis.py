"""Several hosts behind one Redis: how soon they agree, what a mail loses when
Redis is gone, and what is lost once that is known."""

import json
import pathlib
import signal
import socket
import subprocess
import sys
import time

import bench
import space

sys.path.append(str(pathlib.Path(__file__).parents[1] / "daemon"))
import mta  # pylint: disable=wrong-import-position

PORT = 6379
AGREED, COST, RATIO = 100, 50, 1.05  # ms, ms, the p50 beside that without
POLICY = "smtpd_recipient_restrictions = greylist\ngreylist_exceptions =\n"
SHARED = f"greylist_store = sqlite, redis:127.0.0.1:{PORT}\n"
CLIENT, SENDER = "192.0.2.9", "<a@example.org>"


class Redis:
    def __init__(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(PORT), "--bind", "127.0.0.1",
             "--save", "", "--dir", str(space.BASE)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        bench.await_true("Redis", self._listens)
        self.line = socket.create_connection(("127.0.0.1", PORT))

    @staticmethod
    def _listens():
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", PORT)) == 0

    def size(self):
        self.line.sendall(b"DBSIZE\r\n")
        return int(self.line.recv(64)[1:])

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.wait()


class Host:
    def __init__(self, name, more):
        self.name = name
        self.gate = bench.gate(POLICY + more, name)
        self.control = self.gate.home(name) / "control.sock"
        bench.await_true(f"{name} to listen", self.control.exists)

    def shared(self):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(self.control))
            sock.sendall(b"stats\n")
            text = sock.makefile().read()
        return json.loads(text.partition("\n")[2])["shared"]

    def works(self, yes):
        bench.await_true(f"{self.name} to {'' if yes else 'not '}ask Redis",
                         lambda: self.shared()["works"] == yes)

    def rcpt(self, recipient):
        """ms that RCPT takes; it is greylisted."""
        with mta.Mta(str(self.gate.socket)) as session:
            session.connect(CLIENT)
            session.helo()
            session.mail(SENDER)
            begin = time.perf_counter()
            reply = session.rcpt(f"<{recipient}@example.com>")
            took = time.perf_counter() - begin
        if not reply.startswith("451"):
            raise SystemExit(f"{self.name} answered {reply}")
        return took * 1000


def agree(redis, hosts, n):
    """ms from the first host's reply to the last one's, which knows."""
    took = []
    before = [host.shared()["found"] for host in hosts]
    for i in range(n):
        size = redis.size()
        hosts[0].rcpt(f"agree{i}")
        begin = time.perf_counter()
        while redis.size() == size:
            pass
        for host in hosts[1:]:
            host.rcpt(f"agree{i}")
        took.append((time.perf_counter() - begin) * 1000)
    for host, found in zip(hosts[1:], before[1:]):
        if host.shared()["found"] != found + n:
            raise SystemExit(f"{host.name} did not know: {host.shared()}")
    return took


def at_once(hosts, n):
    """How often the second host knows, when it is asked straight away."""
    before = hosts[1].shared()["found"]
    for i in range(n):
        hosts[0].rcpt(f"once{i}")
        hosts[1].rcpt(f"once{i}")
    return hosts[1].shared()["found"] - before


def misses(redis, host, rounds):
    """ms of the mails that find out that Redis is frozen."""
    took = []
    for i in range(rounds):
        host.works(True)
        redis.freeze()
        for k in range(10):
            asked = host.shared()["asked"]
            ms = host.rcpt(f"frozen{i}-{k}")
            if host.shared()["asked"] > asked:
                took.append(ms)
        host.works(False)
        redis.thaw()
    return took


def side_by_side(hosts, n, name):
    """The same mail at each in turn; the ms of each."""
    took = [[] for _ in hosts]
    for i in range(n):
        for k in range(len(hosts)):
            k = (k + i) % len(hosts)
            took[k].append(hosts[k].rcpt(name.format(i)))
    return took


def percentile(values, p):
    return sorted(values)[int(len(values) * p)]


def row(name, values):
    return [name, f"{bench.median(values):.2f}",
            f"{percentile(values, 0.99):.2f}", f"{max(values):.2f}"]


def main():
    args = bench.options(
        __doc__, ("--mails", int, 2000, "of each kind and store"),
        ("--rounds", int, 5, "of a Redis that freezes"))
    bench.title("several hosts behind one Redis (7.0; Valkey was not run)")
    bench.furnish()
    bench.Dns({})
    redis = Redis()
    hosts = [Host(f"mx{i}", SHARED) for i in (1, 2, 3)]
    alone = Host("alone", "")
    for host in hosts:
        host.works(True)
    rows = []
    usual = [alone.rcpt(f"usual{i}") for i in range(200)]
    rows.append(row("a new mail, without Redis", usual))
    both = side_by_side([alone, hosts[0]], args.mails, "asked{}")
    rows.append(row("  beside it, Redis is asked", both[1]))
    agreed = agree(redis, hosts, 200)
    rows.append(row("from one host's reply to the third's", agreed))
    once = at_once(hosts, 200)
    frozen = misses(redis, hosts[0], args.rounds)
    rows.append(row("a new mail that finds Redis frozen", frozen))
    redis.kill()
    hosts[0].works(False)
    new = side_by_side([alone, hosts[0]], args.mails, "gone{}")
    early = side_by_side([alone, hosts[0]], args.mails, "gone0")
    for what, (without, with_) in (("new", new), ("early", early)):
        rows.append(row(f"{what} mail, no Redis in the settings", without))
        rows.append(row("  Redis gone, and that is known", with_))
    bench.table(["ms of RCPT", "p50", "p99", "most"], rows)
    cost = max(frozen) - bench.median(usual)
    ratios = [bench.median(b) / bench.median(a) for a, b in (new, early)]
    print(f"asked straight away, the second host knew {once} of 200")
    print(f"three hosts agree within {max(agreed):.1f} ms; target < {AGREED}: "
          f"{bench.verdict(max(agreed) < AGREED)}")
    print(f"a miss costs {cost:.1f} ms at most, {len(frozen)} of "
          f"{args.rounds * 10} mails paid it; target <= {COST}: "
          f"{bench.verdict(cost <= COST)}")
    print("p50 with Redis gone beside that without: "
          + ", ".join(f"{r:.3f}" for r in ratios)
          + f"; target <= {RATIO}: "
          f"{bench.verdict(max(ratios) <= RATIO)}")


main()
