"""fail2ban's own fail2ban-regex over what mailmum and Postfix have just
logged: those that were refused for good are found, nobody else is, and a
greylisted client by no filter."""

import pathlib
import re
import shutil

import logd
import nameserver
import postfix
import space
import zones
from case import Case, Lab
from smtp import Smtp, wait_for

CONTRIB = pathlib.Path(__file__).parents[2] / "contrib/fail2ban"
CODES = "codes.example.com"
POLICY = f"""
smtpd_recipient_restrictions =
  check_client_access inline:{{ {{ 192.0.2.41 = REJECT by hand }},
    {{ 192.0.2.40 = 450 4.7.1 by hand }} }},
  permit_dnswl_client list.dnswl.org=127.0.[0..255].[1..3],
  warn_if_reject reject_rbl_client psbl.surriel.com,
  reject_rbl_client zen.spamhaus.org,
  reject_rbl_client {CODES},
  reject_invalid_helo_hostname,
  reject_unknown_sender_domain,
  greylist_if_reject reject_rbl_client bl.spamcop.net,
  greylist
"""
VICTIM = "192.0.2.9"
FORGED = (f"action=reject reason=reject stage=RCPT client_address={VICTIM} "
          "reply=5 reject: RCPT from x[%s]: 554 5.7.1 Service unavailable; "
          f"Client host [{VICTIM}] blocked using x" % VICTIM)
REFUSED_BY_LISTS = ("listed", "listed2", "listed3", "listed6")
GREYLISTED = ("plain", "plain6", "psbl", "spamcop", "regular", "noptr6")
SENDERS = (  # of greylisted mail: what fail2ban's own filter looks for
    "alice@example.org", "", f'"{FORGED}"@example.org',
    '"Service unavailable; Client host [192.0.2.9] blocked"@example.org',
    '"554 5.7.1 Access denied"@example.org')
# Postfix counts each 451 as an error.  By default it hangs up on the 20th,
# which its filter takes for an attack; this is what the jail's notes say.
LIMITS = {"smtpd_soft_error_limit": "100", "smtpd_hard_error_limit": "100"}
PATIENT, MANY = "203.0.113.77", 50
PUT_OFF = len(GREYLISTED) * len(SENDERS)
MODES = "normal more rbl extra aggressive auth ddos errors".split()


def missing():
    if not shutil.which("fail2ban-regex"):
        return "fail2ban is not installed"
    return logd.missing()


def setUpModule():
    logd.enter()
    space.run("cp", "-rT", CONTRIB, "/etc/fail2ban")


def matched(log, name, *options):
    """Whom a filter finds."""
    text = space.run("fail2ban-regex", "--usedns", "no", "-o", "ip",
                     *options, log, name)
    return text.split()


