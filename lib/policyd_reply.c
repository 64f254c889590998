/*
 * policyd_reply - what a policy service answers, read as Postfix's
 * attr_scan_plain() does.
 */
#include "lib/policyd.h"

#include <string.h>

#define ACTION "action="

enum mm_policyd_read
mm_policyd_read(const char *data, size_t len, struct mm_policyd_reply *ret)
{
	struct mm_policyd_reply reply = {NULL, 0, 0};
	size_t name = strlen(ACTION);

	while (reply.used < len) {
		const char *line = data + reply.used;
		const char *end = memchr(line, '\n', len - reply.used);
		size_t n =
		    end != NULL ? (size_t)(end - line) : len - reply.used;

		if (n > MM_POLICYD_LINE_MAX || memchr(line, '\0', n) != NULL)
			return MM_POLICYD_BAD;
		if (end == NULL)
			break;
		reply.used += n + 1;
		if (n == 0) {
			if (reply.action == NULL)
				return MM_POLICYD_BAD;
			*ret = reply;
			return MM_POLICYD_WHOLE;
		}
		if (memchr(line, '=', n) == NULL)
			return MM_POLICYD_BAD;
		if (reply.action == NULL && n >= name &&
		    memcmp(line, ACTION, name) == 0) {
			reply.action = line + name;
			reply.len = n - name;
		}
	}
	return len >= MM_POLICYD_REPLY_MAX ? MM_POLICYD_BAD : MM_POLICYD_MORE;
}
