"""What Sendmail tells differently from Postfix: the facts are the same."""
import unittest

from gate import Gate
from mta import Mta, NR_CONN, NR_HELO, NR_MAIL

# Each certificate it was shown, and what it made of it.
FRIEND = {"{tls_version}": "TLSv1.3", "{cert_subject}": "/O=Org/CN=A+20+2B",
          "{cert_issuer}": "/CN=Lab+20CA", "{cn_subject}": "A+20+2B",
          "{cn_issuer}": "Lab+20CA", "{verify}": "OK"}


class Sendmail(Mta):
    """Tells as Sendmail 8.17 was seen to."""

    def connect(self, address="192.0.2.9", name=None, **_):
        if address is None:
            return self._command(b"C", b"localhost\0U", NR_CONN, {
                "j": "mx.example.net", "{daemon_flags}": "c u"})
        shown = name or f"[{address}]"
        return self._command(
            b"C", shown.encode() + b"\0" + b"4\x30\x39" +
            address.encode() + b"\0", NR_CONN, {
                "j": "mx.example.net", "{daemon_name}": "MTA-v4",
                "{if_addr}": "192.0.2.25", "{daemon_addr}": "0.0.0.0",
                "{daemon_port}": "25", "{client_name}": shown,
                "{client_ptr}": shown, "{daemon_flags}": "",
                "{client_resolve}": "OK" if name else "FAIL",
                "{client_port}": "12345"})

    def helo(self, name="mail.example.org", **macros):
        return self._command(b"H", name.encode() + b"\0", NR_HELO, macros)

    def mail(self, sender="<a@example.org>", **macros):
        told = {"i": "6AS5bLN6000076", "r": "ESMTP", "{mail_mailer}": "local",
                "{mail_addr}": sender.strip("<>").split("@")[0]} | macros
        return self._command(b"M", sender.encode() + b"\0", NR_MAIL, told)

    def rcpt(self, recipient="<b@example.net>", **_):
        return self._command(b"R", recipient.encode() + b"\0", 0, {
            "{rcpt_mailer}": "local", "i": "6AS5bLN6000076",
            "{rcpt_addr}": recipient.strip("<>").split("@")[0]})


class Told(unittest.TestCase):
    def judge(self, policy, sender="<a@example.org>", rcpt="<b@example.net>",
              helo=None, mta=Sendmail, **macros):
        """What RCPT is answered."""
        with Gate(f"smtpd_recipient_restrictions = {policy}\n") as gate:
            with mta(gate.milter) as m:
                m.connect()
                m.helo(**helo or {})
                m.mail(sender, **macros)
                return m.rcpt(rcpt)[:3]

    def test_an_address_is_looked_up_whole(self):
        for what, key, address in (
                ("recipient", "b@example.net", "<B@Example.NET>"),
                ("recipient", "b@example.net", "< b@example.net >"),
                ("recipient", "bob@mx.example.net", "<bob>"),
                ("sender", "a@example.org", "<a@example.org>"),
                ("sender", "alice@mx.example.net", "alice")):
            with self.subTest(address):
                told = {"rcpt" if what == "recipient" else what: address}
                self.assertEqual("554", self.judge(
                    f"check_{what}_access inline:{{ {key}=REJECT }}", **told))

    def test_only_a_certificate_that_it_trusts(self):
        policy = "permit_tls_all_clientcerts, reject"
        self.assertEqual("con", self.judge(policy, helo=FRIEND, **FRIEND))
        for word in "FAIL", "NO", "NONE", "":
            with self.subTest(word):
                told = FRIEND | {"{verify}": word}
                self.assertEqual("554", self.judge(policy, helo=told, **told))
        told = dict(FRIEND)
        del told["{verify}"]
        self.assertEqual("554", self.judge(policy, helo=told, **told))

    def test_a_login_is_plain_text(self):
        policy = "check_sasl_access inline:{ joe+x@example.org=REJECT }"
        for login, answer in (("joe+2Bx@example.org", "554"),
                              ("joe+2bx@example.org", "con"),
                              ("joe+x@example.org", "554"),
                              ("joe+00x@example.org", "con"),
                              ("joe+2", "con"), ("joe+", "con"),
                              ("joe+2Bx@example.org" + "x" * 600, "con")):
            with self.subTest(login):
                self.assertEqual(answer, self.judge(policy, **{
                    "{auth_type}": "PLAIN", "{auth_authen}": login}))
        # Postfix's is so already
        self.assertEqual("con", self.judge(policy, mta=Mta, **{
            "{auth_type}": "PLAIN", "{auth_authen}": "joe+2Bx@example.org"}))

    def test_nobody_of_this_machine_is_judged(self):
        with Gate("smtpd_recipient_restrictions = reject\n") as gate:
            with Sendmail(gate.milter) as m:
                self.assertEqual("a", m.connect(None))
            # Postfix's client that has gone, whatever it was called
            with Mta(gate.milter) as m:
                self.assertEqual("continue", m.connect(None, "localhost"))
                m.mail()
                self.assertEqual("554", m.rcpt()[:3])


if __name__ == "__main__":
    unittest.main()
