"""The lab's DNS: NSD for a private root and all zones, Unbound as Postfix's
resolver, and two small servers of our own for what those cannot do: lists
that die and come back, and a count of who asks what."""

import ipaddress
import select
import socket
import struct
import subprocess
import threading

import space
import zones

ROOT = "127.0.0.1@5300"
RESOLVER = "127.0.0.1"
ANCHOR = space.BASE / "anchor"
TAP = "127.0.0.1@5301"

NSD_CONF = """
server:
    username: root
    zonesdir: "{dir}"
    database: ""
    pidfile: "{dir}/pid"
    logfile: "{dir}/log"
    xfrdfile: "{dir}/xfrd"
    xfrdir: "{dir}"
    zonelistfile: "{dir}/list"
    server-count: 1
{addresses}
remote-control:
    control-enable: no
"""
UNBOUND_CONF = """
server:
    interface: 127.0.0.1
    username: ""
    chroot: ""
    directory: "/etc/unbound"
    pidfile: ""
    use-syslog: no
    logfile: "{log}"
    do-not-query-localhost: no
    unblock-lan-zones: yes
    local-zone: "localhost." transparent
    insecure-lan-zones: yes
    module-config: "iterator"
    qname-minimisation: no
    rrset-roundrobin: no
    infra-host-ttl: 1
stub-zone:
    name: "."
    stub-addr: {root}
"""

A, SOA, MX, TXT = 1, 6, 15, 16
NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3


