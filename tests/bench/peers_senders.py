"""Who sends: a row for each kind, with a function that makes its mails."""

import collections
import ipaddress
import random

import peers_schedules as when
from peers_stream import (DAYS, FIRST, OURS, START, Host, Pool, World, here,
                          mail, named, single, unnamed)

Row = collections.namedtuple("Row", "kind count make sort")
# sort: whose mail it is.  A source that retries can get through any greylist.
GOOD, SPAM, RETRYING = "good mail", "spam", "spam of sources that retry"
DAY = 86400


def _nets(text):
    return [ipaddress.ip_network(word) for word in text.split()]


# In ranges that the three have in their own SPF records.
MICROSOFT = _nets("40.107.20.0/24 40.107.21.0/24 40.107.103.0/24 "
                  "40.107.104.0/24 40.107.117.0/24 40.92.48.0/24 "
                  "52.101.65.0/24 52.101.66.0/24 52.101.70.0/24 "
                  "52.103.33.0/24 104.47.51.0/24 104.47.58.0/24 "
                  "2a01:111:f400:7e1b::/64 2a01:111:f403:2611::/64 "
                  "2a01:111:f403:c201::/64")
GOOGLE = _nets("209.85.208.0/24 209.85.216.0/24 209.85.218.0/24 "
               "209.85.221.0/24 209.85.222.0/24 2607:f8b0:4864:20::/64")
AMAZON = _nets("54.240.8.0/24 54.240.11.0/24 54.240.27.0/24 54.240.48.0/24 "
               "54.240.9.0/24 69.169.224.0/24")


def correspondents(schedule, most=12, name=None):
    """Organisations with one mail server; some people of theirs write to
    some of ours, once or again and again."""
    def make(world, kind, count):
        rng, mails = world.rng, []
        for _ in range(count):
            domain = world.domain()
            pool = single(world, domain)
            if name is not None:
                pool.hosts = [name(1, pool.hosts[0].address)]
            people = rng.sample(FIRST, rng.randint(1, 3))
            friends = here(rng, 3)
            for _ in range(rng.randint(1, most)):
                sender = f"{rng.choice(people)}@{domain}"
                to = rng.sample(friends, rng.randint(1, len(friends)))
                mails.append(mail(rng, kind, pool, schedule, sender, to))
        return mails
    return make


def mailboxes(pool_of, schedule, domains):
    """Many people's mail through one pool; the people are of so many
    domains.  A third of it is an answer to one of ours, from somebody who
    writes again."""
    def make(world, kind, count):
        rng, mails, known = world.rng, [], []
        pool = pool_of(world)
        where = [world.domain() for _ in range(domains)]
        for domain in where:
            world.publish(domain, pool.networks)
        for _ in range(count):
            if known and rng.random() < 1 / 3:
                sender, to = rng.choice(known)
            else:
                sender = (f"{rng.choice(FIRST)}{rng.randint(1, 99)}"
                          f"@{rng.choice(where)}")
                to = here(rng, 3)
                known.append((sender, to))
            mails.append(mail(rng, kind, pool, schedule, sender, to))
        return mails
    return make


def microsoft(world):
    return Pool(world.rng, MICROSOFT, 4, named(
        "mail-eur0{n}on20.outbound.protection.outlook.com"))


def google(world):
    return Pool(world.rng, GOOGLE, 6, named("mail-ed1-f{n}.google.com"),
                stay=0.2)


def amazon(world):
    return Pool(world.rng, AMAZON, 5, named(
        "a{n}-32.smtp-out.eu-west-1.amazonses.com"))


def own_pool(nets, nets6, each, pattern, stay=0.0):
    """A pool on nobody's list: networks of both families."""
    def pool(world):
        where = [world.network() for _ in range(nets)]
        where += [world.network6() for _ in range(nets6)]
        domain = world.domain()
        return Pool(world.rng, where, each,
                    named(pattern.replace("DOMAIN", domain)), stay)
    return pool


