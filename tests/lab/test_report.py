"""mailmumctl report on what a real daemon has just logged, to a file, to a
real journal and to syslog; and its page in a real browser."""

import json
import time
import unittest

import browser
import logd
import space
import zones
from case import OK, Lab
from smtp import Smtp, wait_for

POLICY = """
smtpd_recipient_restrictions =
  permit_dnswl_client list.dnswl.org=127.0.[0..255].[1..3],
  warn_if_reject reject_rbl_client psbl.surriel.com,
  reject_rbl_client zen.spamhaus.org,
  reject_rbl_client bl.mailspike.net,
  reject_unknown_sender_domain,
  greylist
"""
DELAY = 1  # seconds
SCRIPT = '"<script>document.title=1</script><img src=x onerror=alert(1)>"'
SESSIONS = [("allowed", "alice@example.org"), ("listed", "alice@example.org"),
            ("listed", f"{SCRIPT}@example.org"),
            ("listed6", "bob@example.org"), ("psbl", "alice@example.org"),
            ("plain", "x@h.tempfail.example.org"), ("plain", "")]
# What no two runs have in common.
TIMES = ("log", "since", "until", "first", "last", "wait_ms", "said", "days",
         "hours", "lines")

missing = logd.missing


def setUpModule():
    logd.enter()


