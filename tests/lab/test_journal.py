"""A real systemd-journald takes the log: structured fields, explained by the
catalog, and the same as what syslog gets."""

import re

import logd
import nameserver
import record
import space
import zones
from case import Case, Lab
from smtp import Smtp, wait_for

CODES = "codes.example.com"
POLICY = f"""
smtpd_recipient_restrictions =
  check_sender_access inline:{{ {{ held@example.org = HOLD look at it }} }},
  permit_dnswl_client list.dnswl.org=127.0.[0..255].[1..3],
  warn_if_reject reject_rbl_client psbl.surriel.com,
  reject_rbl_client zen.spamhaus.org,
  reject_rbl_client {CODES},
  reject_unknown_sender_domain,
  greylist
"""
SESSIONS = [  # client, sender, HELO, action
    ("allowed", "alice@example.org", "mail.example.org", b"accept"),
    ("listed", "alice@example.org", "mail.example.org", b"reject"),
    ("psbl", "alice@example.org", "mail.example.org", b"greylist"),
    ("plain", "", "mail.example.org", b"greylist"),
    ("plain", "x@h.tempfail.example.org", "mail.example.org", b"defer"),
    # strangers who try to be taken for somebody, or something, else
    ("listed2", '"x\\" action=accept client_address=192.0.2.9"@example.org',
     'a"_action=accept', b"reject"),
    ("listed3", '"MAILMUM_ACTION=accept\\\tPRIORITY=0"@example.org',
     "MESSAGE=action=accept", b"reject"),
    ("203.0.113.1", "alice@example.org",
     "caf\xc3\xa9.\xff;example", b"reject"),
]
TXT = "x\nMAILMUM_ACTION=accept\nPRIORITY=0\nMESSAGE=forged\n<0>forged"
# Of a record, what may differ between two sessions that are the same: a list
# that has not answered yet is not known to have the client, too.
OWN = ("wait", "session", "recipient", "reply", "also")


missing = logd.missing


def setUpModule():
    logd.enter()


