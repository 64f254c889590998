"""The Debian package on a machine of its own, from the first installation to
the purge."""

import contextlib
import glob
import os
import pathlib
import shutil
import sys
import time
import unittest

import machine
import space
from waiting import wait_for

sys.path.append(str(pathlib.Path(__file__).parents[1] / "daemon"))
import mta  # noqa: E402 (the milter protocol, as tests/daemon speaks it)

SERVERS = contextlib.nullcontext  # the machine has its own
CONF = "/etc/mailmum/mailmum.conf"
SOCKET = "/var/spool/postfix/run/mailmum.sock"
STORE = "/var/lib/mailmum/greylist.sqlite"
# What may be new when all is gone: others' books of what was installed.
OTHERS = ("/etc/group", "/etc/gshadow", "/etc/passwd", "/etc/shadow",
          "/var/cache/", "/var/lib/dpkg/", "/var/lib/systemd/", "/var/log/",
          "/var/spool/postfix/run")


def packages():
    return glob.glob(os.environ.get("DEB", ""))


def missing():
    return machine.missing() or (
        None if len(packages()) == 1 else "the package is not built")


class Package(unittest.TestCase):
    def setUp(self):
        self.machine = machine.Machine()
        self.addCleanup(self.machine.end)
        shutil.copy(packages()[0], self.machine.root / "root/mailmum.deb")

    def files(self):
        found = self.machine.run("find", "/etc", "/usr", "/var",
                                 "/opt", "/srv", "-xdev")
        return set(found.splitlines())

    def session(self, **facts):
        return mta.session(str(self.machine.path(SOCKET)), **facts)

    def main_pid(self):
        return self.machine.show("mailmum.service", "MainPID")["MainPID"]

    def upgrade(self):
        """The same as a higher version, with another configuration."""
        there = space.BASE / "higher"
        space.run("dpkg-deb", "-R", packages()[0], there)
        control = there / "DEBIAN/control"
        text = control.read_text()
        space.write(control, text.replace("\nVersion: ", "\nVersion: 9:", 1))
        with open(there / CONF[1:], "a", encoding="utf-8") as file:
            file.write("# something new\n")
        space.run("dpkg-deb", "-b", there, self.machine.path(
            "/root/higher.deb"))
        self.machine.run("dpkg", "--force-confdef", "-i", "/root/higher.deb")

    def test_its_life(self):
        # a host without Postfix has no such group
        self.machine.run("sed", "-i", "/^postfix:/d", "/etc/group",
                         "/etc/gshadow")
        before = self.files()

        self.machine.run("dpkg", "-i", "/root/mailmum.deb")
        self.assertEqual("active\nactive\n", self.machine.run(
            "systemctl", "is-active", "mailmum.service", "mailmum.socket"))
        self.assertEqual("enabled\nenabled\n", self.machine.run(
            "systemctl", "is-enabled", "mailmum.service", "mailmum.socket"))
        self.machine.run("mailmumctl", "check")
        self.assertIn("Greylisted", self.session())  # out of the box
        self.assertIn("mailmum has started", self.machine.run(
            "journalctl", "-x", "-t", "mailmum"))  # explained

        self.configure_and_upgrade()

        self.machine.run("dpkg", "-r", "mailmum")
        self.assertFalse(self.machine.path(SOCKET).exists())
        self.assertFalse(self.machine.path("/run/mailmum.sock").is_symlink())
        for kept in (CONF, STORE):
            self.assertTrue(self.machine.path(kept).exists(), kept)

        self.machine.run("dpkg", "-P", "mailmum")
        self.assertEqual(set(), {
            path for path in self.files() - before
            if "mailmum" in path or not path.startswith(OTHERS)})
        self.machine.run("getent", "passwd", "mailmum", ok=2)

    def configure_and_upgrade(self):
        """What the operator has set and what was learned stays, and the
        socket is there all the time."""
        text = self.machine.path(CONF).read_text() + "greylist_delay = 1s\n"
        space.write(self.machine.path(CONF), text)
        self.machine.run("systemctl", "reload", "mailmum")
        began = time.monotonic()
        known = {"sender": "<known@example.org>"}
        self.assertIn("Greylisted", self.session(**known))
        socket, pid = self.machine.path(SOCKET).stat().st_ino, self.main_pid()
        self.upgrade()
        self.assertEqual(socket, self.machine.path(SOCKET).stat().st_ino)
        wait_for("another daemon", lambda: self.main_pid() not in (pid, "0"))
        self.assertEqual(text, self.machine.path(CONF).read_text())
        time.sleep(max(0, began + 1.5 - time.monotonic()))
        self.assertEqual("continue", self.session(**known))
        self.assertIn("Greylisted", self.session(sender="<new@example.org>"))

    def test_beside_sendmail(self):
        self.machine.run("groupadd", "-r", "smmta")
        self.machine.run("rm", "-f", "/etc/postfix/main.cf")
        self.machine.run("mkdir", "-p", "/etc/mail")
        self.machine.run("touch", "/etc/mail/sendmail.mc")
        self.machine.run("dpkg", "-i", "/root/mailmum.deb")
        self.assertEqual("socket root:smmta\n", self.machine.run(
            "stat", "-c", "%F %U:%G", "/run/mailmum.sock"))
        self.machine.run("dpkg", "-P", "mailmum")
        self.assertEqual([], [
            path for path in self.files() if "mailmum" in path and
            path.startswith("/etc/")])
