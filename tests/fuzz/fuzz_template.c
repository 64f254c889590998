/* fuzz_template - any text as a template, any bytes as a value. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/err.h"
#include "lib/template.h"

static const char *
value(void *ctx, const char *name)
{
	return *name == 'n' ? NULL : ctx;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mm_arena *arena = mm_arena_new(65536);
	char *text = malloc(size + 1);
	struct mm_err err;
	const char *got;

	if (arena == NULL || text == NULL)
		abort();
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	mm_template_check(text, value, text, &err);
	got = mm_template_expand(arena, text, value, text);
	if (got != NULL && strlen(got) >= 4096)
		abort();
	free(text);
	mm_arena_free(arena);
	return 0;
}
