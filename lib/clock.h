/*
 * clock - what time it is.  Tests bring a clock of their own.
 *
 * Threads: shared; the system's clock has no state here.
 */
#ifndef MM_CLOCK_H
#define MM_CLOCK_H

#include <stdint.h>

struct mm_clock {
	int64_t (*wall)(const struct mm_clock *clock); /* seconds, 1970 */
	int64_t (*mono)(const struct mm_clock *clock); /* microseconds */
};

extern const struct mm_clock mm_clock_system;

static inline int64_t
mm_clock_wall(const struct mm_clock *clock)
{
	return clock->wall(clock);
}

static inline int64_t
mm_clock_mono(const struct mm_clock *clock)
{
	return clock->mono(clock);
}

#endif
