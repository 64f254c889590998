"""Postfix as Debian installs it: its own main.cf and master.cf in /etc, its
queue in /var/spool, most services in a chroot there.  All of it private."""

import os
import pathlib
import signal
import subprocess

import postfix
import space
from waiting import wait_for

SPOOL = pathlib.Path("/var/spool/postfix")
SHARE = pathlib.Path("/usr/share/postfix")
ETC = pathlib.Path("/etc/postfix")
# What an installation would have asked for; and what a lab needs.
SETTINGS = {
    "myhostname": "mx.example.com",
    "mydestination": "example.com",
    "inet_interfaces": f"127.0.0.1, {space.ADDRESS}",
    "local_recipient_maps": "",
    "local_transport": "discard:",
    "maillog_file_prefixes": "/run",
    "maillog_file": "/run/postfix.log",
    "service_throttle_time": "1s",
}
POSTLOG = "postlog/unix-dgram=postlog unix-dgram n - n - 1 postlogd"


class Postfix:
    def __init__(self):
        space.run("mount", "-t", "tmpfs", "-o", "mode=755", "lab",
                  "/var/spool")
        SPOOL.mkdir()
        space.run("cp", SHARE / "main.cf.debian", ETC / "main.cf")
        space.run("cp", SHARE / "master.cf.dist", ETC / "master.cf")
        space.run("postconf", "-e", *(
            f"{name} = {value}" for name, value in SETTINGS.items()))
        space.run("postconf", "-M", POSTLOG)
        space.run("/usr/lib/postfix/configure-instance.sh")
        self.master = subprocess.Popen(
            ["postfix", "start-fg"], start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("Postfix", lambda: postfix.listens(25))

    @staticmethod
    def log():
        return pathlib.Path(SETTINGS["maillog_file"]).read_text(
            errors="replace")

    def stop(self):
        pid = int((SPOOL / "pid/master.pid").read_text())
        os.kill(pid, signal.SIGTERM)
        self.master.wait()
