/*
 * map: the text of a table, and keys from strangers.  Input: one byte that
 * says which type, a line that is the key, then the text; with the key "{"
 * the text is a specification in braces.
 */
#include "lib/arena.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/map.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 4096

static const char *const types[] = {"hash", "texthash", "inline", "static",
    "cidr", "pcre", "regexp", "unionmap", "pipemap", "randmap"};

/* The C library's regcomp takes unbounded time and memory for these: its
 * weakness is known, we look for ours. */
static bool
too_much_for_regcomp(const char *type, const char *text)
{
	if (strcmp(type, "regexp") != 0)
		return strstr(text, "regexp:") != NULL;
	return strpbrk(text, "{\\") != NULL || strlen(text) > 200;
}

/* Tables inside others could be files of whoever runs this. */
static bool
may_name_a_file(const char *text)
{
	static const char *const word[] = {
	    "hash:", "btree:", "lmdb:", "cidr:", "pcre:"};

	for (size_t i = 0; i < sizeof(word) / sizeof(word[0]); i++) {
		const char *p = text;

		for (; (p = strstr(p, word[i])) != NULL; p++) {
			if (p[strlen(word[i])] != '{')
				return true;
		}
	}
	return false;
}

static bool
each(void *ctx, const char *value, const char *file, unsigned line)
{
	size_t *n = ctx;

	(void)file;
	(void)line;
	if (*value == '\0')
		abort(); /* an empty value is no value */
	++*n;
	return true;
}

static void
look_up(const struct mm_map *map, const char *key)
{
	struct mm_arena *arena = mm_arena_new(1 << 20);
	const char *value = NULL;
	size_t n = 0;

	if (arena == NULL)
		return;
	mm_map_values(map, each, &n);
	if (n != mm_map_size(map))
		abort();
	if (mm_map_lookup(map, key, arena, &value) == MM_MAP_FOUND &&
	    strlen(value) > TEXT_MAX * TEXT_MAX)
		abort();
	mm_arena_free(arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[TEXT_MAX], spec[TEXT_MAX + 16], *rest;
	struct mm_complaints all = {0};
	struct mm_err err = {""};
	const char *type, *key = text;
	struct mm_map *map;

	if (size < 2 || size > sizeof(text))
		return 0;
	type = types[data[0] % (sizeof(types) / sizeof(types[0]))];
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	rest = strchr(text, '\n');
	if (rest == NULL || too_much_for_regcomp(type, rest))
		return 0;
	*rest++ = '\0';
	if (strcmp(key, "{") == 0) {
		if (may_name_a_file(rest))
			return 0;
		snprintf(spec, sizeof(spec), "%s:{%s", type, rest);
		map = mm_map_open(spec, "fuzz", 1, &all, &err);
	} else {
		snprintf(spec, sizeof(spec), "%s:t", type);
		map = mm_map_parse(
		    spec, rest, size - 1 - (size_t)(rest - text), &all, &err);
	}
	if (map == NULL && err.text[0] == '\0')
		abort();
	if (map != NULL)
		look_up(map, key);
	mm_map_free(map);
	mm_complaints_clear(&all);
	return 0;
}
