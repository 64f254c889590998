/* sketch - see sketch.h. */
#include "lib/sketch.h"

#include <math.h>
#include <stddef.h>

/* FNV's high bits are poor: every bit is made to depend on every other. */
static uint64_t
mix(uint64_t x)
{
	x ^= x >> 33;
	x *= UINT64_C(0xff51afd7ed558ccd);
	x ^= x >> 33;
	x *= UINT64_C(0xc4ceb9fe1a85ec53);
	return x ^ x >> 33;
}

void
mm_distinct_add(struct mm_distinct *distinct, uint64_t hash)
{
	uint64_t x = mix(hash);
	uint8_t *rank = &distinct->ranks[x % MM_DISTINCT_REGISTERS];
	/* zeros in front of the first one of the other bits, and one */
	int zeros =
	    __builtin_clzll(x >> MM_DISTINCT_BITS | 1) - MM_DISTINCT_BITS + 1;

	if (zeros > *rank)
		*rank = (uint8_t)zeros;
}

uint64_t
mm_distinct_count(const struct mm_distinct *distinct)
{
	const double m = MM_DISTINCT_REGISTERS;
	double sum = 0, estimate;
	size_t empty = 0;

	for (size_t i = 0; i < MM_DISTINCT_REGISTERS; i++) {
		sum += ldexp(1, -distinct->ranks[i]);
		empty += distinct->ranks[i] == 0;
	}
	estimate = 0.7213 / (1 + 1.079 / m) * m * m / sum;
	if (estimate <= 2.5 * m && empty > 0)
		estimate = m * log(m / (double)empty);
	return (uint64_t)llround(estimate);
}

/* Values below 64 have classes of their own, then 32 for each power of 2. */
static size_t
class_of(uint64_t value)
{
	int shift = value < 64 ? 0 : 63 - __builtin_clzll(value) - 5;

	return (size_t)shift * 32 + (size_t)(value >> shift);
}

/* The least value of a class. */
static uint64_t
begins(size_t class)
{
	size_t shift = class < 64 ? 0 : class / 32 - 1;

	return (uint64_t)(class - shift * 32) << shift;
}

void
mm_spread_add(struct mm_spread *spread, uint64_t value)
{
	size_t class = class_of(value);

	if (spread->n == 0 || value < spread->least)
		spread->least = value;
	if (value > spread->most)
		spread->most = value;
	spread->n++;
	spread->sum += value;
	if (class < MM_SPREAD_CLASSES)
		spread->classes[class]++;
	else
		spread->classes[MM_SPREAD_CLASSES - 1]++;
}

uint64_t
mm_spread_quantile(const struct mm_spread *spread, double part)
{
	uint64_t seen = 0, wanted = (uint64_t)ceil(part * (double)spread->n);

	if (spread->n == 0)
		return 0;
	for (size_t i = 0; i < MM_SPREAD_CLASSES; i++) {
		uint64_t value = begins(i);

		seen += spread->classes[i];
		if (seen < wanted || seen == 0)
			continue;
		if (value < spread->least)
			return spread->least;
		return value > spread->most ? spread->most : value;
	}
	return spread->most;
}

uint64_t
mm_spread_below(const struct mm_spread *spread, uint64_t value)
{
	size_t end = class_of(value);
	uint64_t n = 0;

	for (size_t i = 0; i < end && i < MM_SPREAD_CLASSES; i++)
		n += spread->classes[i];
	return n;
}
