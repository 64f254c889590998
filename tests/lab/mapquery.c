/*
 * mapquery - looks keys up in a table, one from each line of its input, and
 * prints "KEY<tab>VALUE" of those found, as "postmap -q -" does; "FAILED" in
 * place of the rest once a lookup fails.  Exit code 1: a policy with this
 * table would be refused.  usage: mapquery TYPE:NAME
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/map.h"

static void
say(struct mm_complaints *all)
{
	for (size_t i = 0; i < all->n; i++) {
		char text[MM_COMPLAINT_MAX];

		mm_complaint_format(&all->list[i], text);
		fprintf(stderr, "%s\n", text);
	}
	mm_complaints_clear(all);
}

/* Remote tables are asked at once. */
static enum mm_found
ask(void *ctx, const struct mm_map *map, const char *key, const char **value)
{
	const struct mm_map_wait wait = {
	    &mm_clock_system, mm_clock_mono(&mm_clock_system) + 20000000};
	struct mm_err err;
	char *text = NULL;
	enum mm_found found = mm_map_run(map, key, &wait, &text, &err);

	if (found == MM_MAP_FOUND)
		*value = mm_arena_dup(ctx, text);
	else if (found == MM_MAP_FAILED)
		fprintf(stderr, "%s\n", err.text);
	free(text);
	return found;
}

/* False: it has failed. */
static bool
query(const struct mm_map *map, const char *key, struct mm_arena *arena)
{
	const struct mm_map_look look = {arena, ask, arena};
	const char *value;

	switch (mm_map_look_up(map, key, &look, &value)) {
	case MM_MAP_FOUND:
		printf("%s\t%s\n", key, value);
		return true;
	case MM_MAP_FAILED:
	case MM_MAP_PENDING:
		puts("FAILED");
		return false;
	case MM_MAP_NOTHING:
		break;
	}
	return true;
}

int
main(int argc, char **argv)
{
	struct mm_complaints all = {0};
	struct mm_arena *arena = mm_arena_new(1 << 20);
	struct mm_err err;
	struct mm_map *map;
	char *line = NULL;
	bool refused;
	size_t size = 0;

	if (argc != 2 || arena == NULL)
		return 2;
	map = mm_map_open(argv[1], "here", 1, &all, &err);
	if (map == NULL)
		mm_complain(&all, MM_ERROR, NULL, 0, "%s", err.text);
	refused = all.errors > 0;
	say(&all);
	if (map == NULL)
		return 1;
	while (getline(&line, &size, stdin) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (!query(map, line, arena))
			break;
		mm_arena_clear(arena);
	}
	free(line);
	mm_map_free(map);
	mm_arena_free(arena);
	return refused;
}
