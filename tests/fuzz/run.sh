#!/bin/sh
# Fuzzes: each harness so many times, from the corpus in the repository.
# usage: run.sh [RUNS [HARNESS]...]     default: 10000000, all of them
# Prints executions and findings; an input that breaks something is kept in
# build/fuzz, and named.  What is new to the corpus is in build/fuzz/found.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
cd "$(dirname "$0")/../.." || exit 1
. contrib/packages.sh

runs=${1-10000000}
[ $# -eq 0 ] || shift
case $runs in
'' | *[!0-9]*)
	echo "usage: run.sh [RUNS [HARNESS]...]" >&2
	exit 2
	;;
esac
# shellcheck disable=SC2086 # they are lists
install_packages $build_packages $test_packages $fuzz_packages || exit 1
log=$(mktemp /tmp/mailmum-fuzz.XXXXXX) || exit 1
trap 'rm -f "$log"' EXIT
{ cmake --preset fuzz && cmake --build --preset fuzz; } >"$log" 2>&1 || {
	tail -40 "$log"
	exit 1
}

status=0
for harness in ${*:-$(ls tests/fuzz/corpus)}; do
	found=build/fuzz/found/$harness
	mkdir -p "$found"
	if "build/fuzz/bin/fuzz_$harness" -runs="$runs" -max_len=1024 \
		-timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="build/fuzz/$harness-" \
		"$found" "tests/fuzz/corpus/$harness" >"$log" 2>&1; then
		result="no finding"
	else
		result=FOUND
		status=1
	fi
	printf '%-16s %s executions, %s a second: %s\n' "$harness" \
		"$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" \
		"$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")" "$result"
	[ "$result" = "no finding" ] || tail -30 "$log"
done
exit $status
