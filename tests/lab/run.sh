#!/bin/sh
# Runs one group of the lab in namespaces of its own: network, mounts,
# processes, host name.  Whatever happens in there ends with it, a kill -9 included.
# usage: run.sh GROUP, with MAILMUM and MAILMUMCTL naming the programs
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
here=$(cd "$(dirname "$0")" && pwd) || exit 1

skip() {
	echo "skipped: $1"
	exit 77
}
[ "$(id -u)" = 0 ] || skip "Postfix wants root, also in a namespace"
for tool in python3 nsd unbound postfix ip unshare setpriv ldns-keygen \
	ldns-signzone; do
	command -v "$tool" >/dev/null || skip "there is no $tool"
done
# where tests/run.sh has unpacked what cannot be installed
UNPACKED=${UNPACKED:-$here/../../build/unpacked}
export UNPACKED
case $1 in
redis)
	for tool in redis-server redis-sentinel redis-cli openssl; do
		command -v "$tool" >/dev/null || skip "there is no $tool"
	done
	;;
sendmail*)
	[ -x "$UNPACKED/usr/libexec/sendmail/sendmail" ] ||
		skip "there is no Sendmail in $UNPACKED"
	command -v m4 >/dev/null || skip "there is no m4"
	;;
esac
unshare -n -m -u -p --fork --mount-proc true 2>/dev/null ||
	skip "namespaces are not permitted here"

LAB=$(mktemp -d /tmp/mailmum-lab.XXXXXX) || exit 1
export LAB
setpriv --pdeathsig KILL unshare -n -m -u -p --fork --kill-child --mount-proc \
	/usr/bin/python3 -B "$here/main.py" "$@"
status=$?
rmdir "$LAB"
exit $status
