/* greylist: a source whose mail does not come back. */
#include "tests/unit/greylist.h"

#include <string.h>

static const struct mm_greylist_rules rules = {
    .delay = 170,
    .retry_window = 2 * DAY,
    .triplet_max_age = 36 * DAY,
    .max_age = 36 * DAY,
    .allow_count = 5,
    .allow_interval = HOUR,
};

static void
test_a_flood_is_put_off_and_not_remembered(void **state)
{
	struct mm_record record[MM_GREYLIST_NROLES] = {0}, none = {0};
	struct mm_record *triplet = &record[MM_GREYLIST_TRIPLET];
	struct mm_greylist_rules by = rules;
	struct mm_greylist_answer got;
	struct mm_record source;
	bool write;

	(void)state;
	by.waiting_limit = 10;
	for (int i = 0; i < 10; i++) {
		*triplet = none;
		assert_int_equal(
		    MM_GREYLIST_FIRST, ask(&by, record, T + i).state);
	}
	source = record[MM_GREYLIST_SOURCE];
	*triplet = none;
	got = mm_greylist_decide(&by, record, T + 60, &write);
	assert_int_equal(MM_GREYLIST_FLOOD, got.state);
	assert_int_equal(170, got.wait);
	assert_false(write);
	assert_same(&none, triplet);
	assert_same(&source, &record[MM_GREYLIST_SOURCE]);

	/* one of those that wait comes back: there is room for another */
	*triplet = (struct mm_record){T, T, 0};
	assert_int_equal(MM_GREYLIST_PASS, ask(&by, record, T + 200).state);
	*triplet = none;
	assert_int_equal(MM_GREYLIST_FIRST, ask(&by, record, T + 200).state);
	*triplet = none;
	assert_int_equal(MM_GREYLIST_FLOOD, ask(&by, record, T + 200).state);

	/* a tenth of the window later one has run off */
	assert_int_equal(
	    MM_GREYLIST_FLOOD, ask(&by, record, T + 2 * DAY / 10 - 1).state);
	assert_int_equal(
	    MM_GREYLIST_FIRST, ask(&by, record, T + 2 * DAY / 10).state);
	/* and after a window all have */
	for (int i = 0; i < 10; i++) {
		*triplet = none;
		assert_int_equal(
		    MM_GREYLIST_FIRST, ask(&by, record, T + 5 * DAY).state);
	}
	*triplet = none;
	assert_int_equal(
	    MM_GREYLIST_FLOOD, ask(&by, record, T + 5 * DAY).state);
	/* those who have passed do not wait for the flood */
	*triplet = (struct mm_record){T, T + 5 * DAY, 1};
	assert_int_equal(
	    MM_GREYLIST_KNOWN_TRIPLET, ask(&by, record, T + 5 * DAY).state);
	by.follow = true;
	*triplet = none;
	assert_int_equal(
	    MM_GREYLIST_FOLLOWS, ask(&by, record, T + 5 * DAY).state);
}

/* A level from a time to come runs off from now on. */
static void
test_a_clock_set_back_ends_no_flood_later(void **state)
{
	struct mm_record record[MM_GREYLIST_NROLES] = {
	    [MM_GREYLIST_SOURCE] = {T, T + 100 * DAY, 10}};
	struct mm_greylist_rules by = rules;
	struct mm_greylist_answer got;
	bool write;

	(void)state;
	by.waiting_limit = 10;
	got = mm_greylist_decide(&by, record, T, &write);
	assert_int_equal(MM_GREYLIST_FLOOD, got.state);
	assert_true(write);
	got = mm_greylist_decide(&by, record, T + DAY / 2, &write);
	assert_int_equal(MM_GREYLIST_FIRST, got.state);
	assert_int_equal(8 + 1, record[MM_GREYLIST_SOURCE].count);
}

/* However a source floods, with or without mail that comes back: the limit at
 * once, as many more in the window that those are kept for, and one that comes
 * with the window's last second. */
static void
test_a_source_has_no_more_waiting_than_that(void **state)
{
	enum { LIMIT = 20, SLOTS = 4000 };
	static int64_t began[SLOTS];
	struct mm_greylist_rules by = rules;
	uint64_t seed = 6;

	(void)state;
	by.waiting_limit = LIMIT;
	by.retry_window = DAY;
	by.allow_count = 0;
	for (int run = 0; run < 20; run++) {
		struct mm_record source = {0};
		unsigned pace = 1 + draw(&seed, 2 * HOUR), most = 0;
		int64_t now = T;

		memset(began, 0, sizeof(began));
		for (size_t i = 0; i < SLOTS; i++) {
			size_t slot = draw(&seed, 4) == 0 && i > 0
					  ? draw(&seed, (unsigned)i)
					  : i;
			struct mm_record record[MM_GREYLIST_NROLES] = {
			    [MM_GREYLIST_TRIPLET] = {began[slot], began[slot],
				0},
			    [MM_GREYLIST_SOURCE] = source};
			unsigned waiting = 0;

			now += draw(&seed, pace);
			ask(&by, record, now);
			source = record[MM_GREYLIST_SOURCE];
			began[slot] = record[MM_GREYLIST_TRIPLET].count == 0
					  ? record[MM_GREYLIST_TRIPLET].first
					  : 0;
			for (size_t j = 0; j <= i; j++)
				waiting += began[j] != 0 &&
					   now - began[j] <= by.retry_window;
			if (waiting > most)
				most = waiting;
		}
		assert_in_range(most, 1, 2 * LIMIT + 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_flood_is_put_off_and_not_remembered),
	    cmocka_unit_test(test_a_clock_set_back_ends_no_flood_later),
	    cmocka_unit_test(test_a_source_has_no_more_waiting_than_that),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
