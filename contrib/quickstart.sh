#!/bin/sh
# From a fresh Debian machine to a running gate.
# usage: sh contrib/quickstart.sh [--demo]
#   --demo  show sample sessions being judged, offline, and exit
# It listens on port 8899, or MAILMUM_PORT.
#
# Installs what the build needs, builds, and runs mailmum in the foreground
# with the policy of contrib/mailmum.conf.  Nothing under /etc is changed;
# what it writes lies in a directory of its own and goes when it is stopped.
set -u
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
cd "$(dirname "$0")/.." || exit 1
. contrib/packages.sh
port=${MAILMUM_PORT:-8899}
bin=build/release/bin

demo=
case ${1-} in
"") ;;
--demo) demo=yes ;;
*)
	echo "usage: sh contrib/quickstart.sh [--demo]" >&2
	exit 2
	;;
esac

# Quietly; all of it is shown if it fails.
build() {
	say "building"
	if ! log=$(cmake --preset release && cmake --build --preset release \
		--target mailmum mailmumctl demo 2>&1); then
		printf '%s\n' "$log" >&2
		return 1
	fi
}

# shellcheck disable=SC2086 # it is a list
install_packages $build_packages && build || exit 1
[ -z "$demo" ] || exec $bin/demo $bin

dir=$(mktemp -d "${TMPDIR:-/tmp}/mailmum.XXXXXX") || exit 1
pid=
finish() {
	trap '' INT TERM HUP
	[ -z "$pid" ] || { kill "$pid" && wait "$pid"; } 2>/dev/null
	rm -rf "$dir"
}
trap finish EXIT
trap 'exit 0' INT TERM HUP

# A network socket is there for a chrooted smtpd as well, which is how Debian
# runs it; a unix socket would have to lie below /var/spool/postfix.
cat contrib/mailmum.conf - >"$dir/mailmum.conf" <<END

milter_socket = inet:$port@127.0.0.1
control_socket = unix:$dir/control.sock
state_directory = $dir
greylist_exceptions = $dir/greylist-exceptions
END
cp contrib/greylist-exceptions "$dir/"
if [ "$(id -u)" = 0 ]; then
	echo "user = nobody" >>"$dir/mailmum.conf"
	chown nobody "$dir" && chmod 755 "$dir"
else
	echo "user =" >>"$dir/mailmum.conf"
fi

cat <<END
mailmum judges by contrib/mailmum.conf until you press Ctrl-C; what it has
greylisted is then forgotten.  It logs below.  Meanwhile, in another shell:

    $PWD/$bin/mailmumctl -c $dir/mailmum.conf explain 192.0.2.1
    $PWD/$bin/mailmumctl -c $dir/mailmum.conf stats

To have Postfix ask it, put this line into main.cf and run "postfix reload";
if mailmum is not there, mail is accepted as before:

smtpd_milters = { inet:127.0.0.1:$port, default_action=accept }

For Sendmail, this line at the end of sendmail.mc, and "sendmailconfig":

INPUT_MAIL_FILTER(\`mailmum', \`S=inet:$port@127.0.0.1')dnl

END
$bin/mailmum -f -c "$dir/mailmum.conf" &
pid=$!
wait "$pid"
status=$?
pid=
[ $status != 69 ] || say "for another port: MAILMUM_PORT=8900 sh $0"
exit $status
