/* tables - see tables.h. */
#include "tests/unit/tables.h"

#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"
#include "tests/test.h"

#include <stdio.h>
#include <string.h>

static struct mm_map *
parse(const char *type, const char *text, struct mm_complaints *all,
    struct mm_err *err)
{
	char spec[64];

	snprintf(spec, sizeof(spec), "%s:t", type);
	return mm_map_parse(spec, text, strlen(text), all, err);
}

/* Everything that was said, as lines; forgets it. */
static const char *
told(struct mm_map *map, struct mm_complaints *all, const struct mm_err *err)
{
	static char text[8192];
	struct mm_buf buf;

	mm_buf_init(&buf, text, sizeof(text));
	if (map == NULL)
		mm_buf_addf(&buf, "failed: %s\n", err->text);
	for (size_t i = 0; i < all->n; i++)
		mm_buf_addf(&buf, "%u: %s%s\n", all->list[i].line,
		    all->list[i].severity != MM_ERROR ? "notice: " : "",
		    all->list[i].text);
	mm_complaints_clear(all);
	assert_false(buf.cut);
	return text;
}

const char *
table_complaints(const char *type, const char *text)
{
	struct mm_complaints all = {0};
	struct mm_err err = {""};
	struct mm_map *map = parse(type, text, &all, &err);
	const char *said = told(map, &all, &err);

	mm_map_free(map);
	return said;
}

const char *
spec_complaints(const char *spec)
{
	struct mm_complaints all = {0};
	struct mm_err err = {""};
	struct mm_map *map = mm_map_open(spec, "main.cf", 7, &all, &err);
	const char *said = told(map, &all, &err);

	mm_map_free(map);
	return said;
}

struct mm_map *
table_of(const char *type, const char *text)
{
	struct mm_complaints all = {0};
	struct mm_err err = {""};
	struct mm_map *map = parse(type, text, &all, &err);

	assert_string_equal("", told(map, &all, &err));
	return map;
}

struct mm_map *
table_open(const char *spec)
{
	struct mm_complaints all = {0};
	struct mm_err err = {""};
	struct mm_map *map = mm_map_open(spec, "main.cf", 7, &all, &err);

	assert_string_equal("", told(map, &all, &err));
	return map;
}

const char *
table_get(const struct mm_map *map, const char *key)
{
	static char result[1024];
	struct mm_arena *arena = mm_arena_new(65536);
	const char *value = NULL;
	enum mm_found found;

	assert_non_null(arena);
	found = mm_map_lookup(map, key, arena, &value);
	assert_true(found == MM_MAP_FOUND || found == MM_MAP_NOTHING);
	if (found == MM_MAP_FOUND)
		assert_true(snprintf(result, sizeof(result), "%s", value) <
			    (int)sizeof(result));
	mm_arena_free(arena);
	return found == MM_MAP_FOUND ? result : NULL;
}
