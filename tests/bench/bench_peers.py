"""mailmum, postgrey and sqlgrey as Debian has them, and milter-greylist as its
documentation describes it, on the same four weeks of mail: well-behaved pools
and hosts, and spam.  Who delays how much of it, and who stops how much spam?

The programs are the real ones, asked over their sockets as Postfix asks them;
only their wall clock is set, by libfaketime.  The stream comes from a seed
(peers_stream.py, peers_senders.py); its retry schedules are the programs'
defaults or were published (peers_schedules.py)."""

import concurrent.futures
import time

import bench
import peers_gates
import space
from peers_senders import GOOD, RETRYING, ROWS, SORT, SPAM, build
from peers_stream import DAYS, START
from peers_tally import Tally, send, span

PLAIN = "smtpd_recipient_restrictions = greylist\n"
REAL = ("postgrey", "sqlgrey", "milter-greylist 4.6")
NOTES = f"""
A mail counts once, as its worst recipient.  "never" is mail that some
recipient did not get before its sender gave up; "late" are sign-in codes that
came when they had expired, or never.  Spam is stopped when nobody got it;
sources that come back later than after a minute, now and then at least, stand
in a column of their own, for a greylist is not made to stop them: half an hour
outlasts little patience, addresses that earn nothing for each other stop what
follows, and pools pay for both.
Every mail is a candidate, but for what a program's own defaults and the lists
that it ships exempt.
postgrey: 300 s, /24 and /64, an address allowed after 5 passes; Debian's
whitelist_clients and whitelist_recipients.  sqlgrey: 5 min, greymethod smart,
SQLite.  milter-greylist: 30 min, addresses compared whole, autowhite 1 day,
"racl greylist default" behind its list of broken MTAs; it is a model.  Built
with SPF it lets in at once whatever SPF permits: not greylisted at all, which
is why it is not what the others are compared with.
mailmum: "greylist" alone, and every other setting as it is; and the policy
that it is shipped with, where no DNS list knows anybody of the stream.
The three senders that everybody's exceptions may name (Microsoft 365, Gmail,
Amazon SES) have their real names and networks; all others are on no list.
"""


def gates(spf):
    shipped = (peers_gates.ROOT / "contrib/mailmum.conf").read_text()
    return [peers_gates.Postgrey("postgrey 1.37"),
            peers_gates.Sqlgrey("sqlgrey 1.8.0"),
            peers_gates.MilterGreylist("milter-greylist 4.6"),
            peers_gates.MilterGreylist("the same, with SPF", spf),
            peers_gates.Mailmum("mailmum, greylist", PLAIN),
            peers_gates.Mailmum("mailmum, as shipped", shipped)]


def through(gate, mails):
    """The mails' fates, with the clock checked before and behind them."""
    begin = time.monotonic()
    gate.start(START - 7200)
    peers_gates.check_clock(gate, START - 7200, "before")
    fates = send(mails, gate)
    peers_gates.check_clock(gate, START + (DAYS + 10) * 86400, "behind")
    gate.stop()
    return fates, time.monotonic() - begin


def summary(mails, fates):
    rows, tallies = [], {}
    for name, fate in fates.items():
        good, spam, again = (Tally(
            (m, f) for m, f in zip(mails, fate) if SORT[m.kind] == sort)
            for sort in (GOOD, SPAM, RETRYING))
        tallies[name] = good, spam
        rows.append([name, good.delayed, f"{good.delayed / good.mails:.1%}",
                     span(good.median), span(good.longest), good.lost,
                     good.worthless, f"{spam.stopped}/{spam.mails}",
                     f"{again.stopped}/{again.mails}"])
    bench.table(["", "mails delayed", "share", "median", "longest", "never",
                 "late", "spam stopped", "of sources that retry"], rows)
    return tallies


def verdicts(tallies):
    """Behind in no column, ahead in mails delayed and in the longest delay:
    beside the programs that greylist every mail."""
    names = [name for name in tallies if name.startswith(REAL)]
    print()
    for name in tallies:
        if not name.startswith("mailmum"):
            continue
        good, spam = tallies[name]
        peers = [tallies[peer] for peer in names]
        checks = {
            "fewer delayed": all(good.delayed < p.delayed for p, _ in peers),
            "shorter longest": all(good.longest < p.longest
                                   for p, _ in peers),
            "never": all(good.lost <= p.lost for p, _ in peers),
            "late": all(good.worthless <= p.worthless for p, _ in peers),
            "spam": all(spam.stopped >= p.stopped for _, p in peers)}
        print(f"{name}: " + ", ".join(
            f"{word} {bench.verdict(met)}" for word, met in checks.items()))


def cell(tally, sort):
    if sort != GOOD:
        return tally.stopped
    lost = f" ({tally.lost})" if tally.lost else ""
    return f"{tally.delayed}, {span(tally.longest)}{lost}"


def by_kind(mails, fates):
    """A table of good mail, and two of spam; a column for each gate."""
    for sort in GOOD, SPAM, RETRYING:
        print(f"\n{sort}: " + ("delayed, longest delay (never delivered)"
                               if sort == GOOD else "stopped"))
        rows = []
        for row in ROWS:
            if row.sort != sort:
                continue
            tallies = [Tally((m, f) for m, f in zip(mails, fate)
                             if m.kind == row.kind)
                       for fate in fates.values()]
            rows.append([row.kind, tallies[0].mails] +
                        [cell(tally, sort) for tally in tallies])
        bench.table(["", "mails", *fates], rows)


def main():
    args = bench.options(
        __doc__, ("--seed", int, 1, "of the stream"),
        ("--scale", float, 1.0, "how much of everything"))
    mails, spf = build(args.seed, args.scale)
    good = sum(SORT[m.kind] == GOOD for m in mails)
    bench.title(f"(peers) {good} good mails and {len(mails) - good} of spam "
                f"in {DAYS} days")
    print(NOTES)
    space.enter()
    nsd = peers_gates.serve(spf)
    fates, took = {}, []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        at_work = {gate.name: pool.submit(through, gate, mails)
                   for gate in gates(spf)}
        for name, job in at_work.items():
            fates[name], seconds = job.result()
            took.append(f"{name} {seconds:.0f} s")
    nsd.terminate()
    verdicts(summary(mails, fates))
    by_kind(mails, fates)
    print("\ntook: " + ", ".join(took))


main()
