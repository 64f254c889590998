"""A mailmum of one's own: a directory, a configuration, a process."""
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

MAILMUM = os.environ["MAILMUM"]
# A race is looked at by Gate.check(): libmilter has some of its own.
os.environ["TSAN_OPTIONS"] = "exitcode=0"
PATIENCE = 20  # seconds; builds with sanitizers are slow on busy machines

SETTINGS = """\
milter_socket = unix:{dir}/milter.sock
milter_socket_group =
control_socket = unix:{dir}/control.sock
state_directory = {dir}
user =
log_to = json:{dir}/log
dns_trust_anchor_file = none
dns_stub = .=127.0.0.1@9
# nobody answers: what asks is tried in the lab
greylist_identity = group, name, network
"""


def until(test, what):
    """Waits for test() to be true, and gives what it returned."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        got = test()
        if got:
            return got
        time.sleep(0.01)
    raise AssertionError(f"not within {PATIENCE} s: {what}")


def libmilters(race):
    """Is a race libmilter's with itself?  It has such at its end.  Then no
    stack of the accesses has a frame of ours; those of who made the threads
    do not count."""
    accesses = "".join(part for part in race.split("\n\n")
                       if not part.lstrip().startswith(("Thread", "Mutex")))
    return "(libmilter.so" in race and "(mailmum+" not in accesses


def free_port():
    """One that was free just now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Gate:
    """A daemon, running from start() to stop()."""

    def __init__(self, policy, settings=""):
        self.dir = tempfile.mkdtemp(prefix="mm_daemon_")
        self.config = self.path("mailmum.conf")
        self.milter = self.path("milter.sock")
        self.settings = settings
        self.process = None
        self.configure(policy)

    def __enter__(self):
        try:
            return self.start()
        except BaseException as e:
            self.__exit__(type(e))
            raise

    def __exit__(self, kind, *_):
        try:
            if self.process is not None and self.process.poll() is None:
                code = self.stop()
                assert kind is not None or code == 0, self.errors()
            self.check()
        finally:
            shutil.rmtree(self.dir)

    def path(self, name):
        return os.path.join(self.dir, name)

    def replace(self, name, text):
        """Aside and renamed, so that no half of a file is read."""
        with open(self.path(name + ".new"), "w", encoding="utf-8") as f:
            f.write(text)
        os.rename(self.path(name + ".new"), self.path(name))

    def configure(self, policy):
        """Later settings count: self.settings may override the first ones.
        Written aside and renamed, for a reload sees no half of it."""
        text = SETTINGS.format(dir=self.dir)
        for line in self.settings.splitlines():
            name = line.split("=")[0].strip()
            text = "".join(old + "\n" for old in text.splitlines()
                           if old.split("=")[0].strip() != name)
            text += line.format(dir=self.dir) + "\n"
        with open(self.config + ".new", "w", encoding="utf-8") as f:
            f.write(text + policy)
        os.rename(self.config + ".new", self.config)

    def start(self, wait=True, **popen):
        command = popen.pop("command", [MAILMUM, "-f", "-c", self.config])
        with open(self.path("stderr"), "ab") as stderr:
            self.process = subprocess.Popen(command, stderr=stderr, **popen)
        if wait:
            until(self.ready, "the daemon is ready: " + self.errors())
        return self

    def ready(self):
        if self.process.poll() is not None:
            raise AssertionError("the daemon ended: " + self.errors())
        return self.lines("is ready")

    def signal(self, sig):
        os.kill(self.process.pid, sig)

    def stop(self):
        self.signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def check(self):
        """No sanitizer has said anything of us."""
        said = self.errors()
        assert "ERROR: " not in said and "runtime error" not in said, said
        for report in said.split("=" * 18):
            assert ("WARNING: ThreadSanitizer" not in report or
                    libmilters(report)), said

    def errors(self):
        try:
            with open(self.path("stderr"), encoding="utf-8") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def log(self, name="log"):
        """Every line of the log must be a JSON object.  The last one may be
        seen while it is being written."""
        try:
            with open(self.path(name), encoding="utf-8") as f:
                return [json.loads(line) for line in f
                        if line.endswith("\n")]
        except FileNotFoundError:
            return []

    def records(self, **fields):
        """The decisions that have these values."""
        return [entry for entry in self.log() if "action" in entry and
                all(entry.get(k) == v for k, v in fields.items())]

    def record(self, **fields):
        """The one decision that has these values, once it is there."""
        found = until(lambda: self.records(**fields), f"a record {fields}")
        assert len(found) == 1, found
        return found[0]

    def lines(self, part):
        """The daemon's own lines with part in them."""
        return [entry["message"] for entry in self.log()
                if part in entry.get("message", "")]

    def control(self, request):
        """(code, text, body) of a request on the control socket."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(PATIENCE)
            sock.connect(self.path("control.sock"))
            sock.sendall(request)
            data = b""
            while True:
                more = sock.recv(65536)
                if not more:
                    break
                data += more
        first, _, body = data.decode().partition("\n")
        return int(first[:3]), first[4:], body

    def stats(self):
        code, _, body = self.control(b"stats\n")
        assert code == 200, code
        return json.loads(body)

    def counters(self):
        return self.stats()["counters"]
