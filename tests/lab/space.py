"""The private space that a group runs in: addresses, /etc, /run, a place
for files.  run.sh made the namespaces; here they get their furniture, and
all of it goes when the namespaces go."""

import os
import pathlib
import subprocess

BASE = pathlib.Path(os.environ["LAB"])

# Every address of these may be a client, or a server.
NETWORKS = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
NETWORKS6 = ("2001:db8::/32",)
# Postfix wants its own to be on an interface.
ADDRESS, ADDRESS6 = "203.0.113.25", "2001:db8:25::25"


def run(*args, cwd=None):
    """Runs a command that has to succeed.  What it printed."""
    done = subprocess.run(args, cwd=cwd, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, args))}: {done.stdout}")
    return done.stdout


def write(path, text, mode=0o644):
    path = pathlib.Path(path)
    path.unlink(missing_ok=True)  # /etc/resolv.conf may be a link
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def enter():
    run("mount", "-t", "tmpfs", "-o", "mode=755", "lab", BASE)
    _network()
    _etc()
    # no nscd, no journal, no socket of the machine's own daemons
    run("mount", "-t", "tmpfs", "-o", "mode=755", "run", "/run")


def _network():
    run("ip", "link", "set", "lo", "up")
    # getaddrinfo(AI_ADDRCONFIG) ignores addresses of the loopback device
    run("ip", "link", "add", "lab0", "type", "veth", "peer", "name", "lab1")
    for address in (ADDRESS, ADDRESS6):
        run("ip", "addr", "add", address, "dev", "lab0", "nodad")
    for link in ("lab0", "lab1"):
        run("ip", "link", "set", link, "up")
    for net in NETWORKS:
        run("ip", "route", "add", "local", net, "dev", "lo")
    for net in NETWORKS6:
        run("ip", "-6", "route", "add", "local", net, "dev", "lo")
    pathlib.Path("/proc/sys/net/ipv6/ip_nonlocal_bind").write_text("1")


def _etc():
    etc = BASE / "etc"
    run("cp", "-a", "/etc", etc)
    run("mount", "--bind", etc, "/etc")
    write("/etc/resolv.conf",
          "nameserver 127.0.0.1\noptions timeout:5 attempts:1\n")
    write("/etc/nsswitch.conf",
          "passwd: files\ngroup: files\nhosts: dns\nservices: files\n")
    write("/etc/hosts", "")
    mailmum = pathlib.Path("/etc/mailmum")
    if mailmum.exists():
        run("rm", "-r", mailmum)
    mailmum.mkdir(mode=0o755)
