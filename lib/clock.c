/* clock - see clock.h. */
#include "lib/clock.h"

#include <time.h>

static int64_t
system_wall(const struct mm_clock *clock)
{
	(void)clock;
	return (int64_t)time(NULL);
}

static int64_t
system_mono(const struct mm_clock *clock)
{
	struct timespec now;

	(void)clock;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

const struct mm_clock mm_clock_system = {
    .wall = system_wall,
    .mono = system_mono,
};

void
mm_clock_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

int64_t
mm_clock_stepped(struct mm_clock_watch *watch, const struct mm_clock *clock)
{
	int64_t ahead = mm_clock_wall(clock) - mm_clock_mono(clock) / 1000000;
	int64_t step = ahead - watch->ahead;

	if (watch->began && step > -MM_CLOCK_STEP && step < MM_CLOCK_STEP)
		return 0; /* small ones add up */
	watch->ahead = ahead;
	if (watch->began)
		return step;
	watch->began = true;
	return 0;
}
