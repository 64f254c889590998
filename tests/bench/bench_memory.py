"""Resident memory with idle connections, beyond a null milter's.  Each
connection has gone through its first RCPT and stays open."""

import subprocess

import bench

TARGET = 64  # MiB


def memory(milter, connections):
    """Before, and with the idle connections open; KiB."""
    bench.mclient(milter.socket, c=8, n=500)
    before = milter.memory()
    with subprocess.Popen(
            [bench.BIN / "mclient", "-f", "-c", "64", "-n", "0", "-i",
             str(connections), milter.socket], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True) as client:
        if client.stdout.readline() != f"idle={connections}\n":
            raise SystemExit("the connections could not be opened")
        return before, milter.memory()


def main():
    args = bench.options(
        __doc__, ("--connections", int, 2000, "idle ones"))
    bench.title(f"memory: {args.connections} idle connections")
    bench.furnish()
    bench.Dns(bench.lists())
    null = bench.null_milter()
    gate = bench.gate(bench.policy("a"))
    rows = []
    for name, milter in (("null milter", null), ("mailmum", gate)):
        before, after = memory(milter, args.connections)
        rows.append([name, f"{before / 1024:.1f}", f"{after / 1024:.1f}",
                     f"{(after - before) / args.connections:.1f}"])
    beyond = float(rows[1][2]) - float(rows[0][2])
    bench.table(["", "before MiB", "with them MiB", "KiB each"], rows)
    print(f"beyond the null milter: {beyond:.1f} MiB, target < {TARGET}: "
          f"{bench.verdict(beyond < TARGET)}")
    gate.stop()
    null.stop()


main()
