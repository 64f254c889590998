/* greylist: what was opened by hand, and what is told of attempts. */
#include "tests/unit/greylist.h"

static const struct mm_greylist_rules rules = {
    .delay = 170,
    .retry_window = 2 * DAY,
    .triplet_max_age = 36 * DAY,
    .max_age = 36 * DAY,
    .allow_count = 5,
    .allow_interval = 3600,
};

/* What the operator opened lets in what would wait, and nothing of it stays.
 */
static void
test_windows_let_in_what_would_wait(void **state)
{
	static const struct mm_record open = {T, T + 900, 1};
	static const struct {
		enum mm_greylist_role role;
		enum mm_greylist_state state;
	} cases[] = {
	    {MM_GREYLIST_EXPECT, MM_GREYLIST_EXPECTED},
	    {MM_GREYLIST_EXPECT_PLAIN, MM_GREYLIST_EXPECTED},
	    {MM_GREYLIST_GRANT, MM_GREYLIST_GRANTED},
	    {MM_GREYLIST_GRANT_NETWORK, MM_GREYLIST_GRANTED},
	    {MM_GREYLIST_GRANT_ADDRESS, MM_GREYLIST_GRANTED},
	};
	static const struct mm_record none;
	struct mm_greylist_rules by = rules;

	(void)state;
	by.waiting_limit = 10;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_record record[MM_GREYLIST_NROLES] = {{0}};
		struct mm_greylist_answer got;

		record[cases[i].role] = open;
		/* before it, and behind it */
		assert_int_equal(
		    MM_GREYLIST_FIRST, ask(&by, record, T - 1).state);
		record[MM_GREYLIST_TRIPLET] = none;
		record[MM_GREYLIST_SOURCE] = none;
		assert_int_equal(
		    MM_GREYLIST_FIRST, ask(&by, record, T + 900).state);

		/* a new mail */
		record[MM_GREYLIST_TRIPLET] = none;
		record[MM_GREYLIST_SOURCE] = none;
		got = ask(&by, record, T);
		assert_int_equal(cases[i].state, got.state);
		assert_int_equal(0, got.wait);
		assert_same(&none, &record[MM_GREYLIST_TRIPLET]);
		assert_same(&none, &record[MM_GREYLIST_CLIENT]);

		/* one that waits: it does not any more */
		record[MM_GREYLIST_TRIPLET] = (struct mm_record){T, T, 0};
		record[MM_GREYLIST_SOURCE] = (struct mm_record){T, T, 3};
		got = ask(&by, record, T + 100);
		assert_int_equal(cases[i].state, got.state);
		assert_int_equal(100, got.delay);
		assert_int_equal(100, got.after);
		assert_same(&none, &record[MM_GREYLIST_TRIPLET]);
		assert_int_equal(2, record[MM_GREYLIST_SOURCE].count);
		assert_same(&open, &record[cases[i].role]);

		/* one that has waited, and a known one, pass as ever */
		record[MM_GREYLIST_TRIPLET] = (struct mm_record){T, T, 0};
		assert_int_equal(
		    MM_GREYLIST_PASS, ask(&by, record, T + 170).state);
		assert_int_equal(
		    MM_GREYLIST_KNOWN_TRIPLET, ask(&by, record, T + 180).state);
	}
}

static void
test_what_was_released_passes_and_is_known(void **state)
{
	struct mm_record record[MM_GREYLIST_NROLES] = {
	    [MM_GREYLIST_TRIPLET] = {T, T, 0},
	    [MM_GREYLIST_RELEASE] = {T + 10, T + 2 * DAY, 1}};
	struct mm_greylist_answer got = ask(&rules, record, T + 9);

	(void)state;
	assert_int_equal(MM_GREYLIST_SOON, got.state);
	got = ask(&rules, record, T + 60);
	assert_int_equal(MM_GREYLIST_RELEASED, got.state);
	assert_int_equal(0, got.wait);
	assert_int_equal(60, got.delay);
	assert_int_equal(0, record[MM_GREYLIST_RELEASE].last); /* once */
	/* by hand: it is no merit of the client's */
	assert_int_equal(0, record[MM_GREYLIST_CLIENT].count);
	assert_int_equal(
	    MM_GREYLIST_KNOWN_TRIPLET, ask(&rules, record, T + 61).state);
}

/* The ages that delays.h wants to know. */
static void
test_the_age_of_attempts_is_told(void **state)
{
	struct mm_record record[MM_GREYLIST_NROLES] = {{0}};
	struct mm_greylist_rules by = rules;
	struct mm_greylist_answer got = ask(&rules, record, T);

	(void)state;
	assert_int_equal(0, got.after);
	got = ask(&rules, record, T + 10);
	assert_int_equal(0, got.before);
	assert_int_equal(10, got.after);
	got = ask(&rules, record, T + 65);
	assert_int_equal(0, got.before);
	assert_int_equal(65, got.after);
	got = ask(&rules, record, T + 80);
	assert_int_equal(65, got.before);
	assert_int_equal(80, got.after);
	by.follow = true;
	got = ask(&by, record, T + 100);
	assert_int_equal(65, got.before);
	assert_int_equal(100, got.after);
	got = ask(&rules, record, T + 200);
	assert_int_equal(0, got.after); /* known */

	/* too old, and from the future: nothing is known of such */
	record[MM_GREYLIST_TRIPLET] = (struct mm_record){T, T, 0};
	assert_int_equal(0, ask(&rules, record, T + 3 * DAY).after);
	record[MM_GREYLIST_TRIPLET] = (struct mm_record){T, T, 0};
	assert_int_equal(0, ask(&rules, record, T - 60).after);
	record[MM_GREYLIST_TRIPLET] = (struct mm_record){T, T + DAY, 0};
	got = ask(&rules, record, T + 60);
	assert_int_equal(0, got.before);
	assert_int_equal(60, got.after);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_windows_let_in_what_would_wait),
	    cmocka_unit_test(test_what_was_released_passes_and_is_known),
	    cmocka_unit_test(test_the_age_of_attempts_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
