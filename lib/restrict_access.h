/*
 * restrict_access - what the checks of access tables share: which keys are
 * tried, and what becomes of what is found.
 *
 * Threads: pure.
 */
#ifndef MM_RESTRICT_ACCESS_H
#define MM_RESTRICT_ACCESS_H

#include "lib/map.h"
#include "lib/restrict.h"

struct mm_table; /* what mm_parse_access() and its like make */

/* Which hosts of a name are looked up; 0: none, but the name itself. */
enum mm_dns_type mm_access_hosts(const struct mm_table *table);

/* The lookup that found something, or failed; or nothing yet. */
struct mm_hit {
	enum mm_found found;
	const char *key, *value;
};

/* Each is true when the search is over.  The whole key and no other. */
bool mm_access_try_key(struct mm_eval *ev, const struct mm_table *table,
    const char *key, struct mm_hit *hit);
/* The name, then each parent domain up to the last label. */
bool mm_access_try_domain(struct mm_eval *ev, const struct mm_table *table,
    const char *name, struct mm_hit *hit);
/* The address, then ever shorter prefixes in whole octets or groups. */
bool mm_access_try_address(struct mm_eval *ev, const struct mm_table *table,
    const char *address, struct mm_hit *hit);
/* What the right-hand side says. */
enum mm_outcome mm_access_apply(struct mm_eval *ev,
    const struct mm_table *table, const struct mm_hit *hit,
    struct mm_subject subject);
/* For words whose tables must not accept: strangers choose what is looked up.
 * OK becomes Postfix's "try again later". */
enum mm_outcome mm_access_forbid_ok(
    struct mm_eval *ev, enum mm_outcome outcome);

#endif
