/*
 * greylist - what the tests of the greylist's decisions share.
 *
 * Threads: pure functions.
 */
#ifndef MM_TEST_GREYLIST_H
#define MM_TEST_GREYLIST_H

#include "lib/greylist.h"
#include "tests/test.h"

#define HOUR 3600
#define DAY (24 * HOUR)
#define T 1700000000 /* some day */

static inline void
assert_same(const struct mm_record *want, const struct mm_record *got)
{
	assert_int_equal(want->first, got->first);
	assert_int_equal(want->last, got->last);
	assert_int_equal(want->count, got->count);
}

static inline struct mm_greylist_answer
ask(const struct mm_greylist_rules *by,
    struct mm_record record[MM_GREYLIST_NROLES], int64_t now)
{
	bool write;

	return mm_greylist_decide(by, record, now, &write);
}

/* A small generator of its own, so that a failure comes back each time. */
static inline unsigned
draw(uint64_t *seed, unsigned below)
{
	*seed = *seed * 6364136223846793005 + 1442695040888963407;
	return (unsigned)(*seed >> 33) % below;
}

#endif
