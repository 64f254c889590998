/* socket - see socket.h. */
#include "milter/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/settings_daemon.h"
#include "lib/str.h"

#define LISTEN_FDS_START 3 /* sd_listen_fds(3) */

int
socket_inherited(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	unsigned long n;

	if (pid == NULL || fds == NULL ||
	    !mm_str_to_uint(pid, 1, INT32_MAX, &n) || (pid_t)n != getpid() ||
	    !mm_str_to_uint(fds, 1, 64, &n))
		return -1;
	return LISTEN_FDS_START;
}

int
socket_answers(const char *path, struct mm_err *err)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int rc, error;

	if (fd == -1)
		return mm_err_set(err, "socket: %s", strerror(errno));
	memcpy(to.sun_path, path, strlen(path) + 1);
	rc = connect(fd, (const struct sockaddr *)&to, sizeof(to));
	error = errno;
	close(fd);
	if (rc == 0 || error == EAGAIN) /* its backlog is full */
		return 1;
	if (error == ENOENT || error == ECONNREFUSED)
		return 0;
	return mm_err_set(err, "%s: %s", path, strerror(error));
}

/* inet: does something answer?  libmilter does not say why a host cannot be
 * found. */
static int
inet_answers(const char *rest, int family, struct mm_err *err)
{
	struct addrinfo hints = {.ai_family = family,
			    .ai_socktype = SOCK_STREAM,
			    .ai_flags = AI_NUMERICSERV},
			*found;
	const char *at = strchr(rest, '@');
	int answers = 0, fd, rc;
	char port[8];

	snprintf(port, sizeof(port), "%.*s", (int)strcspn(rest, "@"), rest);
	rc = getaddrinfo(at != NULL ? at + 1 : NULL, port, &hints, &found);
	if (rc != 0)
		return mm_err_set(err, "milter_socket: %s: %s",
		    at != NULL ? at + 1 : rest, gai_strerror(rc));
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd != -1) {
		answers = connect(fd, found->ai_addr, found->ai_addrlen) == 0;
		close(fd);
	}
	freeaddrinfo(found);
	return answers;
}

static int
check_descriptor(const char *digits, struct mm_err *err)
{
	socklen_t len = sizeof(int);
	unsigned long fd;
	int listens;

	if (!mm_str_to_uint(digits, 0, 65535, &fd) ||
	    getsockopt((int)fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) != 0)
		return mm_err_set(
		    err, "fd:%s was not handed over as a socket", digits);
	if (listens == 0)
		return mm_err_set(
		    err, "fd:%s is not a listening socket", digits);
	fcntl((int)fd, F_SETFD, FD_CLOEXEC);
	return 0;
}

int
socket_probe(const char *text, struct mm_err *err)
{
	const char *rest;
	int answers = 0;

	switch (mm_socket_kind(text, &rest)) {
	case MM_SOCKET_UNIX:
		answers = socket_answers(rest, err);
		break;
	case MM_SOCKET_INET:
		answers = inet_answers(rest, AF_INET, err);
		break;
	case MM_SOCKET_INET6:
		answers = inet_answers(rest, AF_INET6, err);
		break;
	case MM_SOCKET_FD:
		return check_descriptor(rest, err);
	case MM_SOCKET_UNKNOWN:
		break;
	}
	if (answers > 0)
		return mm_err_set(err,
		    "somebody listens on %s already: is mailmum running?",
		    text);
	return answers;
}
