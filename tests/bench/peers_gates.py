"""The greylists: real programs on a clock that is set, and a model.

A gate has a name, start(), stop(), and session(now, host, sender,
recipients), which says of each recipient "accept", "defer" or "reject".
"""

import ipaddress
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

import bench
import miltergreylist
import mta
import nameserver
import space
from peers_stream import OURS, Host

FAKETIME = "/usr/lib/*-linux-gnu/faketime/libfaketimeMT.so.1"
ROOT = pathlib.Path(__file__).resolve().parents[2]


class Clock:
    """The wall clock of one program, told by a file.  It stands still until
    it is set; what waits for seconds to go by has the real monotonic one."""

    def __init__(self, name):
        self.path = space.BASE / f"{name}.time"

    def set(self, now):
        """Renamed into place, so that nobody reads half of it."""
        aside = self.path.with_suffix(".new")
        aside.write_text(time.strftime("%Y-%m-%d %H:%M:%S\n",
                                       time.gmtime(now)), encoding="ascii")
        aside.rename(self.path)

    def environment(self):
        libraries = sorted(pathlib.Path("/").glob(FAKETIME[1:]))
        if not libraries:
            raise SystemExit("libfaketime is not installed")
        return os.environ | {
            "TZ": "UTC", "LD_PRELOAD": str(libraries[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self.path),
            "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # else waits by the monotonic clock end at once
            "FAKETIME_FORCE_MONOTONIC_FIX": "0", "NO_FAKE_STAT": "1"}


class Program:
    """A process of its own with a clock of its own."""

    def __init__(self, name):
        self.name = name
        self.home = space.BASE / re.sub(r"\W+", "-", name)
        self.home.mkdir()
        self.clock = Clock(self.home.name)
        self.said = self.home / "said"
        self.process = None

    def spawn(self, now, *command):
        self.clock.set(now)
        with self.said.open("wb") as said:
            self.process = subprocess.Popen(
                command, env=self.clock.environment(), cwd="/",
                stdin=subprocess.DEVNULL, stdout=said, stderr=said)

    def wait_for(self, ready):
        def found():
            if self.process.poll() is not None:
                raise SystemExit(f"{self.name} ended: {self.words()}")
            return ready()
        bench.await_true(f"{self.name}: {self.words()}", found)

    def words(self):
        return self.said.read_text(errors="replace")[-2000:]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class PolicyService(Program):
    """Asked as Postfix asks check_policy_service at RCPT."""

    port = user = None

    def start(self, now):
        space.run("chown", self.user, self.home)
        self.spawn(now, *self.command())

        def ready():
            try:
                self.sock = socket.create_connection(("127.0.0.1", self.port))
            except ConnectionRefusedError:
                return False
            return True
        self.wait_for(ready)
        self.lines = self.sock.makefile("r", encoding="ascii")
        self.instance = 0

    def session(self, now, host, sender, recipients):
        self.clock.set(now)
        self.instance += 1
        return [self.ask(host, sender, to) for to in recipients]

    def ask(self, host, sender, recipient):
        name = host.name or "unknown"
        request = {
            "request": "smtpd_access_policy", "protocol_state": "RCPT",
            "protocol_name": "ESMTP", "helo_name": host.claimed or name,
            "queue_id": "", "sender": sender, "recipient": recipient,
            "recipient_count": "0", "client_address": host.address,
            "client_name": name,
            "reverse_client_name": host.claimed or "unknown",
            "instance": f"123.{self.instance:x}.4", "size": "2345",
            "etrn_domain": "", "sasl_method": "", "encryption_protocol": ""}
        self.sock.sendall("".join(
            f"{k}={v}\n" for k, v in request.items()).encode() + b"\n")
        action = self.lines.readline().strip().removeprefix("action=").lower()
        if self.lines.readline() != "\n":
            raise SystemExit(f"{self.name} says: {self.words()}")
        if action.startswith(("defer_if_permit", "450", "451")):
            return "defer"
        if action.startswith(("prepend", "dunno")):
            return "accept"
        raise SystemExit(f"{self.name} says: {action}")

    def stop(self):
        self.sock.close()
        super().stop()


class Postgrey(PolicyService):
    """Debian's package as its service starts it, with the lists of clients
    and recipients that come with it."""

    port, user, delay = 10023, "postgrey", 300

    def command(self):
        return ["postgrey", f"--inet=127.0.0.1:{self.port}",
                f"--dbdir={self.home}", "--hostname=mx.site.example"]


class Sqlgrey(PolicyService):
    """Debian's package with its configuration, but for the database."""

    port, user, delay = 2501, "sqlgrey", 300

    def command(self):
        shipped = pathlib.Path("/etc/sqlgrey/sqlgrey.conf").read_text()
        conf = space.write(self.home / "sqlgrey.conf", shipped + (
            f"\ndb_type = SQLite\ndb_name = {self.home}/sqlgrey.sqlite\n"
            f"inet = 127.0.0.1:{self.port}\n"))
        return ["sqlgrey", "-f", str(conf)]


class MilterGreylist:
    """The model; spf: as if it had been built with SPF support."""

    delay = miltergreylist.DELAY

    def __init__(self, name, spf=None):
        self.name, self.spf = name, spf
        self.model = miltergreylist.MilterGreylist()

    def start(self, now):
        pass

    def stop(self):
        pass

    def session(self, now, host, sender, recipients):
        ip = ipaddress.ip_address(host.address)
        if self.spf is not None and permits(self.spf, sender, ip):
            return ["accept"] * len(recipients)
        return ["accept" if self.model.accepts(
            now, host.address, sender, to) else "defer" for to in recipients]


def permits(spf, sender, ip):
    """Does the SPF record of sender's domain permit ip?"""
    return any(ip in net for net in spf.get(sender.rpartition("@")[2], ())
               if net.version == ip.version)


class Mailmum(Program):
    """The daemon with its defaults, asked as Postfix asks a milter.  policy:
    the text of a mailmum.conf; above it stands only what gives it places of
    its own and the private DNS."""

    delay = 170
    SETTINGS = """
milter_socket = unix:{home}/milter.sock
milter_socket_group =
control_socket = unix:{home}/control.sock
state_directory = {home}
log_to = json:{home}/log
user =
myhostname = mx.site.example
dns_stub = .={dns}
dns_trust_anchor_file = none
greylist_exceptions = {root}/contrib/greylist-exceptions
"""

    def __init__(self, name, policy):
        super().__init__(name)
        self.policy = policy

    def start(self, now):
        conf = space.write(self.home / "mailmum.conf", self.policy +
                           self.SETTINGS.format(home=self.home, root=ROOT,
                                                dns=bench.SERVER))
        self.spawn(now, str(bench.BIN / "mailmum"), "-f", "-c", str(conf))
        self.wait_for((self.home / "milter.sock").exists)

    def session(self, now, host, sender, recipients):
        self.clock.set(now)
        resolve = "OK" if host.name else "FORGED" if host.claimed else "FAIL"
        with mta.Mta(str(self.home / "milter.sock")) as asked:
            asked.connect(host.address, host.name, ptr=host.claimed,
                          resolve=resolve)
            asked.helo(host.claimed or "localhost.localdomain")
            asked.mail(f"<{sender}>")
            got = [self.read(asked.rcpt(f"<{to}>")) for to in recipients]
            if "accept" in got:
                asked.eom()
        return got

    @staticmethod
    def read(reply):
        if reply in ("continue", "a"):
            return "accept"
        return {"4": "defer", "5": "reject"}[reply[0]]

    def stop(self):
        super().stop()
        log = (self.home / "log").read_text(encoding="utf-8")
        for trouble in ('"priority":"err"', "mail passes without it"):
            if trouble in log:
                raise SystemExit(f"{self.name}: {log[log.index(trouble):]}")


def records(domain, networks):
    """A domain's SPF record; one with many networks includes another."""
    words = [f"ip{net.version}:{net}" for net in networks]
    if len(words) > 2:
        yield f'{domain}. TXT "v=spf1 include:_spf.{domain} -all"\n'
        domain = "_spf." + domain
    text = f"v=spf1 {' '.join(words)} -all"
    strings = " ".join(f'"{text[i:i + 250]}"'
                       for i in range(0, len(text), 250))
    yield f"{domain}. TXT {strings}\n"


def serve(spf):
    """The private DNS: one server for a root that has everything."""
    zone = bench.zone("") + "".join(
        line for domain in sorted(spf)
        for line in records(domain, spf[domain]))
    process = nameserver.start_nsd("nsd", {"": zone}, [bench.SERVER])
    address, port = bench.SERVER.split("@")
    bench.await_true("the root zone", lambda: nameserver.ask(
        address, int(port), "", nameserver.SOA) == nameserver.NOERROR)
    return process


def check_clock(gate, now, word):
    """The program sees its clock: it puts off until ten seconds before its
    delay is over, and lets pass ten seconds behind.  What it does counts,
    not what its clock was set to."""
    host = Host(None, "100.127.255.9", None)
    sender, to = f"clock@{word}.example", [f"ada@{word}.{OURS}"]
    for after, want in ((0, "defer"), (gate.delay - 10, "defer"),
                        (gate.delay + 10, "accept")):
        got = gate.session(now + after, host, sender, to)
        if got != [want]:
            said = time.strftime("%F %T", time.gmtime(now + after))
            raise SystemExit(f"{gate.name} does not see its clock: {got[0]} "
                             f"instead of {want} at {said}")
