/* histogram - see histogram.h. */
#include "lib/histogram.h"

#define MS INT64_C(1000)
#define S (1000 * MS)
#define MINUTE (60 * S)
#define HOUR (60 * MINUTE)

const struct mm_histogram_bounds mm_histogram_answers = {
    .n = 13,
    .us = {1 * MS, 2500, 5 * MS, 10 * MS, 25 * MS, 50 * MS, 100 * MS, 250 * MS,
	500 * MS, 1 * S, 2500 * MS, 5 * S, 10 * S},
};
const struct mm_histogram_bounds mm_histogram_waits = {
    .n = 12,
    .us = {1 * MINUTE, 3 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE,
	30 * MINUTE, 1 * HOUR, 2 * HOUR, 4 * HOUR, 12 * HOUR, 24 * HOUR,
	48 * HOUR},
};

void
mm_histogram_add(struct mm_histogram *histogram, int64_t us)
{
	const struct mm_histogram_bounds *bounds = histogram->bounds;
	size_t i = 0;

	while (i < bounds->n && us > bounds->us[i])
		i++;
	histogram->count[i]++;
	histogram->sum_us += us > 0 ? (uint64_t)us : 0;
}

void
mm_histogram_join(
    struct mm_histogram *histogram, const struct mm_histogram *other)
{
	for (size_t i = 0; i <= MM_HISTOGRAM_BOUNDS; i++)
		histogram->count[i] += other->count[i];
	histogram->sum_us += other->sum_us;
}