def many(pools, made):
    """So many of them share the count."""
    def make(world, kind, count):
        return [m for i in range(pools) for m in made(
            world, kind, count * (i + 1) // pools - count * i // pools)]
    return make


def nameless_pool(world):
    """Rented machines: names made of addresses, and every other one's does
    not lead back."""
    nets = [world.network() for _ in range(6)]

    def host(number, address):
        name = f"{address.replace('.', '-')}.compute.cloud.example"
        return Host(name if number % 2 else None, address, name)
    return Pool(world.rng, nets, 3, host)


def newsletters(schedule, issues=6, subscribers=6):
    """VERP: each subscriber's copy has a sender of its own, and each issue
    a number."""
    def make(world, kind, count):
        rng, mails = world.rng, []
        for _ in range(count):
            domain = world.domain()
            nets = [world.network() for _ in range(3)]
            world.publish(domain, nets)
            pool = Pool(rng, nets, 3, named("out{n}." + domain))
            readers = rng.sample(FIRST, subscribers)
            start = START + rng.randrange(4 * DAY)
            for issue in range(issues):
                for reader in readers:
                    sender = (f"news-{4100 + issue}-{reader}={OURS}"
                              f"@{domain}")
                    mails.append(mail(
                        rng, kind, pool, schedule, sender,
                        [f"{reader}@{OURS}"],
                        start + issue * 4 * DAY + rng.randrange(1800)))
        return mails
    return make


def codes(pool_of, schedule, services, worth):
    """A sign-in wants a code, which is worth something for so long.  Its
    sender is another one each time."""
    def make(world, kind, count):
        rng, mails, shared = world.rng, [], {}
        for i in range(count):
            at = i % services
            if at not in shared:
                domain = world.domain()
                shared[at] = domain, pool_of(world, domain)
            domain, pool = shared[at]
            sender = f"{rng.getrandbits(64):016x}-{i:06}@bounce.{domain}"
            world.publish(f"bounce.{domain}", pool.networks)
            mails.append(mail(rng, kind, pool, schedule, sender, here(rng),
                              worth=worth))
        return mails
    return make


def signed(form):
    """Single hosts whose senders carry a tag: form(rng, domain)."""
    def make(world, kind, count):
        rng, mails = world.rng, []
        for _ in range(count):
            domain = world.domain()
            pool, to = single(world, domain), here(rng, 2)
            for _ in range(10):
                mails.append(mail(rng, kind, pool, when.postfix,
                                  form(rng, domain), to))
        return mails
    return make


def _tag(rng, size=4):
    return "".join(rng.choices("abcdefghjkmnpqrstuvwxyz23456789", k=size))


def srs(rng, domain):
    return (f"SRS0={_tag(rng)}={_tag(rng, 2).upper()}="
            f"{rng.choice(('friends', 'school')) + '.example'}="
            f"{rng.choice(('lena', 'paul'))}@{domain}")


def batv(rng, domain):
    return f"prvs={rng.randrange(10):01}{rng.randrange(1000):03}" \
           f"{rng.getrandbits(24):06x}=info@{domain}"


def null_senders(world, kind, count):
    """Bounces, and callouts that ask whether a sender of ours exists."""
    rng = world.rng
    pools = [single(world, world.domain()) for _ in range(count // 2)]
    return [mail(rng, kind, rng.choice(pools), when.postfix, "", here(rng))
            for _ in range(count)]


# spam

def _forged(world):
    rng = world.rng
    where = rng.choice(("gmail.com", "outlook.com", "offers.example",
                        rng.choice(sorted(world.spf))))
    return f"{rng.choice(FIRST)}{rng.randint(1, 999)}@{where}"


def _line(world):
    """A hijacked machine: of three, one without a name, one with a name that
    is its address, one with a name that it borrows or that does not lead
    back."""
    address, rng = world.line(), world.rng
    dashed = address.replace(".", "-")
    name = rng.choice((f"dsl-{dashed}.dyn.isp.example",
                       f"{dashed}.pool.telco.example",
                       f"cable{dashed.rpartition('-')[2]}.home.isp.example"))
    claimed = rng.choice((name, "mail-ed1-f9.google.com",
                          "mx." + rng.choice(sorted(world.spf))))
    return Host(*rng.choice(((None, address, None), (name, address, name),
                             (None, address, claimed))))


def bots(schedule):
    def make(world, kind, count):
        mails = []
        for _ in range(count):
            host = _line(world)
            pool = Pool(world.rng, [], 0, unnamed, stay=1)
            pool.hosts = [host]
            mails.append(mail(world.rng, kind, pool, schedule,
                              _forged(world), here(world.rng, 3)))
        return mails
    return make


def squatters(world, kind, count):
    """Hijacked machines in the networks of good senders (a rented machine
    next to a rented machine): their names are generic or forged, their
    senders those of the neighbours."""
    rng, mails = world.rng, []
    domains = [d for d in sorted(world.spf) if len(world.spf[d]) > 2]
    for _ in range(count):
        domain = rng.choice(domains)
        nets = [net for net in world.spf[domain] if net.version == 4]
        address = str(rng.choice(nets)[
            rng.choice((1, 250, 251, 252, 253, 254))])
        name = f"{address.replace('.', '-')}.compute.cloud.example"
        pool = Pool(rng, [], 0, unnamed, stay=1)
        pool.hosts = [rng.choice((
            Host(name, address, name), Host(None, address, "mx." + domain),
            Host(None, address, None)))]
        mails.append(mail(rng, kind, pool, when.once,
                          f"{rng.choice(FIRST)}@{domain}", here(rng)))
    return mails


def snowshoes(world, kind, count):
    """Sixteen addresses in two networks, clean names that lead back, an SPF
    record, a domain that is thrown away after three days."""
    rng, mails = world.rng, []
    for first in range(0, count, 40):
        domain = world.domain()
        nets = [world.network() for _ in range(2)]
        world.publish(domain, nets)
        pool = Pool(rng, nets, 8, named("m{n}." + domain), stay=1)
        start = START + rng.randrange((DAYS - 3) * DAY)
        for i in range(first, min(first + 40, count)):
            to = here(rng)
            sender = f"offer-{i}-{to[0].replace('@', '=')}@{domain}"
            mails.append(mail(rng, kind, pool, when.snowshoe, sender, to,
                              start + rng.randrange(3 * DAY)))
    return mails


ROWS = [
    Row("host: Postfix", 90, correspondents(when.postfix), GOOD),
    Row("host: Exim", 35, correspondents(when.exim), GOOD),
    Row("host: sendmail", 15, correspondents(when.sendmail), GOOD),
    Row("host: Exchange", 35, correspondents(when.exchange), GOOD),
    Row("host: qmail", 8, correspondents(when.qmail), GOOD),
    Row("host: 200-285 s, then 3 h", 25, correspondents(
        when.soon_then_hours), GOOD),
    Row("host: no name", 8, correspondents(
        when.postfix, name=unnamed), GOOD),
    Row("pool: Microsoft 365", 200, mailboxes(
        microsoft, when.microsoft365, 40), GOOD),
    Row("pool: Gmail", 200, mailboxes(google, when.gmail, 8), GOOD),
    Row("pool: 15 networks", 160, many(4, mailboxes(
        own_pool(13, 2, 1, "out{n}.DOMAIN"), when.microsoft365, 3)), GOOD),
    Row("pool: provider, v4 and v6", 160, many(4, mailboxes(
        own_pool(4, 2, 2, "mout{n}.DOMAIN", 0.3), when.gmx, 3)), GOOD),
    Row("pool: provider, large", 80, many(2, mailboxes(
        own_pool(7, 1, 3, "smtp{n}.mail.DOMAIN", 0.4), when.mail_ru, 2)),
        GOOD),
    Row("pool: only SPF knows it", 80, many(3, mailboxes(
        nameless_pool, when.postfix, 2)), GOOD),
    Row("newsletter, VERP", 9, newsletters(when.newsletter), GOOD),
    Row("code: by Amazon SES", 60, codes(
        lambda world, domain: amazon(world), when.ses, 10, 600), GOOD),
    Row("code: own pool, gives up", 60, codes(
        lambda world, domain: Pool(
            world.rng, [world.network() for _ in range(5)], 3,
            named("out{n}." + domain)), when.aol, 8, 900), GOOD),
    Row("code: own host", 40, codes(
        lambda world, domain: single(world, domain), when.postfix, 8, 900),
        GOOD),
    Row("forwarder, SRS", 6, signed(srs), GOOD),
    Row("tagged sender, BATV", 6, signed(batv), GOOD),
    Row("bounces and callouts", 60, null_senders, GOOD),
    Row("bot, does not return", 1100, bots(when.once), SPAM),
    Row("bot, returns at once", 1000, bots(when.at_once), SPAM),
    Row("bot beside a good sender", 120, squatters, SPAM),
    Row("bot, returns as mail does", 120, bots(
        when.bot_that_retries), RETRYING),
    Row("snowshoe, little patience", 240, snowshoes,
        RETRYING),
]
SORT = {row.kind: row.sort for row in ROWS}


def build(seed, scale=1.0):
    """The mails, and by domain the networks that its SPF record permits."""
    rng = random.Random(seed)
    world = World(rng)
    world.publish("gmail.com", GOOGLE)
    world.publish("outlook.com", MICROSOFT)
    mails = []
    for row in ROWS:
        # one generator for each row: a change of one leaves the others
        world.rng = random.Random(f"{seed} {row.kind}")
        mails += row.make(world, row.kind, max(1, round(row.count * scale)))
    mails.sort(key=lambda m: m.start)
    return mails, world.spf
