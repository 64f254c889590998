# Debian packages that mailmum is built and tested with, and how to get the
# missing ones.  To be sourced by a POSIX shell.

# what the programs are built from
build_packages="gcc libc6-dev cmake ninja-build pkg-config libmilter-dev
	libunbound-dev nettle-dev libevent-dev libsqlite3-dev libpcre2-dev
	libpsl-dev publicsuffix libhiredis-dev libssl-dev libsystemd-dev
	libjson-c-dev libmicrohttpd-dev zlib1g-dev dns-root-data"

# what the Debian package is made with
deb_packages="dpkg-dev"

# what the tests need beside it: the lab runs real mail and DNS servers
test_packages="libcmocka-dev clang-format-14 mandoc python3 postfix
	postfix-pcre postfix-sqlite postgrey postfix-policyd-spf-python
	sqlgrey libdbd-sqlite3-perl db5.3-util
	openssl nsd unbound dnsdist redis-server redis-sentinel ldnsutils
	iproute2 systemd lintian fail2ban python3-systemd
	python3-prometheus-client"

# of what cannot be installed beside Postfix, and of Prometheus and Munin, the
# tests use the files only, and what the programs in there need
unpacked_packages="sendmail-bin sendmail-cf prometheus munin-node
	munin-common"
unpacked_needs="m4 libdb5.3 libldap-2.5-0 liblockfile1 libnsl2 libsasl2-2
	libsasl2-modules libwrap0 libnet-server-perl"

# for the one test that looks at a page; it is skipped without
browser_packages="chromium-headless-shell"

# what the benchmarks need beside these: a clock to set
bench_packages="faketime"

# what fuzzing needs beside these
fuzz_packages="clang-14 libclang-rt-14-dev"

# Of these, what Debian would start at once and at every boot.
test_services="postfix postgrey sqlgrey nsd unbound dnsdist fail2ban
	redis-server redis-sentinel"

say() {
	printf '%s: %s\n' "$(basename "$0")" "$*" >&2
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		return 1
	fi
}

# Prints those of its arguments that are not installed.
missing_packages() {
	for package; do
		case $(dpkg-query -W -f '${db:Status-Status}' "$package" \
			2>/dev/null) in
		installed) ;;
		*) printf '%s ' "$package" ;;
		esac
	done
}

# Installs what is missing of its arguments.  No service is started, now or at
# the next boot, and Postfix is left without a configuration: the lab brings
# its own.  What was installed before is not touched.
install_packages() {
	missing=$(missing_packages "$@")
	[ -n "$missing" ] || return 0
	say "installing $missing"
	if ! as_root true; then
		say "needs root for that.  Please run, as root:"
		say "apt-get install --no-install-recommends $missing"
		return 1
	fi
	as_root env missing="$missing" services="$test_services" \
		DEBIAN_FRONTEND=noninteractive sh -c '
		policy=/usr/sbin/policy-rc.d
		if [ ! -e $policy ]; then
			trap "rm -f $policy" EXIT
			trap "exit 1" INT TERM HUP
			printf "#!/bin/sh\nexit 101\n" >$policy
			chmod 755 $policy
		fi
		case " $missing " in
		*" postfix "*) echo postfix postfix/main_mailer_type select \
			No configuration | debconf-set-selections ;;
		esac
		log=$(apt-get -q update 2>&1 && apt-get -q -y \
			--no-install-recommends install $missing 2>&1) || {
			printf "%s\n" "$log" >&2
			exit 1
		}
		for service in $services; do
			case " $missing " in
			*" $service "*) ! command -v systemctl >/dev/null ||
				systemctl -q disable $service ;;
			esac
		done' || {
		say "the packages could not be installed"
		return 1
	}
}

# Unpacks the files of packages into a directory, which is made, and leaves it
# alone the next time.  Nothing is installed.
# usage: unpack_packages DIRECTORY PACKAGE ...
unpack_packages() {
	into=$1
	shift
	[ "$(cat "$into/.packages" 2>/dev/null)" != "$*" ] || return 0
	say "unpacking $*"
	rm -rf "$into" && mkdir -p "$into/.fetched" || return 1
	log=$(cd "$into/.fetched" && {
		fetch_packages "$@" ||
			{ as_root apt-get -q update && fetch_packages "$@"; }
	} 2>&1) || {
		printf '%s\n' "$log" >&2
		say "the packages could not be fetched"
		return 1
	}
	for package in "$into"/.fetched/*.deb; do
		dpkg -x "$package" "$into" || return 1
	done
	rm -r "$into/.fetched"
	echo "$*" >"$into/.packages"
}

# Into the directory of the moment, by whoever may write there.
fetch_packages() {
	apt-get -q -o APT::Sandbox::User="$(id -un)" download "$@"
}
