/* settings_daemon - see settings_daemon.h. */
#include "lib/settings_daemon.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "lib/err.h"
#include "lib/name.h"
#include "lib/str.h"

static const struct mm_name kinds[] = {
    {MM_SOCKET_UNIX, "unix"},
    {MM_SOCKET_UNIX, "local"},
    {MM_SOCKET_INET, "inet"},
    {MM_SOCKET_INET6, "inet6"},
    {MM_SOCKET_FD, "fd"},
};

enum mm_socket_kind
mm_socket_kind(const char *text, const char **rest)
{
	size_t len = strcspn(text, ":");
	char word[8];

	*rest = text;
	if (text[0] == '/')
		return MM_SOCKET_UNIX;
	if (text[len] == '\0' || len >= sizeof(word))
		return MM_SOCKET_UNKNOWN;
	memcpy(word, text, len);
	word[len] = '\0';
	*rest = text + len + 1;
	return (enum mm_socket_kind)mm_name_code(
	    kinds, sizeof(kinds) / sizeof(kinds[0]), word, MM_SOCKET_UNKNOWN);
}

static int
check_path(const char *path, struct mm_err *err)
{
	struct sockaddr_un un;

	if (path[0] != '/')
		return mm_err_set(
		    err, "\"%s\" is not a path that begins with \"/\"", path);
	if (strlen(path) >= sizeof(un.sun_path))
		return mm_err_set(err,
		    "the path is longer than the %zu bytes that a socket's "
		    "may have",
		    sizeof(un.sun_path) - 1);
	return 0;
}

/* PORT@HOST, or PORT alone for every address. */
static int
check_port(const char *rest, struct mm_err *err)
{
	size_t len = strcspn(rest, "@");
	unsigned long port;
	char digits[8];

	if (rest[len] == '\0' && strchr(rest, ':') != NULL)
		return mm_err_set(err,
		    "\"%s\": here the port comes first: inet:PORT@HOST", rest);
	if (rest[len] == '@' && rest[len + 1] == '\0')
		return mm_err_set(err, "\"%s\": no host behind \"@\"", rest);
	if (len < sizeof(digits)) {
		memcpy(digits, rest, len);
		digits[len] = '\0';
		if (mm_str_to_uint(digits, 1, 65535, &port))
			return 0;
	}
	return mm_err_set(
	    err, "\"%s\": the port is not a number from 1 to 65535", rest);
}

int
mm_socket_check(const char *text, struct mm_err *err)
{
	unsigned long fd;
	const char *rest;

	switch (mm_socket_kind(text, &rest)) {
	case MM_SOCKET_UNIX:
		return check_path(rest, err);
	case MM_SOCKET_INET:
	case MM_SOCKET_INET6:
		return check_port(rest, err);
	case MM_SOCKET_FD:
		if (mm_str_to_uint(rest, 0, 65535, &fd))
			return 0;
		return mm_err_set(
		    err, "\"%s\" is not the number of a descriptor", rest);
	case MM_SOCKET_UNKNOWN:
		break;
	}
	return mm_err_set(err,
	    "\"%s\" is not unix:/PATH, inet:PORT@HOST, inet6:PORT@HOST or fd:N",
	    text);
}

int
mm_control_socket_check(const char *text, struct mm_err *err)
{
	const char *rest;

	if (mm_socket_kind(text, &rest) != MM_SOCKET_UNIX)
		return mm_err_set(err, "\"%s\" is not unix:/PATH", text);
	return check_path(rest, err);
}

/* address, which may be in brackets, of the family that stands in ret. */
static int
read_address(const char *address, struct sockaddr_storage *ret, socklen_t *len)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;
	bool six = ret->ss_family == AF_INET6;
	size_t n = strlen(address);
	char text[INET6_ADDRSTRLEN];

	if (six && address[0] == '[' && address[n - 1] == ']') {
		address++;
		n -= 2;
	}
	if (n >= sizeof(text))
		return -1;
	memcpy(text, address, n);
	text[n] = '\0';
	if (strcmp(text, "localhost") == 0)
		snprintf(text, sizeof(text), "%s", six ? "::1" : "127.0.0.1");
	*len = six ? sizeof(*in6) : sizeof(*in);
	return inet_pton(ret->ss_family, text,
		   six ? (void *)&in6->sin6_addr : (void *)&in->sin_addr) == 1
		   ? 0
		   : -1;
}

int
mm_metrics_listen_read(const char *text, struct sockaddr_storage *ret,
    socklen_t *len, struct mm_err *err)
{
	struct sockaddr_storage address = {0};
	socklen_t address_len;
	const char *rest;
	enum mm_socket_kind kind = mm_socket_kind(text, &rest);

	if ((kind != MM_SOCKET_INET && kind != MM_SOCKET_INET6) ||
	    strchr(rest, '@') == NULL)
		return mm_err_set(err,
		    "\"%s\" is not inet:PORT@ADDRESS or inet6:PORT@ADDRESS",
		    text);
	if (check_port(rest, err) != 0)
		return -1;
	address.ss_family = kind == MM_SOCKET_INET ? AF_INET : AF_INET6;
	if (read_address(strchr(rest, '@') + 1, &address, &address_len) != 0)
		return mm_err_set(err, "\"%s\" is not an %s address",
		    strchr(rest, '@') + 1,
		    kind == MM_SOCKET_INET ? "IPv4" : "IPv6");
	/* it stands at the same place in both */
	((struct sockaddr_in *)&address)->sin_port =
	    htons((uint16_t)strtoul(rest, NULL, 10));
	*ret = address;
	*len = address_len;
	return 0;
}

static bool
is_loopback(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;

	if (address->ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
	return ntohl(in->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

int
mm_metrics_listen_check(const char *text, bool meant, struct mm_err *err)
{
	struct sockaddr_storage address;
	socklen_t len;

	if (text[0] == '\0')
		return 0;
	if (mm_metrics_listen_read(text, &address, &len, err) != 0)
		return -1;
	if (meant || is_loopback(&address))
		return 0;
	return mm_err_set(err,
	    "\"%s\" is open to other machines, and nobody has to log in: if "
	    "that is meant, metrics_listen_public = yes",
	    text);
}

int
mm_log_to_check(const char *text, struct mm_err *err)
{
	static const char *const words[] = {"", "journal", "syslog", "stderr"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], text) == 0)
			return 0;
	if (strncmp(text, "json:/", 6) == 0)
		return 0;
	return mm_err_set(
	    err, "\"%s\" is not journal, syslog, stderr or json:/FILE", text);
}
