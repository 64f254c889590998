"""The daemon's numbers: as JSON, and as Prometheus itself reads them."""
import contextlib
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import unittest
from http.client import HTTPConnection

from gate import Gate, PATIENCE, free_port, until
from mta import session

try:
    from prometheus_client.openmetrics import parser
except ImportError:
    parser = None

PROMTOOL = shutil.which("promtool", path=os.environ["PATH"] + ":" + str(
    pathlib.Path(os.environ["UNPACKED"]) / "usr/bin"))
ODD = 'check_client_access inline:{ { 192.0.2.6 = REJECT "no" \\o/ } }'
# two zones of one label: the text must not name it twice
POLICY = r"""
dnsxl_labels = key.bl.example=bl.example, old.bl.example=bl.example

smtpd_client_restrictions =
    check_client_access inline:{ { 192.0.2.2 = REJECT no },
        { 192.0.2.3 = DEFER later }, { 192.0.2.5 = DISCARD } }
    %s
    warn_if_reject reject_plaintext_session
    reject_rbl_client key.bl.example
    reject_rbl_client old.bl.example
    reject_rbl_client other.example
smtpd_recipient_restrictions = greylist
""" % ODD
SAMPLE = re.compile(r"^([a-z_]+)(\{.*\})? (\S+)$")


