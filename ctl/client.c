/* client - see client.h. */
#include "ctl/client.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/settings.h"

#define PATIENCE 60 /* seconds: a reload may read large tables */
#define REPLY_MAX (8 * 1024 * 1024) /* bytes */

/* Where the daemon listens, by the configuration.  Faults elsewhere in the
 * file are the daemon's to complain about. */
static int
find_socket(const struct ctl *ctl, struct sockaddr_un *ret)
{
	struct mm_complaints all = {0};
	struct mm_settings *settings = NULL;
	const char *path;
	struct mm_err err;
	int code = 0;
	struct mm_conf *conf = mm_conf_read(ctl->config, &all, &err);

	if (conf == NULL) {
		code = ctl_fail(ctl, EX_CONFIG, "%s", err.text);
		goto done;
	}
	if ((settings = mm_settings_read(conf, &all)) == NULL) {
		code = ctl_fail(ctl, EX_OSERR, "out of memory");
		goto done;
	}
	path = settings->control_socket;
	if (strncmp(path, "unix:", 5) == 0)
		path += 5;
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(ret->sun_path))
		code = ctl_fail(ctl, EX_CONFIG,
		    "control_socket: \"%s\" is too long for a socket", path);
	else
		memcpy(ret->sun_path, path, strlen(path) + 1);
done:
	mm_settings_free(settings);
	mm_conf_free(conf);
	mm_complaints_clear(&all);
	return code;
}

static int
unreachable(const struct ctl *ctl, const struct sockaddr_un *where, int error)
{
	static const struct {
		int error;
		const char *advice;
	} known[] = {
	    {ENOENT, "Start mailmum, or name its configuration with -c."},
	    {ECONNREFUSED, "Nobody listens there any more.  Start mailmum."},
	    {EACCES, "Run this as root or as the user of the daemon."},
	    {EAGAIN, "The daemon is there but does not answer in time.  Look "
		     "at its log."},
	};
	const char *advice = "Look at the daemon's log.";

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].error == error)
			advice = known[i].advice;
	return ctl_fail(ctl, EX_UNAVAILABLE,
	    "the daemon cannot be reached at %s: %s.\n%s", where->sun_path,
	    error == EAGAIN ? "timed out" : strerror(error), advice);
}

/* All of text is sent, or -1 with errno. */
static int
send_all(int fd, const char *text)
{
	size_t len = strlen(text);

	while (len > 0) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n < 0)
			return -1;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

/* What comes until the daemon closes; NULL with errno.  The caller's. */
static char *
receive_all(int fd)
{
	char *data = NULL, *more;
	size_t len = 0, size = 0;
	ssize_t n;

	do {
		if (len + 1 >= size) {
			size = size == 0 ? 4096 : 2 * size;
			if (size > REPLY_MAX) {
				errno = EMSGSIZE;
				goto fail;
			}
			if ((more = realloc(data, size)) == NULL)
				goto fail;
			data = more;
		}
		if ((n = recv(fd, data + len, size - len - 1, 0)) < 0)
			goto fail;
		len += (size_t)n;
	} while (n > 0);
	data[len] = '\0';
	return data;

fail:
	free(data);
	return NULL;
}

/* One exchange; NULL with errno. */
static char *
exchange(const struct sockaddr_un *where, const char *request)
{
	const struct timeval patience = {.tv_sec = PATIENCE};
	int error, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char *data = NULL;

	if (fd < 0)
		return NULL;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
		sizeof(patience)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
		sizeof(patience)) == 0 &&
	    connect(fd, (const struct sockaddr *)where, sizeof(*where)) == 0 &&
	    send_all(fd, request) == 0)
		data = receive_all(fd);
	error = errno;
	close(fd);
	errno = error;
	return data;
}

/* "NNN text\n", then the body. */
static bool
take_apart(char *data, struct ctl_reply *ret)
{
	char *end = strchr(data, '\n');

	for (size_t i = 0; i < 3; i++)
		if (!isdigit((unsigned char)data[i]))
			return false;
	if (data[3] != ' ' || end == NULL)
		return false;
	*end = '\0';
	*ret = (struct ctl_reply){
	    .status = (int)strtol(data, NULL, 10),
	    .text = data + 4,
	    .body = end + 1,
	    .data = data,
	};
	return true;
}

int
ctl_client_ask(
    const struct ctl *ctl, const char *request, struct ctl_reply *ret)
{
	struct sockaddr_un where;
	int code = find_socket(ctl, &where);
	char *data;

	if (code != 0)
		return code;
	if ((data = exchange(&where, request)) == NULL)
		return unreachable(ctl, &where, errno);
	if (!take_apart(data, ret)) {
		free(data);
		return ctl_fail(ctl, EX_UNAVAILABLE,
		    "no proper reply from %s: mailmum is stopping, or what "
		    "listens there is not mailmum",
		    where.sun_path);
	}
	return 0;
}
