"""Policy services: what Postfix and mailmum ask them, and what becomes of the
answers.  Then two real ones, asked by both."""

import shutil
import ssl
import subprocess
import time
import unittest

import postfix
import space
import zones
from case import OK, Lab
from policyserver import PolicyServer, Spawn
from smtp import Smtp, wait_for

PORT = {"native": 10031, "mailmum": 10032}
GREY = {"native": 10041, "mailmum": 10042}
SPF = 10051
DEAD = 10061  # nobody listens
LISTS = ("client", "helo", "sender", "recipient")
CLASSES = """
smtpd_restriction_classes = strict, lax, dead, dead_own, grey, spf, other, loop
strict = reject
lax = permit
dead = check_policy_service inet:127.0.0.1:{dead}
dead_own = check_policy_service {{ inet:127.0.0.1:{dead}, try_limit=1,
  {{ default_action = 450 4.7.9 try  later }} }}
other = check_policy_service {{ inet:127.0.0.1:{port}, policy_context=other }}
loop = check_policy_service {{ inet:127.0.0.1:{port}, policy_context=loop }}
grey = check_policy_service inet:127.0.0.1:{grey}
spf = check_policy_service inet:127.0.0.1:{spf}
smtpd_policy_service_retry_delay = 1s
smtpd_policy_service_timeout = 2s
"""


def policy(who):
    """The same lists; each asks a server of its own, which tells who asked."""
    return CLASSES.format(dead=DEAD, port=PORT[who], grey=GREY[who],
                          spf=SPF) + "".join(
        f"smtpd_{name}_restrictions = check_policy_service "
        f"{{ inet:127.0.0.1:{PORT[who]}, policy_context={name} }}\n"
        for name in LISTS)


def parameters(text):
    """Of a configuration's text: {name: value}."""
    values = {}
    for line in text.splitlines():
        if line[:1] == " ":
            values[name] += line
        elif line:
            name, value = line.split(" = ", 1)
            values[name] = value
    return values


CERTIFICATE = space.BASE / "cert.pem"  # of the server, and of the client


def certificate():
    """One that is its own authority, with a name that needs quoting."""
    key, cert = space.BASE / "key", space.BASE / "cert"
    space.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
              "-days", "30", "-subj", "/CN=a=b\\+c d", "-keyout", key,
              "-out", cert)
    space.write(CERTIFICATE, key.read_text() + cert.read_text())
    return {"smtpd_tls_security_level": "may",
            "smtpd_tls_chain_files": str(CERTIFICATE),
            "smtpd_tls_CAfile": str(CERTIFICATE),
            "smtpd_tls_ask_ccert": "yes"}


NATIVE = parameters(policy("native"))
if shutil.which("openssl"):
    NATIVE |= certificate()

