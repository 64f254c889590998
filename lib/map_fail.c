/* map_fail - fail:reason: each lookup fails, to see what comes of that. */
#include "lib/map_type.h"

/* The table is its text, which nobody is told. */
static void *
fail_read(const struct mm_map_type *type, struct mm_map_source *source,
    struct mm_err *err)
{
	(void)type;
	(void)err;
	return source->p;
}

static void
fail_free(void *table)
{
	(void)table;
}

static enum mm_found
fail_lookup(const void *table, const char *key, struct mm_arena *arena,
    const char **value)
{
	(void)table;
	(void)key;
	(void)arena;
	(void)value;
	return MM_MAP_FAILED;
}

static bool
fail_row(const void *table, size_t i, const char **value, unsigned *line)
{
	(void)table;
	(void)i;
	(void)value;
	(void)line;
	return false;
}

const struct mm_map_type mm_map_fail = {
    .name = "fail",
    .kind = MM_MAP_PATTERN,
    .forms = MM_MAP_WORD,
    .read = fail_read,
    .free = fail_free,
    .lookup = fail_lookup,
    .row = fail_row,
};
