"""What the lab's DNS holds: a private root, the lists of the policies, and
the reverse and forward names of the clients."""

import ipaddress
import re

TTL = 60

# Clients whose names and addresses agree: NAME.example.net.
CLIENTS = {
    # policies A, B and C
    "listed": "192.0.2.2",  # zen
    "listed2": "192.0.2.4",
    "listed3": "192.0.2.5",
    "allowed": "192.0.2.3",  # list.dnswl.org, high trust
    "plain": "192.0.2.10",  # in no list
    "spamname": "192.0.2.15",  # its name is in dbl
    "both": "192.0.2.16",  # zen and list.dnswl.org
    "white": "192.0.2.20",  # hostkarma 127.0.0.1
    "black": "192.0.2.21",  # hostkarma 127.0.0.2
    "psbl": "192.0.2.22",
    "mailspike": "192.0.2.23",
    "uceprotect": "192.0.2.24",
    "barracuda": "192.0.2.25",
    "gbudb": "192.0.2.26",
    "wl": "192.0.2.27",  # wl.mailspike.net
    "spamcop": "192.0.2.28",
    "rep": "192.0.2.29",  # rep.mailspike.net 127.0.0.19
    "iadb": "192.0.2.30",
    "lowtrust": "192.0.2.31",  # list.dnswl.org 127.0.9.1
    "category10": "192.0.2.32",  # list.dnswl.org 127.0.10.2
    "badcode": "192.0.2.33",  # hostkarma 127.0.0.3: in no filter
    "byhand-ok": "192.0.2.40",  # rbl_override
    "byhand-no": "192.0.2.41",
    "listed6": "2001:db8::2",
    "allowed6": "2001:db8::3",
    "plain6": "2001:db8::10",
    # the other groups
    "grey": "198.51.100.1",
    "regular": "198.51.100.10",
    "tampered": "198.51.100.20",  # in signed.example.net
}
SPECIAL = {
    "noptr": "192.0.2.11",
    "forged": "192.0.2.12",  # PTR forged.example.net, which is 192.0.2.99
    "ptrfail": "192.0.2.13",  # PTR does not get an answer
    "namefail": "192.0.2.14",  # PTR is a name that gets none
    "forgedspam": "192.0.2.17",  # forged, and the PTR's name is in dbl
    "noptr6": "2001:db8::11",
}
ADDRESS = {**CLIENTS, **SPECIAL}

# One organisation that sends from many networks: out1.smtp.example.org, ...
# and beside each of its hosts one that only says so, or that says nothing.
POOL = [f"192.0.2.{140 + i}" for i in range(3)] + \
    [f"198.51.100.{140 + i}" for i in range(3)] + \
    [f"203.0.113.{140 + i}" for i in range(2)] + \
    [f"2001:db8:{i}::140" for i in range(101, 108)]


def pool_names():
    """Names and addresses that agree."""
    return {f"out{i}.smtp.example.org": address
            for i, address in enumerate(POOL)}


def _neighbour(address, n):
    """Another host of the same network."""
    return str(ipaddress.ip_address(address) + n)


# PTR out0.smtp.example.org too, but the name does not lead back.
POOL_FORGED = [_neighbour(address, 20) for address in POOL]
# The organisation's own, for whoever dials in: name and address agree.
POOL_DIALUP = [_neighbour(address, 40) for address in POOL]


# A sender whose hosts have no names: its SPF record has their addresses.
POOL_NAMELESS = [_neighbour(address, 60) for address in POOL]
POOL_STRANGERS = [_neighbour(address, 70) for address in POOL]


def _spf_records():
    """A string for each term: they are joined."""
    text = ('pool TXT "v=spf1 include:_v4.pool.example.org '
            'include:_v6.pool.example.org -all"\n')
    for kind in "46":
        terms = " ".join(f'"ip{kind}:{a} "' for a in POOL_NAMELESS
                         if (":" in a) == (kind == "6"))
        text += f'_v{kind}.pool TXT "v=spf1 " {terms} "-all"\n'
    return text


def dialup_names():
    return {f"dyn-{i}.dialup.example.org": address
            for i, address in enumerate(POOL_DIALUP)}


def txt(address):
    return f"see https://lists.example.org/{address}"


