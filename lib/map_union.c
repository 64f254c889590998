/*
 * map_union - tables made of others: unionmap:{type:table, ...}, whose value
 * is what all of them have for a key, and pipemap:{type:table, ...}, where
 * what one has is the key for the next.
 *
 * A member that fails fails the whole.
 */
#include "lib/map_type.h"

#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"

#include <stdlib.h>
#include <string.h>

struct members {
	struct mm_map **list;
	size_t n;
};

static void
members_free(void *arg)
{
	struct members *members = arg;

	if (members == NULL)
		return;
	for (size_t i = 0; i < members->n; i++)
		mm_map_free(members->list[i]);
	free(members->list);
	free(members);
}

/* -1: *err. */
static int
add(struct members *members, const struct mm_map_source *source,
    const char *spec, struct mm_err *err)
{
	struct mm_map **list =
	    reallocarray(members->list, members->n + 1, sizeof(*members->list));

	if (list == NULL)
		return mm_err_set(err, "out of memory");
	members->list = list;
	list[members->n] = mm_map_open_inside(source, spec, err);
	if (list[members->n] == NULL)
		return mm_err_in(
		    err, "%s:{...}: item %u", source->of, source->item);
	members->n++;
	return 0;
}

static void *
members_read(const struct mm_map_type *type, struct mm_map_source *source,
    struct mm_err *err)
{
	struct members *members = calloc(1, sizeof(*members));
	struct mm_map_row row;

	if (members == NULL) {
		mm_err_set(err, "out of memory");
		return NULL;
	}
	while (mm_map_next_word(source, &row)) {
		if (add(members, source, row.text, err) != 0)
			goto fail;
	}
	if (members->n > 0)
		return members;
	mm_err_set(err, "tables are missing, as in %s:{%s}", type->name,
	    type->example);

fail:
	members_free(members);
	return NULL;
}

/* static: as the first of several is tried like the others behind it. */
static enum mm_map_kind
members_tried(const void *table)
{
	const struct members *members = table;
	enum mm_map_kind kind = mm_map_kind(members->list[0]);

	return kind == MM_MAP_STATIC ? MM_MAP_KEYED : kind;
}

/*
 * Where the first table has keys, those behind it too see the key in lower
 * case.  NULL: out of memory.
 */
static const char *
fold(const struct members *members, struct mm_arena *arena, const char *key)
{
	char *folded;

	if (members_tried(members) != MM_MAP_KEYED)
		return key;
	folded = mm_arena_dup(arena, key);
	if (folded != NULL)
		mm_str_fold(folded);
	return folded;
}

/* "one,other"; what is empty leaves no comma. */
static const char *
join(struct mm_arena *arena, const char *so_far, const char *value)
{
	return *so_far == '\0' ? value
			       : mm_arena_printf(arena, "%s,%s", so_far, value);
}

static enum mm_found
union_lookup(const void *table, const char *key, const struct mm_map_look *look,
    const char **value)
{
	const struct members *members = table;
	const char *all = "", *one;

	if ((key = fold(members, look->arena, key)) == NULL)
		return MM_MAP_FAILED;
	for (size_t i = 0; i < members->n; i++) {
		switch (mm_map_look_up(members->list[i], key, look, &one)) {
		case MM_MAP_FAILED:
			return MM_MAP_FAILED;
		case MM_MAP_PENDING:
			return MM_MAP_PENDING;
		case MM_MAP_FOUND:
			if ((all = join(look->arena, all, one)) == NULL)
				return MM_MAP_FAILED;
			break;
		case MM_MAP_NOTHING:
			break;
		}
	}
	if (*all == '\0')
		return MM_MAP_NOTHING;
	*value = all;
	return MM_MAP_FOUND;
}

static enum mm_found
pipe_lookup(const void *table, const char *key, const struct mm_map_look *look,
    const char **value)
{
	const struct members *members = table;
	enum mm_found found = MM_MAP_FOUND;

	if ((key = fold(members, look->arena, key)) == NULL)
		return MM_MAP_FAILED;
	for (size_t i = 0; found == MM_MAP_FOUND && i < members->n; i++)
		found = mm_map_look_up(members->list[i], key, look, &key);
	if (found == MM_MAP_FOUND)
		*value = key;
	return found;
}

static bool
union_values(const void *table, mm_map_each *each, void *ctx)
{
	const struct members *members = table;

	for (size_t i = 0; i < members->n; i++) {
		if (!mm_map_values_of(members->list[i], each, ctx))
			return false;
	}
	return true;
}

/* What comes out at the end; the others have keys. */
static bool
pipe_values(const void *table, mm_map_each *each, void *ctx)
{
	const struct members *members = table;

	return mm_map_values_of(members->list[members->n - 1], each, ctx);
}

static const struct mm_map *
members_member(const void *table, size_t i)
{
	const struct members *members = table;

	return i < members->n ? members->list[i] : NULL;
}

static unsigned long
members_given_up(const void *table)
{
	const struct members *members = table;
	unsigned long n = 0;

	for (size_t i = 0; i < members->n; i++)
		n += mm_map_given_up(members->list[i]);
	return n;
}

#define MADE_OF_OTHERS(word, how, which)                                       \
	{                                                                      \
		.name = word, .kind = MM_MAP_KEYED, .forms = MM_MAP_BRACES,    \
		.expands = true, .example = "inline:{key=value}",              \
		.read = members_read, .free = members_free, .through = how,    \
		.values = which, .given_up = members_given_up,                 \
		.member = members_member, .tried = members_tried               \
	}

const struct mm_map_type mm_map_union =
    MADE_OF_OTHERS("unionmap", union_lookup, union_values);
const struct mm_map_type mm_map_pipe =
    MADE_OF_OTHERS("pipemap", pipe_lookup, pipe_values);