class Report(Lab):
    policy = POLICY
    settings = {"greylist_delay": f"{DELAY}s"}

    @classmethod
    def setUpClass(cls):
        cls.journald = logd.Journald()
        super().setUpClass()

    def session(self, client, sender):
        with Smtp(zones.ADDRESS[client]) as c:
            c.helo()
            c.mail(sender)
            reply = c.rcpt("r@example.com")
            c.quit()
        return reply

    def hold_sessions(self):
        for client, sender in SESSIONS:
            self.session(client, sender)
        time.sleep(DELAY + 1)
        self.assertEqual(OK, self.session("plain", ""))

    def run_with(self, log_to):
        """Sessions under a new daemon, which then has ended."""
        if self.gate.process.poll() is None:
            self.gate.stop()
        space.run("sh", "-c", f"rm -f {space.BASE}/state/*")
        self.gate.configure(self.policy, log_to=log_to)
        self.gate.start()
        self.hold_sessions()
        self.gate.stop()

    def sums(self, *args):
        code, text = self.gate.ctl("report", "--json", *args)
        self.assertEqual(0, code, text)
        return json.loads(text)

    def test_sums(self):
        """From all three outlets they are the same."""
        begun = time.strftime("%Y-%m-%d %H:%M:%S")
        log = space.BASE / "report.json"
        self.run_with(f"json:{log}")
        sums = self.sums()  # where log_to says
        self.assertEqual(str(log), sums["log"])
        totals = sums["totals"]
        self.assertEqual((8, 2, 3, 1, 2, 1), tuple(totals[k] for k in (
            "judged", "accept", "reject", "defer", "greylist", "warn")))
        self.assertEqual((0, 0, 0), tuple(sums["lines"][k] for k in (
            "foreign", "malformed", "outside")))
        self.assertEqual((2, 2, 1, 1), tuple(sums["greylist"][k] for k in (
            "told", "triplets", "passed", "not_back")))
        self.assertIn(sums["greylist"]["delay_seconds"]["p50"],
                      range(DELAY, DELAY + 30))
        lists = {row["list"]: row for row in sums["lists"]}
        self.assertEqual(3, lists["zen.spamhaus.org"]["refused"])
        self.assertEqual((1, 1), tuple(lists["psbl.surriel.com"][k] for k in (
            "softened", "alone")))

        self.run_with("journal")
        wait_for("the end of the journal", lambda: any(
            entry["MESSAGE"] == b"stopping"
            for entry in self.journald.entries()))
        journal = self.sums("--since", begun)
        self.assertEqual("the journal", journal["log"])
        self.assertEqual(journal, self.sums(
            "--since", begun, str(self.journald.path())) | {
                "log": "the journal", "until": journal["until"]})
        self.assert_same(sums, journal)

        self.journald.stop()
        self.addCleanup(self.journald.start)
        syslogd = logd.Syslogd(space.BASE / "mail.log")
        self.addCleanup(syslogd.stop)
        self.run_with("syslog")
        wait_for("all lines", lambda: "stopping" in syslogd.lines())
        self.assert_same(sums, self.sums("--since", begun,
                                         str(syslogd.path)))
        self.gate.start()

    def assert_same(self, one, other):
        def cut(sums):
            sums = {k: v for k, v in sums.items() if k not in TIMES}
            # a list that has answered late is not known to have it, too
            lists = [(row["list"], row["refused"], row["softened"],
                      row["let_in"]) for row in sums["lists"]]
            return sums | {"lists": lists, "greylist": {
                k: v for k, v in sums["greylist"].items()
                if k != "delay_seconds"}}
        self.assertEqual(cut(one), cut(other))

    @staticmethod
    def lines(log):
        """The records of a file, as far as their lines are whole."""
        text = log.read_text() if log.exists() else ""
        return [json.loads(line) for line in text.splitlines(True)
                if line.endswith("\n") and '"action"' in line]

    def test_lists_behind(self):
        """What else is listed, once all answers are in the cache."""
        log = space.BASE / "behind.json"
        if self.gate.process.poll() is None:
            self.gate.stop()
        self.gate.configure(self.policy, log_to=f"json:{log}")
        self.gate.start()
        def also(client):
            self.assertIn("zen.spamhaus.org", self.session(client, "x@y.org"))
            lines = wait_for("its record", lambda: self.lines(log)[n[0]:])
            n[0] += 1
            return lines[0].get("also")

        n = [0]
        for client, others in (("listed", "none"),
                               ("listed3", "bl.mailspike.net")):
            self.assertEqual(others, wait_for(
                "both answers in the cache", lambda: also(client)))
        self.gate.stop()
        lists = {row["list"]: row for row in self.sums(str(log))["lists"]}
        zen, mailspike = lists["zen.spamhaus.org"], lists["bl.mailspike.net"]
        self.assertEqual(n[0], zen["refused"])
        self.assertGreaterEqual(zen["alone"], 1)
        self.assertGreaterEqual(zen["elsewhere"], 1)
        self.assertEqual(zen["elsewhere"], mailspike["behind"])
        self.assertEqual({"zen.spamhaus.org": zen["elsewhere"]},
                         mailspike["both"])
        self.assertEqual(0, mailspike["refused"])
        self.gate.start()

    @unittest.skipUnless(browser.find(), "chromium is not installed")
    def test_page(self):
        """It is laid out, in light and dark, wide and narrow; nothing that a
        stranger has sent is code, and nothing is fetched."""
        log = space.BASE / "page.json"
        self.run_with(f"json:{log}")
        self.gate.start()
        code, text = self.gate.ctl("report", "--html", str(log))
        self.assertEqual(0, code)
        page = space.write(space.BASE / "report.html", text)
        shown = browser.Browser()
        self.addCleanup(shown.stop)
        for width, dark in (1200, False), (400, False), (1200, True):
            with self.subTest(width=width, dark=dark):
                shown.open(page, width, dark=dark)
                self.assert_laid_out(shown, width)
        self.assertEqual("rgb(18, 21, 28)", shown.ask(
            "getComputedStyle(document.body).backgroundColor"))

    def assert_laid_out(self, shown, width):
        self.assertEqual([], shown.happened("Log.entryAdded"))
        self.assertEqual([], shown.happened("Runtime.exceptionThrown"))
        self.assertEqual([], shown.happened("Page.javascriptDialogOpening"))
        self.assertEqual(1, len(shown.happened("Network.requestWillBeSent")))
        self.assertEqual("mailmum report", shown.ask("document.title"))
        self.assertEqual(0, shown.ask(
            "document.querySelectorAll('script, img').length"))
        self.assertIn("<script>document.title=1</script>", shown.ask(
            "document.body.innerText"))
        # nothing sticks out, charts have a size, their parts are in them
        self.assertLessEqual(shown.ask(
            "document.documentElement.scrollWidth"), width)
        boxes = shown.ask("""
            [...document.querySelectorAll('svg')].map(svg => {
              const box = svg.getBoundingClientRect();
              const parts = [...svg.querySelectorAll('rect')].map(
                rect => rect.getBoundingClientRect());
              return [box.width, box.height, parts.length, parts.every(
                p => p.left >= box.left - 1 && p.right <= box.right + 1 &&
                     p.top >= box.top - 1 && p.bottom <= box.bottom + 1)]; })
            """)
        self.assertEqual(4, len(boxes))
        for wide, high, parts, inside in boxes:
            self.assertGreater(wide, width / 2)
            self.assertGreater(high, 10)
            self.assertGreater(parts, 0)
            self.assertTrue(inside)
