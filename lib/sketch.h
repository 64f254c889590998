/*
 * sketch - how many different ones, and how they are spread, in memory that
 * does not grow.
 *
 * distinct: HyperLogLog (Flajolet and others 2007) with 16384 registers, right
 * to about 1 %, and to the digit for small numbers mostly.  spread: counts in
 * classes of 3 % width, of which quantiles are read.
 * Threads: confined values.
 */
#ifndef MM_SKETCH_H
#define MM_SKETCH_H

#include <stdint.h>

#define MM_DISTINCT_BITS 14
#define MM_DISTINCT_REGISTERS (1 << MM_DISTINCT_BITS)

struct mm_distinct { /* begins as zeros */
	uint8_t ranks[MM_DISTINCT_REGISTERS];
};
/* hash: of what was seen, as mm_str_hash makes it. */
void mm_distinct_add(struct mm_distinct *distinct, uint64_t hash);
uint64_t mm_distinct_count(const struct mm_distinct *distinct);

#define MM_SPREAD_CLASSES (59 * 32)

struct mm_spread { /* begins as zeros */
	uint64_t n, sum, least, most;
	uint64_t classes[MM_SPREAD_CLASSES];
};
void mm_spread_add(struct mm_spread *spread, uint64_t value);
/* The value that a part (0 to 1) of all is not above; 0 if there is none. */
uint64_t mm_spread_quantile(const struct mm_spread *spread, double part);
/* How many are below value, to the width of a class. */
uint64_t mm_spread_below(const struct mm_spread *spread, uint64_t value);

#endif
