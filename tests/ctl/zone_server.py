"""A DNS server for tests: a small authoritative zone on loopback.

It is the root of its own world: every name is its own, what is not listed is
NXDOMAIN, and what begins with "fail." gets SERVFAIL.
"""
import ipaddress
import socket
import struct
import threading

TYPES = {"A": 1, "NS": 2, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16,
         "AAAA": 28}
NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3


def wire_name(name):
    labels = [label for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode()
                    for label in labels) + b"\0"


def wire_data(kind, value):
    if kind == "A" or kind == "AAAA":
        return ipaddress.ip_address(value).packed
    if kind == "TXT":
        return bytes([len(value)]) + value.encode()
    if kind == "MX":
        preference, host = value.split()
        return struct.pack("!H", int(preference)) + wire_name(host)
    return wire_name(value)


def record(name, kind, data, ttl):
    return (wire_name(name)
            + struct.pack("!HHIH", TYPES[kind], 1, ttl, len(data)) + data)


class ZoneServer:
    """zone: lines "name type value"; ttl of all of them: 300."""

    def __init__(self, zone):
        self.records = [(".", "NS", "ns.invalid"),
                        ("ns.invalid", "A", "127.0.0.1")]
        for line in zone.strip().splitlines():
            name, kind, value = line.split(None, 2)
            self.records.append((name.lower(), kind, value))
        self.asked = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def close(self):
        self.socket.sendto(b"", ("127.0.0.1", self.port))
        self.thread.join()
        self.socket.close()

    def run(self):
        while True:
            packet, peer = self.socket.recvfrom(4096)
            if not packet:  # from close()
                return
            self.socket.sendto(self.reply(packet), peer)

    def reply(self, packet):
        labels, at = [], 12
        while packet[at]:
            labels.append(packet[at + 1:at + 1 + packet[at]].decode())
            at += 1 + packet[at]
        name = ".".join(labels).lower() or "."
        number = struct.unpack("!H", packet[at + 1:at + 3])[0]
        question = packet[12:at + 5]
        kind = next((k for k, v in TYPES.items() if v == number), str(number))
        self.asked.append((name, kind))

        answers = [record(name, k, wire_data(k, v), 300)
                   for n, k, v in self.records if n == name and k == kind]
        exists = any(n == name or n.endswith("." + name)
                     for n, _, _ in self.records)
        code = NOERROR if exists else NXDOMAIN
        if name.startswith("fail.") or ".fail." in name:
            code, answers = SERVFAIL, []
        soa = [] if answers or code == SERVFAIL else [
            record(".", "SOA", wire_name("ns.invalid") + wire_name("a.invalid")
                   + struct.pack("!IIIII", 1, 3600, 600, 86400, 60), 60)]
        flags = 0x8400 | code
        return (packet[:2] + struct.pack("!HHHHH", flags, 1, len(answers),
                                         len(soa), 0)
                + question + b"".join(answers) + b"".join(soa))
