/*
 * dns_answers - see dns.h: a transaction's frozen set of answers.
 *
 * An open-addressing table that is never more than half full and never
 * deletes.  An empty set, which is what an idle session holds, has no table.
 */
#include "lib/dns.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN 32

struct known {
	const struct mm_dns_answer *answer;
	enum mm_dns_type type;
	char name[];
};
struct slot {
	uint64_t hash;
	struct known *known; /* NULL: free */
};
struct mm_answers {
	struct slot *slots;
	size_t nslots; /* a power of two, or 0 */
	size_t n;
};

struct mm_answers *
mm_answers_new(void)
{
	return calloc(1, sizeof(struct mm_answers));
}

void
mm_answers_clear(struct mm_answers *set)
{
	for (size_t i = 0; i < set->nslots; i++) {
		if (set->slots[i].known == NULL)
			continue;
		mm_dns_answer_unref(set->slots[i].known->answer);
		free(set->slots[i].known);
	}
	free(set->slots);
	*set = (struct mm_answers){0};
}

void
mm_answers_free(struct mm_answers *set)
{
	if (set == NULL)
		return;
	mm_answers_clear(set);
	free(set);
}

/* The slot that holds the question, or the free one where it belongs. */
static struct slot *
find(const struct mm_answers *set, uint64_t hash, const char *name,
    enum mm_dns_type type)
{
	size_t i = hash & (set->nslots - 1);

	for (;; i = (i + 1) & (set->nslots - 1)) {
		struct slot *slot = &set->slots[i];

		if (slot->known == NULL)
			return slot;
		if (slot->hash == hash && slot->known->type == type &&
		    strcmp(slot->known->name, name) == 0)
			return slot;
	}
}

const struct mm_dns_answer *
mm_answers_get(
    const struct mm_answers *set, const char *name, enum mm_dns_type type)
{
	const struct known *known;

	if (set->n == 0)
		return NULL;
	known = find(set, mm_dns_hash(name, type), name, type)->known;
	return known != NULL ? known->answer : NULL;
}

static bool
grow(struct mm_answers *set)
{
	struct mm_answers more = {
	    .nslots = set->nslots > 0 ? 2 * set->nslots : SLOTS_MIN,
	    .n = set->n,
	};

	if ((more.slots = calloc(more.nslots, sizeof(*more.slots))) == NULL)
		return false;
	for (size_t i = 0; i < set->nslots; i++) {
		const struct slot *old = &set->slots[i];

		if (old->known != NULL)
			*find(&more, old->hash, old->known->name,
			    old->known->type) = *old;
	}
	free(set->slots);
	*set = more;
	return true;
}

bool
mm_answers_add(struct mm_answers *set, const char *name, enum mm_dns_type type,
    const struct mm_dns_answer *answer)
{
	uint64_t hash = mm_dns_hash(name, type);
	size_t size = strlen(name) + 1;
	struct known *known;
	struct slot *slot;

	if (2 * (set->n + 1) > set->nslots && !grow(set))
		return false;
	slot = find(set, hash, name, type);
	if (slot->known != NULL)
		return false;
	if ((known = malloc(sizeof(*known) + size)) == NULL)
		return false;
	known->answer = mm_dns_answer_ref(answer);
	known->type = type;
	memcpy(known->name, name, size);
	*slot = (struct slot){.hash = hash, .known = known};
	set->n++;
	return true;
}
