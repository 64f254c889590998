/*
 * watch - the files that the policy in force was made from, and when one of
 * them has become another.
 *
 * Threads: confined to the supervisor's.
 */
#ifndef MM_MILTER_WATCH_H
#define MM_MILTER_WATCH_H

#include <stdint.h>

struct mm_policy;
struct watch;

struct watch *watch_new(void); /* NULL: out of memory */
void watch_free(struct watch *watch);
/* From now on these files, as they were when the policy was made.  Out of
 * memory, some are not watched. */
void watch_policy(struct watch *watch, const struct mm_policy *policy);
/* What has changed so far is known, whatever comes of it. */
void watch_accept(struct watch *watch);
/* When to look next, from now on; -1: there is nothing to be looked at. */
int watch_wait_ms(const struct watch *watch);
/*
 * Looks, if it is time.  A file that has changed, and has not been changing
 * any more since the look before; or NULL.
 */
const char *watch_look(struct watch *watch, int64_t now_us);

#endif
