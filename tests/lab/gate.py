"""mailmum, the program under test: its configuration, its life, its log."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess

import nameserver
import space
from smtp import wait_for

CONF = pathlib.Path("/etc/mailmum/mailmum.conf")  # the default, so no -c
SOCKET = "/run/mailmum.sock"  # the default as well
POLICIES = pathlib.Path(__file__).parent / "policies"
TABLES = {
    # read as cidr: by policy A, as hash: by B and C
    "rbl_override": """
192.0.2.40 OK
192.0.2.41 REJECT blocked by hand
""",
    "helo_access": """
friend.example.org OK
foe.example.org REJECT not you
""",
}
SETTINGS = {
    "user": "",
    "state_directory": str(space.BASE / "state"),
    "myhostname": "mx.example.com",
    "dns_stub": ".=" + nameserver.ROOT,
    "dns_trust_anchor_file": "none",
    "dns_deadline": "10s",  # however busy the machine is
}
# What a sanitizer says before it says anything else.
REPORTS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer",
           "runtime error:")
RACE = "WARNING: ThreadSanitizer"


def policy(name):
    return (POLICIES / f"{name}.conf").read_text()


def _libmilters(race):
    """Is a race libmilter's with itself?  It has such when it stops with
    sessions open.  Then no stack of the accesses has a frame of ours; a
    suppression by its functions, or by its name, would hide races in our
    callbacks as well, for libmilter made their threads."""
    accesses = [part for part in race.split("\n\n")
                if not part.lstrip().startswith(("Thread", "Mutex"))]
    return "(libmilter.so" in race and "(mailmum+" not in "".join(accesses)


class Gate:
    """Started with a policy's text; settings come on top of SETTINGS."""

    conf, socket = CONF, SOCKET
    arguments = ()

    def __init__(self, text, tables, **settings):
        self.settings = settings
        self.log = space.BASE / "records.json"
        self.errors = space.BASE / "mailmum.stderr"
        self.process = None
        for path in (space.BASE / "state", pathlib.Path("/run/mailmum")):
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir()
        for path in (self.log, self.errors):
            path.unlink(missing_ok=True)
        for name, table in (TABLES | tables).items():
            space.write(CONF.parent / name, table)
        self.configure(text)
        self.start()

    def configure(self, text, **more):
        """Writes the configuration; it counts from the next (re)start."""
        lines = SETTINGS | {"log_to": f"json:{self.log}"}
        lines |= self.settings | more
        space.write(self.conf, text + "".join(
            f"{name} = {value}\n" for name, value in lines.items()))

    def start(self):
        env = os.environ | {"ASAN_OPTIONS": "detect_leaks=1",
                            "UBSAN_OPTIONS": "print_stacktrace=1",
                            "TSAN_OPTIONS": "exitcode=0"}
        with open(self.errors, "ab") as errors:
            self.process = subprocess.Popen(
                [os.environ["MAILMUM"], "-f", *self.arguments], env=env,
                stderr=errors)
        wait_for("mailmum to listen", self._listens)

    def _listens(self):
        if self.process.poll() is not None:
            raise AssertionError(f"mailmum ended: {self.stderr()}")
        with socket.socket(socket.AF_UNIX) as sock:
            return sock.connect_ex(self.socket) == 0

    def kill(self):
        self.process.kill()
        self.process.wait()

    def hup(self):
        self.process.send_signal(signal.SIGHUP)

    def stop(self):
        """Orderly: within seconds, with exit code 0, without complaint."""
        self.process.terminate()
        code = self.process.wait(10)
        assert code == 0, f"exit code {code}: {self.stderr()}"

    def end(self):
        """The end of a class of tests."""
        if self.process.poll() is None:
            self.stop()
        self.check()

    def check(self):
        """No sanitizer has said anything, and it still runs."""
        said = self.stderr()
        for report in REPORTS:
            assert report not in said, said
        for report in said.split("=" * 18):
            assert RACE not in report or _libmilters(report), said
        code = self.process.poll()
        assert code is None or code == 0, f"mailmum died: {code}: {said}"

    def stderr(self):
        return self.errors.read_text(errors="replace")

    def ctl(self, *args):
        """mailmumctl: exit code and all it printed."""
        done = subprocess.run([os.environ["MAILMUMCTL"], *self.arguments,
                               *args],
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True,
                              check=False, timeout=60)
        return done.returncode, done.stdout

    def stats(self):
        code, text = self.ctl("stats", "--json")
        assert code == 0, text
        return json.loads(text)

    def lines(self):
        """All of the log, each line JSON or the test has failed."""
        text = self.log.read_bytes() if self.log.exists() else b""
        whole = text[:text.rfind(b"\n") + 1].decode("utf-8")
        return [json.loads(line) for line in whole.split("\n") if line]

    def records(self, **fields):
        """The decisions that have these fields."""
        return [line for line in self.lines() if "action" in line and
                all(line.get(k) == v for k, v in fields.items())]

    def messages(self, *parts):
        """The daemon's own lines that contain all parts."""
        return [line["message"] for line in self.lines()
                if "message" in line
                and all(part in line["message"] for part in parts)]

    def record(self, **fields):
        """The one decision with these fields; waits for the logger."""
        found = wait_for(f"the record {fields}",
                         lambda: self.records(**fields))
        assert len(found) == 1, found
        return found[0]
