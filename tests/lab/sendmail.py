"""A Sendmail of the lab's own: Debian's programs and Debian's sendmail.mc,
with contrib's lines at its end as README has them.  Its package excludes
Postfix's, so its files lie unpacked in the directory UNPACKED."""

import os
import pathlib
import re
import socket
import subprocess

import sink
import space
from waiting import wait_for

ROOT = pathlib.Path(os.environ.get("UNPACKED", "/nonexistent"))
CF = ROOT / "usr/share/sendmail/cf"
BIN = ROOT / "usr/libexec/sendmail"
SOURCE = pathlib.Path(__file__).parents[2]
CONTRIB = SOURCE / "contrib/sendmail"
MAIL = pathlib.Path("/etc/mail")
QUEUE = pathlib.Path("/var/spool/mqueue")

GUARDED = 2525
TRY = 2526  # has mailmum as a filter of its own
BARE = 2527  # asks nobody

# What stands in the way of many sessions from few clients, on a busy machine.
TAKEN_OUT = (r"DAEMON_OPTIONS.*", r"FEATURE\(`(greet_pause|conncontrol|"
             r"ratecontrol).*", r"define\(`conf(CONNECTION|BAD_RCPT).*",
             r"include\(`/etc/mail/m4/.*")
# Before MAILER_DEFINITIONS.  Mail is delivered before it is acknowledged, to
# the sink; what is judged here, Sendmail does not judge before.
PUT_IN = f"""
define(`confREFUSE_LA', `10000')dnl
define(`confQUEUE_LA', `10000')dnl
define(`confTO_IDENT', `0s')dnl
define(`confDELIVERY_MODE', `interactive')dnl
undefine(`confHOST_STATUS_DIRECTORY')dnl
define(`MAIL_HUB', `relay:[127.0.0.1]')dnl
define(`SMART_HOST', `relay:[127.0.0.1]')dnl
define(`RELAY_MAILER_ARGS', `TCP $h {sink.PORT}')dnl
define(`RELAY_MAILER_FLAGS', `z')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`accept_unqualified_senders')dnl
"""
INSTALLED = "/usr/share/mailmum/sendmail"
LISTENER = ("DAEMON_OPTIONS(`Name=MTA-{n}, Family={family}, Addr={address}, "
            "Port={port}{more}')dnl\n")
HEARD = (
    # what it says where Postfix says yes
    (re.compile(r"250 2\.1\.5 .*\.\.\. Recipient ok.*"), "250 2.1.5 Ok"),
    (re.compile(r"250 2\.1\.0 .*\.\.\. Sender ok"), "250 2.1.0 Ok"),
    (re.compile(r"250 2\.0\.0 (\w+) Message accepted for delivery"),
     r"250 2.0.0 Ok: queued as \1"),
    # it names the recipient before a reply, but for 551 and 554
    (re.compile(r"((?!551|554)[45]\d\d[- ]\d\.\d+\.\d+) .*?\.\.\. (.*)",
                re.S), r"\1 \2"),
    # for want of MAIL
    (re.compile(r"503 5\.0\.0 Need MAIL before RCPT"),
     "503 5.5.1 Error: need MAIL command"),
)


def heard(reply):
    """A reply in Postfix's words, where Sendmail has put it in its own."""
    for pattern, words in HEARD:
        match = pattern.fullmatch(reply)
        if match:
            return match.expand(words)
    return reply

def fate(kept, reply):
    """As Sink.fate(): what became of a message that Sendmail took."""
    queue_id = re.search(r"queued as (\w+)", reply)[1]
    if (QUEUE / f"hf{queue_id}").exists():
        return "held", [], []
    recipients, lines = kept.mail.get(queue_id, ([], None))
    if lines is None:
        assert not list(QUEUE.glob(f"*{queue_id}")), queue_id
        return "discarded", [], []
    # it calls its own domains by the host that they are sent to
    recipients = [r.replace("[127.0.0.1]", "example.com") for r in recipients]
    return "delivered", recipients, list(sink.headers(lines))


def command(word):
    """What README says to type that begins with this word, for Sendmail, but
    for sendmailconfig(8) behind it."""
    text = (SOURCE / "README").read_text().replace("\\\n", " ")
    (line,) = [line for line in text.splitlines()
               if line.startswith(f"    {word} ") and "sendmail" in line]
    return line.replace(INSTALLED, str(CONTRIB)).removesuffix(
        " && sendmailconfig </dev/null")


def listeners():
    """One on each address: all filters, one of its own, or none."""
    text = "MAIL_FILTER(`try', `S=local:/run/mailmum.sock, T=R:30s')dnl\n"
    for port, more in ((GUARDED, ""), (TRY, ", I=try"), (BARE, ", I=")):
        for family, address in (("inet", space.ADDRESS),
                                ("inet6", space.ADDRESS6)):
            text += LISTENER.format(n=f"{family}-{port}", family=family,
                                    address=address, port=port, more=more)
    return text


def configuration(more):
    """Debian's sendmail.mc.  more: further lines of it."""
    text = (CF / "debian/sendmail.mc").read_text()
    for pattern in TAKEN_OUT:
        text = re.sub(rf"^{pattern}\n", "", text, flags=re.M)
    return text.replace("MAILER_DEFINITIONS", PUT_IN + listeners() + more
                        + "MAILER_DEFINITIONS")


class Sendmail:
    """more: lines of sendmail.mc."""

    def __init__(self, more="", access=""):
        socket.sethostname("mx.example.com")
        for place in "/var/spool", "/var/lib":
            space.run("mount", "-t", "tmpfs", "-o", "mode=755", "lab", place)
        for path in (QUEUE, "/var/lib/sendmail",
                     "/run/sendmail/mta", MAIL):
            os.makedirs(path, exist_ok=True)
        with open("/etc/group", "a", encoding="ascii") as group:
            group.write("smmta:x:970:\n")
        with open("/etc/passwd", "a", encoding="ascii") as passwd:
            passwd.write("smmta:x:970:970::/:/usr/sbin/nologin\n")
        space.write(MAIL / "local-host-names", "example.com\n")
        space.write(MAIL / "aliases", "")
        self._make(configuration(more))
        self._program("makemap", "hash", MAIL / "access", stdin=access)
        self._program("sendmail", "-bi")
        self.process = subprocess.Popen(
            [BIN / "sendmail", "-bD", "-q1h"], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("Sendmail", self._listens)

    def _listens(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"Sendmail ended: {self.process.returncode}")
        with socket.socket() as sock:
            return sock.connect_ex((space.ADDRESS, BARE)) == 0

    @staticmethod
    def _program(name, *args, stdin=""):
        subprocess.run([BIN / name, *args], input=stdin, text=True,
                       stdout=subprocess.DEVNULL, check=True)

    @staticmethod
    def _make(text):
        """sendmail.cf, as sendmailconfig(8) does it; but the files of its own
        are where they were unpacked."""
        own = pathlib.Path("/run/sendmail/cf")
        space.run("cp", "-r", CF, own)
        for path in "ostype/debian.m4", "domain/debian-mta.m4":
            space.write(own / path, (own / path).read_text().replace(
                "/usr/share/sendmail/cf", str(own)))
        mc = space.write(MAIL / "sendmail.mc", text.replace(
            "/usr/share/sendmail/cf", str(own)))
        space.run("sh", "-ec", command("echo"))
        space.write(MAIL / "sendmail.cf", space.run("m4", mc))

    def stop(self):
        self.process.terminate()
        self.process.wait()
