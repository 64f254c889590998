/*
 * histogram - how times are spread: counts between fixed bounds, and a sum.
 *
 * Threads: confined values; their owner locks.
 */
#ifndef MM_HISTOGRAM_H
#define MM_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define MM_HISTOGRAM_BOUNDS 16 /* at most */

struct mm_histogram_bounds {
	size_t n;
	int64_t us[MM_HISTOGRAM_BOUNDS]; /* ascending */
};

struct mm_histogram {
	const struct mm_histogram_bounds *bounds; /* set by its owner */
	/* count[i]: above bound i - 1, up to bound i; the last: above all */
	uint64_t count[MM_HISTOGRAM_BOUNDS + 1];
	uint64_t sum_us;
};

/* For what is asked over a network: 1 ms to 10 s. */
extern const struct mm_histogram_bounds mm_histogram_answers;
/* For mail that waits: 1 minute to 2 days. */
extern const struct mm_histogram_bounds mm_histogram_waits;

void mm_histogram_add(struct mm_histogram *histogram, int64_t us);
/* Both have the same bounds. */
void mm_histogram_join(
    struct mm_histogram *histogram, const struct mm_histogram *other);

#endif
