"""mailmumctl report from the outside: where it finds the log, what it makes
of it, and that nothing in a log gets out of its place.

usage: test_report.py MAILMUMCTL
"""
import gzip
import html.parser
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import unittest

CTL = sys.argv[1]
NOW = int(time.time())
HOSTILE = '"><script>alert(1)</script>&\x1b[31m\u202e'


def quoted(text):
    return '"' + "".join(
        c if " " <= c <= "~" and c not in '"\\' else
        "\\" + c if c in '"\\' else
        "".join(f"\\x{b:02X}" for b in c.encode()) for c in text) + '"'


def record(action, reason, number, **more):
    fields = {"action": action, "reason": reason, "stage": "RCPT",
              "client_name": "unknown", "client_address": "192.0.2.1",
              "helo": "x", "sender": "s@example.org",
              "recipient": "r@example.com"}
    fields |= more | {"wait": "0.020", "session": str(number)}
    return fields


RECORDS = [
    record("accept", "end of list", 1, delay="600"),
    record("accept", "permit_dnswl_client w.example", 2, list="w.example",
           client_name="mail.example.org"),
    record("warn", "warn_if_reject reject_rbl_client a.example", 3,
           list="a.example"),
    record("reject", "reject_rbl_client b.example", 3, list="b.example"),
    record("reject", "reject_rbl_client b.example", 4, list="b.example",
           also="none",
           client_address="192.0.2.2", sender=HOSTILE),
    record("defer", "reject_unknown_sender_domain", 5),
    record("greylist", "greylist", 6, missed="a.example,b.example"),
    record("discard", "check_sender_access hash:x", 7),
    record("quarantine", "check_sender_access hash:x", 8),
]


def syslog_line(fields, at):
    return (time.strftime("%b %e %H:%M:%S", time.localtime(at))
            + " mx mailmum[7]: " + " ".join(
                f"{k}={quoted(v)}" for k, v in fields.items()) + "\n")


def json_line(fields, at):
    when = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(at))
    return json.dumps({"time": when} | fields, ensure_ascii=False) + "\n"


def written(make, at=NOW - 60):
    return "".join(make(fields, at) for fields in RECORDS)


class Page(html.parser.HTMLParser):
    """What a page has: its tags, and whether they close as they should."""

    VOID = ("meta", "br", "line", "rect")

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.text = [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        while self.open and self.open[-1] in ("rect", "line"):
            self.open.pop()
        if tag in ("rect", "line"):
            return
        assert self.open and self.open[-1] == tag, (tag, self.open)
        self.open.pop()

    def handle_data(self, data):
        self.text += data


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.directory = scratch.name
        self.log = os.path.join(self.directory, "mail.log")

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, text, name="mail.log", changed=None):
        path = self.path(name)
        data = text.encode("utf-8", "surrogateescape")
        with (gzip.open if name.endswith(".gz") else open)(path, "wb") as f:
            f.write(data)
        if changed:
            os.utime(path, (changed, changed))
        return path

    def run_ctl(self, *args, code=0, text=None):
        done = subprocess.run(
            [CTL, "report", *args], capture_output=True, timeout=60,
            **({"input": text.encode()} if text is not None
               else {"stdin": subprocess.DEVNULL}))
        self.assertEqual(code, done.returncode, done.stderr)
        self.assertNotIn(b"Sanitizer", done.stderr)
        return (done.stdout if code == 0 else done.stderr).decode()

    def sums(self, *args, **more):
        return json.loads(self.run_ctl("--json", *args, **more))


