"""A real Prometheus scrapes the daemon, and is asked what it has got."""
import json
import os
import pathlib
import shutil
import subprocess
import unittest
from http.client import HTTPConnection
from urllib.parse import quote

from gate import Gate, PATIENCE, free_port, until
from mta import session

PROMETHEUS = shutil.which("prometheus", path=os.environ["PATH"] + ":" + str(
    pathlib.Path(os.environ["UNPACKED"]) / "usr/bin"))
POLICY = """
smtpd_recipient_restrictions = permit
metrics_listen = inet:%d@127.0.0.1
"""
SCRAPES = """
scrape_configs:
  - job_name: mailmum
    scrape_interval: 1s
    scrape_timeout: 1s
    static_configs: [ { targets: [ "127.0.0.1:%d" ] } ]
"""


@unittest.skipUnless(PROMETHEUS, "there is no Prometheus")
class Prometheus(unittest.TestCase):
    def setUp(self):
        ours, self.port = free_port(), free_port()
        self.gate = self.enterContext(Gate(POLICY % ours))
        self.gate.replace("prometheus.yml", SCRAPES % ours)
        with open(self.gate.path("prometheus.log"), "wb") as log:
            self.process = subprocess.Popen(
                [PROMETHEUS, "--config.file", self.gate.path("prometheus.yml"),
                 "--storage.tsdb.path", self.gate.path("tsdb"),
                 f"--web.listen-address=127.0.0.1:{self.port}"], stderr=log)
        self.addCleanup(self.process.wait, PATIENCE)
        self.addCleanup(self.process.kill)

    def query(self, text):
        """What it answers to an expression; nothing while it is starting."""
        self.assertIsNone(self.process.poll(), "Prometheus has ended")
        http = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            http.request("GET", "/api/v1/query?query=" + quote(text))
            return json.load(http.getresponse())["data"]["result"]
        except (ConnectionError, KeyError, ValueError):
            return None
        finally:
            http.close()

    def test_scrapes(self):
        session(self.gate.milter)
        session(self.gate.milter)
        verdicts, = until(lambda: self.query("mailmum_verdicts_total"),
                          "a scrape")
        self.assertEqual(("RCPT", "accept", "permit", "2"),
                         (*(verdicts["metric"][label] for label in
                            ("stage", "action", "rule")),
                          verdicts["value"][1]))
        self.assertEqual("1", self.query("up")[0]["value"][1])
        self.assertIn("version", self.query("mailmum_build_info")[0][
            "metric"])


if __name__ == "__main__":
    unittest.main()
