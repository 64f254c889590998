/*
 * policyd_reply - what a policy service answers, read as Postfix's
 * attr_scan_plain() does.
 */
#include "lib/policyd.h"

#include <string.h>

#define ACTION "action"

/* Is the line "action", or "action=..."?  With "=", what follows is *value. */
static bool
is_action(const char *line, size_t len, const char **value)
{
	size_t name = strlen(ACTION);

	if (len < name || memcmp(line, ACTION, name) != 0 ||
	    (len > name && line[name] != '='))
		return false;
	*value = len > name ? line + name + 1 : NULL;
	return true;
}

enum mm_policyd_read
mm_policyd_read(const char *data, size_t len, struct mm_policyd_reply *ret)
{
	struct mm_policyd_reply reply = {NULL, 0, 0};
	const char *end;

	while (
	    (end = memchr(data + reply.used, '\n', len - reply.used)) != NULL) {
		const char *line = data + reply.used;
		size_t n = (size_t)(end - line);

		reply.used += n + 1;
		/* Postfix would go on waiting behind CR LF */
		if (reply.used > MM_POLICYD_REPLY_MAX ||
		    memchr(line, '\0', n) != NULL || (n == 1 && *line == '\r'))
			return MM_POLICYD_BAD;
		if (n == 0 && reply.action == NULL)
			return MM_POLICYD_BAD;
		if (n == 0) {
			*ret = reply;
			return MM_POLICYD_WHOLE;
		}
		if (reply.action != NULL || !is_action(line, n, &reply.action))
			continue;
		if (reply.action == NULL)
			return MM_POLICYD_BAD;
		reply.len = (size_t)(end - reply.action);
	}
	return len >= MM_POLICYD_REPLY_MAX ? MM_POLICYD_BAD : MM_POLICYD_MORE;
}
