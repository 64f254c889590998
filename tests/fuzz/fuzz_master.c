/* fuzz_master - any text as a master.cf. */
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/import_master.h"
#include "lib/arena.h"
#include "lib/conf.h"

static void
check_service(const struct import_service *s, unsigned last)
{
	assert(s->line >= 1 && s->line <= last);
	assert(s->name[0] != '\0' && s->type[0] != '\0');
	assert(s->command[0] != '\0' && s->chroot != '\0');
	for (const struct import_override *o = s->overrides; o != NULL;
	     o = o->next) {
		assert(strpbrk(o->name, "=\n") == NULL);
		assert(strchr(o->value, '\n') == NULL);
		assert(import_override(s, o->name) != NULL);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	struct mm_arena *arena = mm_arena_new((size_t)16 << 20);
	struct mm_complaints all = {0};
	struct import_master master = {NULL};
	unsigned last = 1, n = 0;

	assert(text != NULL && arena != NULL);
	for (const char *p = text; *p != '\0'; p++)
		last += *p == '\n';
	assert(
	    import_master_parse(text, "master.cf", arena, &all, &master) == 0);
	for (const struct import_service *s = master.first; s != NULL;
	     s = s->next, n++)
		check_service(s, last);
	assert(n <= last);
	for (size_t i = 0; i < all.n; i++)
		assert(all.list[i].line >= 1 && all.list[i].line <= last);
	mm_complaints_clear(&all);
	mm_arena_free(arena);
	free(text);
	return 0;
}
