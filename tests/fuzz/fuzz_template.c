/* template: a template that passes the check expands. */
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/template.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static const char *
value_of(void *ctx, const char *name)
{
	(void)ctx;
	switch (name[0]) {
	case 'a':
		return "";
	case 'b':
		return "10";
	case 'c':
		return "${a?b}\r\n\x80";
	default:
		return NULL;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mm_arena *arena = mm_arena_new(65536);
	struct mm_err err = {""};
	char *text = malloc(size + 1);
	const char *got;

	if (text == NULL || arena == NULL)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	if (mm_template_check(text, value_of, NULL, &err) != 0) {
		if (err.text[0] == '\0')
			abort();
		mm_template_expand(arena, text, value_of, NULL);
	} else {
		got = mm_template_expand(arena, text, value_of, NULL);
		if (got == NULL || strlen(got) > 4095)
			abort();
	}
	free(text);
	mm_arena_free(arena);
	return 0;
}