def _ips(names, code, text=True):
    """Entries of a list by address: (owner, code, TXT or None)."""
    for name in names.split():
        ip = ADDRESS.get(name, name)
        yield reverse(ip), code, txt(ip) if text else None


def reverse(address):
    pointer = ipaddress.ip_address(address).reverse_pointer
    return pointer.removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")


def _domains(names, code):
    for name in names.split():
        yield name, code, f"{name} sends spam"


# Zone of a list: its entries.  127.0.0.2 is in every one (RFC 5782 5).
LISTS = {
    "zen.spamhaus.org": [*_ips("listed listed2 listed3 both listed6",
                                "127.0.0.2")],
    "dbl.spamhaus.org": [
        *_domains("spamname.example.net forgedspam.example.net "
                  "spam.example.org helospam.example.org", "127.0.1.2")],
    "list.dnswl.org": [
        *_ips("allowed allowed6 both", "127.0.5.2", False),
        *_ips("lowtrust", "127.0.9.1", False),
        *_ips("category10", "127.0.10.2", False)],
    "hostkarma.junkemailfilter.com": [
        *_ips("white", "127.0.0.1", False), *_ips("black", "127.0.0.2"),
        *_ips("badcode", "127.0.0.3", False)],
    "psbl.surriel.com": [*_ips("psbl", "127.0.0.2")],
    "bl.mailspike.net": [*_ips("mailspike listed3", "127.0.0.10")],
    "wl.mailspike.net": [*_ips("wl", "127.0.0.20", False)],
    "rep.mailspike.net": [*_ips("rep", "127.0.0.19", False)],
    "bl.spamcop.net": [*_ips("spamcop", "127.0.0.2")],
    "dnsbl-1.uceprotect.net": [*_ips("uceprotect", "127.0.0.2")],
    "b.barracudacentral.org": [*_ips("barracuda", "127.0.0.2")],
    # a listing without a text
    "truncate.gbudb.net": [*_ips("gbudb", "127.0.0.2", False)],
    "iadb.isipp.com": [*_ips("iadb", "127.0.2.1", False)],
    # signed, and one of its listings was tampered with afterwards
    "signed.example.net": [*_ips("listed tampered", "127.0.0.2")],
    # a list whose customers have a key, which is in the zone's name
    "k3y.dq.example.net": [*_ips("listed6", "127.0.0.2")],
}

SIGNED = "signed.example.net"

# Lists that the tests serve themselves (nameserver.py), each at an address
# of its own, so that nothing is known about one from the other.
OWN_LISTS = {
    "dead.example.com": "127.0.0.66",
    "allow.example.com": "127.0.0.67",
    "codes.example.com": "127.0.0.68",
    "parked.example.com": "127.0.0.69",
    "home.example.com": "127.0.0.71",
}
BROKEN = "127.0.0.70"  # answers SERVFAIL to everything
NAMES = "127.0.0.8"  # where NSD serves names and reverse names

DOMAINS = {
    "example.org": """
@ MX 10 mail
mail A 198.51.100.200
mail AAAA 2001:db8:51::200
more MX 10 mail
other A 198.51.100.204
nomx A 198.51.100.201
nullmx MX 0 .
spam A 198.51.100.202
helospam A 198.51.100.203
alias CNAME mail
six AAAA 2001:db8:51::201
evil MX 10 mx.evil
mx.evil A 198.51.100.210
deadmx MX 10 nohost
failmx MX 10 h.tempfail
badmx MX 10 -bad-
numeric MX 10 192.0.2.1.
away MX 10 mx.example.com.
pass.spf TXT "v=spf1 ip4:192.0.2.0/24 -all"
fail.spf TXT "v=spf1 -all"
soft.spf TXT "v=spf1 ~all"
broken.spf TXT "v=spf1 nonsense -all"
cname CNAME mail
loop A 127.0.0.1
twomx MX 10 mail
twomx MX 20 other
mxtwice MX 10 other
mxtwice MX 10 other
mxlocal MX 10 loop
mxprivate MX 10 private
private A 10.1.2.3
mxbad MX 10 bad-mx
mxbad MX 20 mail
bad-mx A 198.51.100.205
mxmissing MX 10 nowhere
mxfail MX 10 h.tempfail
mxfail MX 20 other
mxcname MX 10 cname
mxip MX 10 192.0.2.1.
""",
    "bad.example.org": """
@ A 198.51.100.206
@ NS ns2.bad.example.org.
ns2 A 198.51.100.66
host A 198.51.100.207
""",
    "badglue.example.org": """
@ NS nowhere.example.org.
@ A 198.51.100.208
""",
    "example.net": """
forged A 192.0.2.99
forgedspam A 192.0.2.98
""",
    "example.com": """
@ MX 10 mx
mx A 203.0.113.25
mx AAAA 2001:db8:25::25
""",
}
# Delegated to a server that answers SERVFAIL.
BROKEN_ZONES = ("tempfail.example.org", "13.2.0.192.in-addr.arpa")

