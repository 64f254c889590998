#!/bin/sh
# Measures the release build beside its peers and prints the figures.
# usage: run.sh [a|b|c|memory|start|peers|redis|scale]... [-- options of the benchmark]
# Everything runs in namespaces of its own and ends with them; what has to lie
# on a real disk lies in a directory of its own, removed at the end.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
here=$(cd "$(dirname "$0")" && pwd) || exit 1
root=$(cd "$here/../.." && pwd)

[ "$(id -u)" = 0 ] || {
	echo "run.sh: needs root, for namespaces and for Postfix" >&2
	exit 1
}
which=
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	which="$which $1"
	shift
done
[ $# -eq 0 ] || shift

cd "$root" || exit 1
. contrib/packages.sh
# shellcheck disable=SC2086 # they are lists
install_packages $build_packages $test_packages $bench_packages || exit 1
if [ -n "$BENCH_BIN" ]; then # built already, and to be taken from there
	BIN=$BENCH_BIN
else
	BIN=$root/build/release/bin
	log=$(mktemp /tmp/mailmum-bench.XXXXXX) || exit 1
	{ cmake --preset release && cmake --build --preset release; } \
		>"$log" 2>&1 || {
		tail -40 "$log"
		rm -f "$log"
		exit 1
	}
	rm -f "$log"
fi

status=0
for bench in ${which:-a b c memory start peers redis}; do
	[ -f "$here/bench_$bench.py" ] || {
		echo "run.sh: there is no benchmark $bench" >&2
		exit 2
	}
	LAB=$(mktemp -d /tmp/mailmum-lab.XXXXXX) || exit 1
	DISK=$(mktemp -d /var/tmp/mailmum-bench.XXXXXX) || exit 1
	export BIN LAB DISK
	trap 'rm -rf "$DISK"; rmdir "$LAB"; exit 1' INT TERM
	PYTHONPATH=$root/tests/lab:$root/tests/daemon setpriv --pdeathsig KILL \
		unshare -n -m -p --fork --kill-child --mount-proc \
		python3 -B "$here/bench_$bench.py" "$@" || status=1
	rm -rf "$DISK"
	rmdir "$LAB"
	echo
done
exit $status
