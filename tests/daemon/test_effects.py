"""What tables do to a message, as an MTA sees it."""
import os
import sys
import unittest

from gate import Gate, until
import mta
from mta import Mta

sys.path.append(os.path.join(os.path.dirname(__file__), "..", "lab"))
from policyserver import PolicyServer  # noqa: E402


class Effects(unittest.TestCase):
    """What tables do to a message."""

    policy = """
smtpd_client_restrictions =
    check_client_access inline:{ { 192.0.2.1 = PREPEND X-Client: one } }
smtpd_recipient_restrictions = check_recipient_access inline:{
    { hold@example.net = HOLD look },
    { held@example.net = HOLD },
    { drop@example.net = DISCARD },
    { there@example.net = REDIRECT there@example.org },
    { both@example.net = BCC arch@example.org },
    { x@example.net = PREPEND X-To:x },
    { blank@example.net = PREPEND X-To : x },
    { no@example.net = REJECT } }
  check_recipient_access inline:{ hold@example.net=REJECT }
"""

    def mail(self, gate, *recipients, address="192.0.2.9", **mta_offers):
        """The answers at RCPT, first digits, and what is done."""
        with Mta(gate.milter, **mta_offers) as m:
            m.connect(address)
            m.helo()
            m.mail()
            answers = [m.rcpt(f"<{r}@example.net>")[0] for r in recipients]
            return "".join(answers), m.eom()

    def test_only_what_tables_need_is_negotiated(self):
        for table, wanted in (
                ("PREPEND X-A: b", mta.ADDHDRS), ("HOLD", mta.QUARANTINE),
                ("BCC a@example.net", mta.ADDRCPT), ("DISCARD", 0),
                ("REDIRECT a@example.net", mta.ADDRCPT | mta.DELRCPT)):
            policy = ("smtpd_recipient_restrictions = check_client_access "
                      f"inline:{{ {{ 192.0.2.1 = {table} }} }}\n")
            with Gate(policy) as gate, Mta(gate.milter) as m:
                self.assertEqual(m.actions, mta.SETSYMLIST | wanted, table)
                self.assertTrue(m.steps & mta.LEADSPC)
        with Gate("smtpd_recipient_restrictions = check_sender_access "
                  "pcre:{{/^(.*)@/ $$1}}\n") as gate, Mta(gate.milter) as m:
            self.assertEqual(m.actions, mta.SETSYMLIST | mta.ADDHDRS |
                             mta.ADDRCPT | mta.DELRCPT | mta.QUARANTINE)

    def test_all_is_done_once_the_message_has_come(self):
        cases = (
            (("ok",), "c", ["c"]),
            (("held",), "c", [("q", "HOLD"), "c"]),
            (("hold", "ok"), "5c", [("q", "look"), "c"]),
            (("drop", "no"), "cc", ["d"]),
            (("no", "drop"), "5c", ["d"]),
            (("held", "drop"), "cc", ["d"]),
            (("both",), "c", [("+", "<arch@example.org>"), "c"]),
            (("ok", "there", "no"), "cc5", [
                ("+", "<there@example.org>"), ("-", "<ok@example.net>"),
                ("-", "<there@example.net>"), "c"]),
            (("both", "there"), "cc", [
                ("+", "<there@example.org>"), ("-", "<both@example.net>"),
                ("-", "<there@example.net>"), "c"]),
            (("blank",), "c", [("i", "X-To", " x"), "c"]),
            (("x", "ok", "x"), "ccc", [
                ("i", "X-To", "x"), ("i", "X-To", "x"), "c"]),
        )
        with Gate(self.policy) as gate:
            for recipients, answers, done in cases:
                self.assertEqual(
                    self.mail(gate, *recipients), (answers, done), recipients)
            self.assertEqual(
                self.mail(gate, "x", "ok", address="192.0.2.1"), ("cc", [
                    ("i", "X-Client", " one"), ("i", "X-To", "x"),
                    ("i", "X-Client", " one"), "c"]))

    def test_the_records(self):
        with Gate(self.policy) as gate:
            self.mail(gate, "drop", "no", "postmaster")
            self.mail(gate, "ok", "held", "hold", "x")
            until(lambda: len(gate.records()) == 11, "all records")
            table = "check_recipient_access inline:"
            for recipient in ("drop", "no", "postmaster"):
                record = gate.record(
                    action="discard", recipient=f"{recipient}@example.net")
                self.assertTrue(record["reason"].startswith(table))
                self.assertEqual(record["answer"], "drop@example.net")
            for recipient, action in (("ok", "accept"), ("hold", "reject"),
                                      ("held", "quarantine"),
                                      ("x", "quarantine")):
                record = gate.records(recipient=f"{recipient}@example.net")
                self.assertEqual(record[-1]["action"], action)
            self.assertEqual([r["reply"] for r in gate.records(
                action="info")], ["DISCARD", "HOLD", "HOLD look",
                                  "PREPEND X-To:x"])
            counters = gate.counters()
            self.assertEqual(counters["discards"], 3)
            self.assertEqual(counters["quarantines"], 2)

    def test_they_end_with_the_transaction(self):
        with Gate(self.policy) as gate, Mta(gate.milter) as m:
            m.connect()
            m.helo()
            for recipient, done in (("held", [("q", "HOLD"), "c"]),
                                    ("ok", ["c"]), ("drop", ["d"]),
                                    ("ok", ["c"])):
                m.mail()
                m.rcpt(f"<{recipient}@example.net>")
                self.assertEqual(m.eom(), done)
            m.mail()
            m.rcpt("<drop@example.net>")
            m.abort()
            m.mail()
            self.assertEqual(m.rcpt("<no@example.net>")[0], "5")
            self.assertEqual(m.rcpt("<ok@example.net>"), "continue")
            self.assertEqual(m.eom(), ["c"])

    def test_an_mta_that_does_not_let_us(self):
        with Gate(self.policy) as gate:
            for _ in range(2):
                for recipient in ("held", "x", "both", "there"):
                    self.assertEqual(
                        self.mail(gate, recipient, actions=mta.SETSYMLIST),
                        ("c", ["c"]), recipient)
                self.assertEqual(  # no right is needed for this
                    self.mail(gate, "drop", actions=0), ("c", ["d"]))
            self.assertEqual(gate.counters()["changes_failed"], 8)
            until(lambda: len(gate.records()) == 20, "all records")
            said = gate.lines("the MTA does not let us")
            self.assertEqual(len(said), 1)
            self.assertIn("HOLD", said[0])

    def test_a_redirect_is_whole_whatever_else_fails(self):
        with Gate("smtpd_recipient_restrictions =\n"
                  " check_client_access inline:{ 192.0.2.9=HOLD }\n"
                  " check_client_access inline:{\n"
                  "  { 192.0.2.9 = REDIRECT there@example.org } }\n") as gate:
            self.assertEqual(
                self.mail(gate, "ok", actions=mta.SETSYMLIST | mta.ADDRCPT |
                          mta.DELRCPT),
                ("c", [("+", "<there@example.org>"),
                       ("-", "<ok@example.net>"), "c"]))
            self.assertEqual(gate.counters()["changes_failed"], 1)

    def test_nothing_a_stranger_sends_breaks_a_header(self):
        with Gate("smtpd_recipient_restrictions = check_sender_access "
                  "pcre:{{/^(.*)@/ PREPEND X-From: $$1}}\n") as gate:
            with Mta(gate.milter) as m:
                m.connect()
                m.mail("<a\r\nX-Evil: b\x01\x7f@example.org>")
                m.rcpt()
                self.assertEqual(m.eom(), [
                    ("i", "X-From", ' "a X-Evil:b  "'), "c"])
                m.mail("<" + "y" * 2000 + "@example.org>")
                m.rcpt()
                self.assertEqual(m.eom(), ["c"])


