"""The units under a real systemd: activation, readiness, reload, watchdog,
who the daemon is and what it may, its order."""

import contextlib
import ctypes
import os
import pathlib
import shutil
import stat
import unittest

import machine
import space
from test_package import CONF, SOCKET, SERVERS, missing, mta, packages
from waiting import wait_for

__all__ = ("SERVERS", "missing")
POLICY = """
smtpd_recipient_restrictions =
  check_helo_access inline:{{ {{ mail.example.org = REJECT {} }} }}
"""
DROPINS = "/etc/systemd/system/mailmum.{}.d"
PTRACE_SEIZE, PTRACE_INTERRUPT, WALL = 0x4206, 0x4207, 0x40000000


def hold(tid):
    """Stops one thread of another process."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long] * 4
    for request in (PTRACE_SEIZE, PTRACE_INTERRUPT):
        if libc.ptrace(request, tid, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "ptrace")


class Units(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.machine = machine.Machine()
        cls.addClassCleanup(cls.machine.end)
        shutil.copy(packages()[0], cls.machine.root / "root/mailmum.deb")
        cls.machine.run("dpkg", "-i", "/root/mailmum.deb")

    def setUp(self):
        self.configure("one")
        self.machine.run("systemctl", "reset-failed")
        self.machine.run("systemctl", "stop", "mailmum.service")
        self.machine.run("systemctl", "start", "mailmum.socket")

    def configure(self, text):
        space.write(self.machine.path(CONF), POLICY.format(text))

    def session(self, path=SOCKET):
        return mta.session(str(self.machine.path(path)))

    def service(self, name):
        return self.machine.show("mailmum.service", name)[name]

    def test_a_session_starts_it(self):
        where = self.machine.path(SOCKET).stat()
        self.assertEqual(0o660, stat.S_IMODE(where.st_mode))
        group = self.machine.run("stat", "-c", "%U:%G", SOCKET)
        self.assertEqual("root:postfix\n", group)
        self.assertEqual(SOCKET, os.readlink(
            self.machine.path("/run/mailmum.sock")))
        self.assertEqual("inactive", self.service("ActiveState"))
        self.assertIn(" one", self.session())
        self.assertEqual("active", self.service("ActiveState"))

    def test_it_is_ready_once_started(self):
        self.machine.run("systemctl", "start", "mailmum.service")
        self.machine.run("mailmumctl", "stats")
        self.assertEqual("notify", self.service("Type"))

    def test_it_is_nobody_and_may_nothing(self):
        self.machine.run("systemctl", "start", "mailmum.service")
        pid = self.machine.outside(self.service("MainPID"))
        status = dict(
            line.split(":\t", 1) for line in pathlib.Path(
                f"/proc/{pid}/status").read_text().splitlines())
        uid, gid = self.machine.run(
            "stat", "-c", "%u %g", "/var/lib/mailmum").split()
        self.assertNotEqual("0", uid)
        self.assertEqual({uid}, set(status["Uid"].split()))
        self.assertEqual({gid}, set(status["Gid"].split()))
        self.assertEqual([], [g for g in status["Groups"].split() if g != gid])
        for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            self.assertEqual(0, int(status[name], 16), name)
        self.assertEqual("1", status["NoNewPrivs"])
        self.assertEqual("2", status["Seccomp"])
        with self.assertRaises(OSError):
            (pathlib.Path(f"/proc/{pid}/root/etc/x")).write_text("x")
        self.assertEqual("drwxr-x--- mailmum:mailmum\n", self.machine.run(
            "stat", "-c", "%A %U:%G", "/var/lib/mailmum"))

    def test_reload(self):
        self.machine.run("systemctl", "start", "mailmum.service")
        pid = self.service("MainPID")
        self.configure("two")
        self.machine.run("systemctl", "reload", "mailmum.service")
        self.assertIn(" two", self.session())
        space.write(self.machine.path(CONF), "no_such_parameter = 1\n")
        said = self.machine.run("systemctl", "reload", "mailmum.service", ok=1)
        self.assertIn("failed", said)
        self.assertIn(" two", self.session())
        self.assertEqual(pid, self.service("MainPID"))
        self.assertEqual("active", self.service("ActiveState"))

    def test_mistakes_are_not_tried_again(self):
        space.write(self.machine.path(CONF), "no_such_parameter = 1\n")
        self.machine.run("systemctl", "start", "mailmum.service", ok=1)
        self.assertEqual("failed", self.service("ActiveState"))
        self.assertEqual("78", self.service("ExecMainStatus"))
        self.assertEqual("0", self.service("NRestarts"))

    def test_the_watchdog_knows_the_resolver(self):
        """One thread stands still, all others go on: it is started anew."""
        dropin = self.machine.path(DROPINS.format("service"))
        dropin.mkdir()
        self.addCleanup(self.machine.run, "systemctl", "daemon-reload")
        self.addCleanup(shutil.rmtree, dropin)
        space.write(dropin / "lab.conf", "[Service]\nWatchdogSec=4s\n")
        self.machine.run("systemctl", "daemon-reload")
        self.machine.run("systemctl", "start", "mailmum.service")
        inside = self.service("MainPID")
        pid = self.machine.outside(inside)
        (tid,) = (int(task.name) for task in pathlib.Path(
            f"/proc/{pid}/task").iterdir() if (
                task / "comm").read_text() == "mm-resolver\n")
        first = self.service("WatchdogTimestampMonotonic")
        wait_for("a ping", lambda: first != self.service(
            "WatchdogTimestampMonotonic"))
        hold(tid)

        def anew():
            with contextlib.suppress(ChildProcessError):
                os.waitpid(tid, os.WNOHANG | WALL)  # its tracer buries it
            return self.service("MainPID") not in (inside, "0")
        wait_for("a new daemon", anew)
        self.assertIn(" one", self.session())
        self.assertEqual("1", self.service("NRestarts"))
        self.assertIn("Watchdog timeout", self.machine.run(
            "journalctl", "-u", "mailmum.service", "-o", "cat"))

    def test_the_socket_outlives_it(self):
        """What connects while it is away waits, and is served."""
        self.machine.run("systemctl", "start", "mailmum.service")
        where = self.machine.path(SOCKET).stat().st_ino
        self.machine.run("systemctl", "restart", "mailmum.service")
        self.assertIn(" one", self.session())
        self.assertEqual(where, self.machine.path(SOCKET).stat().st_ino)
        self.machine.run("systemctl", "stop", "mailmum.service")
        self.assertEqual("success", self.service("Result"))
        self.assertEqual(where, self.machine.path(SOCKET).stat().st_ino)
        self.machine.run("systemctl", "stop", "mailmum.socket")
        self.assertFalse(self.machine.path(SOCKET).exists())

    def test_it_comes_before_the_mta(self):
        for mta_unit in ("postfix.service", "postfix@-.service",
                         "sendmail.service"):
            after = self.machine.show(mta_unit, "After")["After"].split()
            self.assertIn("mailmum.service", after, mta_unit)
            self.assertIn("mailmum.socket", after, mta_unit)

    def test_the_socket_as_sendmail_wants_it(self):
        self.machine.run("systemctl", "stop", "mailmum.socket")
        self.machine.run("groupadd", "-f", "-r", "smmta")
        self.machine.run("cp", "-r", "/usr/share/mailmum/sendmail/"
                         "mailmum.socket.d", "/etc/systemd/system")
        self.addCleanup(self.machine.run, "systemctl", "daemon-reload")
        self.addCleanup(shutil.rmtree, self.machine.path(
            DROPINS.format("socket")))
        self.addCleanup(self.machine.run, "systemctl", "stop",
                        "mailmum.socket", "mailmum.service")
        self.machine.run("systemctl", "daemon-reload")
        self.machine.run("systemctl", "start", "mailmum.socket")
        self.assertEqual("socket root:smmta 660\n", self.machine.run(
            "stat", "-c", "%F %U:%G %a", "/run/mailmum.sock"))
        self.assertIn(" one", self.session("/run/mailmum.sock"))
