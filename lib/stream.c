/* stream - see stream.h. */
#include "lib/stream.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/err.h"

int
mm_stream_ready(int fd, short events, const struct mm_wait *wait,
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
    const struct mm_wait *wait, struct mm_err *err)
{
	int fd = socket(
	    address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int rc, failure = 0;
	socklen_t size = sizeof(failure);

	if (fd < 0)
		return mm_err_set(err, "socket: %s", strerror(errno));
	rc = connect(fd, address, len);
	if (rc != 0 && errno == EINPROGRESS) {
		if (mm_stream_ready(fd, POLLOUT, wait, "connect", err) != 0)
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
open_host(
    const struct mm_peer *peer, const struct mm_wait *wait, struct mm_err *err)
{
	struct addrinfo *found;
	int fd = -1;

	if (mm_stream_host(peer, wait, &found, err) != 0)
		return -1;
	for (const struct addrinfo *a = found; a != NULL && fd < 0;
	     a = a->ai_next)
		fd = open_address(a->ai_addr, a->ai_addrlen, wait, err);
	freeaddrinfo(found);
	return fd;
}

int
mm_stream_connect(
    const struct mm_peer *peer, const struct mm_wait *wait, struct mm_err *err)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	if (peer->path == NULL)
		return open_host(peer, wait, err);
	/* its length was looked at when it was read */
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", peer->path);
	return open_address((struct sockaddr *)&un, sizeof(un), wait, err);
}

bool
mm_stream_stale(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) != 0;
}

int
mm_stream_send(int fd, const char *data, size_t len, const struct mm_wait *wait,
    struct mm_err *err)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n > 0) {
			data += n;
			len -= (size_t)n;
		} else if (n < 0 && errno == EAGAIN) {
			if (mm_stream_ready(fd, POLLOUT, wait, "send", err) !=
			    0)
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
mm_stream_more(int fd, char *room, size_t size, const struct mm_wait *wait,
    struct mm_err *err)
{
	for (;;) {
		ssize_t n = recv(fd, room, size, 0);

		if (n >= 0)
			return n;
		if (errno == ECONNRESET)
			return 0;
		if (errno == EAGAIN) {
			if (mm_stream_ready(fd, POLLIN, wait, "read", err) != 0)
				return -1;
		} else if (errno != EINTR) {
			return mm_err_set(err, "read: %s", strerror(errno));
		}
	}
}