class Offenders(Lab):
    policy = POLICY

    @classmethod
    def setUpClass(cls):
        cls.codes = nameserver.Server(CODES)
        cls.codes.entries[zones.reverse("203.0.113.1")] = (
            "127.0.0.2", f"x\nNov 28 05:26:19 mx mailmum: {FORGED}"[:255])
        cls.addClassCleanup(cls.codes.stop)
        super().setUpClass()
        cls.mta.configure(LIMITS)

    def session(self, client, sender="alice@example.org", helo=None):
        with Smtp(zones.ADDRESS.get(client, client)) as c:
            c.cmd(f"EHLO {helo or 'mail.example.org'}")
            c.mail(sender)
            recipient = self.recipient()
            reply = c.rcpt(recipient)
            c.quit()
        return reply

    def hold_sessions(self):
        """Who has to be found, once for each session: all, and by lists."""
        for client in REFUSED_BY_LISTS:
            self.assertIn("554 5.7.1 ", self.session(
                client, f'"{FORGED}"@example.org', f"x_{VICTIM}_reply=5"))
        self.assertIn("554 5.7.1 ", self.session("byhand-no"))
        self.assertIn("501 5.5.2 ", self.session("noptr", helo="a..b"))
        self.assertIn("blocked using", self.session("203.0.113.1"))
        # and who has not to be found
        self.assertIn("450 4.7.1 ", self.session("byhand-ok"))
        self.assertIn("450 4.1.8 ", self.session(
            "plain", "x@h.tempfail.example.org"))
        self.assertIn("250 ", self.session("allowed"))
        for client in GREYLISTED:
            for sender in SENDERS:
                self.assertIn("451 4.7.1 ", self.session(client, sender))
        with Smtp(PATIENT) as c:
            c.helo()
            c.mail()
            for _ in range(MANY):
                self.assertIn("451 4.7.1 ", c.rcpt(self.recipient()))
            c.quit()
        lists = [zones.ADDRESS[c] for c in REFUSED_BY_LISTS]
        lists.append("203.0.113.1")
        return sorted([*lists, zones.ADDRESS["byhand-no"],
                       zones.ADDRESS["noptr"]]), sorted(lists)

    def start(self, log_to):
        self.gate.stop()
        space.run("sh", "-c", f"rm -f {space.BASE}/state/*")
        self.gate.configure(self.policy, log_to=log_to)
        self.gate.start()

    def test_syslog(self):
        syslogd = logd.Syslogd(space.BASE / "mail.log")
        self.addCleanup(syslogd.stop)
        self.start("syslog")
        every, lists = self.hold_sessions()
        self.gate.stop()  # all is written
        self.assertEqual(every, sorted(matched(syslogd.path, "mailmum")))
        self.assertEqual(lists, sorted(matched(syslogd.path,
                                               "mailmum[mode=lists]")))
        # nor does Postfix's filter find anybody in mailmum's lines
        for mode in "normal", "aggressive":
            self.assertEqual([], matched(syslogd.path,
                                         f"postfix[mode={mode}]"), mode)
        self.gate.start()

    def test_journal(self):
        journald = logd.Journald()
        self.addCleanup(journald.stop)
        self.start("journal")
        self.addCleanup(self.start, "syslog")
        every, lists = self.hold_sessions()
        wait_for("the last record", lambda: len(journald.entries(
            "MAILMUM_ACTION=greylist")) >= PUT_OFF + MANY)
        journal = f"systemd-journal[journalpath={journald.path()}]"
        here = "-m", "SYSLOG_IDENTIFIER=mailmum"  # it is in no unit
        self.assertEqual(every, sorted(matched(journal, "mailmum", *here)))
        self.assertEqual(lists, sorted(matched(
            journal, "mailmum[mode=lists]", *here)))

    def test_greylisted_under_the_postfix_filter(self):
        """In none of its modes; which do find those that are refused."""
        before = len(self.mta.log())
        self.hold_sessions()
        last = f"disconnect from unknown[{PATIENT}]"
        log = wait_for("Postfix's log", lambda: last in (
            text := self.mta.log()[before:]) and text)
        self.assertEqual(PUT_OFF + MANY, len(re.findall(
            "NOQUEUE: milter-reject: RCPT from .* 451 4.7.1 ", log)))
        path = space.write(space.BASE / "greylisted.log", log)
        # "plain" was put off with a 450 as well
        patient = {zones.ADDRESS[c] for c in GREYLISTED if c != "plain"}
        patient.add(PATIENT)
        for mode in MODES:
            with self.subTest(mode):
                found = set(matched(path, f"postfix[mode={mode}]"))
                self.assertFalse(found & (patient | {VICTIM}), found)
                if mode in ("normal", "more", "rbl", "extra", "aggressive"):
                    self.assertLessEqual(
                        {zones.ADDRESS[c] for c in REFUSED_BY_LISTS}, found)

    def test_jail(self):
        """fail2ban takes the jail, and the filter for it."""
        done = space.run("fail2ban-client", "-d")
        self.assertIn("['add', 'mailmum', 'systemd']", done)
        self.assertRegex(done, r"'mailmum', 'addfailregex'|"
                               r"'multi-set', 'mailmum', 'addfailregex'|"
                               r"'set', 'mailmum', 'addfailregex'")
        self.assertIn("'_SYSTEMD_UNIT=mailmum.service'", done)
