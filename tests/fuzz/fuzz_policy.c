/* fuzz_policy - any text as a configuration file. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "lib/conf.h"
#include "lib/err.h"
#include "lib/policy.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mm_complaints all = {0};
	char *text = malloc(size + 1);
	struct mm_policy *policy;
	struct mm_err err;

	if (text == NULL)
		abort();
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	policy = mm_policy_parse(text, "fuzz.conf", &all, &err);
	/* it loads, or it says why not */
	if (policy == NULL && all.errors == 0)
		abort();
	if (policy != NULL && all.errors > 0)
		abort();
	mm_policy_unref(policy);
	mm_complaints_clear(&all);
	free(text);
	return 0;
}
