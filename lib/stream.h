/*
 * stream - a connection to somebody: made, used, and never waited for beyond
 * a point in time.
 *
 * Threads: confined.
 */
#ifndef MM_STREAM_H
#define MM_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct mm_clock;
struct mm_err;

/* Who: a socket's path, or else a host and a port. */
struct mm_peer {
	const char *path;
	const char *host, *port;
};

/* How long. */
struct mm_wait {
	const struct mm_clock *clock;
	int64_t until_us; /* monotonic */
};

/* The addresses of the peer's host, the caller's to free.  -1: *err. */
struct addrinfo;
int mm_stream_host(const struct mm_peer *peer, const struct mm_wait *wait,
    struct addrinfo **ret, struct mm_err *err);
/* A descriptor that does not block, or -1 with *err. */
int mm_stream_connect(
    const struct mm_peer *peer, const struct mm_wait *wait, struct mm_err *err);
/* Closed by the other side, or with something in it that nobody asked for. */
bool mm_stream_stale(int fd);
/* Until it is ready for events of poll(2).  -1 with *err: it is not, in time;
 * doing says what for. */
int mm_stream_ready(int fd, short events, const struct mm_wait *wait,
    const char *doing, struct mm_err *err);
/* All of data.  -1: *err, and errno. */
int mm_stream_send(int fd, const char *data, size_t len,
    const struct mm_wait *wait, struct mm_err *err);
/* One more piece; 0: the other side has closed; -1: *err. */
ssize_t mm_stream_more(int fd, char *room, size_t size,
    const struct mm_wait *wait, struct mm_err *err);

#endif
