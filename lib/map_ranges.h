/*
 * map_ranges - which of many prefixes of one family has an address; of
 * several, the one that stands first.
 *
 * The prefixes are flattened into disjoint ranges, sorted, with an index over
 * the first 16 bits: a lookup costs a short binary search however many there
 * are.
 * Threads: immutable once built.
 */
#ifndef MM_MAP_RANGES_H
#define MM_MAP_RANGES_H

#include <stddef.h>
#include <stdint.h>

#include "lib/ip.h"

#define MM_NO_RANGE UINT32_MAX

struct mm_ranges;

/* A prefix and where it stands, which is also what a lookup answers. */
struct mm_ranges_item {
	struct mm_prefix prefix;
	uint32_t rank;
};

/* All of one family; items gets sorted.  NULL: out of memory. */
struct mm_ranges *mm_ranges_new(
    struct mm_ranges_item *items, size_t n, enum mm_ip_family family);
void mm_ranges_free(struct mm_ranges *ranges); /* NULL is fine */
uint32_t mm_ranges_find(const struct mm_ranges *ranges, const struct mm_ip *ip);

#endif