class Journal(Lab):
    policy = POLICY
    settings = {"log_to": "journal"}

    @classmethod
    def setUpClass(cls):
        cls.journald = logd.Journald()
        cls.codes = nameserver.Server(CODES)
        cls.codes.entries[zones.reverse("203.0.113.1")] = "127.0.0.2", TXT
        cls.addClassCleanup(cls.codes.stop)
        super().setUpClass()

    def hold_sessions(self):
        """{recipient: action that it has to get}"""
        wanted = {}
        for client, sender, helo, action in SESSIONS:
            recipient = self.recipient()
            with Smtp(zones.ADDRESS.get(client, client)) as c:
                c.cmd(b"EHLO " + helo.encode("latin1"))
                c.mail(sender)
                c.rcpt(recipient)
                c.quit()
            wanted[recipient.encode()] = action
        return wanted

    def wait_for_entries(self, wanted, field):
        return wait_for("all records in the journal", lambda: (
            entries := self.journald.entries()) and wanted.keys() <= {
                field(entry).get("recipient") for entry in entries}
            and entries)

    def test_fields_and_line_agree(self):
        """Whatever strangers send, it stays in its field."""
        wanted = self.hold_sessions()
        got = {}
        for entry in self.wait_for_entries(wanted, fields_of):
            fields = fields_of(entry)
            self.assertEqual(b"mailmum", entry["_COMM"])
            if not fields:
                continue
            self.assertEqual(record.parse(entry["MESSAGE"].decode("ascii")),
                             fields)
            self.assertEqual(b"6", entry["PRIORITY"])
            self.assertRegex(entry["MESSAGE_ID"], rb"^[0-9a-f]{32}$")
            got.setdefault(fields["recipient"], []).append(fields["action"])
        for recipient, action in wanted.items():
            self.assertEqual(action, got[recipient][-1])
        self.assertEqual([[b"warn", b"greylist"]], [
            actions for actions in got.values() if len(actions) > 1])

    def test_journalctl_finds(self):
        """The line of README."""
        self.judge(Case("listed", "", "", ""))
        entries = wait_for("an entry", lambda: self.journald.entries(
            "MAILMUM_LIST=zen.spamhaus.org"))
        for entry in entries:
            self.assertEqual(b"reject", entry["MAILMUM_ACTION"])
            self.assertEqual(b"127.0.0.2", entry["MAILMUM_ANSWER"])

    def test_catalog(self):
        """An entry is explained, by its own fields."""
        _, recipient = self.judge(Case("listed", "", "", ""))
        wait_for("the entry", lambda: self.journald.entries(
            f"MAILMUM_RECIPIENT={recipient}"))
        text = self.journald.explain(f"MAILMUM_RECIPIENT={recipient}")
        self.assertIn("Subject: Mail from alice@example.org to "
                      f"{recipient} was refused", text)
        self.assertIn(f"mailmumctl explain {zones.ADDRESS['listed']}", text)
        self.assertIn("Documentation: man:mailmum(8)", text)

    def test_troubles_have_ids(self):
        """What the daemon says of itself: a list that errs, a mistake."""
        self.codes.everything = "127.255.255.254", "go away"
        self.addCleanup(setattr, self.codes, "everything", None)
        self.judge(Case("plain6", "", "", ""))
        entry = wait_for("the list's entry", lambda: self.journald.entries(
            f"MAILMUM_LIST={CODES}", "PRIORITY=4"))[-1]
        self.assertIn(b"127.255.255.254", entry["MESSAGE"])
        self.assertIn(f"The DNS list {CODES} refuses to serve us",
                      self.journald.explain(f"MAILMUM_LIST={CODES}",
                                            "PRIORITY=4"))
        self.gate.configure("smtpd_client_restrictions = rejekt\n")
        self.assertEqual(78, self.gate.ctl("reload")[0])
        self.gate.configure(self.policy)
        wait_for("the mistake", lambda: [
            entry for entry in self.journald.entries("PRIORITY=3")
            if b"rejekt" in entry["MESSAGE"] and "MESSAGE_ID" in entry])
        text = self.journald.explain("PRIORITY=3")
        self.assertIn("Subject: A mistake in the configuration", text)
        self.assertIn("was not read again", text)

    def test_syslog_says_the_same(self):
        """Once through syslog(3) into the same journal, and once without
        any journald, where log_to = journal finds syslog."""
        self.addCleanup(self.start, "journal")
        natively = self.judged_fields("journal")
        self.assertEqual(natively, self.judged_fields("syslog"))
        self.gate.stop()
        self.journald.stop()
        self.addCleanup(self.journald.start)
        syslogd = logd.Syslogd(space.BASE / "mail.log")
        self.addCleanup(syslogd.stop)
        self.start("journal")
        wait_for("the complaint", lambda: "no journal listens"
                 in self.gate.stderr())
        self.hold_sessions()
        lines = wait_for("all records in syslog", lambda: [
            line for line in syslogd.lines() if line.startswith("action=")
            ][len(SESSIONS):] and syslogd.lines())
        self.assertEqual(natively, [
            comparable(record.parse(line)) for line in lines
            if line.startswith("action=")])
        self.assertTrue(any(line.endswith(" is ready") for line in lines))

    def start(self, log_to):
        """A new daemon, which has greylisted nobody yet."""
        if self.gate.process.poll() is None:
            self.gate.stop()
        space.run("sh", "-c", f"rm -f {space.BASE}/state/*")
        self.gate.configure(self.policy, log_to=log_to)
        self.gate.start()

    def judged_fields(self, log_to):
        """What the sessions leave, from the lines in the journal."""
        self.start(log_to)
        wanted = self.hold_sessions()
        pid = str(self.gate.process.pid).encode()
        entries = [
            record.parse(entry["MESSAGE"].decode("ascii")) for entry in
            self.wait_for_entries(wanted, line_of)
            if entry.get("SYSLOG_PID", entry["_PID"]) == pid
            and entry["MESSAGE"].startswith(b"action=")]
        return [comparable(fields) for fields in entries]


def fields_of(entry):
    """The record that its own fields make."""
    return {name.removeprefix("MAILMUM_").lower(): value
            for name, value in entry.items() if name.startswith("MAILMUM_")
            and "MAILMUM_ACTION" in entry}


def line_of(entry):
    text = entry["MESSAGE"].decode("ascii")
    return record.parse(text) if text.startswith("action=") else {}


def comparable(fields):
    """Without what no two sessions have in common."""
    kept = {k: v for k, v in fields.items() if k not in OWN}
    return kept | {"reply": re.sub(
        rb"<r\d+@", b"<r@", fields.get("reply", b""))}
