/*
 * errand - see errand.h.
 *
 * The set is an open-addressing table, never more than half full, that never
 * deletes: a stranger decides how many recipients and keys there are.
 */
#include "lib/errand.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "lib/str.h"

#define SLOTS_MIN 16

struct slot {
	char *key; /* NULL: the slot is free */
	uint64_t hash;
	enum mm_errand_kind kind;
	const void *what;
	unsigned nth;
	char *text;
	struct mm_errand_reply reply;
};
struct mm_errands {
	struct slot *slots;
	size_t nslots; /* a power of two, or 0 */
	size_t n;
};

bool
mm_errand_acts(const struct mm_errand *errand)
{
	return errand->kind != MM_ERRAND_LOOKUP;
}

struct mm_errands *
mm_errands_new(void)
{
	return calloc(1, sizeof(struct mm_errands));
}

void
mm_errands_clear(struct mm_errands *set)
{
	for (size_t i = 0; i < set->nslots; i++) {
		free(set->slots[i].key);
		free(set->slots[i].text);
	}
	free(set->slots);
	*set = (struct mm_errands){0};
}

void
mm_errands_free(struct mm_errands *set)
{
	if (set == NULL)
		return;
	mm_errands_clear(set);
	free(set);
}

static uint64_t
mix(uint64_t hash, uint64_t with)
{
	hash = (hash ^ with) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ (hash >> 32);
}

static uint64_t
hash_of(const struct mm_errand *errand)
{
	uint64_t hash = mix(mm_str_hash(errand->key), (uintptr_t)errand->what);

	return mix(hash, ((uint64_t)errand->nth << 8) | errand->kind);
}

static bool
is(const struct slot *slot, const struct mm_errand *errand, uint64_t hash)
{
	return slot->hash == hash && slot->kind == errand->kind &&
	       slot->what == errand->what && slot->nth == errand->nth &&
	       strcmp(slot->key, errand->key) == 0;
}

/* The slot that holds the errand, or the free one where it belongs. */
static struct slot *
find(
    const struct mm_errands *set, const struct mm_errand *errand, uint64_t hash)
{
	size_t i = hash & (set->nslots - 1);

	while (set->slots[i].key != NULL && !is(&set->slots[i], errand, hash))
		i = (i + 1) & (set->nslots - 1);
	return &set->slots[i];
}

const struct mm_errand_reply *
mm_errands_get(const struct mm_errands *set, const struct mm_errand *errand)
{
	const struct slot *slot;

	if (set == NULL || set->n == 0)
		return NULL;
	slot = find(set, errand, hash_of(errand));
	return slot->key != NULL ? &slot->reply : NULL;
}

static bool
grow(struct mm_errands *set)
{
	struct mm_errands more = {
	    .nslots = set->nslots > 0 ? 2 * set->nslots : SLOTS_MIN,
	    .n = set->n,
	};

	if ((more.slots = calloc(more.nslots, sizeof(*more.slots))) == NULL)
		return false;
	for (size_t i = 0; i < set->nslots; i++) {
		const struct slot *old = &set->slots[i];
		size_t at = old->hash & (more.nslots - 1);

		if (old->key == NULL)
			continue;
		while (more.slots[at].key != NULL)
			at = (at + 1) & (more.nslots - 1);
		more.slots[at] = *old;
	}
	free(set->slots);
	*set = more;
	return true;
}

bool
mm_errands_take(struct mm_errands *set, const struct mm_errand *errand,
    enum mm_errand_status status, char *text)
{
	uint64_t hash = hash_of(errand);
	struct slot *slot;
	char *key;

	if (mm_errands_get(set, errand) != NULL) {
		free(text);
		return true;
	}
	key = strdup(errand->key);
	if (key == NULL || (2 * (set->n + 1) > set->nslots && !grow(set))) {
		free(key);
		free(text);
		return false;
	}
	slot = find(set, errand, hash);
	*slot = (struct slot){
	    .key = key,
	    .hash = hash,
	    .kind = errand->kind,
	    .what = errand->what,
	    .nth = errand->nth,
	    .text = text,
	    .reply = {status, text != NULL ? text : ""},
	};
	set->n++;
	return true;
}