# Told by the right-hand side of access(5), by restrictions, and by neither.
ACTIONS = [
    "DUNNO", "dunno", "OK", "ok", "RELAY", "12345", "550", "DUNNO really",
    "OK really", "REJECT", "reject", "Reject 5.7.9 because", "REJECT because",
    "REJECT 4.7.9 because", "REJECT with % and <\"quotes'> \\ \x01\x7f", "REJECT \xe4",
    "REJECT \xc3\xa4 \xe2\x82\xac",
    "DEFER", "DEFER later", "DEFER 4.3.9 later", "defer",
    "DEFER_IF_PERMIT", "DEFER_IF_PERMIT Greylisted, see http://x.example/",
    "DEFER_IF_PERMIT 4.2.0 Greylisted", "defer_if_permit",
    "DEFER_IF_REJECT", "DEFER_IF_REJECT 4.2.0 perhaps", "defer_if_reject",
    "550 go away", "550 5.1.1 go away", "550 5.1.1", "450 come back",
    "450 4.1.8 come back", "599 odd", "400 odd", "421 4.3.2 hang up",
    "521 5.3.2 hang up", "550 4.1.1 disagree", "999 no code", "200 no code",
    "55 no code", "5500 no code",
    "WARN beware", "INFO so it is", "WARN",
    "permit", "reject, permit", "permit, reject", "permit_mynetworks, reject",
    "strict", "STRICT", "lax", "strict, lax", "lax, strict",
    "warn_if_reject reject", "warn_if_reject strict", "warn_if_reject",
    "reject_unknown_sender_domain", "reject_non_fqdn_sender, reject",
    "reject_rbl_client zen.spamhaus.org", "reject_rbl_client zen.spamhaus.org,"
    "reject", "reject_rhsbl_sender dbl.spamhaus.org",
    "sleep 0", "sleep 0, reject", "sleep", "sleep x",
    "frobnicate", "frobnicate, reject", "reject frobnicate", "", " ",
    " REJECT in front", "\tREJECT in front", "REJECT  blanks  ",
    "check_policy_service inet:127.0.0.1:1",
    "check_client_access hash:/etc/nothing", "hash:/etc/nothing",
    "check_client_access", "check_policy_service", "dead", "dead_own",
    "REJECT " + "long " * 60,
    "PREPEND X-Note: text", "PREPEND", "PREPEND nonsense", "HOLD", "HOLD it",
    "DISCARD", "DISCARD it", "REDIRECT c@example.com", "REDIRECT c", "BCC",
    "BCC c@example.com",
]
# Other ways to answer, or not to.
MANNERS = {
    "close": None,
    "noaction": b"hello=there\n\n",
    "nothing": b"\n",
    "garbage": b"220 smtp.example.org ESMTP\n",
    "crlf": b"action=REJECT\r\n\r\n",
    "twice": b"x=y\naction=REJECT first\naction=REJECT second\n\n",
    "case": b"ACTION=REJECT\n\n",
    "equals": b"action=REJECT a=b\n\n",
    "longline": b"action=REJECT " + b"x" * 4000 + b"\n\n",
    "banner": b"220 smtp.example.org ESMTP\naction=REJECT\n\n",
    "noequals": b"action\n\n",
}


def answer(request):
    """What a recipient says the server shall answer, in the list that it
    says; "a12.sender@example.com"."""
    what, _, where = request["recipient"].partition("@")[0].partition(".")
    if request["policy_context"] == "other":
        return b"action=REJECT the other one\n\n"
    if request["policy_context"] == "loop":
        return b"action=loop\n\n"
    if where != request["policy_context"]:
        return b"action=DUNNO\n\n"
    if what in MANNERS:
        return MANNERS[what]
    if what[:1] == "a" and what[1:].isdigit():
        action = ACTIONS[int(what[1:])]
        return b"action=" + action.encode("latin1") + b"\n\n"
    return f"action={what}\n\n".encode("latin1")


def ask_both(client, commands, helo="EHLO mail.example.org"):
    """The replies to commands, of Postfix and of mailmum."""
    both = []
    for port in (postfix.NATIVE, postfix.MILTER):
        with Smtp(zones.ADDRESS.get(client, client), port) as c:
            c.need(helo)
            both.append([c.cmd(command) for command in commands])
            if not both[-1][-1].startswith(("421", "521")):
                c.quit()
    return both


