/* policyd_socket - see policyd_socket.h. */
#include "lib/policyd_socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"

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
receive(int fd, const struct mm_wait *wait, char **action, struct mm_err *err)
{
	char data[MM_POLICYD_REPLY_MAX];
	struct mm_policyd_reply reply;
	size_t len = 0;

	for (;;) {
		ssize_t n = mm_stream_more(
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
mm_policyd_talk(int fd, const char *request, const struct mm_wait *wait,
    char **action, struct mm_err *err)
{
	if (mm_stream_send(fd, request, strlen(request), wait, err) == 0)
		return receive(fd, wait, action, err);
	return errno == EPIPE || errno == ECONNRESET ? MM_POLICYD_CLOSED
						     : MM_POLICYD_FAILED;
}
