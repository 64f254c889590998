/* greylist: decisions as the store runs them. */
#include "lib/err.h"
#include "tests/unit/greylist.h"

#include <string.h>

static const struct mm_greylist_rules rules = {
    .delay = 170,
    .retry_window = 2 * DAY,
    .triplet_max_age = 36 * DAY,
    .max_age = 36 * DAY,
    .allow_count = 5,
    .host_allow_count = 5,
    .allow_interval = HOUR,
    .waiting_limit = 20,
};

static void
any_records(uint64_t *seed, struct mm_record record[MM_GREYLIST_NROLES])
{
	for (int i = 0; i < MM_GREYLIST_NROLES; i++) {
		if (draw(seed, 3) == 0)
			continue;
		record[i] = (struct mm_record){T - draw(seed, 3 * DAY),
		    T - draw(seed, 50 * DAY),
		    draw(seed, 2) * (int64_t)draw(seed, 8)};
	}
}

/* What the first two records settle is settled as all of them would. */
static void
test_most_mail_needs_only_two_records(void **state)
{
	static const struct mm_store_update all = {.n = MM_GREYLIST_NROLES};
	uint64_t seed = 7;
	unsigned settled = 0;

	(void)state;
	for (int run = 0; run < 50000; run++) {
		struct mm_record record[MM_STORE_KEYS] = {0},
				 two[MM_STORE_KEYS] = {0};
		struct mm_greylist_request request = {.rules = rules, .now = T};
		struct mm_store_update update = all;
		enum mm_store_change early, change;
		bool noted = false, noted_early = false;

		for (int i = 0; i < MM_GREYLIST_NROLES; i++)
			request.role[i] = (enum mm_greylist_role)i;
		update.arg = &request;
		any_records(&seed, record);
		memcpy(two, record, 2 * sizeof(*two));
		update.nread = 2;
		early = mm_greylist_change(&update, two, &noted_early);
		if (early == MM_STORE_MORE) {
			assert_int_equal(
			    MM_GREYLIST_NONE, request.answer.state);
			for (int i = 0; i < 2; i++)
				assert_same(&record[i], &two[i]);
			continue;
		}
		settled++;
		assert_int_equal(0, request.answer.wait);
		update.nread = update.n;
		change = mm_greylist_change(&update, record, &noted);
		assert_int_equal(early, change);
		assert_int_equal(noted_early, noted);
		for (int i = 0; i < 2; i++)
			assert_same(&record[i], &two[i]);
	}
	assert_true(settled > 1000);
}

/* decide() as the store runs it, over a real backend. */
static struct mm_greylist_answer
attempt(struct mm_store *store, const char *triplet, int64_t now)
{
	struct mm_greylist_request request = {.rules = rules,
	    .role = {MM_GREYLIST_TRIPLET, MM_GREYLIST_CLIENT},
	    .now = now};
	struct mm_store_update update = {.n = 2,
	    .key = {triplet, "client"},
	    .note = {"192.0.2.1", "a", triplet},
	    .change = mm_greylist_change,
	    .arg = &request};
	struct mm_err err;

	assert_int_equal(MM_STORE_DONE,
	    mm_store_update(store, &update, sizeof(request), 0, &err));
	return request.answer;
}

static void
assert_waiting(struct mm_store *store, uint64_t want)
{
	struct mm_store_stats stats;

	mm_store_stats(store, &stats);
	assert_int_equal(want, stats.waiting);
}

static void
test_through_a_store(void **state)
{
	struct mm_store *store = mm_store_memory_new();
	static const char *const triplets[] = {"1", "2", "3", "4", "5"};

	(void)state;
	assert_non_null(store);
	for (size_t i = 0; i < MM_COUNT(triplets); i++)
		assert_int_equal(
		    MM_GREYLIST_FIRST, attempt(store, triplets[i], T).state);
	assert_int_equal(MM_GREYLIST_FIRST, attempt(store, "6", T).state);
	assert_waiting(store, 6);
	assert_int_equal(70, attempt(store, "1", T + 100).wait);
	for (size_t i = 0; i < MM_COUNT(triplets); i++)
		assert_int_equal(MM_GREYLIST_PASS,
		    attempt(store, triplets[i], T + 200 + i * HOUR).state);
	assert_waiting(store, 1);
	assert_int_equal(MM_GREYLIST_ALLOWED_CLIENT,
	    attempt(store, "6", T + 201 + 4 * HOUR).state);
	assert_waiting(store, 0);
	assert_int_equal(MM_GREYLIST_ALLOWED_CLIENT,
	    attempt(store, "7", T + 201 + 4 * HOUR).state);
	mm_store_free(store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_most_mail_needs_only_two_records),
	    cmocka_unit_test(test_through_a_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
