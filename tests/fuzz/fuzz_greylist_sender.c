/* fuzz_greylist_sender - senders as strangers write them. */
#include "lib/arena.h"
#include "lib/greylist_sender.h"
#include "lib/str.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mm_arena *arena = mm_arena_new(1 << 20);
	char *sender = strndup((const char *)data, size);
	const char *kept, *again;

	assert(arena != NULL && sender != NULL);
	kept = mm_greylist_sender(arena, sender);
	if (kept != NULL) {
		assert(strlen(kept) <= strlen(sender));
		assert((*kept == '\0') == (*sender == '\0'));
		/* a forwarder that gives no domain of its own gains one */
		assert(
		    strchr(kept, '@') != NULL || strchr(sender, '@') == NULL);
		/* the same mail's sender is the same one each time */
		mm_str_fold(sender);
		again = mm_greylist_sender(arena, sender);
		assert(again == NULL || strcmp(kept, again) == 0);
	}
	free(sender);
	mm_arena_free(arena);
	return 0;
}
