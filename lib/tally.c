/* tally - see tally.h. */
#include "lib/tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/str.h"

/* Row numbers in a heap, the least count at the root, and in chains by the
 * hash of their keys. */
struct slot {
	uint64_t hash;
	uint32_t next; /* in the chain, NONE at its end */
	uint32_t at;   /* in the heap */
};
#define NONE UINT32_MAX

struct mm_tally {
	size_t max, n, nchains;
	bool taken;
	struct mm_tally_row *rows;
	struct slot *slots;
	uint32_t *heap, *chains;
};

struct mm_tally *
mm_tally_new(size_t rows)
{
	struct mm_tally *tally = calloc(1, sizeof(*tally));

	if (tally == NULL)
		return NULL;
	tally->max = rows;
	tally->nchains = rows * 2;
	tally->rows = calloc(rows, sizeof(*tally->rows));
	tally->slots = calloc(rows, sizeof(*tally->slots));
	tally->heap = calloc(rows, sizeof(*tally->heap));
	tally->chains = calloc(tally->nchains, sizeof(*tally->chains));
	if (tally->rows == NULL || tally->slots == NULL ||
	    tally->heap == NULL || tally->chains == NULL) {
		mm_tally_free(tally);
		return NULL;
	}
	for (size_t i = 0; i < tally->nchains; i++)
		tally->chains[i] = NONE;
	return tally;
}

void
mm_tally_free(struct mm_tally *tally)
{
	if (tally == NULL)
		return;
	free(tally->rows);
	free(tally->slots);
	free(tally->heap);
	free(tally->chains);
	free(tally);
}

static uint64_t
count_at(const struct mm_tally *tally, size_t at)
{
	return tally->rows[tally->heap[at]].count;
}

static void
swap(struct mm_tally *tally, size_t a, size_t b)
{
	uint32_t row = tally->heap[a];

	tally->heap[a] = tally->heap[b];
	tally->heap[b] = row;
	tally->slots[tally->heap[a]].at = (uint32_t)a;
	tally->slots[tally->heap[b]].at = (uint32_t)b;
}

/* The count at this place has grown. */
static void
sink_down(struct mm_tally *tally, size_t at)
{
	for (;;) {
		size_t least = at, child = 2 * at + 1;

		for (size_t i = child; i < child + 2 && i < tally->n; i++)
			if (count_at(tally, i) < count_at(tally, least))
				least = i;
		if (least == at)
			return;
		swap(tally, at, least);
		at = least;
	}
}

/* A new row, with less than all others, is at the end. */
static void
rise(struct mm_tally *tally, size_t at)
{
	while (at > 0 && count_at(tally, at) < count_at(tally, (at - 1) / 2)) {
		swap(tally, at, (at - 1) / 2);
		at = (at - 1) / 2;
	}
}

static uint32_t *
chain_of(struct mm_tally *tally, uint64_t hash)
{
	return &tally->chains[hash % tally->nchains];
}

static uint32_t
find(struct mm_tally *tally, const char *key, uint64_t hash)
{
	uint32_t row = *chain_of(tally, hash);

	while (row != NONE && (tally->slots[row].hash != hash ||
				  strcmp(tally->rows[row].key, key) != 0))
		row = tally->slots[row].next;
	return row;
}

static void
unchain(struct mm_tally *tally, uint32_t row)
{
	uint32_t *at = chain_of(tally, tally->slots[row].hash);

	while (*at != row)
		at = &tally->slots[*at].next;
	*at = tally->slots[row].next;
}

/* A row for the key, empty or taken from the least frequent one. */
static uint32_t
make_row(
    struct mm_tally *tally, const char *key, uint64_t hash, const char *note)
{
	struct mm_tally_row *row;
	uint64_t slack = 0;
	uint32_t i;

	if (tally->n < tally->max) {
		i = (uint32_t)tally->n++;
		tally->heap[i] = i;
		tally->slots[i].at = i;
	} else {
		tally->taken = true;
		i = tally->heap[0];
		slack = tally->rows[i].count;
		unchain(tally, i);
	}
	row = &tally->rows[i];
	*row = (struct mm_tally_row){.count = slack, .slack = slack};
	snprintf(row->key, sizeof(row->key), "%s", key);
	snprintf(row->note, sizeof(row->note), "%s", note);
	tally->slots[i].hash = hash;
	tally->slots[i].next = *chain_of(tally, hash);
	*chain_of(tally, hash) = i;
	rise(tally, tally->slots[i].at);
	return i;
}

void
mm_tally_add(
    struct mm_tally *tally, const char *key, const char *note, unsigned kind)
{
	char cut[MM_TALLY_KEY_MAX];
	uint64_t hash;
	uint32_t row;

	if (*key == '\0')
		return;
	if (strlen(key) >= sizeof(cut)) {
		memcpy(cut, key, sizeof(cut) - 1);
		cut[sizeof(cut) - 1] = '\0';
		key = cut;
	}
	hash = mm_str_hash(key);
	if ((row = find(tally, key, hash)) == NONE)
		row = make_row(tally, key, hash, note);
	tally->rows[row].count++;
	tally->rows[row].by[kind]++;
	sink_down(tally, tally->slots[row].at);
}

static bool
before(const struct mm_tally_row *a, const struct mm_tally_row *b)
{
	if (a->count != b->count)
		return a->count > b->count;
	return strcmp(a->key, b->key) < 0;
}

size_t
mm_tally_top(
    const struct mm_tally *tally, const struct mm_tally_row **top, size_t n)
{
	size_t filled = 0;

	for (size_t i = 0; i < tally->n; i++) {
		const struct mm_tally_row *row = &tally->rows[i];
		size_t at = filled;

		if (row->slack > row->count - row->slack)
			continue;
		while (at > 0 && before(row, top[at - 1])) {
			if (at < n)
				top[at] = top[at - 1];
			at--;
		}
		if (at < n)
			top[at] = row;
		if (filled < n)
			filled++;
	}
	return filled;
}

bool
mm_tally_full(const struct mm_tally *tally)
{
	return tally->taken;
}
