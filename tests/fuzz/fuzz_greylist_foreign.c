/*
 * greylist_foreign: a stranger's sender and recipient, as other programs would
 * have written them.  Input: the sender, a line's end, the recipient.
 */
#include "lib/arena.h"
#include "lib/greylist_foreign.h"
#include "lib/str.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 4096

/* Numbers and extensions are gone once they have gone. */
static void
check_postgrey(struct mm_arena *arena, const char *sender)
{
	const char *normal = mm_foreign_postgrey_sender(arena, sender);

	assert(normal != NULL && strlen(normal) <= strlen(sender));
	if (strchr(normal, '@') != NULL)
		assert(strcspn(normal, "+") >= strcspn(normal, "@"));
	assert((strchr(normal, '@') == NULL) == (strchr(sender, '@') == NULL));
}

static void
check_keys(struct mm_arena *arena, const char *sender, const char *recipient)
{
	static const struct mm_foreign_imports imports = {
	    .of = {{24, 64}, {24, 64}}};
	struct mm_foreign_mail mail = {
	    .sender = sender, .recipient = recipient};
	const char *key[MM_FOREIGN_KEYS], *again[MM_FOREIGN_KEYS];
	char *folded = mm_arena_dup(arena, sender);

	assert(mm_ip_parse("192.0.2.7", &mail.client));
	assert(mm_foreign_keys(&imports, &mail, arena, key) == 3);
	/* case is nothing to sqlgrey */
	mm_str_fold(folded);
	mail.sender = folded;
	assert(mm_foreign_keys(&imports, &mail, arena, again) == 3);
	for (int i = 1; i < 3; i++)
		assert(strcmp(key[i], again[i]) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[TEXT_MAX], *recipient;
	struct mm_arena *arena;

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if ((recipient = strchr(text, '\n')) == NULL)
		return 0;
	*recipient++ = '\0';
	arena = mm_arena_new(1 << 20);
	assert(arena != NULL);
	check_postgrey(arena, text);
	check_keys(arena, text, recipient);
	mm_arena_free(arena);
	return 0;
}
