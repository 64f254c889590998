/*
 * policyd_socket - one request to a policy service, and its reply.
 *
 * Threads: confined.
 */
#ifndef MM_POLICYD_SOCKET_H
#define MM_POLICYD_SOCKET_H

#include "lib/policyd.h"
#include "lib/stream.h"

enum mm_policyd_talk {
	MM_POLICYD_DONE,   /* *action is the caller's; the connection is fine */
	MM_POLICYD_LAST,   /* the same, but it is not to be used again */
	MM_POLICYD_CLOSED, /* by the other side, before it said anything */
	MM_POLICYD_FAILED,
};
/* Not done: *err. */
enum mm_policyd_talk mm_policyd_talk(int fd, const char *request,
    const struct mm_wait *wait, char **action, struct mm_err *err);

#endif
