"""contrib/postfix as an operator uses it: Debian's Postfix, with a chroot and
without, the files' very lines, and the commands that they name."""

import contextlib
import os
import pathlib
import re
import socket

import case
import debian_postfix
import gate
import nameserver
import space
import zones
from case import OK
from smtp import Smtp, wait_for

CONTRIB = pathlib.Path(__file__).parents[2] / "contrib/postfix"
ETC = debian_postfix.ETC
INSTALLED = "/usr/share/mailmum/postfix"
SOCKET = debian_postfix.SPOOL / "run/mailmum.sock"
TRY = 2525
ZEN = case.blocked("Client host", zones.ADDRESS["listed"], "zen.spamhaus.org",
                   zones.txt(zones.ADDRESS["listed"]))


def listens(port):
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def servers(native):
    del native
    dns = nameserver.Dns()
    case.Lab.mta = debian_postfix.Postfix()
    # as mailmum.socket has it
    SOCKET.parent.mkdir(exist_ok=True)
    os.symlink(SOCKET, gate.SOCKET)
    try:
        yield
    finally:
        case.Lab.mta.stop()
        dns.stop()


SERVERS = servers


def commands(name):
    """What a file of contrib tells to type, in its order."""
    text = (CONTRIB / name).read_text().replace(INSTALLED, str(CONTRIB))
    return re.findall(r"^#? {4,5}((?:cat|postconf|postfix) .*)$", text, re.M)


class Local(Smtp):
    def _connect(self, server, port):
        self.sock.connect(("127.0.0.1", port))


class Wiring(case.Lab):
    policy = ("smtpd_recipient_restrictions = "
              "reject_rbl_client zen.spamhaus.org\n")
    settings = {"milter_socket": f"unix:{SOCKET}"}

    def setUp(self):
        for name in "main.cf", "master.cf":
            path = ETC / name
            self.addCleanup(space.write, path, path.read_text())
        if self.gate.process.poll() is not None:
            self.gate.start()

    def rcpt(self, client):
        """RCPT's reply, and its digits."""
        with Smtp(zones.ADDRESS[client], 25) as c:
            c.helo()
            c.mail()
            reply = c.rcpt(self.recipient())
            c.quit()
        return reply

    def becomes(self, what, reply, client="listed"):
        """Once no process is left that knows an older configuration."""
        wait_for(what, lambda: self.rcpt(client) == reply)

    def judged(self):
        self.becomes("mailmum to be asked", ZEN)
        self.assertEqual(OK, self.rcpt("plain"))
        self.assertEqual(ZEN, self.rcpt("listed"))

    def undone(self):
        (undo,) = commands("README")
        space.run("sh", "-ec", undo)
        self.becomes("mailmum to be left out", OK)

    def test_main_cf(self):
        """With a chroot, as Debian has it, and without."""
        self.assertEqual(OK, self.rcpt("listed"))
        add, reload_ = commands("main.cf")
        for chroot in "y", "n":
            with self.subTest(chroot=chroot):
                space.run("postconf", "-F", f"smtp/inet/chroot = {chroot}")
                for command in add, reload_:
                    space.run("sh", "-ec", command)
                self.judged()
                self.gate.kill()
                self.assertEqual(OK, self.rcpt("listed"))
                self.gate.start()
                self.judged()
                self.undone()

    def test_listener(self):
        """It judges whom it is told of; others go on unjudged."""
        add, reload_, undo = commands("master.cf")
        for command in add, reload_:
            space.run("sh", "-ec", command)
        wait_for("the listener", lambda: listens(TRY))
        for client, reply in (("listed", ZEN), ("plain", OK)):
            with Local("127.0.0.1", TRY) as c:
                c.need(f"XCLIENT NAME={client}.example.net "
                       f"ADDR={zones.ADDRESS[client]}")
                c.helo()
                c.mail()
                self.assertEqual(reply, c.rcpt(self.recipient()))
                c.quit()
        self.assertEqual(OK, self.rcpt("listed"))
        space.run("sh", "-ec", undo)
        wait_for("the listener to go", lambda: not listens(TRY))

    def test_postscreen(self):
        """It lets through to mailmum, with the client's address."""
        for command in (
                "postconf -e postscreen_greet_wait=1s",
                "postconf -M 'smtp/inet=smtp inet n - y - 1 postscreen'",
                "postconf -M 'smtpd/pass=smtpd pass - - y - - smtpd'",
                *commands("main.cf")):
            space.run("sh", "-ec", command)
        self.judged()
        self.assertIn("CONNECT from", self.mta.log())
        self.undone()