def start_nsd(name, served, addresses, signed=()):
    """Starts one NSD.  served: {zone: text}; signed: which to sign."""
    home = space.BASE / name
    home.mkdir()
    conf = NSD_CONF.format(dir=home, addresses="".join(
        f"    ip-address: {address}\n" for address in addresses))
    for zone, text in served.items():
        path = space.write(home / f"{zone or 'root'}.zone", text)
        if zone in signed:
            path = _sign(path, zone)
        conf += f'zone:\n    name: "{zone or "."}"\n'
        conf += f'    zonefile: "{path}"\n'
    path = space.write(home / "nsd.conf", conf)
    return subprocess.Popen(["nsd", "-d", "-c", path],
                            stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


def _sign(path, zone):
    """The signed zone's file; ANCHOR has its key."""
    key = space.run("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", zone,
                    cwd=path.parent).strip()
    space.run("ldns-signzone", "-o", zone, path, path.parent / key)
    signed = path.with_name(path.name + ".signed")
    space.write(signed, zones.tamper(signed.read_text()))
    space.write(ANCHOR, (path.parent / f"{key}.key").read_text())
    return signed


class Dns:
    """Everything that answers DNS questions, but for the tests' own."""

    def __init__(self):
        served, addresses = zones.build()
        self.children = [
            start_nsd("nsd-root", {"": zones.root()}, [ROOT]),
            start_nsd("nsd", served, addresses, {zones.SIGNED})]
        space.write("/etc/unbound/unbound.conf", UNBOUND_CONF.format(
            log=space.BASE / "unbound.log", root=ROOT))
        self.children.append(subprocess.Popen(
            ["unbound", "-d", "-c", "/etc/unbound/unbound.conf"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        self.broken = Server("")
        self.broken.rcode = SERVFAIL
        for zone in served:
            self._await(zone)

    def _await(self, zone):
        """Until Unbound finds the zone all the way from the root."""
        for _ in range(100):
            for child in self.children:
                if child.poll() is not None:
                    raise RuntimeError(f"{child.args[0]} ended: {logs()}")
            if ask(RESOLVER, 53, zone, SOA) == NOERROR:
                return
        raise RuntimeError(f"no answer for {zone}: {logs()}")

    def stop(self):
        for child in self.children:
            child.terminate()
            child.wait()
        self.broken.stop()


def logs():
    found = [space.BASE / "unbound.log", *space.BASE.glob("nsd*/log")]
    return "\n".join(p.read_text() for p in found if p.exists())


def ask(server, port, name, kind):
    """Asks once, waits for a tenth of a second; the answer's code or None."""
    question = struct.pack(">6H", 1, 0x0100, 1, 0, 0, 0)
    question += _encode(name) + struct.pack(">2H", kind, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.1)
        sock.connect((server, port))
        try:
            sock.send(question)
            return sock.recv(4096)[3] & 15
        except TimeoutError:
            return None
        except ConnectionRefusedError:
            select.select([], [], [], 0.1)
            return None


def _encode(name):
    labels = [label for label in name.split(".") if label]
    return b"".join(bytes([len(x)]) + x.encode() for x in labels) + b"\0"


def _question(packet):
    """The name, its type, and where the question ends."""
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode("latin1"))
        at += 1 + packet[at]
    kind, _ = struct.unpack_from(">2H", packet, at + 1)
    return ".".join(labels).lower(), kind, at + 5


class _Listener(threading.Thread):
    """A UDP socket with a thread that calls packet() for each datagram."""

    def __init__(self, address, port):
        super().__init__(daemon=True)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((address, port))
        self._wake, self._woken = socket.socketpair()
        self.asked = []  # (name, type), in the order of arrival
        self.start()

    def run(self):
        while True:
            ready, _, _ = select.select([self.sock, self._woken], [], [])
            if self._woken in ready:
                return
            packet, peer = self.sock.recvfrom(4096)
            self.packet(packet, peer)

    def stop(self):
        self._wake.close()
        self.join()
        self.sock.close()
        self._woken.close()

    def count(self, part):
        """How many questions had this in their name."""
        return sum(1 for name, _ in self.asked if part in name)


class Server(_Listener):
    """A list served by the test itself.

    entries: {reversed address: (code, TXT)}; everything: (code, TXT) for
    what is not there; rcode: what it answers instead of looking there;
    silent: it does not answer at all.
    """

    def __init__(self, zone):
        self.zone, self.entries, self.everything = zone, {}, None
        self.rcode, self.silent = None, False
        super().__init__(zones.OWN_LISTS.get(zone, zones.BROKEN), 53)

    def list(self, address, code="127.0.0.2"):
        self.entries[zones.reverse(address)] = (code, zones.txt(address))

    def packet(self, packet, peer):
        name, kind, end = _question(packet)
        self.asked.append((name, kind))
        if not self.silent:
            self.sock.sendto(self._answer(packet, name, kind, end), peer)

    def _answer(self, packet, name, kind, end):
        owner = name.removesuffix(self.zone).rstrip(".")
        entry = self.entries.get(owner, owner and self.everything)
        rcode, data = NOERROR if entry or not owner else NXDOMAIN, None
        if self.rcode is not None:
            rcode = self.rcode
        elif entry and kind == A:
            data = ipaddress.ip_address(entry[0]).packed
        elif entry and kind == TXT:
            data = bytes([len(entry[1])]) + entry[1].encode()
        empty = data is None and rcode != SERVFAIL
        head = packet[:2] + struct.pack(
            ">5H", 0x8400 | rcode, 1, data is not None, empty, 0)
        answer = _record(b"\xc0\x0c", kind, data) if data else b""
        return head + packet[12:end] + answer + self._soa() * empty

    def _soa(self):
        data = b"\0\0" + struct.pack(">5I", 1, 3600, 900, 86400, 1)
        return _record(_encode(self.zone), SOA, data)


def _record(owner, kind, data, ttl=1):
    return owner + struct.pack(">2HIH", kind, 1, ttl, len(data)) + data


class Tap(_Listener):
    """Stands between mailmum and Unbound, and remembers what was asked."""

    def __init__(self):
        address, port = TAP.split("@")
        super().__init__(address, int(port))

    def packet(self, packet, peer):
        name, kind, _ = _question(packet)
        self.asked.append((name, kind))
        threading.Thread(target=self._forward, args=(packet, peer),
                         daemon=True).start()

    def _forward(self, packet, peer):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as up:
            up.settimeout(10)
            up.connect((RESOLVER, 53))
            up.send(packet)
            try:
                self.sock.sendto(up.recv(4096), peer)
            except (TimeoutError, OSError):
                pass  # the one who asked has his own patience
