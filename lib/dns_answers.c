/*
 * dns_answers - see dns.h: a transaction's frozen set of answers.
 *
 * An open-addressing table that is never more than half full and never
 * deletes.  An empty set, which is what an idle session holds, has no table.
 */
#include "lib/dns_answer.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN 32

struct slot {
	const struct mm_dns_answer *answer; /* NULL: the slot is free */
	uint64_t hash;
	enum mm_dns_type type;
	const char *name;
	void *block; /* that holds the name */
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
		if (set->slots[i].answer == NULL)
			continue;
		mm_dns_answer_unref(set->slots[i].answer);
		free(set->slots[i].block);
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

		if (slot->answer == NULL ||
		    (slot->hash == hash && slot->type == type &&
			strcmp(slot->name, name) == 0))
			return slot;
	}
}

const struct mm_dns_answer *
mm_answers_get(
    const struct mm_answers *set, const char *name, enum mm_dns_type type)
{
	if (set->n == 0)
		return NULL;
	return find(set, mm_dns_hash(name, type), name, type)->answer;
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

		if (old->answer != NULL)
			*find(&more, old->hash, old->name, old->type) = *old;
	}
	free(set->slots);
	*set = more;
	return true;
}

bool
mm_answers_take(struct mm_answers *set, uint64_t hash, const char *name,
    enum mm_dns_type type, const struct mm_dns_answer *answer, void *block)
{
	struct slot *slot;

	if (2 * (set->n + 1) > set->nslots && !grow(set))
		return false;
	slot = find(set, hash, name, type);
	if (slot->answer != NULL)
		return false;
	*slot = (struct slot){answer, hash, type, name, block};
	set->n++;
	return true;
}

bool
mm_answers_add(struct mm_answers *set, const char *name, enum mm_dns_type type,
    const struct mm_dns_answer *answer)
{
	uint64_t hash = mm_dns_hash(name, type);
	char *copy = strdup(name);

	if (copy == NULL)
		return false;
	mm_dns_answer_ref(answer);
	if (mm_answers_take(set, hash, copy, type, answer, copy))
		return true;
	mm_dns_answer_unref(answer);
	free(copy);
	return false;
}