class Stages(unittest.TestCase):
    """smtpd_delay_reject = no: each stage is judged as it comes."""

    policy = """
smtpd_delay_reject = no
smtpd_client_restrictions = check_client_access inline:{
    { 192.0.2.1 = REJECT no }, { 192.0.2.2 = 450 later },
    { 192.0.2.3 = 421 bye }, { 192.0.2.4 = DEFER_IF_PERMIT perhaps } }
smtpd_helo_restrictions = check_helo_access inline:{
    { evil.example = REJECT }, { soon.example = DEFER_IF_PERMIT helo } }
smtpd_sender_restrictions = check_sender_access inline:{
    { evil@example.org = REJECT }, { held@example.org = HOLD },
    { drop@example.org = DISCARD } }
smtpd_recipient_restrictions = check_recipient_access inline:{
    no@example.net=REJECT }
"""

    def test_connect(self):
        with Gate(self.policy) as gate:
            for address, reply in (
                    ("192.0.2.1", "554 5.7.1 <unknown[192.0.2.1]>: Client "
                                  "host rejected: no"),
                    ("192.0.2.2", "450 4.7.1 <unknown[192.0.2.2]>: Client "
                                  "host rejected: later"),
                    ("192.0.2.3", "421 4.7.1 <unknown[192.0.2.3]>: Client "
                                  "host rejected: bye"),
                    ("192.0.2.4", "continue")):
                with Mta(gate.milter) as m:
                    self.assertEqual(m.connect(address), reply)
            record = gate.record(client_address="192.0.2.1")
            self.assertEqual(record["action"], "reject")
            self.assertEqual(record["stage"], "CONNECT")
            self.assertNotIn("recipient", record)
            until(lambda: len(gate.records()) == 3, "no more records")

    def test_helo_is_answered_at_mail_and_may_be_repeated(self):
        with Gate(self.policy) as gate, Mta(gate.milter) as m:
            m.connect()
            m.helo("evil.example")
            for _ in range(2):
                self.assertEqual(
                    m.mail(), "554 5.7.1 <evil.example>: Helo command "
                              "rejected: Access denied")
            m.helo("good.example")
            self.assertEqual(m.mail(), "continue")
            self.assertEqual(m.rcpt(), "continue")
            until(lambda: len(gate.records(stage="HELO")) == 2, "records")
            self.assertNotIn("sender", gate.records(stage="HELO")[0])

    def test_a_footer_does_not_know_what_is_refused(self):
        """As in Postfix, which keeps no HELO and no sender that it
        refuses."""
        footer = ("smtpd_reject_footer = \\c [$helo_name] [$sender] "
                  "[$client_address]\n")
        with Gate(self.policy + footer) as gate, Mta(gate.milter) as m:
            m.connect()
            m.helo("evil.example")
            self.assertRegex(m.mail(), r"denied \[\] \[\] \[192.*\]$")
            m.helo("good.example")
            self.assertRegex(m.mail("<evil@example.org>"),
                             r"denied \[good.example\] \[\] \[192.*\]$")
            m.mail("<a@example.org>")
            self.assertRegex(
                m.rcpt("<no@example.net>"),
                r"denied \[good.example\] \[a@example.org\] \[192.*\]$")

    def test_a_policy_service_is_asked_about_each_helo(self):
        service = PolicyServer(0, lambda request: (
            b"action=REJECT\n\n" if request["helo_name"] == "evil.example"
            else b"action=DUNNO\n\n"))
        host, port = service.server.server_address
        try:
            with Gate("smtpd_delay_reject = no\nsmtpd_helo_restrictions = "
                      f"check_policy_service inet:{host}:{port}\n") as gate:
                for names, answers in (
                        (("evil.example", "good.example"), ("554", "con")),
                        (("good.example", "evil.example"), ("con", "554"))):
                    with Mta(gate.milter) as m:
                        m.connect()
                        for name, answer in zip(names, answers):
                            m.helo(name)
                            self.assertEqual(m.mail()[:3], answer, names)
                            m.abort()
        finally:
            service.stop()

    def test_mail_and_rcpt(self):
        with Gate(self.policy) as gate, Mta(gate.milter) as m:
            m.connect()
            m.helo()
            self.assertEqual(
                m.mail("<evil@example.org>"), "554 5.7.1 <evil@example.org>: "
                "Sender address rejected: Access denied")
            self.assertEqual(m.mail(), "continue")
            self.assertEqual(m.rcpt("<no@example.net>")[:3], "554")
            self.assertEqual(m.rcpt(), "continue")
            self.assertEqual(gate.record(stage="MAIL")["sender"],
                             "evil@example.org")
            self.assertEqual(len(until(
                lambda: gate.records(stage="RCPT"), "records")), 2)

    def test_what_was_put_off(self):
        with Gate(self.policy) as gate:
            with Mta(gate.milter) as m:
                m.connect("192.0.2.4")
                m.helo("soon.example")
                for _ in range(3):
                    self.assertEqual(m.mail(), "continue")
                    self.assertEqual(
                        m.rcpt(), "450 4.7.1 <unknown[192.0.2.4]>: Client "
                                  "host rejected: perhaps")
                    self.assertEqual(m.rcpt("<no@example.net>")[:3], "554")
                    m.abort()
            with Mta(gate.milter) as m:
                m.connect()
                m.helo("soon.example")
                self.assertEqual(m.mail(), "continue")
                self.assertEqual(m.rcpt()[:9], "450 4.7.1")
                m.abort()
                m.helo("late.example")
                self.assertEqual(m.mail(), "continue")
                self.assertEqual(m.rcpt(), "continue")

    def test_effects_at_mail(self):
        with Gate(self.policy) as gate, Mta(gate.milter) as m:
            m.connect()
            m.helo()
            for sender, answer, done in (
                    ("held", "554", [("q", "HOLD"), "c"]),
                    ("drop", "con", ["d"]), ("none", "554", ["c"])):
                self.assertEqual(m.mail(f"<{sender}@example.org>"),
                                 "continue")
                self.assertEqual(m.rcpt(), "continue")
                self.assertEqual(m.rcpt("<no@example.net>")[:3], answer)
                self.assertEqual(m.eom(), done)

    def test_commands_out_of_order_do_no_harm(self):
        with Gate(self.policy) as gate:
            for path in ("RMHC", "HMR", "CRRM", "CMMMR", "CAAMAR", "CHHMAR",
                         "CHMRHMRAMR"):
                m = Mta(gate.milter)
                m.sock.settimeout(0.3)  # some of these get no answer
                for step in path:
                    call = {"C": m.connect, "H": m.helo, "M": m.mail,
                            "R": m.rcpt, "A": m.abort}[step]
                    try:
                        call()
                    except (mta.Gone, TimeoutError, OSError):
                        break
                m.sock.close()
            until(lambda: gate.counters()["sessions_open"] == 0, "all closed")


if __name__ == "__main__":
    unittest.main()
