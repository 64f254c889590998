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
