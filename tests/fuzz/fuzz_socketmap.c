/*
 * map_socketmap: the reply of a server, as far as it has come, which may be
 * cut anywhere: no part of a whole reply is one.
 */
#include "lib/map_socketmap.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mm_socketmap_text text = {NULL, 0}, early;
	char *copy = malloc(size + 1);
	enum mm_socketmap_read how;

	if (copy == NULL)
		return 0;
	memcpy(copy, data, size);
	how = mm_socketmap_read(copy, size, &text);
	if (how == MM_SOCKETMAP_FOUND &&
	    (text.text < copy || text.text + text.len >= copy + size ||
		memchr(text.text, '\0', text.len) != NULL))
		abort();
	if (how == MM_SOCKETMAP_MORE && size >= MM_SOCKETMAP_REPLY_MAX)
		abort(); /* it would never end */
	for (size_t cut = 0; how != MM_SOCKETMAP_BAD && cut < size; cut++) {
		enum mm_socketmap_read then =
		    mm_socketmap_read(copy, cut, &early);

		if (then == MM_SOCKETMAP_BAD ||
		    (then != MM_SOCKETMAP_MORE && then != how))
			abort();
	}
	free(copy);
	return 0;
}
