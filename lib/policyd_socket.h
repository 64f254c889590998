/*
 * policyd_socket - one connection to a policy service: made, used, and never
 * waited for beyond a point in time.
 *
 * Threads: confined.
 */
#ifndef MM_POLICYD_SOCKET_H
#define MM_POLICYD_SOCKET_H

#include <sys/types.h>

#include "lib/policyd.h"

/* What may be waited for, and how long. */
struct mm_policyd_wait {
	const struct mm_clock *clock;
	int64_t until_us; /* monotonic */
};

/* The addresses of the service's host, the caller's to free.  -1: *err. */
struct addrinfo;
int mm_policyd_host(const struct mm_policyd *service,
    const struct mm_policyd_wait *wait, struct addrinfo **ret,
    struct mm_err *err);
/* A descriptor, or -1 with *err. */
int mm_policyd_connect(const struct mm_policyd *service,
    const struct mm_policyd_wait *wait, struct mm_err *err);
/* Closed by the other side, or with something in it that nobody asked for. */
bool mm_policyd_stale(int fd);

/* All of data.  -1: *err. */
int mm_policyd_send(int fd, const char *data, size_t len,
    const struct mm_policyd_wait *wait, struct mm_err *err);
/* One more piece of a reply; 0: the other side has closed; -1: *err. */
ssize_t mm_policyd_more(int fd, char *room, size_t size,
    const struct mm_policyd_wait *wait, struct mm_err *err);

enum mm_policyd_talk {
	MM_POLICYD_DONE,   /* *action is the caller's; the connection is fine */
	MM_POLICYD_LAST,   /* the same, but it is not to be used again */
	MM_POLICYD_CLOSED, /* by the other side, before it said anything */
	MM_POLICYD_FAILED,
};
/* Not done: *err. */
enum mm_policyd_talk mm_policyd_talk(int fd, const char *request,
    const struct mm_policyd_wait *wait, char **action, struct mm_err *err);

#endif
