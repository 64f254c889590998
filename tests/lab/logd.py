"""Those who take the log: a real systemd-journald, and a syslog daemon of a
few lines that writes what rsyslog would."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import threading

import space
from waiting import wait_for

JOURNALD = "/lib/systemd/systemd-journald"
JOURNAL = pathlib.Path("/run/systemd/journal/socket")
LOGS = pathlib.Path("/run/log/journal")
CATALOGS = pathlib.Path("/usr/lib/systemd/catalog")
CATALOG = (pathlib.Path(__file__).parents[2]
           / "contrib/systemd/mailmum.catalog")
CONF = """
[Journal]
Storage=volatile
ReadKMsg=no
Audit=no
RateLimitIntervalSec=0
"""
NODES = "null zero full random urandom tty".split()


def missing():
    """Why there is no journal here, or None."""
    if pathlib.Path(JOURNALD).is_file() and shutil.which("journalctl"):
        return None
    return "systemd is not installed"


def enter():
    """A /dev of our own, so that /dev/log is not the machine's."""
    dev = space.BASE / "dev"
    dev.mkdir()
    space.run("mount", "-t", "tmpfs", "-o", "mode=755", "dev", dev)
    for node in NODES:
        (dev / node).touch()
        space.run("mount", "--bind", f"/dev/{node}", dev / node)
    for link in "fd stdin stdout stderr".split():
        (dev / link).symlink_to(os.readlink(f"/dev/{link}"))
    space.run("mount", "--rbind", dev, "/dev")


def mount_over(path):
    space.run("mount", "-t", "tmpfs", "-o", "mode=755", "lab", path)


class Journald:
    """In directories of its own, which go with the namespace."""

    def __init__(self):
        for path in ("/var/lib/systemd", CATALOGS):
            mount_over(path)
        space.write("/etc/machine-id", "0123456789abcdef" * 2 + "\n")
        space.write("/etc/systemd/journald.conf", CONF)
        pathlib.Path("/run/systemd").mkdir(exist_ok=True)
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen([JOURNALD],
                                        stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        wait_for("systemd-journald", lambda: self._listens(JOURNAL)
                 and self._listens("/run/systemd/journal/dev-log"))
        log = pathlib.Path("/dev/log")
        log.unlink(missing_ok=True)
        log.symlink_to("/run/systemd/journal/dev-log")

    @staticmethod
    def _listens(path):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            return sock.connect_ex(str(path)) == 0

    def stop(self):
        """Nothing is left that could take a record."""
        self.process.terminate()
        self.process.wait()
        pathlib.Path("/dev/log").unlink()
        shutil.rmtree("/run/systemd/journal")

    @staticmethod
    def path():
        """The directory that the files are in."""
        return next(LOGS.iterdir())

    @staticmethod
    def ctl(*args):
        return subprocess.run(["journalctl", "-q", "-D", LOGS, *args],
                              stdout=subprocess.PIPE, check=True).stdout

    def entries(self, *matches):
        """[{field: bytes}]: what is in the journal of mailmum, oldest
        first."""
        text = self.ctl("-o", "json", "--all", "-t", "mailmum", *matches)
        return [{name: bytes(value) if isinstance(value, list)
                 else value.encode()
                 for name, value in json.loads(line).items()}
                for line in text.splitlines()]

    def explain(self, *matches):
        """The entries with their explanations from the catalog."""
        shutil.copy(CATALOG, CATALOGS)
        space.run("journalctl", "--update-catalog")
        return self.ctl("-x", "-t", "mailmum", *matches).decode()


class Syslogd(threading.Thread):
    """Listens on /dev/log and writes to a file as rsyslog does: with the
    host's name in front, and nothing in it that is not printable."""

    def __init__(self, path, host="mx"):
        super().__init__(daemon=True)
        self.path, self.host = pathlib.Path(path), host
        self.path.touch()
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        pathlib.Path("/dev/log").unlink(missing_ok=True)
        self.sock.bind("/dev/log")
        os.chmod("/dev/log", 0o666)
        self.start()

    def run(self):
        with contextlib.suppress(OSError):
            while data := self.sock.recv(16384):
                self._write(data.rstrip(b"\0\n").decode("latin1"))

    def _write(self, text):
        when, rest = re.fullmatch(
            r"<\d+>(\w{3} [ \d]\d \d\d:\d\d:\d\d) (.*)", text, re.S).groups()
        with open(self.path, "a", encoding="ascii") as log:
            log.write(f"{when} {self.host} " + re.sub(
                r"[^ -~]", lambda m: f"#{ord(m[0]):03o}", rest) + "\n")

    def lines(self, tag="mailmum"):
        """The texts of one program."""
        found = (re.fullmatch(rf"\S+ +\S+ \S+ \S+ {tag}\[\d+\]: (.*)", line)
                 for line in self.path.read_text().splitlines())
        return [match[1] for match in found if match]

    def stop(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.join()
        self.sock.close()
        pathlib.Path("/dev/log").unlink(missing_ok=True)
