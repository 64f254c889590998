/*
 * map_random - randmap:{value, ...}: one of them for each key.
 *
 * Postfix draws anew for each lookup.  Here a verdict must be the same
 * whenever it is worked out again, so the key decides which one it is.
 */
#include "lib/map_type.h"

#include "lib/err.h"
#include "lib/str.h"

#include <stdint.h>
#include <stdlib.h>

struct values {
	const char **list;
	size_t n;
};

static void
random_free(void *arg)
{
	struct values *values = arg;

	if (values == NULL)
		return;
	free(values->list);
	free(values);
}

/* Braces of a value stay, as Postfix has it. */
static void *
random_read(const struct mm_map_type *type, struct mm_map_source *source,
    struct mm_err *err)
{
	struct values *values = calloc(1, sizeof(*values));
	struct mm_map_row row;

	(void)type;
	if (values == NULL)
		goto no_memory;
	while (mm_map_next_word(source, &row)) {
		const char **list = reallocarray(
		    values->list, values->n + 1, sizeof(*values->list));

		if (list == NULL)
			goto no_memory;
		values->list = list;
		list[values->n++] = row.text;
	}
	if (values->n > 0)
		return values;
	mm_err_set(err, "values are missing, as in randmap:{OK, DUNNO}");
	random_free(values);
	return NULL;

no_memory:
	mm_err_set(err, "out of memory");
	random_free(values);
	return NULL;
}

/* The hash, and its high bits too. */
static size_t
draw(const char *key, size_t n)
{
	uint64_t h = mm_str_hash(key);

	return (size_t)((h ^ h >> 32) % n);
}

static enum mm_found
random_lookup(const void *table, const char *key, struct mm_arena *arena,
    const char **value)
{
	const struct values *values = table;

	(void)arena;
	*value = values->list[draw(key, values->n)];
	return MM_MAP_FOUND;
}

static bool
random_row(const void *table, size_t i, const char **value, unsigned *line)
{
	const struct values *values = table;

	if (i >= values->n)
		return false;
	*value = values->list[i];
	*line = 0;
	return true;
}

const struct mm_map_type mm_map_random = {
    .name = "randmap",
    .kind = MM_MAP_PATTERN,
    .forms = MM_MAP_BRACES,
    .example = "OK, DUNNO",
    .read = random_read,
    .free = random_free,
    .lookup = random_lookup,
    .row = random_row,
};
