/* fuzz_import - a main.cf and, behind a NUL byte, a master.cf. */
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/import.h"
#include "lib/arena.h"

static void
check_services(const struct import *im, const char *text)
{
	unsigned last = 1;

	for (const char *p = text; *p != '\0'; p++)
		last += *p == '\n';
	for (const struct import_service *s = im->services.first; s != NULL;
	     s = s->next) {
		assert(s->line >= 1 && s->line <= last);
		assert(s->name[0] != '\0' && s->command[0] != '\0');
	}
}

/* Every restriction stays with a reason or has its line in the policy. */
static void
check_lists(const struct import *im)
{
	for (size_t i = 0; i < MM_NCHAIN; i++) {
		for (const struct import_element *e = im->lists[i].first;
		     e != NULL; e = e->next)
			assert((e->at != 0) ==
			       (im->lists[i].moves && !import_stays(e)));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct import im = {.main = "main.cf", .master = "master.cf"};
	char *text = malloc(size + 2), *master;

	assert(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = text[size + 1] = '\0';
	master = text + strlen(text) + 1;
	/* memory may be out: values may be named by hundreds of services */
	if (import_make(&im, text, master) == 0) {
		check_services(&im, master);
		check_lists(&im);
	}
	import_clear(&im);
	free(text);
	return 0;
}
