"""A machine within the lab: the files of this one, with what changes thrown
away at the end, and a real systemd as its first process."""

import contextlib
import os
import pathlib
import subprocess
import tempfile
import time

import space
from waiting import wait_for

# In a namespace of its own.  It ends as the program that boots.
BOOT = r"""
cd "$1" || exit 1
mount -t proc proc proc && mount --bind proc/sys proc/sys &&
	mount -o remount,bind,ro proc/sys && mount -t sysfs -o ro sysfs sys &&
	mount -t cgroup2 cgroup2 sys/fs/cgroup && mount -t tmpfs tmpfs dev &&
	mount -t tmpfs -o mode=755 tmpfs run &&
	mount -t tmpfs -o mode=1777 tmpfs tmp || exit 1
for name in null zero full random urandom tty; do
	cp -a "/dev/$name" dev/ || exit 1
done
ln -s /proc/self/fd dev/fd
ln -s pts/ptmx dev/ptmx
mkdir dev/shm dev/pts
mount -t devpts devpts dev/pts || exit 1
pivot_root . . && umount -l . && cd / || exit 1
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=lab \
	/lib/systemd/systemd --system --unit=lab.target --log-target=journal \
	--show-status=no
"""
# The kernel is not its own, and there is nothing that could be plugged in.
MASKED = ("systemd-udevd.service", "systemd-udev-trigger.service",
          "systemd-timesyncd.service", "systemd-pstore.service",
          "systemd-resolved.service", "dev-hugepages.mount",
          "dev-mqueue.mount", "sys-kernel-config.mount",
          "sys-kernel-debug.mount", "sys-kernel-tracing.mount",
          "sys-fs-fuse-connections.mount",
          "proc-sys-fs-binfmt_misc.automount", "systemd-firstboot.service",
          "systemd-sysctl.service", "systemd-modules-load.service",
          "systemd-random-seed.service", "systemd-journald-audit.socket",
          "systemd-binfmt.service", "systemd-pcrphase.service")
TARGET = "[Unit]\nDescription=the lab\nDefaultDependencies=no\n"


def missing():
    """Why there cannot be one here; None: there can."""
    if not pathlib.Path("/lib/systemd/systemd").exists():
        return "there is no systemd"
    for kind in ("overlay", "cgroup2"):
        if f"\t{kind}\n" not in pathlib.Path("/proc/filesystems").read_text(
                encoding="ascii"):
            return f"this kernel has no {kind}"
    return None


class Machine:
    """Booted when made; to be ended with end()."""

    def __init__(self):
        base = pathlib.Path(tempfile.mkdtemp(dir=space.BASE))
        for name in ("upper", "work", "root", "cgroup"):
            (base / name).mkdir()
        base.chmod(0o755)
        self.root = base / "root"  # before it boots
        space.run("mount", "-t", "overlay", "-o", f"lowerdir=/,upperdir={base}"
                  f"/upper,workdir={base}/work", "machine", self.root)
        space.run("mount", "-t", "cgroup2", "cgroup2", base / "cgroup")
        self.group = pathlib.Path(tempfile.mkdtemp(
            prefix="mailmum-lab.", dir=base / "cgroup"))
        self._furnish()
        # systemd's own groups lie below ours
        self.process = subprocess.Popen(
            ["sh", "-c", 'echo 0 >"$1/cgroup.procs" && shift && exec "$@"',
             "sh", self.group, "unshare", "-m", "-p", "-C", "--fork",
             "--kill-child", "sh", "-c", BOOT, "sh", self.root],
            stdin=subprocess.DEVNULL)
        try:
            self.pid = wait_for("the machine's first process", self._init)
            wait_for("systemd to be up", self._up)
        except BaseException:
            self.end()
            raise

    def _furnish(self):
        units = self.root / "etc/systemd/system"
        for path in units.iterdir():
            space.run("rm", "-r", path)
        for name in MASKED:
            (units / name).symlink_to("/dev/null")
        space.write(units / "lab.target", TARGET)
        # services may be started here
        (self.root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)
        # nor is an index of all manuals made each time
        (self.root / "var/lib/man-db/auto-update").unlink(missing_ok=True)

    def _init(self):
        if self.process.poll() is not None:
            raise AssertionError("the machine does not boot")
        pid = self.process.pid
        text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
        if not text.split():
            return None
        comm = pathlib.Path(f"/proc/{text.split()[0]}/comm").read_text()
        return comm == "systemd\n" and int(text.split()[0])

    def _up(self):
        state = self.run("systemctl", "is-system-running", ok=None).strip()
        return state in ("running", "degraded")

    def run(self, *args, ok=0):
        """Runs a command in there.  What it printed."""
        done = subprocess.run(
            ["nsenter", "-t", str(self.pid), "-m", "-p", "-C", *args],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            stdin=subprocess.DEVNULL, check=False)
        if ok is not None and done.returncode != ok:
            log = self.run("journalctl", "-n", "30", "-o", "cat", ok=None)
            raise AssertionError(f"{' '.join(args)}: {done.stdout}\n{log}")
        return done.stdout

    def path(self, name):
        """A file in there, as it is seen from here."""
        return pathlib.Path(f"/proc/{self.pid}/root{name}")

    def show(self, unit, *properties):
        """What systemd knows of a unit."""
        text = self.run("systemctl", "show", unit, "-p", ",".join(properties))
        return dict(line.split("=", 1) for line in text.splitlines())

    def outside(self, pid):
        """The number that a process of in there has out here."""
        for status in pathlib.Path("/proc").glob("[0-9]*/status"):
            with contextlib.suppress(OSError):
                for line in status.read_text().splitlines():
                    name, _, value = line.partition(":")
                    if name == "NSpid" and value.split()[1:] == [str(pid)]:
                        return int(status.parent.name)
        raise AssertionError(f"there is no process {pid}")

    def end(self):
        self.process.kill()
        self.process.wait()
        for _ in range(500):  # its processes end with it, its groups after
            with contextlib.suppress(OSError):
                for path, _, _ in os.walk(self.group, topdown=False):
                    os.rmdir(path)
                return
            time.sleep(0.01)
