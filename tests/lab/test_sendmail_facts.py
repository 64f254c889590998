"""Login and encryption with Sendmail: the same as with Postfix."""

import contextlib
import unittest

import postfix
import saslauthd
import sendmail
import test_facts
from smtp import Smtp

TLS = f"""
define(`confCACERT_PATH', `{test_facts.CERTS}')dnl
define(`confCACERT', `{test_facts.CERTS}/ca.pem')dnl
define(`confSERVER_CERT', `{test_facts.CERTS}/server.pem')dnl
define(`confSERVER_KEY', `{test_facts.CERTS}/server.key')dnl
"""
MORE = (
    "smtpd_recipient_restrictions = check_sasl_access "
    "inline:{ joe+x@example.org=REJECT }, reject_plaintext_session, "
    "permit_tls_all_clientcerts, reject",
)


@contextlib.contextmanager
def servers(native):
    with test_facts.SERVERS(native):
        saslauthd.start()
        mta = sendmail.Sendmail(TLS + saslauthd.LINES)
        Smtp.heard = {sendmail.GUARDED: sendmail.heard}
        try:
            yield
        finally:
            mta.stop()


SERVERS = servers


@unittest.skipUnless(test_facts.OPENSSL, "there is no openssl")
class Facts(test_facts.Facts):
    def take(self, policy):
        self.reread(policy + "\n")

    def compare(self, session, client):
        # what may not be in a name, Sendmail has replaced already
        self.assertEqual(
            self.replies(session, client, postfix.MILTER),
            [reply.replace("ev_il", "ev?il") for reply in self.replies(
                session, client, sendmail.GUARDED)])

    def test_all(self):
        self.guarded.configure(test_facts.BASE)
        self.guarded.reload()
        for policy in test_facts.POLICIES + MORE:
            self.take(policy)
            for session in (*test_facts.SESSIONS,
                            test_facts.login("joe+x@example.org")):
                with self.subTest(policy, by=session.__name__):
                    self.compare(session, "plain")
