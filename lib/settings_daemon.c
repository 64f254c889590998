/* settings_daemon - see settings_daemon.h. */
#include "lib/settings_daemon.h"

#include <stdbool.h>
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
