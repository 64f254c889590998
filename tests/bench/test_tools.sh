#!/bin/sh
# The benchmarks' client and their do-nothing milter understand each other:
# every session is answered, with and without NR, with idle ones beside.
# usage: test_tools.sh BINDIR
bin=$1
dir=$(mktemp -d /tmp/mailmum-bench.XXXXXX) || exit 1
pids=
finish() {
	kill -9 $pids 2>/dev/null
	rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' INT TERM

expect() {
	case $2 in
	*"$1"*) ;;
	*)
		echo "not found: $1, in: $2"
		exit 1
		;;
	esac
}

"$bin/null_milter" "unix:$dir/plain" &
pids="$!"
"$bin/null_milter" -n "unix:$dir/silent" &
pids="$pids $!"
for peer in plain silent; do
	out=$("$bin/mclient" -w 20 -c 4 -u 10 -n 200 "$dir/$peer") || exit 1
	expect "sessions=200 " "$out"
	expect "continue=200 accept=0 tempfail=0 reject=0" "$out"
	out=$("$bin/mclient" -c 8 -i 50 -n 100 -p 1 "$dir/$peer") || exit 1
	expect "idle=50" "$out"
	expect "continue=100 " "$out"
	out=$("$bin/mclient" -i 20 -n 0 -f "$dir/$peer" </dev/null) || exit 1
	expect "idle=20" "$out"
done
