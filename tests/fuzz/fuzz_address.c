/* fuzz_address - MAIL and RCPT arguments as strangers send them. */
#include "lib/address.h"
#include "lib/arena.h"
#include "lib/hostname.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mm_arena *arena = mm_arena_new(1 << 20);
	char *raw = strndup((const char *)data, size);
	const char *internal, *domain;

	assert(arena != NULL && raw != NULL);
	internal = mm_address_internal(arena, raw);
	if (internal != NULL) {
		assert(strlen(internal) <= strlen(raw) + strlen("]"));
		domain = mm_address_domain(internal);
		if (domain != NULL && mm_hostname_fqdn(domain))
			assert(!mm_hostname_is_address(domain));
	}
	if (mm_address_strict(raw))
		assert(raw[0] == '<' && raw[strlen(raw) - 1] == '>');
	free(raw);
	mm_arena_free(arena);
	return 0;
}
