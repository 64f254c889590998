"""The stream: four weeks of mail to a small site, from a seed.

Every mail has its times and its hosts for every attempt before anybody is
asked, so that all see the same.  Names and networks are of .example and of
ranges that nobody has (RFC 2544, RFC 6598, RFC 3849), but for the three big
senders that everybody's lists of exceptions know: these have their own, or
the lists could not help.  Nothing leaves the machine.
"""

import collections
import ipaddress
import itertools

# name: what Postfix would give as client_name, None where the name does not
# lead back to the address; claimed: what the PTR record says, None without
Host = collections.namedtuple("Host", "name address claimed")
# kind: a row of KINDS; hosts: one for each of times
Mail = collections.namedtuple(
    "Mail", "kind start times hosts sender recipients worth")
START = 1799020800  # Monday, 2027-01-04
DAYS = 28
OURS = "site.example"
FIRST = ("ada ben cleo dan eva finn gus hana ivo jana kai lea max nora otto "
         "pia quin rosa sven tara uwe vera wim xenia yara zoe").split()
HEAD = ("amber birch cedar delta ember fjord grove haven indigo juniper karst "
        "larch maple north opal prairie quartz river summit tundra").split()
TAIL = ("line works port field bridge forge mill yard stone light crest gate "
        "lake wood press craft house side ridge brook").split()


def here(rng, most=1):
    """One to most of our users."""
    count = rng.randint(1, most)
    return [f"{name}@{OURS}" for name in rng.sample(FIRST, count)]


class World:
    """Domains, networks and what the DNS says of them."""

    def __init__(self, rng):
        words = [a + b for a, b in itertools.product(HEAD, TAIL)]
        rng.shuffle(words)
        self.rng = rng
        self._words = iter(words)
        self._nets = ipaddress.ip_network("198.18.0.0/15").subnets(
            new_prefix=24)
        self._nets6 = ipaddress.ip_network("2001:db8::/32").subnets(
            new_prefix=48)
        self._lines = ipaddress.ip_network("100.64.0.0/10").subnets(
            new_prefix=24)
        self.spf = {}

    def domain(self):
        return next(self._words) + ".example"

    def network(self):
        return next(self._nets)

    def network6(self):
        """A /64 in a /48 of its own."""
        return next(next(self._nets6).subnets(new_prefix=64))

    def line(self):
        """The address of somebody's line at home."""
        return str(next(self._lines)[self.rng.randint(1, 254)])

    def publish(self, domain, networks):
        """What domain's SPF record permits."""
        self.spf[domain] = networks


class Pool:
    """Hosts that take any mail of their queue.

    networks: where they are; each: how many in each; stay: the chance that
    an attempt comes from the host of the one before.
    """

    def __init__(self, rng, networks, each, name, stay=0.0):
        self.networks, self.stay = networks, stay
        self.hosts = []
        for net in networks:
            taken = rng.sample(range(2, 250), each)
            for at in sorted(taken):
                self.hosts.append(name(len(self.hosts) + 1, str(net[at])))

    def pick(self, rng, count):
        """The hosts of so many attempts."""
        got = [rng.choice(self.hosts)]
        while len(got) < count:
            others = [h for h in self.hosts if h != got[-1]]
            again = not others or rng.random() < self.stay
            got.append(got[-1] if again else rng.choice(others))
        return got


def named(pattern):
    """Hosts whose names lead back to them."""
    def host(number, address):
        name = pattern.format(n=number, dashed=address.replace(
            ".", "-").replace(":", "-"))
        return Host(name, address, name)
    return host


def unnamed(number, address):
    del number
    return Host(None, address, None)


def single(world, domain):
    """One host with a name, in a network of its own."""
    net = world.network()
    name = world.rng.choice(("mail", "mx", "smtp", "server1")) + "." + domain
    pool = Pool(world.rng, [net], 1, named(name), stay=1)
    world.publish(domain, [ipaddress.ip_network(pool.hosts[0].address)])
    return pool


def mail(rng, kind, pool, schedule, sender, recipients, start=None,
         worth=None):
    """worth: after so many seconds it is of no use any more."""
    times = schedule(rng)
    if start is None:
        start = START + rng.randrange(DAYS * 86400)
    return Mail(kind, start, times, pool.pick(rng, len(times)), sender,
                recipients, worth)
