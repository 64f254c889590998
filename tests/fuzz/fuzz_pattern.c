/* pattern: any text either parses or is refused with a sentence. */
#include "lib/err.h"
#include "lib/pattern.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t addresses[][4] = {
	    {127, 0, 0, 1}, {127, 0, 0, 2}, {0}, {255, 255, 255, 255}};
	struct mm_err err = {""};
	struct mm_pattern *pattern;
	char *text = malloc(size + 1);

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	pattern = mm_pattern_parse(text, &err);
	if (pattern == NULL && err.text[0] == '\0')
		abort();
	for (size_t i = 0; pattern != NULL && i < 4; i++) {
		/* what is named is matched */
		if (mm_pattern_names(pattern, addresses[i]) &&
		    !mm_pattern_match(pattern, addresses[i]))
			abort();
	}
	mm_pattern_free(pattern);
	free(text);
	return 0;
}