class Sums(Case):
    def test_forms_say_the_same(self):
        """A syslog file, JSON, gzipped or not, and the standard input."""
        texts = {"mail.log": written(syslog_line),
                 "r.json": written(json_line),
                 "mail.log.1.gz": written(syslog_line),
                 "rfc.log": "".join(
                     time.strftime("%Y-%m-%dT%H:%M:%S.123+00:00",
                                   time.gmtime(NOW - 60)) + line[15:]
                     for line in written(syslog_line).splitlines(True))}
        found = []
        for name, text in texts.items():
            sums = self.sums(self.write(text, name))
            self.assertEqual(self.path(name), sums.pop("log"))
            found.append(sums)
        sums = self.sums("-", text=written(syslog_line))
        self.assertEqual("standard input", sums.pop("log"))
        found.append(sums)
        for other in found[1:]:
            self.assertEqual(found[0], other)

    def test_sums(self):
        sums = self.sums(self.write(
            written(syslog_line)
            + "Nov  1 00:00:00 mx postfix/smtpd[1]: mailmum[7]: action=x\n"
            + syslog_line(RECORDS[0], NOW)[:60] + "\n"
            + syslog_line({}, NOW - 60)[:-1] + "list a: does not answer\n"))
        totals = sums["totals"]
        self.assertEqual(
            (8, 2, 2, 1, 1, 1, 1, 1),
            tuple(totals[k] for k in (
                "judged", "accept", "reject", "defer", "greylist", "discard",
                "quarantine", "warn")))
        self.assertEqual((2, 2, 1), tuple(
            totals[k] for k in ("clients", "senders", "recipients")))
        self.assertEqual({"records": 9, "notices": 1, "foreign": 1,
                          "malformed": 1, "outside": 0}, sums["lines"])
        lists = {row["list"]: row for row in sums["lists"]}
        self.assertEqual({"list": "b.example", "refused": 2, "put_off": 0,
                          "softened": 0, "behind": 0, "alone": 1,
                          "elsewhere": 1,
                          "let_in": 0, "missed": 1,
                          "both": {"a.example": 1}}, lists["b.example"])
        self.assertEqual(1, lists["w.example"]["let_in"])
        self.assertEqual({"told": 1, "triplets": 1, "passed": 1,
                          "not_back": 0, "delay_seconds": {
                              "n": 1, "least": 600, "p50": 600, "p90": 600,
                              "p95": 600, "p99": 600, "most": 600}},
                         sums["greylist"])
        self.assertEqual(20, sums["wait_ms"]["p50"])
        self.assertEqual([{"key": "192.0.2.1", "count": 4, "reject": 1,
                           "defer": 1, "greylist": 1, "discard": 1},
                          {"key": "192.0.2.2", "count": 1, "reject": 1}],
                         sums["clients_turned_away"])
        self.assertEqual([{"text": "list a: does not answer", "count": 1}],
                         sums["said"])
        hour = time.localtime(NOW - 60).tm_hour
        self.assertEqual(2, sums["hours"][hour]["accept"])

    def test_empty(self):
        path = self.write("")
        self.assertEqual(0, self.sums(path)["totals"]["judged"])
        self.assertIn("0           recipients judged", self.run_ctl(path))
        Page(self.run_ctl("--html", path))

    def test_nothing_of_mailmum(self):
        said = "lines, and none as mailmum writes it to syslog or json:"
        text = written(syslog_line)
        self.assertIn(f"         2           {said}\n", self.run_ctl(
            self.write("action=accept reason=x\nhello\n")))
        self.assertNotIn(said, self.run_ctl(self.write("hello\n" + text)))

    def test_odd_lines(self):
        """NUL bytes, lines without end, and what is no text at all."""
        text = written(syslog_line)
        path = self.write("x" * 100000 + "\n" + text[:-1])
        self.assertEqual(9, self.sums(path)["lines"]["records"])
        path = self.write("\0\0\0\n" + text + "\udcff\udcfe\n{\n" + "{" * 99999)
        self.assertEqual((9, 2), tuple(self.sums(path)["lines"][k] for k in (
            "records", "malformed")))
        self.write("no gzip", "x.gz")
        self.assertEqual(0, self.sums(self.path("x.gz"))["totals"]["judged"])
        with open(self.write(text, "cut.gz"), "r+b") as f:
            f.truncate(os.path.getsize(f.name) - 20)
        self.assertIn("cut.gz: ", self.run_ctl(f.name, code=66))