REVERSE = ("2.0.192.in-addr.arpa", "100.51.198.in-addr.arpa",
           "113.0.203.in-addr.arpa", "8.b.d.0.1.0.0.2.ip6.arpa")


def _where():
    """Every zone below the root, and the address of its server."""
    where = {zone: f"127.0.0.{100 + i}"
             for i, zone in enumerate(sorted(LISTS))}
    where |= OWN_LISTS
    where |= dict.fromkeys([*DOMAINS, *REVERSE], NAMES)
    return where | dict.fromkeys(BROKEN_ZONES, BROKEN)


def _parent(zone):
    """The zone that delegates this one: "" is the root."""
    above = [z for z in _where() if zone.endswith("." + z)]
    return max(above, key=len, default="")


def _delegations(parent):
    return "".join(f"{zone}. NS ns.{zone}.\nns.{zone}. A {address}\n"
                   for zone, address in _where().items()
                   if _parent(zone) == parent)


def _zone(zone, address, records):
    name = zone + "."
    return (f"$ORIGIN {name}\n$TTL {TTL}\n"
            f"@ SOA ns.{name} host.{name} 1 3600 900 86400 {TTL}\n"
            f"@ NS ns.{name}\nns.{name} A {address}\n".replace("..", ".")
            + records + _delegations(zone))


def _list_records(zone):
    text = f"{reverse('127.0.0.2')} A 127.0.0.2\n"
    for owner, code, words in LISTS[zone]:
        text += f"{owner} A {code}\n"
        text += f'{owner} TXT "{words}"\n' if words else ""
    return text


def _domain_records(zone):
    text = DOMAINS[zone].lstrip()
    text += _spf_records() if zone == "example.org" else ""
    for name, address in CLIENTS.items() if zone == "example.net" else ():
        kind = "AAAA" if ":" in address else "A"
        text += f"{name} {kind} {address}\n"
    for name, address in (pool_names() | dialup_names()).items():
        kind = "AAAA" if ":" in address else "A"
        if name.endswith("." + zone):
            text += f"{name}. {kind} {address}\n"
    return text


def _reverse_records(zone):
    text = ""
    names = {ip: f"{name}.example.net" for name, ip in CLIENTS.items()}
    names |= {SPECIAL["forged"]: "forged.example.net",
              SPECIAL["forgedspam"]: "forgedspam.example.net",
              SPECIAL["namefail"]: "host.tempfail.example.org"}
    for name, address in (pool_names() | dialup_names()).items():
        names[address] = name
    names |= dict.fromkeys(POOL_FORGED, "out0.smtp.example.org")
    for address, name in names.items():
        pointer = ipaddress.ip_address(address).reverse_pointer
        if pointer.endswith("." + zone):
            text += f"{pointer}. PTR {name}.\n"
    return text


def build():
    """What NSD serves: {zone: text}, and the addresses that it listens on."""
    records = {zone: _list_records(zone) for zone in LISTS}
    records |= {zone: _domain_records(zone) for zone in DOMAINS}
    records |= {zone: _reverse_records(zone) for zone in REVERSE}
    where = _where()
    zones = {zone: _zone(zone, where[zone], text)
             for zone, text in records.items()}
    return zones, sorted({where[zone] for zone in zones})


def tamper(text):
    """Changes a listing of the signed zone; its signature stays."""
    owner = reverse(ADDRESS["tampered"])
    changed = re.sub(rf"^({owner}\..*\sA\s+)127\.0\.0\.2$",
                     r"\g<1>127.0.0.3", text, flags=re.M)
    assert changed != text, text
    return changed


def root():
    """The root zone: nothing but delegations."""
    return _zone("", "127.0.0.1", "")
