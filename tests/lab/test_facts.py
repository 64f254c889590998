"""Login and encryption: what is known when, and the words about them, the
same in Postfix's own restrictions and in mailmum."""

import contextlib
import shutil
import ssl
import unittest

import case
import postfix
import space
import zones
from differential import login as logins
from differential import twins
from smtp import Smtp

CERTS = space.BASE / "certs"
BASE = f"""{twins.BASE}
mydestination = example.com
smtpd_relay_restrictions = reject_unauth_destination
smtpd_tls_security_level = may
smtpd_tls_cert_file = {CERTS}/server.pem
smtpd_tls_key_file = {CERTS}/server.key
smtpd_tls_CAfile = {CERTS}/ca.pem
smtpd_tls_ask_ccert = yes
"""
USERS = ("joe", "Jane@example.org", "ev\x7fil")


def make_certificates():
    """A CA and what it signed, and a client that signed for itself."""
    CERTS.mkdir()
    new = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
           "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    for name, subject in (("ca", "Lab CA"), ("stranger", "stranger.example")):
        space.run(*new, "-subj", f"/CN={subject}", "-keyout",
                  CERTS / f"{name}.key", "-out", CERTS / f"{name}.pem")
    for name, subject in (("server", "mx.example.com"),
                          ("friend", "friend.example.org")):
        space.run(*new, "-subj", f"/CN={subject}", "-keyout",
                  CERTS / f"{name}.key", "-out", CERTS / f"{name}.pem",
                  "-CA", CERTS / "ca.pem", "-CAkey", CERTS / "ca.key")


@contextlib.contextmanager
def servers(native):
    make_certificates()
    with twins.servers(native):
        yield


OPENSSL = shutil.which("openssl")
SERVERS = servers if OPENSSL else twins.servers


class Client(Smtp):
    def starttls(self, certificate=None):
        self.need("STARTTLS")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if certificate:
            context.load_cert_chain(CERTS / f"{certificate}.pem",
                                    CERTS / f"{certificate}.key")
        self.sock = context.wrap_socket(self.sock)

    def auth(self, user):
        self.need(f"AUTH PLAIN {logins.token(user)}")

    def judged(self, sender="alice@example.org", *recipients):
        self.mail(sender)
        return [self.rcpt(to) for to in recipients or ("bob@example.com",)]


def plain(c):
    c.helo()
    return c.judged()


def encrypted(c, certificate=None):
    c.helo("localhost")
    c.starttls(certificate)
    c.helo()
    return c.judged()


def trusted(c):
    return encrypted(c, "friend")


def untrusted(c):
    return encrypted(c, "stranger")


def silent(c):
    """No second HELO: the first one does not count any more."""
    c.helo("foe.example.org")
    c.starttls()
    return c.judged()


def first_plain(c):
    c.helo()
    first = c.judged()
    c.need("RSET")
    c.starttls("friend")
    c.helo()
    first += c.judged()
    c.need("RSET")
    return first + c.judged()


def login(user):
    def session(c):
        c.helo()
        first = c.judged()
        c.need("RSET")
        c.auth(user)
        return first + c.judged()

    session.__name__ = f"login as {user!r}"
    return session


SESSIONS = (plain, encrypted, trusted, untrusted, silent, first_plain,
            *map(login, USERS))
POLICIES = (
    "smtpd_client_restrictions = reject_plaintext_session",
    "smtpd_recipient_restrictions = warn_if_reject reject_plaintext_session, "
    "permit_tls_all_clientcerts, reject\nplaintext_reject_code = 550",
    "smtpd_client_restrictions = permit_tls_all_clientcerts, "
    "reject_rbl_client zen.spamhaus.org\n"
    "smtpd_helo_restrictions = check_helo_access "
    "inline:{foe.example.org=REJECT}, reject_non_fqdn_helo_hostname",
    "smtpd_client_restrictions = check_sasl_access "
    "inline:{ {joe = REJECT 5.1.1 account closed}, "
    "{jane@example.org = 450 4.7.9 over quota}, {example.org = REJECT} }",
    "smtpd_sender_restrictions = check_sasl_access pcre:{ {/^ev(.)il$$/ "
    "REJECT}, {/^Jane/ OK} }, permit_sasl_authenticated, reject",
)


@unittest.skipUnless(OPENSSL, "there is no openssl")
class Facts(case.Lab):
    policy = "smtpd_recipient_restrictions = permit\n"

    def replies(self, session, client, port):
        with Client(zones.ADDRESS[client], port) as c:
            replies = session(c)
            c.quit()
        return replies

    def take(self, policy):
        self.gate.configure(policy + "\n")
        code, text = self.gate.ctl("reload")
        self.assertEqual(0, code, text)
        self.mta.configure(BASE + policy + "\n")
        self.guarded.configure(BASE)
        for server in (self.mta, self.guarded):
            server.reload()

    def compare(self, session, client):
        """What both say."""
        native = self.replies(session, client, postfix.NATIVE)
        self.assertEqual(
            native, self.replies(session, client, postfix.MILTER))
        return native

    def test_all(self):
        seen = set()
        for policy in POLICIES:
            self.take(policy)
            for session in SESSIONS:
                for client in ("plain", "listed"):
                    with self.subTest(policy, by=session.__name__,
                                      client=client):
                        seen.update(self.compare(session, client))
        for text in ("Session encryption is required", "account closed",
                     "over quota", "ev?il", "blocked using"):
            self.assertTrue(any(text in reply for reply in seen),
                            f"{text}: never seen in {seen}")