class Both(Lab):
    policy = policy("mailmum")

    @classmethod
    def setUpClass(cls):
        cls.server = {who: PolicyServer(port, answer)
                      for who, port in PORT.items()}
        for server in cls.server.values():
            cls.addClassCleanup(server.stop)
        super().setUpClass()

    def same(self, recipient, client="plain", sender="alice@example.org"):
        """The verdicts are the same.  It, and how often each has asked."""
        native, ours = ask_both(client, [
            f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>"])
        if native[-1].isascii():
            self.assertEqual(native[-1][:510], ours[-1])
        else:  # mailmum has blanks there
            self.assertEqual(native[-1][:9], ours[-1][:9])
        return ours[-1], *(len(self.server[who].of(recipient))
                           for who in PORT)

    def test_actions(self):
        for name in LISTS:
            for i, action in enumerate(ACTIONS):
                with self.subTest(f"{name}: {action}"):
                    _, native, ours = self.same(f"a{i}.{name}@example.com")
                    if action[:4] not in ("dead", "chec"):
                        self.assertEqual(native, ours)

    def test_actions_for_a_listed_client(self):
        for i, action in enumerate(ACTIONS):
            if "rbl" in action or "if" in action:
                with self.subTest(action):
                    self.same(f"a{i}.client@example.com", "listed",
                              "x@h.tempfail.example.org")

    def test_manners(self):
        for what in MANNERS:
            with self.subTest(what):
                _, native, ours = self.same(f"{what}.recipient@example.com")
                # what was kept open and is closed is no try, and what is
                # known to fail gets one
                if what == "close":
                    self.assertEqual(native + 1, ours)
                else:
                    self.assertIn(native - ours, (0, 1))

    def test_a_class_that_asks(self):
        reply, native, ours = self.same("other.recipient@example.com")
        self.assertIn("the other one", reply)
        self.assertEqual((5, 5), (native, ours))
        self.same("loop.recipient@example.com")


class Requests(Lab):
    """What is asked, attribute by attribute."""

    policy = policy("mailmum")
    # told apart, or of which only mailmum or only Postfix knows
    OWN = ("instance", "queue_id", "client_port", "server_port",
           "policy_context")

    @classmethod
    def setUpClass(cls):
        cls.server = {who: PolicyServer(port, lambda _: b"action=DUNNO\n\n")
                      for who, port in PORT.items()}
        for server in cls.server.values():
            cls.addClassCleanup(server.stop)
        super().setUpClass()

    def requests(self, client, commands, helo="EHLO mail.example.org"):
        """What both were asked in a session."""
        for server in self.server.values():
            server.requests.clear()
        ask_both(client, commands, helo)
        return [[request for _, request in self.server[who].requests]
                for who in PORT]

    def compare(self, native, ours, but=()):
        self.assertEqual(len(native), len(ours))
        self.assertGreater(len(ours), 0)
        for one, other in zip(native, ours):
            self.assertEqual([n for n, _ in one], [n for n, _ in other])
            hide = {name: "" for name in (*self.OWN, *but)}
            self.assertEqual(dict(one) | hide, dict(other) | hide)
            self.assertEqual(dict(one)["policy_context"],
                             dict(other)["policy_context"])
            self.assertEqual(dict(one)["queue_id"] == "",
                             dict(other)["queue_id"] == "")
            self.assertEqual(str(postfix.MILTER), dict(other)["server_port"])
            self.assertTrue(dict(other)["client_port"].isdigit())

    def test_attributes(self):
        mail, rcpt = "MAIL FROM:<alice@example.org>", "RCPT TO:<b@example.com>"
        sessions = [
            *({"client": client} for client in (
                "plain", "plain6", "noptr", "noptr6", "forged", "ptrfail",
                "namefail", "127.0.0.9")),
            *({"mail": f"MAIL FROM:{sender}"} for sender in (
                "<>", "<bare>", '<"a b"@example.org>', "<A@Example.ORG>",
                "<@x.example,@y.example:a@example.org>", "<a@[192.0.2.1]>",
                "<a@example.org.>", "<a@example.org> SIZE=12345",
                "<a@example.org> SIZE=0 BODY=8BITMIME",
                "<a=b%c@example.org>", "<\u00e4@example.org> SMTPUTF8")),
            *({"rcpt": f"RCPT TO:{recipient}"} for recipient in (
                "<B+ext@Example.COM>", '<"b c"@example.com>',
                "<@x.example:b@example.com>", "<b@example.com.>")),
            *({"helo": f"EHLO {helo}"} for helo in (
                "[192.0.2.10]", "a_b", "a b", "x=y", "x@y<z>", "\x7f")),
        ]
        for session in sessions:
            with self.subTest(str(session)):
                self.compare(*self.requests(
                    session.get("client", "plain"),
                    [session.get("mail", mail), session.get("rcpt", rcpt)],
                    session.get("helo", "EHLO mail.example.org")))

    @unittest.skipUnless(shutil.which("openssl"), "there is no openssl")
    def test_encryption(self):
        for trusted in False, True:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            if trusted:
                context.load_cert_chain(CERTIFICATE)
            for server in self.server.values():
                server.requests.clear()
            for port in (postfix.NATIVE, postfix.MILTER):
                with Smtp(zones.ADDRESS["plain"], port) as c:
                    c.helo("before.example.org")
                    c.need("STARTTLS")
                    c.sock = context.wrap_socket(c.sock)
                    c.helo()
                    c.mail()
                    self.assertEqual(OK, c.rcpt("b@example.com"))
                    c.quit()
            native, ours = ([request for _, request in
                             self.server[who].requests] for who in PORT)
            self.compare(native, ours, but=(
                "ccert_fingerprint", "ccert_pubkey_fingerprint"))
            said = dict(ours[0])
            self.assertEqual("a=b+2Bc+20d" if trusted else "",
                             said["ccert_subject"])
            self.assertEqual("256", said["encryption_keysize"])
            self.assertEqual("", said["ccert_fingerprint"])

    def test_recipients_and_mails(self):
        native, ours = self.requests("plain", [
            "MAIL FROM:<a@example.org>", "RCPT TO:<b@example.com>",
            "RCPT TO:<c@example.com>", "RSET", "MAIL FROM:<d@example.org>",
            "RCPT TO:<b@example.com>"])
        self.compare(native, ours)
        for requests in (native, ours):
            instances = [dict(r)["instance"] for r in requests]
            self.assertEqual(2, len(set(instances)))
            self.assertEqual(1, len(set(instances[:8])))
            self.assertEqual(1, len(set(instances[8:])))
            self.assertNotIn("", instances)

    def test_login(self):
        self.compare(*self.requests("198.51.100.10", [
            "XCLIENT NAME=x.example.net ADDR=192.0.2.77 LOGIN=joe",
            "EHLO mail.example.org", "MAIL FROM:<a@example.org>",
            "RCPT TO:<b@example.com>"]), but=("client_port",))

    def test_helo_instead_of_ehlo(self):
        """The one thing that a milter is not told."""
        native, ours = self.requests("plain", [
            "MAIL FROM:<a@example.org>", "RCPT TO:<b@example.com>"],
            "HELO mail.example.org")
        self.compare(native, ours, but=("protocol_name",))
        self.assertEqual("SMTP", dict(native[0])["protocol_name"])
        self.assertEqual("ESMTP", dict(ours[0])["protocol_name"])

    def test_connections_are_kept(self):
        self.requests("plain", ["RSET"])
        before = self.server["mailmum"].connections
        for _ in range(3):
            self.requests("plain", ["MAIL FROM:<a@example.org>",
                                    "RCPT TO:<b@example.com>"])
        self.assertLessEqual(self.server["mailmum"].connections - before, 1)

    def test_explain_asks_if_told_to(self):
        for more, asked in ((), 0), (("--ask",), len(LISTS)):
            self.server["mailmum"].requests.clear()
            code, text = self.gate.ctl("explain", "192.0.2.10", "--to",
                                       "b@example.com", *more)
            self.assertEqual(0, code, text)
            self.assertEqual(asked, len(self.server["mailmum"].requests))
            self.assertIn("answers: DUNNO" if asked else "not asked", text)


class Failing(Lab):
    policy = policy("mailmum").replace(
        "smtpd_recipient_restrictions =",
        "smtpd_recipient_restrictions = dead,")

    @classmethod
    def setUpClass(cls):
        cls.server = PolicyServer(PORT["mailmum"],
                                  lambda _: b"action=DUNNO\n\n")
        cls.addClassCleanup(cls.server.stop)
        super().setUpClass()

    def test_it_is_said_once(self):
        for _ in range(3):
            recipient = self.recipient()
            with Smtp(zones.ADDRESS["plain"]) as c:
                c.helo()
                c.mail()
                self.assertEqual(
                    f"451 4.3.5 <{recipient}>: Recipient address rejected: "
                    "Server configuration problem", c.rcpt(recipient))
                c.quit()
        said = self.gate.messages("policy service", str(DEAD))
        self.assertEqual(1, len(said), said)
        self.assertIn("Connection refused", said[0])
        counters = self.gate.stats()["counters"]
        self.assertEqual(3, counters["policy_failures"])


def listens(port):
    with postfix.socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


@unittest.skipUnless(shutil.which("postgrey"), "there is no postgrey")
class Postgrey(Lab):
    """One for each: they remember."""

    policy = CLASSES.format(dead=DEAD, port=PORT["mailmum"],
                            grey=GREY["mailmum"], spf=SPF) + \
        "smtpd_recipient_restrictions = grey\n"
    DELAY = 2

    @classmethod
    def setUpClass(cls):
        for who, port in GREY.items():
            cls.start(who, port)
        NATIVE_GREY = NATIVE | {"smtpd_recipient_restrictions": "grey"}
        for name in ("client", "helo", "sender"):
            NATIVE_GREY[f"smtpd_{name}_restrictions"] = ""
        cls.mta.configure(NATIVE_GREY)
        cls.addClassCleanup(cls.mta.configure, NATIVE)
        super().setUpClass()

    @classmethod
    def start(cls, who, port):
        directory = space.BASE / f"postgrey-{who}"
        directory.mkdir()
        space.run("chown", "postgrey", directory)
        process = subprocess.Popen(
            ["postgrey", f"--inet=127.0.0.1:{port}", f"--dbdir={directory}",
             f"--delay={cls.DELAY}", "--hostname=mx.example.com"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        cls.addClassCleanup(process.wait)
        cls.addClassCleanup(process.terminate)
        wait_for("postgrey", lambda: listens(port))

    def ask(self, client, recipient, sender="alice@example.org"):
        return [replies[-1] for replies in ask_both(client, [
            f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>"])]

    def test_first_and_again(self):
        for client in "plain", "plain6", "noptr", "listed":
            for sender in "alice@example.org", "":
                native, ours = self.ask(client, "b@example.com", sender)
                self.assertIn("Greylisted", native)
                self.assertEqual(native, ours)
        native, ours = self.ask("plain", "c@example.com")
        self.assertEqual(native, ours)
        time.sleep(self.DELAY + 1)
        self.assertEqual([OK, OK], self.ask("plain", "c@example.com"))
        self.assertEqual([OK, OK], self.ask("plain", "c@example.com"))


@unittest.skipUnless(shutil.which("policyd-spf"), "there is no policyd-spf")
class Spf(Lab):
    policy = Postgrey.policy.replace("= grey\n", "= spf\n")
    CONF = """
debugLevel = 1
TestOnly = 1
HELO_reject = Fail
Mail_From_reject = Fail
PermError_reject = True
TempError_Defer = True
skip_addresses = 127.0.0.0/8,::1
"""

    @classmethod
    def setUpClass(cls):
        conf = space.write(space.BASE / "spf.conf", cls.CONF)
        server = Spawn(SPF, shutil.which("policyd-spf"), str(conf))
        cls.addClassCleanup(server.stop)
        native = NATIVE | {"smtpd_recipient_restrictions": "spf"}
        for name in ("client", "helo", "sender"):
            native[f"smtpd_{name}_restrictions"] = ""
        cls.mta.configure(native)
        cls.addClassCleanup(cls.mta.configure, NATIVE)
        super().setUpClass()

    def test_results(self):
        seen = set()
        for sender in ("a@pass.spf.example.org", "a@fail.spf.example.org",
                       "a@soft.spf.example.org", "a@broken.spf.example.org",
                       "a@h.tempfail.example.org", "a@example.org", ""):
            for helo in "mail.example.org", "fail.spf.example.org":
                with self.subTest(f"{sender} {helo}"):
                    native, ours = ask_both("plain", [
                        f"MAIL FROM:<{sender}>", "RCPT TO:<b@example.com>"],
                        f"EHLO {helo}")
                    self.assertEqual(native[-1], ours[-1])
                    seen.add(native[-1][:3])
        self.assertEqual({"250", "450", "550"} & seen, {"250", "550"} | (
            seen & {"450"}))
