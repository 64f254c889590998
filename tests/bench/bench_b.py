"""Sessions per second over the milter protocol, one recipient each, beside a
milter that does nothing.  Runs alternate, so that what else the machine does
hits both; a ratio is the median over pairs of neighbours."""

import time

import bench

# sessions per second and p99 of the session's time, mailmum over null
TARGETS = {"warm": (0.9, 2.0), "new": (0.7, None)}
HEAD = ("", "null/s", "mailmum/s", "ratio", "target", "null p99 ms",
        "p99 ms", "ratio", "target", "null us", "us", "client us", "ratio")


def without_greylist(policy):
    """Policy A up to its greylist step."""
    before, word, after = policy.rpartition(",\n greylist")
    assert word and not after.strip()
    return before + "\n"


def run(milter, connections, args, base):
    before = milter.cpu()
    flags = {"S": 0, "b": base} if base else {}
    got = bench.mclient(milter.socket, c=connections, t=args.seconds, **flags)
    got["milter"] = (milter.cpu() - before) * 1e6 / got["sessions"]
    got["both"] = got["milter"] + got["cpu"]
    return got


def compare(case, gate, null, connections, args):
    """The pairs of runs: [(mailmum, null)]."""
    pairs = []
    verdict = "tempfail" if case == "new" else "continue"
    for i in range(args.rounds):
        base = time.monotonic_ns() // 1000 if case == "new" else 0
        order = [gate, null] if i % 2 else [null, gate]
        got = {m: run(m, connections, args, base) for m in order}
        if got[gate][verdict] != got[gate]["sessions"]:
            raise SystemExit(f"not every session got {verdict}: {got[gate]}")
        pairs.append((got[gate], got[null]))
    return pairs


def row(case, connections, pairs):
    def middle(which, name):
        return bench.median(pair[which][name] for pair in pairs)

    def ratio(name):
        return bench.median(a[name] / b[name] for a, b in pairs)

    rate, p99 = ratio("rate"), ratio("session_p99")
    least, most = TARGETS[case]
    return [f"{case}, {connections} connections",
            f"{middle(1, 'rate'):.0f}", f"{middle(0, 'rate'):.0f}",
            f"{rate:.2f}", f">= {least} {bench.verdict(rate >= least)}",
            f"{middle(1, 'session_p99') / 1000:.1f}",
            f"{middle(0, 'session_p99') / 1000:.1f}", f"{p99:.2f}",
            f"<= {most} {bench.verdict(p99 <= most)}" if most else "",
            f"{middle(1, 'milter'):.0f}", f"{middle(0, 'milter'):.0f}",
            f"{middle(0, 'cpu'):.0f}", f"{1 / ratio('both'):.2f}"]


def main():
    args = bench.options(
        __doc__, ("--rounds", int, 7, "pairs of runs"),
        ("--seconds", float, 2.0, "of each run"))
    bench.title("(b) sessions per second: policy A beside a null milter")
    bench.furnish()
    bench.Dns(bench.lists())
    rows = []
    null = bench.null_milter()
    for case, policy in (("warm", without_greylist(bench.policy("a"))),
                         ("new", bench.policy("a"))):
        gate = bench.gate(policy, case)
        for milter in (null, gate):
            bench.mclient(milter.socket, c=8, n=1000)
        for connections in (8, 64):
            rows.append(row(case, connections, compare(
                case, gate, null, connections, args)))
        gate.stop()
    null.stop()
    bench.table(HEAD, rows)
    print("warm: policy A without greylist, answers in the cache.  new: all "
          "of policy A, a new\ndurable triplet in every session.  us: "
          "processor time by session, of the milters and of\nthe client; the "
          "last ratio is of their sums, and steadier on a busy machine.")


main()
