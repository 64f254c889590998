"""The greylist with ten million triplets: decisions a second, how long they
take, the size on disk and in memory, from opening to the first verdict.  A
purge and checkpoints run meanwhile."""

import subprocess
import sys

import bench


def main():
    args = bench.options(
        __doc__, ("--triplets", int, 10000000, "in the database"),
        ("--seconds", int, 20, "of each of the two measurements"),
        ("--threads", int, 16, "that decide"),
        ("--rate", int, 50000, "decisions a second, when paced"))
    bench.title(f"scale: {args.triplets} triplets")
    sys.exit(subprocess.run([bench.BIN / "bench_scale", bench.DISK,
                             str(args.triplets), str(args.seconds),
                             str(args.threads), str(args.rate)],
                            check=False).returncode)


main()