def ctl(gate, *options):
    done = subprocess.run(
        [os.environ["MAILMUMCTL"], "-c", gate.config, "stats", *options],
        capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0 and not done.stderr, done
    return done.stdout


def samples(text):
    """Each sample of the text, and that there is none twice."""
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, labels, value = SAMPLE.match(line).groups("")
            assert name + labels not in found, line
            found[name + labels] = float(value)
    return found


class Numbers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gate = cls.enterClassContext(Gate(POLICY))
        for host in 2, 2, 3, 5, 6, 9:
            session(cls.gate.milter, f"192.0.2.{host}")
        until(lambda: all(row["asked"] for row in cls.gate.stats()["lists"]),
              "an answer of each list")

    def test_restrictions(self):
        rows = {row.pop("restriction"): {k: v for k, v in row.items() if v}
                for row in self.gate.stats()["restrictions"]}
        access = next(r for r in rows if "192.0.2.5" in r)
        self.assertEqual({"reject": 2, "defer": 1, "discard": 1},
                         rows[access])
        self.assertEqual({"reject": 1}, rows[ODD])
        self.assertEqual({"greylist": 1}, rows["greylist"])
        # it has nothing decided, and stands there
        self.assertEqual({}, rows["reject_rbl_client other.example"])
        self.assertNotIn("permit", rows)

    def test_samples(self):
        found = samples(ctl(self.gate, "--openmetrics"))
        odd = ODD.replace("\\", "\\\\").replace('"', '\\"')
        for sample, value in (
                (f'verdicts_total{{stage="RCPT",action="reject",rule="{odd}"}}',
                 1),
                ('verdicts_total{stage="RCPT",action="greylist",'
                 'rule="greylist"}', 1),
                ("sessions_total", 6),
                ('greylist_events_total{event="new"}', 1),
                ("greylist_delay_seconds_count", 0),
                ("greylist_entries", self.gate.stats()["store"]["records"]),
                ('dnslist_duration_seconds_count{list="bl.example"}', 2),
                ('dnslist_duration_seconds_bucket{list="bl.example",'
                 'le="+Inf"}', 2),
                ('dnslist_state{list="bl.example",state="fine"}', 1)):
            self.assertEqual(value, found["mailmum_" + sample], sample)
        for name, n in ("bl.example", 2), ("other.example", 1):
            # nobody is there, or has not said so in time
            self.assertEqual(n, sum(found[
                f'mailmum_dnslist_queries_total{{list="{name}",result="{r}"}}']
                for r in ("failure", "timeout")))
        self.assertEqual(6, sum(v for k, v in found.items() if k.startswith(
            "mailmum_verdicts_total")))
        # the same numbers, whoever asks
        other = samples(ctl(self.gate, "--prometheus"))
        self.assertEqual(found.keys(), other.keys())

    def test_strangers_are_no_labels(self):
        before = samples(ctl(self.gate, "--openmetrics")).keys()
        for n in range(20):
            session(self.gate.milter, f"198.51.100.{n}", f"h{n}.example",
                    f"helo{n}.example", f"<s{n}@example.org>",
                    f"<r{n}@example.net>")
        after = samples(ctl(self.gate, "--openmetrics")).keys()
        self.assertEqual(before, after)

    @unittest.skipUnless(parser, "there is no python3-prometheus-client")
    def test_openmetrics_strictly(self):
        text = ctl(self.gate, "--openmetrics")
        families = {f.name: f for f in
                    parser.text_string_to_metric_families(text)}
        self.assertEqual("counter", families["mailmum_verdicts"].type)
        self.assertEqual("info", families["mailmum_build"].type)
        self.assertEqual("seconds",
                         families["mailmum_dnslist_duration_seconds"].unit)
        self.assertIn(ODD, [s.labels["rule"] for s in
                            families["mailmum_verdicts"].samples])
        self.assertTrue(all(f.documentation for f in families.values()))

    @unittest.skipUnless(PROMTOOL, "there is no promtool")
    def test_promtool(self):
        """Not one complaint about the text for node_exporter."""
        done = subprocess.run(
            [PROMTOOL, "check", "metrics"], capture_output=True, text=True,
            input=ctl(self.gate, "--prometheus"))
        self.assertEqual((0, "", ""),
                         (done.returncode, done.stdout, done.stderr))

    @unittest.skipUnless(PROMTOOL, "there is no promtool")
    def test_prometheus_takes_openmetrics(self):
        """Its own parser, into its own database, and out again."""
        text = "".join(
            line + ("" if line.startswith("#") else " 1700000000") + "\n"
            for line in ctl(self.gate, "--openmetrics").splitlines())
        with tempfile.TemporaryDirectory() as tmp:
            path = pathlib.Path(tmp, "in")
            path.write_text(text)
            os.makedirs(tmp + "/db/wal")
            for args in (("create-blocks-from", "openmetrics", path,
                          tmp + "/db"), ("dump", tmp + "/db")):
                done = subprocess.run([PROMTOOL, "tsdb", *args],
                                      capture_output=True, text=True)
                self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual(len(samples(text.replace(" 1700000000", ""))),
                         len(done.stdout.splitlines()))


HTTP = """
smtpd_recipient_restrictions = permit
metrics_listen = inet:{port}@127.0.0.1
"""


class Listener(unittest.TestCase):
    def start(self, policy=HTTP, settings=""):
        """On a port that was free just now."""
        self.port = free_port()
        gate = Gate(policy.format(port=self.port), settings)
        return self.enterContext(gate)

    def ask(self, path, method="GET", body=None, **headers):
        http = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        self.addCleanup(http.close)
        http.request(method, path, body, headers)
        answer = http.getresponse()
        return answer.status, answer.headers, answer.read().decode()

    def test_metrics(self):
        gate = self.start()
        session(gate.milter)
        status, headers, text = self.ask("/metrics")
        self.assertEqual((200, "text/plain; version=0.0.4; charset=utf-8"),
                         (status, headers["Content-Type"]))
        self.assertEqual(1, samples(text)["mailmum_sessions_total"])
        self.assertNotIn("# EOF", text)
        status, headers, text = self.ask(
            "/metrics?x=y", Accept="application/openmetrics-text;"
            "version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1")
        self.assertEqual(
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            headers["Content-Type"])
        self.assertEqual(samples(ctl(gate, "--openmetrics")), samples(text))
        self.assertTrue(text.endswith("\n# EOF\n"))

    def test_what_else_is_asked(self):
        gate = self.start()
        self.assertEqual((200, "ok\n"), self.ask("/healthz")[::2])
        self.assertEqual((200, ""), self.ask("/healthz", "HEAD")[::2])
        self.assertEqual(404, self.ask("/")[0])
        self.assertEqual(404, self.ask("/metrics/..")[0])
        status, headers, _ = self.ask("/metrics", "POST", b"x" * 100000)
        self.assertEqual((405, "GET, HEAD"), (status, headers["Allow"]))
        self.assertEqual(405, self.ask("/metrics", "DELETE")[0])
        for junk in b"\0" * 9, b"GET\n\n", b"GET /" + b"x" * 100000:
            with socket.create_connection(("127.0.0.1", self.port)) as s:
                with contextlib.suppress(ConnectionError):
                    s.sendall(junk + b"\r\n\r\n")
        self.assertEqual(200, self.ask("/metrics")[0])
        self.assertEqual("continue", session(gate.milter))

    def test_many_connections_are_not_in_the_way_of_mail(self):
        gate = self.start()
        fds = f"/proc/{gate.process.pid}/fd"
        before = len(os.listdir(fds))
        with contextlib.ExitStack() as stack:
            for _ in range(100):
                s = stack.enter_context(socket.socket())
                s.setblocking(False)
                s.connect_ex(("127.0.0.1", self.port))
            # however many come, few are taken
            self.assertLess(len(os.listdir(fds)), before + 20)
            self.assertEqual("continue", session(gate.milter))
            self.assertIn("sessions", gate.counters())
        self.assertEqual(200, self.ask("/healthz")[0])

    def test_scrapes_while_it_works(self):
        """Mail, reloads with other restrictions, scrapes: none hinders the
        others, and no number is lost."""
        gate = self.start()
        stop = threading.Event()
        scrapes = []

        def scrape():
            while not stop.is_set():
                scrapes.append(self.ask("/metrics")[0])

        threads = [threading.Thread(target=scrape) for _ in range(4)]
        for thread in threads:
            thread.start()
        for n in range(10):
            self.assertEqual("continue", session(gate.milter))
            gate.configure("smtpd_recipient_restrictions = "
                           f"check_client_access inline:{{{{x{n}=OK}}}}\n"
                           f"metrics_listen = inet:{self.port}@127.0.0.1\n")
            self.assertEqual(200, gate.control(b"reload\n")[0])
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual({200}, set(scrapes))
        found = samples(self.ask("/metrics")[2])
        self.assertEqual(10, found["mailmum_reloads_total"])
        self.assertEqual(10, sum(v for k, v in found.items() if
                                 k.startswith("mailmum_verdicts_total")))
        self.assertEqual(11, len([
            row for row in gate.stats()["restrictions"]
            if row["restriction"].startswith(("permit", "check_client"))]))

    def test_trouble_is_said(self):
        gate = self.start(
            "smtpd_recipient_restrictions = greylist\n"
            "metrics_listen = inet:{port}@127.0.0.1\n",
            "state_directory = {dir}/mailmum.conf")
        status, headers, text = self.ask("/healthz")
        self.assertEqual(503, status)
        self.assertEqual("greylist store fails; mail passes without it\n",
                         text)
        self.assertEqual("continue", session(gate.milter))

    def test_a_port_that_is_taken(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            gate = Gate(HTTP.format(port=port))
            self.addCleanup(shutil.rmtree, gate.dir)
            gate.start(wait=False)
            self.assertEqual(71, gate.process.wait(PATIENCE))
            self.assertIn(f"metrics_listen: inet:{port}@127.0.0.1: Address "
                          "already in use", gate.errors())

    def test_not_for_others(self):
        gate = Gate("metrics_listen = inet:9187@0.0.0.0\n")
        self.addCleanup(shutil.rmtree, gate.dir)
        gate.start(wait=False)
        self.assertEqual(78, gate.process.wait(PATIENCE))
        self.assertIn("metrics_listen_public", gate.errors())


if __name__ == "__main__":
    unittest.main()
