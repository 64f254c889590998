/*
 * foreign: an operator's file with another program's state.  Input: one byte
 * that says which program's, and the file.  What the first look counts is what
 * comes, and importing it again changes nothing.
 */
#include "ctl/foreign_take.h"
#include "lib/settings.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

static const struct foreign_program *const programs[] = {
    &foreign_postgrey, &foreign_sqlgrey, &foreign_milter};

static const struct mm_settings settings = {
    .greylist_delay = 170000,
    .greylist_retry_window = 2 * 86400000LL,
    .greylist_max_age = 36 * 86400000LL,
    .greylist_ipv4_prefix = 24,
    .greylist_ipv6_prefix = 64,
    .greylist_auto_allow_count = 5,
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct foreign_take take;
	struct foreign_counts counts;
	struct mm_store_stats before, after;
	struct mm_store *store;
	struct mm_err err;
	FILE *in;

	if (size < 2 || size > 65536)
		return 0;
	in = fmemopen((void *)(data + 1), size - 1, "r");
	store = mm_store_memory_new();
	assert(in != NULL && store != NULL);
	take = (struct foreign_take){
	    .settings = &settings, .now = 1800000000, .delay = -1};
	if (foreign_survey(&take, in, "fuzz", programs[data[0] % 3], &err) ==
	    0) {
		counts = take.counts;
		assert(foreign_store(&take, in, "fuzz", programs[data[0] % 3],
			   store, &err) == 0);
		assert(memcmp(&counts, &take.counts, sizeof(counts)) == 0);
		assert(take.written == counts.known + counts.waiting +
					   counts.senders + counts.domains +
					   counts.clients);
		mm_store_stats(store, &before);
		assert(before.records <= take.written + 1);
		assert(before.waiting <= counts.waiting);
		assert(foreign_store(&take, in, "fuzz", programs[data[0] % 3],
			   store, &err) == 0);
		mm_store_stats(store, &after);
		assert(before.records == after.records);
		assert(before.waiting == after.waiting);
		assert(before.commits == after.commits);
	}
	mm_store_free(store);
	fclose(in);
	return 0;
}
