/*
 * clock - what time it is.  Tests bring a clock of their own.
 *
 * Threads: shared; the system's clock has no state here.
 */
#ifndef MM_CLOCK_H
#define MM_CLOCK_H

#include <pthread.h>
#include <stdbool.h>
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

/* For pthread_cond_timedwait() until a time of the system's monotonic clock.
 * Does not fail with glibc. */
void mm_clock_cond_init(pthread_cond_t *cond);

/* Has the wall clock been set?  All zero to begin with; confined. */
struct mm_clock_watch {
	bool began;
	int64_t ahead; /* of the monotonic clock, seconds */
};
#define MM_CLOCK_STEP 10 /* seconds; less is adjusted all the time */
/* By how many seconds since the call before, forward or (< 0) back; 0: not. */
int64_t mm_clock_stepped(
    struct mm_clock_watch *watch, const struct mm_clock *clock);

#endif
