"""From the start of the process to the first verdict, with many triplets in
the store.  The database is made through the store itself."""

import subprocess
import time

import bench

TARGET = 200  # ms


def first_verdict(policy):
    """ms until the first RCPT is answered, by a greylisting decision."""
    conf = bench.configure(policy)
    socket = conf.parent / "milter.sock"
    socket.unlink(missing_ok=True)
    with subprocess.Popen(
            [bench.BIN / "mclient", "-w", "30", "-c", "1", "-n", "1", "-S",
             "0", "-b", str(time.monotonic_ns() // 1000), socket],
            stdout=subprocess.PIPE, text=True) as client:
        time.sleep(0.05)  # it is there and waits for the socket
        begin = time.monotonic()
        gate = bench.gate(policy)
        figures = dict(word.split("=")
                       for word in client.stdout.read().split())
    gate.stop()
    if figures["tempfail"] != "1":
        raise SystemExit(f"the first verdict was another: {figures}")
    return int(figures["ended"]) / 1000 - begin * 1000


def main():
    args = bench.options(
        __doc__, ("--triplets", int, 1000000, "in the store"),
        ("--starts", int, 7, "how often"))
    bench.title(f"start to first verdict: {args.triplets} triplets")
    bench.furnish()
    bench.Dns(bench.lists())
    policy = bench.policy("a")
    empty = [first_verdict(policy) for _ in range(args.starts)]
    state = bench.configure(policy).parent / "state"
    begin = time.monotonic()
    subprocess.run([bench.BIN / "triplets", state, str(args.triplets)],
                   check=True)
    took = time.monotonic() - begin
    full = [first_verdict(policy) for _ in range(args.starts)]
    size = sum(f.stat().st_size for f in state.iterdir()) / (1 << 20)
    bench.table(["", "median ms", "least", "most"], [
        [name, f"{bench.median(t):.0f}", f"{min(t):.0f}", f"{max(t):.0f}"]
        for name, t in (("empty store", empty),
                        (f"{args.triplets} triplets", full))])
    met = bench.median(full) < TARGET
    print(f"target < {TARGET}: {bench.verdict(met)}  (database {size:.0f} "
          f"MiB, made in {took:.0f} s)")


main()