class Period(Case):
    def test_since_and_until(self):
        day = 86400
        self.write("".join(syslog_line(RECORDS[0], NOW - n * day)
                           for n in (9, 5, 3, 1)), changed=NOW)
        cases = [([], 4), (["--since", "-4d"], 2), (["--since", "-12h"], 0),
                 (["--since", "-4d", "--until", "-2d"], 1),
                 (["--until", "-4d"], 2), (["--until", "now"], 4),
                 (["--since", "2000-01-01"], 4),
                 (["--since", "2000-01-01 12:30", "--until",
                   "2000-01-02T00:00:00Z"], 0)]
        for args, n in cases:
            with self.subTest(args):
                self.assertEqual(n, self.sums(*args, self.log)["totals"][
                    "judged"])
        for text in "x", "-", "-3y", "2026-13-01", "2026-11-27 25:00", "":
            self.assertIn(f'"{text}" is not a time', self.run_ctl(
                "--since", text, self.log, code=2))

    def test_rotated_parts(self):
        """With --since, those that may hold something of the period."""
        day = 86400
        for name, age in (("mail.log", 0), ("mail.log.1", 1),
                          ("mail.log.2.gz", 2), ("mail.log-20200101", 3),
                          ("mail.log.9.gz", 9), ("mail.log.old", 0),
                          ("mail.logs", 0), ("mail.log.1.xz", 0)):
            at = NOW - age * day - 60
            self.write(syslog_line(RECORDS[0], at), name, changed=at)
        sums = self.sums("--since", "-5d", self.log)
        self.assertEqual(4, sums["totals"]["judged"])
        self.assertEqual(", ".join(map(self.path, (
            "mail.log-20200101", "mail.log.2.gz", "mail.log.1",
            "mail.log"))), sums["log"])
        self.assertEqual(1, self.sums(self.log)["totals"]["judged"])

    def test_configured_log(self):
        """Without a file, where log_to says; of the last day."""
        path = self.write(json_line(RECORDS[0], NOW - 90000)
                          + json_line(RECORDS[0], NOW - 60), "own.json")
        config = self.write(f"log_to = json:{path}\n", "mailmum.conf")
        sums = self.sums("-c", config)
        self.assertEqual(1, sums["totals"]["judged"])
        self.assertEqual(path, sums["log"])

    def test_mistakes(self):
        self.assertIn("/nonexistent: No such file", self.run_ctl(
            "/nonexistent", code=66))
        self.assertIn("which of them", self.run_ctl(
            "--html", "--json", self.write(""), code=2))


class Renderings(Case):
    def test_text_mails_well(self):
        """80 columns, printable ASCII, whatever is in the log."""
        path = self.write("".join(
            syslog_line(fields | {"sender": fields["sender"] * 20}, NOW - n)
            for n in range(60, 99, 13) for fields in RECORDS))
        text = self.run_ctl(path)
        for line in text.splitlines():
            self.assertLessEqual(len(line), 79, line)
            self.assertRegex(line, "^[ -~]*$")
        for heading in ("Totals", "By hour of the day", "By restriction",
                        "By DNS list", "Greylisting",
                        "Clients turned away"):
            self.assertIn(f"\n{heading}\n{'-' * len(heading)}\n", text)
        self.assertIn("         3  b.example  a.example\n", text)

    def test_page_holds_what_strangers_send(self):
        log = written(json_line)
        log += json_line(record("reject", HOSTILE, 9, list=HOSTILE,
                                recipient=HOSTILE, client_name=HOSTILE),
                         NOW - 60)
        text = self.run_ctl("--html", self.write(log))
        page = Page(text)
        self.assertEqual([], page.open)
        names = {tag for tag, _ in page.tags}
        self.assertFalse(names & {"script", "img", "iframe", "object", "a",
                                  "link", "form"}, names)
        for tag, attrs in page.tags:
            for name, value in attrs.items():
                self.assertFalse(name.startswith("on"), (tag, name))
                self.assertNotIn(name, ("src", "href", "style"))
        self.assertIn("<script>alert(1)</script>&", page.text)
        self.assertNotRegex(text, "[\x00-\x08\x0b-\x1f\x7f\u202e]")
        self.assertIn("default-src 'none'", text)
        self.assertGreater(sum(tag == "svg" for tag, _ in page.tags), 3)
        self.assertIsNone(re.search(r"https?://", text))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
