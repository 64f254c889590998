/* map_ranges - see map_ranges.h. */
#include "lib/map_ranges.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 129	/* prefixes round one address: lengths 0 to 128 */
#define INDEX_FROM 1024 /* ranges; fewer are searched without the index */
#define INDEX_SIZE 65536

/* Range i holds the addresses from its start to before the next start. */
struct mm_ranges {
	size_t width;	 /* of a start: 4 or 16 bytes */
	uint8_t *starts; /* n of them, ascending, network order */
	uint32_t *ranks; /* MM_NO_RANGE: in no prefix */
	size_t n;
	uint32_t *index; /* where the starts with these 16 bits begin */
};

/* A prefix that the sweep is inside of. */
struct open {
	uint8_t last[16]; /* address in it */
	uint32_t best;	  /* least rank of it and what it stands in */
};

static int
by_address(const void *a, const void *b)
{
	const struct mm_ranges_item *x = a, *y = b;
	int order = memcmp(
	    x->prefix.ip.bytes, y->prefix.ip.bytes, sizeof(x->prefix.ip.bytes));

	if (order != 0)
		return order;
	if (x->prefix.len != y->prefix.len)
		return x->prefix.len < y->prefix.len ? -1 : 1;
	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

static bool
same_prefix(const struct mm_prefix *a, const struct mm_prefix *b)
{
	return a->len == b->len &&
	       memcmp(a->ip.bytes, b->ip.bytes, sizeof(a->ip.bytes)) == 0;
}

static void
last_of(const struct mm_prefix *prefix, uint8_t last[16])
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned bits = prefix->len > 8 * i ? prefix->len - 8 * i : 0;

		last[i] = prefix->ip.bytes[i];
		if (bits < 8)
			last[i] |= (uint8_t)(0xff >> bits);
	}
}

/* False: it was the highest address of all. */
static bool
increment(uint8_t *bytes, size_t width)
{
	while (width-- > 0) {
		if (++bytes[width] != 0)
			return true;
	}
	return false;
}

/* From start on, rank counts. */
static void
emit(struct mm_ranges *ranges, const uint8_t *start, uint32_t rank)
{
	size_t width = ranges->width;

	if (ranges->n > 0 &&
	    memcmp(ranges->starts + (ranges->n - 1) * width, start, width) == 0)
		ranges->n--;
	if (ranges->n > 0 && ranges->ranks[ranges->n - 1] == rank)
		return;
	memcpy(ranges->starts + ranges->n * width, start, width);
	ranges->ranks[ranges->n++] = rank;
}

/* Leaves the innermost prefix; what it stands in counts again. */
static void
leave(struct mm_ranges *ranges, struct open *stack, size_t *depth)
{
	uint8_t next[16];

	memcpy(next, stack[--*depth].last, sizeof(next));
	if (increment(next, ranges->width))
		emit(ranges, next,
		    *depth > 0 ? stack[*depth - 1].best : MM_NO_RANGE);
}

/*
 * One sweep over the sorted prefixes.  Two prefixes are apart or one has the
 * other, so those round the current address form a stack.
 */
static void
flatten(struct mm_ranges *ranges, const struct mm_ranges_item *items, size_t n)
{
	struct open stack[DEPTH_MAX];
	size_t depth = 0;

	for (size_t i = 0; i < n; i++) {
		const struct mm_ranges_item *item = &items[i];
		uint32_t best = item->rank;

		if (i > 0 && same_prefix(&item->prefix, &items[i - 1].prefix))
			continue; /* the lower rank came first */
		while (
		    depth > 0 && memcmp(stack[depth - 1].last,
				     item->prefix.ip.bytes, ranges->width) < 0)
			leave(ranges, stack, &depth);
		if (depth > 0 && stack[depth - 1].best < best)
			best = stack[depth - 1].best;
		assert(depth < DEPTH_MAX);
		last_of(&item->prefix, stack[depth].last);
		stack[depth++].best = best;
		emit(ranges, item->prefix.ip.bytes, best);
	}
	while (depth > 0)
		leave(ranges, stack, &depth);
}

static unsigned
first16(const uint8_t *bytes)
{
	return (unsigned)bytes[0] << 8 | bytes[1];
}

static bool
build_index(struct mm_ranges *ranges)
{
	uint32_t i = 0;

	if (ranges->n < INDEX_FROM)
		return true;
	ranges->index = calloc(INDEX_SIZE + 1, sizeof(*ranges->index));
	if (ranges->index == NULL)
		return false;
	for (unsigned h = 0; h <= INDEX_SIZE; h++) {
		while (i < ranges->n &&
		       first16(ranges->starts + i * ranges->width) < h)
			i++;
		ranges->index[h] = i;
	}
	return true;
}

struct mm_ranges *
mm_ranges_new(struct mm_ranges_item *items, size_t n, enum mm_ip_family family)
{
	struct mm_ranges *ranges = calloc(1, sizeof(*ranges));
	size_t most = 2 * n + 1;
	uint8_t *starts;
	uint32_t *ranks;

	if (ranges == NULL || n > UINT32_MAX / 2 - 1)
		goto fail;
	ranges->width = family == MM_IP_V4 ? 4 : 16;
	ranges->starts = reallocarray(NULL, most, ranges->width);
	ranges->ranks = reallocarray(NULL, most, sizeof(*ranges->ranks));
	if (ranges->starts == NULL || ranges->ranks == NULL)
		goto fail;
	qsort(items, n, sizeof(*items), by_address);
	flatten(ranges, items, n);
	if (!build_index(ranges))
		goto fail;
	/* give back what was too much; it does no harm where that fails */
	most = ranges->n > 0 ? ranges->n : 1;
	starts = reallocarray(ranges->starts, most, ranges->width);
	if (starts != NULL)
		ranges->starts = starts;
	ranks = reallocarray(ranges->ranks, most, sizeof(*ranks));
	if (ranks != NULL)
		ranges->ranks = ranks;
	return ranges;

fail:
	mm_ranges_free(ranges);
	return NULL;
}

void
mm_ranges_free(struct mm_ranges *ranges)
{
	if (ranges == NULL)
		return;
	free(ranges->starts);
	free(ranges->ranks);
	free(ranges->index);
	free(ranges);
}

uint32_t
mm_ranges_find(const struct mm_ranges *ranges, const struct mm_ip *ip)
{
	size_t low = 0, high = ranges->n, width = ranges->width;

	if (ranges->index != NULL) {
		low = ranges->index[first16(ip->bytes)];
		high = ranges->index[first16(ip->bytes) + 1];
	}
	/* the first start behind the address */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(ranges->starts + middle * width, ip->bytes, width) <=
		    0)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? ranges->ranks[low - 1] : MM_NO_RANGE;
}
