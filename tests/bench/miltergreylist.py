"""milter-greylist, modelled by its published defaults, for it is not in
Debian 12.

From milter-greylist(8) and greylist.conf(5) of 4.6: -w, the delay, is 30
minutes; -a, autowhite, one day, renewed by each mail; timeout 5 days; -L 32
and -M 128, that is, addresses are compared whole; the sender is taken without
what leads up to an equal sign; built with SPF support, senders that comply
with SPF are not greylisted, unless nospf is set.  From the greylist.conf that
comes with it, the list "broken mta": only Google's networks of it are written
down here, for nobody else of that list is in the stream.  From its README,
section 6, "racl greylist default".
"""

import ipaddress

DELAY, AUTOWHITE, TIMEOUT = 30 * 60, 86400, 5 * 86400
BROKEN_MTA = [ipaddress.ip_network(net) for net in (
    "64.233.160.0/19", "66.102.0.0/20", "66.249.80.0/20", "72.14.192.0/18",
    "74.125.0.0/16", "209.85.128.0/17", "216.239.32.0/19")]


class MilterGreylist:
    def __init__(self):
        self.waiting = {}  # tuple: when it may pass
        self.passed = {}   # tuple: until when it is let in at once

    def accepts(self, now, address, sender, recipient):
        ip = ipaddress.ip_address(address)
        if any(ip in net for net in BROKEN_MTA if net.version == ip.version):
            return True
        key = address, sender.rpartition("=")[2].lower(), recipient.lower()
        if self.passed.get(key, -1) >= now:
            self.passed[key] = now + AUTOWHITE
            return True
        since = self.waiting.get(key)
        if since is None or now - since > TIMEOUT:
            self.waiting[key] = now + DELAY
            return False
        if now < since:
            return False
        del self.waiting[key]
        self.passed[key] = now + AUTOWHITE
        return True
