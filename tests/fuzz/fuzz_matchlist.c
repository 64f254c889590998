/*
 * matchlist: an operator's list, and a stranger's name and address.  Input:
 * one byte that says of which kind, a line that is looked up, then the list.
 */
#include "lib/arena.h"
#include "lib/conf.h"
#include "lib/ip.h"
#include "lib/matchlist.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 4096

/* Lists that name files, or tables that the map harness is for. */
static bool
reads_files(const char *text)
{
	for (const char *p = text; (p = strchr(p, '/')) != NULL; p++) {
		if (p == text || strchr(" \t\r\n,!:", p[-1]) != NULL)
			return true;
	}
	return strstr(text, "regexp:") != NULL;
}

static void
look_up(const struct mm_matchlist *list, enum mm_matchlist_kind kind,
    const char *key, struct mm_arena *arena)
{
	struct mm_ip ip = {0};
	char address[MM_IP_TEXT_MAX] = "";
	enum mm_match match;

	if (mm_ip_parse(key, &ip))
		mm_ip_format(&ip, address);
	match = kind == MM_MATCH_CLIENT
		    ? mm_matchlist_client(list, key, &ip, address, arena)
		    : mm_matchlist_domain(list, key, arena);
	if (match != MM_MATCH_NOT && match != MM_MATCHES &&
	    match != MM_MATCH_FAILED)
		abort();
	if (match == MM_MATCHES && mm_matchlist_size(list) == 0)
		abort(); /* nothing is in an empty list */
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[TEXT_MAX], *rest;
	struct mm_text_mark mark = {0, 1};
	struct mm_text lines = {.nmarks = 1, .marks = &mark, .file = "fuzz"};
	struct mm_matchlist_how how = {.name = "list"};
	struct mm_complaints all = {0};
	struct mm_matchlist *list;
	struct mm_arena *arena;

	if (size < 2 || size > sizeof(text))
		return 0;
	how.kind = data[0] % 3;
	how.parents = data[0] / 3 % 2;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	rest = strchr(text, '\n');
	if (rest == NULL || reads_files(rest + 1))
		return 0;
	*rest++ = '\0';
	lines.data = rest;
	list = mm_matchlist_read(&lines, &how, &all);
	arena = mm_arena_new(1 << 20);
	if (list == NULL || arena == NULL)
		abort();
	look_up(list, how.kind, text, arena);
	mm_arena_free(arena);
	mm_matchlist_free(list);
	mm_complaints_clear(&all);
	return 0;
}
