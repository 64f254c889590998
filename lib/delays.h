/*
 * delays - what each setting of greylist_delay would have cost.
 *
 * For some settings it counts how long the mail that came back would have been
 * delayed: until its first attempt after so much time.  That needs of each
 * waiting triplet no more than the age of one attempt: an attempt at the age
 * "after", with the last one remembered at "before", is the first one for each
 * setting that lies between.  So of the attempts that come too soon only those
 * are worth a write that a setting lies before, a few for each triplet however
 * often it comes.
 *
 * What cannot be known: a mail that was let in does not come again, so for a
 * longer setting its next attempt is unknown, and counted so.
 *
 * The counts are kept in the store as records of their own: loaded once,
 * written now and then where they have changed, and where they have not for
 * long, so that no purge takes them.
 * Threads: shared, atomics; loading and saving confined to one.
 */
#ifndef MM_DELAYS_H
#define MM_DELAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mm_delays;
struct mm_err;
struct mm_store;

/* Does a setting lie between the two ages, or on the later one? */
bool mm_delays_between(int64_t before, int64_t after);

struct mm_delays *mm_delays_new(void);	       /* NULL: out of memory */
void mm_delays_free(struct mm_delays *delays); /* NULL is fine */

/* A mail came for the first time, and has to wait. */
void mm_delays_began(struct mm_delays *delays);
/* It came back; let in: and does not wait any more. */
void mm_delays_came(
    struct mm_delays *delays, int64_t before, int64_t after, bool let_in);

/* One setting; times in seconds. */
struct mm_delays_row {
	int64_t delay;
	int64_t back; /* came back after so long: delayed so long each: */
	int64_t median, most, longest; /* most: of 95 %; both rounded up */
	int64_t unknown;	       /* was let in before */
	int64_t away;		       /* has not come back, or not yet */
};
/* False: there are no more settings. */
bool mm_delays_row(
    const struct mm_delays *delays, size_t i, struct mm_delays_row *ret);
int64_t mm_delays_begun(const struct mm_delays *delays);

/* Adds what is in the store.  -1: *err; nothing has been added. */
int mm_delays_load(
    struct mm_delays *delays, struct mm_store *store, struct mm_err *err);
/* Writes what has changed, or is old; now: seconds, 1970.  -1: *err; the rest
 * will be the next time. */
int mm_delays_save(struct mm_delays *delays, struct mm_store *store,
    int64_t now, struct mm_err *err);

#endif
