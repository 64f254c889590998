/* map_static - static:value and static:{a value}: the same for every key. */
#include "lib/map_type.h"

#include "lib/err.h"

#include <string.h>

/* The table is its text. */
static void *
static_read(const struct mm_map_type *type, struct mm_map_source *source,
    struct mm_err *err)
{
	char *value = source->p, *end = source->end;

	(void)type;
	if (source->braces) {
		value += strspn(value, MM_MAP_BLANKS);
		while (end > value && strchr(MM_MAP_BLANKS, end[-1]) != NULL)
			*--end = '\0';
	}
	if (*value == '\0') {
		mm_err_set(err, "a value is missing, as in static:OK");
		return NULL;
	}
	return value;
}

static void
static_free(void *table)
{
	(void)table;
}

static enum mm_found
static_lookup(const void *table, const char *key, struct mm_arena *arena,
    const char **value)
{
	(void)key;
	(void)arena;
	*value = table;
	return MM_MAP_FOUND;
}

static bool
static_row(const void *table, size_t i, const char **value, unsigned *line)
{
	if (i > 0)
		return false;
	*value = table;
	*line = 0;
	return true;
}

const struct mm_map_type mm_map_static = {
    .name = "static",
    .kind = MM_MAP_STATIC,
    .forms = MM_MAP_BRACES | MM_MAP_WORD,
    .read = static_read,
    .free = static_free,
    .lookup = static_lookup,
    .row = static_row,
};
