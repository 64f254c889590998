/* policyd_socket - see policyd_socket.h. */
#include "lib/policyd_socket.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/err.h"

/* Until it is ready.  -1 with *err: it is not, in time. */
static int
ready(int fd, short events, const struct mm_policyd_wait *wait,
    const char *doing, struct mm_err *err)
{
	struct pollfd p = {.fd = fd, .events = events};

	for (;;) {
		int64_t left = wait->until_us - mm_clock_mono(wait->clock);
		int rc = left > 0 ? poll(&p, 1, (int)(left / 1000) + 1) : 0;

		if (rc > 0)
			return 0;
		if (rc == 0 && left <= 0)
			return mm_err_set(err, "%s: no answer in time", doing);
		if (rc < 0 && errno != EINTR)
			return mm_err_set(
			    err, "%s: %s", doing, strerror(errno));
	}
}

static int
open_address(const struct sockaddr *address, socklen_t len,
    const struct mm_policyd_wait *wait, struct mm_err *err)
{
	int fd = socket(
	    address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int rc, failure = 0;
	socklen_t size = sizeof(failure);

	if (fd < 0)
		return mm_err_set(err, "socket: %s", strerror(errno));
	rc = connect(fd, address, len);
	if (rc != 0 && errno == EINPROGRESS) {
		if (ready(fd, POLLOUT, wait, "connect", err) != 0)
			goto fail;
		rc = getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size);
		if (rc == 0 && failure != 0) {
			errno = failure;
			rc = -1;
		}
	}
	if (rc == 0)
		return fd;
	mm_err_set(err, "connect: %s", strerror(errno));
fail:
	close(fd);
	return -1;
}

/* The first of the host's addresses that answers. */
static int
open_host(const struct mm_policyd *service, const struct mm_policyd_wait *wait,
    struct mm_err *err)
{
	struct addrinfo *found;
	int fd = -1;

	if (mm_policyd_host(service, wait, &found, err) != 0)
		return -1;
	for (const struct addrinfo *a = found; a != NULL && fd < 0;
	     a = a->ai_next)
		fd = open_address(a->ai_addr, a->ai_addrlen, wait, err);
	freeaddrinfo(found);
	return fd;
}

int
mm_policyd_connect(const struct mm_policyd *service,
    const struct mm_policyd_wait *wait, struct mm_err *err)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	if (service->path == NULL)
		return open_host(service, wait, err);
	/* its length was looked at when it was read */
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", service->path);
	return open_address((struct sockaddr *)&un, sizeof(un), wait, err);
}

bool
mm_policyd_stale(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) != 0;
}

int
mm_policyd_send(int fd, const char *data, size_t len,
    const struct mm_policyd_wait *wait, struct mm_err *err)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n > 0) {
			data += n;
			len -= (size_t)n;
		} else if (n < 0 && errno == EAGAIN) {
			if (ready(fd, POLLOUT, wait, "send", err) != 0)
				return -1;
			errno = 0;
		} else if (n == 0 || errno != EINTR) {
			mm_err_set(err, "send: %s", strerror(errno));
			return -1;
		}
	}
	return 0;
}

ssize_t
mm_policyd_more(int fd, char *room, size_t size,
    const struct mm_policyd_wait *wait, struct mm_err *err)
{
	for (;;) {
		ssize_t n = recv(fd, room, size, 0);

		if (n >= 0)
			return n;
		if (errno == ECONNRESET)
			return 0;
		if (errno == EAGAIN) {
			if (ready(fd, POLLIN, wait, "read", err) != 0)
				return -1;
		} else if (errno != EINTR) {
			return mm_err_set(err, "read: %s", strerror(errno));
		}
	}
}

static enum mm_policyd_talk
give(const struct mm_policyd_reply *reply, size_t len, char **action,
    struct mm_err *err)
{
	char *copy = strndup(reply->action, reply->len);

	if (copy == NULL) {
		mm_err_set(err, "out of memory");
		return MM_POLICYD_FAILED;
	}
	*action = copy;
	/* whoever says more than he was asked would answer the next one too */
	return reply->used == len ? MM_POLICYD_DONE : MM_POLICYD_LAST;
}

static enum mm_policyd_talk
receive(int fd, const struct mm_policyd_wait *wait, char **action,
    struct mm_err *err)
{
	char data[MM_POLICYD_REPLY_MAX];
	struct mm_policyd_reply reply;
	size_t len = 0;

	for (;;) {
		ssize_t n = mm_policyd_more(
		    fd, data + len, sizeof(data) - len, wait, err);

		if (n < 0)
			return MM_POLICYD_FAILED;
		if (n == 0) {
			mm_err_set(err, "it closed the connection %s",
			    len > 0 ? "in the middle of a reply"
				    : "without a reply");
			return len > 0 ? MM_POLICYD_FAILED : MM_POLICYD_CLOSED;
		}
		len += (size_t)n;
		switch (mm_policyd_read(data, len, &reply)) {
		case MM_POLICYD_WHOLE:
			return give(&reply, len, action, err);
		case MM_POLICYD_BAD:
			mm_err_set(err, "its reply has no action");
			return MM_POLICYD_FAILED;
		case MM_POLICYD_MORE:
			break;
		}
	}
}

enum mm_policyd_talk
mm_policyd_talk(int fd, const char *request, const struct mm_policyd_wait *wait,
    char **action, struct mm_err *err)
{
	if (mm_policyd_send(fd, request, strlen(request), wait, err) == 0)
		return receive(fd, wait, action, err);
	return errno == EPIPE || errno == ECONNRESET ? MM_POLICYD_CLOSED
						     : MM_POLICYD_FAILED;
}
