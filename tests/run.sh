#!/bin/sh
# Runs the tests, after installing what they need (Debian 12).
# usage: sh tests/run.sh [--long]
#   --long  also the ones that take minutes
set -u
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
cd "$(dirname "$0")/.." || exit 1
. contrib/packages.sh

long=
case ${1-} in
"") ;;
--long) long=yes ;;
*)
	echo "usage: sh tests/run.sh [--long]" >&2
	exit 2
	;;
esac

# shellcheck disable=SC2086 # they are lists
install_packages $build_packages $deb_packages $test_packages \
	$unpacked_needs || exit 1
# shellcheck disable=SC2086 # it is a list
unpack_packages build/unpacked $unpacked_packages ||
	say "no Sendmail, promtool, Munin: what needs them will be skipped"
# shellcheck disable=SC2086 # it is a list
install_packages $browser_packages || say "going on without a browser"
cmake --preset dev && cmake --build --preset dev || exit 1

# One group after the other; the first that fails is the last thing printed.
# The lab's tests mostly wait, each in a network of its own: two at a time.
tree=build/dev
run() {
	printf '\n=== %s\n' "$1"
	shift
	ctest --test-dir $tree --output-on-failure --no-tests=error "$@"
}
run "quick: units, replay, lint, fuzz corpora" \
	-LE 'lab|long' -j "$(nproc)" || exit 1
[ "$(id -u)" = 0 ] || say "the lab needs root: it will be skipped"
run "lab: real mail through real servers, in a network of their own" \
	-L lab -LE long -j "$(nproc)" || exit 1
[ -n "$long" ] || exit 0

run "long" -L long || exit 1
tree=build/tsan
cmake --preset tsan && cmake --build --preset tsan || exit 1
run "threads: units, the daemon and the lab's stress under ThreadSanitizer" \
	-R '^(unit|daemon)\.|^lab\.stress' || exit 1
