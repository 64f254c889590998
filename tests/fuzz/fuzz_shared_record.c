/*
 * store_shared_record: what Redis says a record is, joined to one of our own:
 * no time is in the future, no number huge, and what was joined is not changed
 * by being joined again.
 */
#include "lib/store_shared_record.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#define NOW INT64_C(1800000000)

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mm_shared_rule rule = {.age = 3110400, .waiting_age = 172800};
	struct mm_record ours = {0}, theirs, joined, again;
	size_t own = size < sizeof(ours) ? size : sizeof(ours);
	char *text = malloc(size + 1);
	int64_t last;

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	rule.share = (enum mm_store_share)(size % 3 + 1);
	last = rule.share == MM_STORE_SHARE_WINDOW ? INT64_C(1) << 40 : NOW;
	if (!mm_shared_read(text, size, rule.share, NOW, &theirs) &&
	    (theirs.first != 0 || theirs.last != 0 || theirs.count != 0))
		abort();
	if (theirs.first < 0 || theirs.first > NOW || theirs.last < 0 ||
	    theirs.last > last || theirs.count < 0 ||
	    theirs.count > MM_SHARED_COUNT_MAX)
		abort();
	/* any bytes at all: a damaged database */
	memcpy(&ours, data, own);
	joined = mm_shared_join(&rule, &ours, &theirs);
	again = mm_shared_join(&rule, &theirs, &ours);
	if (memcmp(&joined, &again, sizeof(joined)) != 0)
		abort();
	free(text);
	return 0;
}
