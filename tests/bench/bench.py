"""What the benchmarks share: the DNS with its delay and its list of
questions, the two milters, their client, and the tables.  The furniture of
the namespace, Postfix and the SMTP client are the lab's (tests/lab)."""

import argparse
import collections
import os
import pathlib
import resource
import socket
import statistics
import subprocess
import sys
import time

import nameserver
import space
import zones

BIN = pathlib.Path(os.environ["BIN"])
DISK = pathlib.Path(os.environ["DISK"])  # a real disk, where LAB is memory
POSTFIX, MAILMUM = 0, 1  # who asked: slowdns' listeners
LISTENER = {POSTFIX: "127.0.0.1@5310", MAILMUM: "127.0.0.1@5311"}
SERVER = "127.0.0.1@5300"
TTL = 3600
TICK = os.sysconf("SC_CLK_TCK")
POLICIES = pathlib.Path(nameserver.__file__).parent / "policies"

Question = collections.namedtuple("Question", "time who name type")


def options(text, *more):
    """The command line; more: (flag, type, default, help)."""
    parser = argparse.ArgumentParser(description=text)
    for flag, kind, default, words in more:
        parser.add_argument(flag, type=kind, default=default,
                            help=f"{words} ({default})")
    return parser.parse_args()


def zone(name, records=""):
    return (f"$ORIGIN {name.rstrip('.')}.\n$TTL {TTL}\n"
            f"@ SOA ns.bench.example. host.bench.example. 1 3600 900 86400 "
            f"{TTL}\n@ NS ns.bench.example.\n{records}")


class Dns:
    """One server for every zone, root included; slowdns in front of it,
    asked by Unbound, which is Postfix's resolver, and by mailmum."""

    def __init__(self, served, delay=0):
        served = {"": zone(""), **served}
        self.path = space.BASE / "questions"
        self.children = [
            nameserver.start_nsd("nsd", served, [SERVER]),
            subprocess.Popen([BIN / "slowdns", "-d", str(delay), "-o",
                              self.path, "-u", SERVER, LISTENER[POSTFIX],
                              LISTENER[MAILMUM]])]
        space.write("/etc/unbound/unbound.conf", nameserver.UNBOUND_CONF
                    .format(log=space.BASE / "unbound.log",
                            root=LISTENER[POSTFIX]))
        self.children.append(subprocess.Popen(
            ["unbound", "-d", "-c", "/etc/unbound/unbound.conf"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        for name in served:
            await_true(f"an answer for {name or '.'}", lambda name=name:
                       nameserver.ask(nameserver.RESOLVER, 53, name,
                                      nameserver.SOA) == nameserver.NOERROR)

    def questions(self):
        """All since the last call."""
        if not hasattr(self, "_read"):
            self._read = self.path.open(encoding="ascii")
        rows = (line.split() for line in self._read.readlines())
        return [Question(int(t) / 1e6, int(who), name.rstrip("."), int(kind))
                for t, who, name, kind in rows]


def await_true(what, found, patience=20):
    until = time.monotonic() + patience
    while not found():
        if time.monotonic() > until:
            sys.exit(f"waited in vain for {what}")
        time.sleep(0.01)


def await_port(port):
    """Until Postfix listens there."""
    def listens():
        with socket.socket() as sock:
            return sock.connect_ex((space.ADDRESS, port)) == 0
    await_true(f"port {port}", listens)


class Milter:
    """A process with a milter's socket."""

    def __init__(self, name, command):
        self.socket = self.home(name) / "milter.sock"
        self.log = self.home(name) / "log"
        self.process = subprocess.Popen(
            [*command], stdout=subprocess.DEVNULL,
            stderr=self.log.open("w", encoding="utf-8"))
        await_true(f"{name}: {self.log.read_text()}", self.socket.exists)
        self.socket.chmod(0o666)

    @staticmethod
    def home(name):
        path = DISK / name
        path.mkdir(mode=0o755, exist_ok=True)
        DISK.chmod(0o755)
        return path

    def cpu(self):
        """Seconds of processor time so far."""
        stat = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text()
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def memory(self):
        """Resident, in KiB."""
        for line in pathlib.Path(
                f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise RuntimeError("no VmRSS")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def null_milter(*flags):
    name = "null" + "".join(flags)
    return Milter(name, [BIN / "null_milter", *flags,
                         f"unix:{Milter.home(name) / 'milter.sock'}"])


def configure(policy, name="mailmum"):
    """mailmum.conf with this policy; returns its path."""
    home = Milter.home(name)
    (home / "state").mkdir(exist_ok=True)
    return space.write(home / "mailmum.conf", f"""
milter_socket = unix:{home}/milter.sock
milter_socket_mode = 0666
milter_socket_group =
control_socket = unix:{home}/control.sock
state_directory = {home}/state
user =
myhostname = mx.example.net
dns_stub = .={LISTENER[MAILMUM]}
dns_trust_anchor_file = none
{policy}
""")


def gate(policy, name="mailmum"):
    path = configure(policy, name)
    (path.parent / "milter.sock").unlink(missing_ok=True)
    return Milter(name, [BIN / "mailmum", "-f", "-c", path])


def mclient(socket, **flags):
    """Runs the client; its figures.  flags: its options, True for none."""
    command = [BIN / "mclient", "-w", "10"]
    for flag, value in flags.items():
        command += ["-" + flag] if value is True else ["-" + flag, str(value)]
    out = subprocess.run([*command, socket], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, text=True, check=True).stdout
    pairs = (word.split("=") for word in out.split())
    return {name: float(value) for name, value in pairs}


def policy(letter):
    """One of the three of the lab, as it stands in the file."""
    return (POLICIES / f"{letter}.conf").read_text(encoding="utf-8")


def furnish():
    """The namespace, and the tables that the policies name."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    space.enter()
    space.write("/etc/mailmum/rbl_override", "")
    space.write("/etc/mailmum/helo_access", "")
    # postmap wants one, and a Postfix just installed has none
    space.write("/etc/postfix/main.cf", "compatibility_level = 3.6\n")
    for table in ("rbl_override", "helo_access"):
        space.run("postmap", f"hash:/etc/mailmum/{table}")


def lists():
    """The lists of the policies, empty but for what RFC 5782 wants."""
    text = "".join(policy(letter) for letter in "abc")
    return {name: zone(name, "2.0.0.127 A 127.0.0.2\n")
            for name in zones.LISTS if name in text}


def table(head, rows):
    """Prints columns as wide as they need, the first to the left."""
    rows = [[str(cell) for cell in row] for row in [head, *rows]]
    width = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        print("  ".join([row[0].ljust(width[0])] + [
            cell.rjust(w) for cell, w in zip(row[1:], width[1:])]))


def verdict(met):
    return "met" if met else "MISSED"


def title(text):
    print(text)
    print("=" * len(text))
    print(f"again: sh tests/bench/run.sh "
          f"{pathlib.Path(sys.argv[0]).stem.removeprefix('bench_')}"
          + (" -- " + " ".join(sys.argv[1:]) if sys.argv[1:] else ""))


median = statistics.median
