/*
 * map_regexp_size - how large the C library makes an expression.
 *
 * regcomp(3) copies what is repeated: each "+" doubles what stands before it,
 * "{2,9}" makes nine of it.  A short line of a table would take all memory.
 * Threads: pure function.
 */
#ifndef MM_MAP_REGEXP_SIZE_H
#define MM_MAP_REGEXP_SIZE_H

#include <stdbool.h>
#include <stddef.h>

#define MM_REGEXP_SIZE_MAX 200000 /* about 6 MB of the C library's nodes */

/* In nodes, about; more than the maximum says only that. */
size_t mm_regexp_size(const char *text, bool extended);

#endif
