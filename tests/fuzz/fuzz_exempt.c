/*
 * exempt: an operator's file of exceptions, and a stranger's name and
 * addresses.  Input: one byte that says in which form, a line that is looked
 * up, then the file.
 */
#include "lib/arena.h"
#include "lib/conf.h"
#include "lib/exempt.h"
#include "lib/session.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 4096

static const char *const forms[] = {
    "", "postgrey_clients:", "postgrey_recipients:"};

static void
look_up(const struct mm_exempt *exempt, char *key, struct mm_arena *arena)
{
	struct mm_session session = {.known = {[MM_FACT_CLIENT] = MM_KNOWN,
					 [MM_FACT_SENDER] = MM_KNOWN,
					 [MM_FACT_RECIPIENT] = MM_KNOWN},
	    .client_name = key,
	    .sender = key,
	    .recipient = key};
	const struct mm_exempt_why *why;
	int64_t last;

	mm_ip_parse(key, &session.client);
	why = mm_exempt_find(exempt, &session, arena);
	if (why == NULL)
		return;
	if (why->entry == NULL || mm_exempt_size(exempt) == 0)
		abort(); /* there is nothing else that could fit */
	mm_exempt_count(why->entry, 1);
	if (mm_exempt_used(why->entry, &last) != 1 || last != 1)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[TEXT_MAX], *rest;
	struct mm_complaints all = {0};
	struct mm_exempt *exempt, *again;
	struct mm_arena *arena;

	if (size < 2 || size > sizeof(text))
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	if ((rest = strchr(text, '\n')) == NULL)
		return 0;
	*rest++ = '\0';
	exempt = mm_exempt_parse(forms[data[0] % 3], rest, "fuzz", &all);
	again = mm_exempt_parse(forms[data[0] % 3], rest, "fuzz", &all);
	arena = mm_arena_new(1 << 20);
	if (exempt == NULL || again == NULL || arena == NULL)
		abort();
	look_up(exempt, text, arena);
	mm_exempt_inherit(again, exempt);
	mm_exempt_free(exempt);
	mm_arena_clear(arena);
	mm_exempt_free(again);
	mm_arena_free(arena);
	mm_complaints_clear(&all);
	return 0;
}
