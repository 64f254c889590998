"""A Postfix of the lab's own: Debian's programs, a private configuration
and queue, no chroot.  Accepted mail goes to discard(8)."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess

import space
from waiting import wait_for

MILTER = 25  # mailmum is its only gate; no mailmum: 451
MILTER_ACCEPT = 26  # the same, as in every example: no mailmum, no gate
MILTER_BUSY = 27  # the same as 25, processes are used again (stress)
NATIVE = 28  # Postfix's own restrictions, no mailmum
MILTER_RELAY = 29  # the same as 25, but Postfix would relay anything

MAIN_CF = """
compatibility_level = 3.6
queue_directory = {dir}/spool
data_directory = {dir}/data
maillog_file = {dir}/log
maillog_file_prefixes = {dir}
myhostname = mx.example.com
mydestination = example.com
myorigin = example.com
mynetworks = 127.0.0.0/8 [::1]/128
inet_interfaces = {address}, {address6}
inet_protocols = all
local_recipient_maps =
local_transport = discard:
default_transport = discard:
alias_maps =
smtpd_delay_reject = yes
smtpd_timeout = 60s
in_flow_delay = 0
service_throttle_time = 1s
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 1000
in_flow_delay = 0
smtpd_hard_error_limit = 1000
smtpd_client_connection_count_limit = 0
smtpd_authorized_xclient_hosts = 198.51.100.0/24
smtpd_tls_security_level = none
smtputf8_enable = yes
"""
MASTER_CF = """
cleanup   unix  n - n - 0   cleanup
qmgr      unix  n - n 300 1 qmgr
rewrite   unix  - - n - -   trivial-rewrite
bounce    unix  - - n - 0   bounce
defer     unix  - - n - 0   bounce
trace     unix  - - n - 0   bounce
anvil     unix  - - n - 1   anvil
proxymap  unix  - - n - -   proxymap
discard   unix  - - n - -   discard
verify    unix  - - n - 1   verify
lmtp      unix  - - n - -   lmtp
error     unix  - - n - -   error
tlsmgr    unix  - - n 1000? 1 tlsmgr
postlog   unix-dgram n - n - 1 postlogd
"""
MILTER_OF = "smtpd_milters = {{ unix:{}, default_action={} }}"

# Processes that keep what they have read in main.cf.  qmgr always runs.
REREAD = ("smtpd", "trivial-rewrite", "cleanup", "qmgr")

# What is left in main.cf where mailmum is the gate.
GUARDED = ("smtpd_client_restrictions =", "smtpd_helo_restrictions =",
           "smtpd_sender_restrictions =", "smtpd_recipient_restrictions =",
           "smtpd_relay_restrictions = permit_mynetworks, "
           "reject_unauth_destination")
# Postfix wants to see a "reject"; it never gets there.
UNGUARDED = (*GUARDED[:-1],
             "smtpd_relay_restrictions = check_client_access static:OK, "
             "reject")


def smtpd(port, *options):
    """A listener on both addresses."""
    lines = "".join(f"  -o {{ {option} }}\n" for option in options)
    return "".join(f"{where}:{port} inet n - n - - smtpd\n{lines}"
                   for where in (space.ADDRESS, f"[{space.ADDRESS6}]"))


def listeners(milter):
    """The five of an ordinary group."""
    strict = MILTER_OF.format(milter, "tempfail")
    accept = MILTER_OF.format(milter, "accept")
    return (smtpd(MILTER, strict, "max_use = 1", *GUARDED)
            + smtpd(MILTER_ACCEPT, accept, "max_use = 1", *GUARDED)
            + smtpd(MILTER_BUSY, strict, *GUARDED)
            + smtpd(MILTER_RELAY, strict, "max_use = 1", *UNGUARDED)
            + smtpd(NATIVE, "max_use = 1"))


def listens(port):
    with socket.socket() as sock:
        return sock.connect_ex((space.ADDRESS, port)) == 0


class Postfix:
    """services: lines of master.cf.  native: {parameter: value}, or the
    text of it, for the listener NATIVE above all."""

    def __init__(self, services, native=None, name="postfix"):
        self.dir = space.BASE / name
        for path in (self.dir, self.dir / "etc", self.dir / "spool",
                     self.dir / "data"):
            path.mkdir()
        space.run("chown", "postfix", self.dir / "data")
        self.configure(native)
        space.run("cp", *pathlib.Path("/etc/postfix").glob(
            "dynamicmaps*"), "-r", self.dir / "etc")
        space.write(self.dir / "etc/master.cf", MASTER_CF + services)
        self.master = subprocess.Popen(
            ["postfix", "-c", self.dir / "etc", "start-fg"],
            start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def configure(self, native):
        """Counts for each smtpd that starts from now on; for
        trivial-rewrite(8), which knows the domains, not."""
        text = MAIN_CF.format(dir=self.dir, address=space.ADDRESS,
                              address6=space.ADDRESS6)
        if isinstance(native, dict):
            native = "".join(f"{k} = {v}\n" for k, v in native.items())
        text += native or ""
        path = space.write(self.dir / "etc/main.cf.new", text)
        os.utime(path, (0, 0))  # what has just changed is read at leisure
        path.rename(self.dir / "etc/main.cf")

    def reload(self):
        """Ends every process that knows an old main.cf.  No session may be
        under way: one that begins now might still meet such a process."""
        old = wait_for("qmgr to run", lambda: "qmgr" in self._children()
                       and self._children())
        os.kill(self._pid(), signal.SIGHUP)
        gone = {pid for name in REREAD for pid in old.get(name, ())}
        wait_for("what read the old main.cf to end",
                 lambda: not gone & {pid for pids in self._children().values()
                                     for pid in pids})

    def _pid(self):
        return int((self.dir / "spool/pid/master.pid").read_text())

    def _children(self):
        """The running services: {name: process ids}."""
        found, master = {}, str(self._pid())
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                pid, rest = stat.read_text().split(" (", 1)
                name, rest = rest.rsplit(") ", 1)
                if rest.split()[1] == master:
                    found.setdefault(name, set()).add(int(pid))
        return found

    def log(self):
        with contextlib.suppress(FileNotFoundError):
            return (self.dir / "log").read_text(errors="replace")
        return ""

    def stop(self):
        os.kill(self._pid(), signal.SIGTERM)
        self.master.wait()
