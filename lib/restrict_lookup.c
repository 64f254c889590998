/* restrict_lookup - names as checks look them up: without a dot at the end;
 * several types of one name, in turn. */
#include "lib/restrict.h"

#include <string.h>

#include "lib/arena.h"
#include "lib/hostname.h"
#include "lib/str.h"

const char *
mm_restrict_undotted(struct mm_eval *ev, const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || name[len - 1] != '.')
		return name;
	return mm_arena_dupn(ev->arena, name, len - 1);
}

/* One of these is stopped at, or nothing more is left to ask. */
static bool
stops(const struct mm_lookup *lookup, enum mm_dns_status status)
{
	return (lookup->stop & 1u << status) != 0;
}

/* The resolver goes on to the next type by itself. */
static bool
next_type(const struct mm_dns_question *asked,
    const struct mm_dns_answer *answer, struct mm_dns_question *then)
{
	const struct mm_lookup *lookup = asked->arg;

	if (stops(lookup, answer->status))
		return false;
	for (size_t i = 0; i + 1 < lookup->n; i++) {
		if (lookup->type[i] != asked->type)
			continue;
		*then = *asked;
		then->type = lookup->type[i + 1];
		return true;
	}
	return false;
}

enum mm_dns_status
mm_restrict_lookup(
    struct mm_eval *ev, const char *name, const struct mm_lookup *lookup)
{
	enum mm_dns_status best = MM_DNS_NOTFOUND;
	char *folded = mm_arena_dup(ev->arena, name);

	if (folded == NULL)
		return MM_DNS_NOTFOUND; /* the walk is given up as a whole */
	mm_str_fold(folded);
	if (!mm_hostname_valid(name) || mm_hostname_is_address(name)) {
		mm_eval_note(ev, "not a host name: not looked up");
		return MM_DNS_NOTFOUND;
	}
	for (size_t i = 0; i < lookup->n; i++) {
		struct mm_dns_question question = {.name = folded,
		    .type = lookup->type[i],
		    .next = next_type,
		    .arg = lookup};
		const struct mm_dns_answer *answer = mm_eval_ask(ev, &question);

		if (answer == NULL)
			return MM_DNS_NOTHING_YET;
		if (answer->status > best)
			best = answer->status;
		if (stops(lookup, answer->status))
			break;
	}
	return best;
}
