/* fuzz_ip - addresses and prefixes as operators write them. */
#include "lib/err.h"
#include "lib/ip.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	char shown[MM_IP_TEXT_MAX], reversed[MM_IP_REVERSED_MAX];
	struct mm_prefix prefix;
	struct mm_ip ip, again;
	struct mm_err err;

	assert(text != NULL);
	if (mm_ip_parse(text, &ip)) {
		assert(mm_ip_parse(mm_ip_format(&ip, shown), &again));
		assert(mm_ip_equal(&ip, &again));
		assert(strlen(mm_ip_reverse(&ip, reversed)) >= 7);
	}
	if (mm_prefix_parse(text, &prefix, &err) == 0)
		assert(mm_prefix_has(&prefix, &prefix.ip));
	else
		assert(err.text[0] != '\0');
	free(text);
	return 0;
}
