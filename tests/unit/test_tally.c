/* tally: exact while there is room, and bounded and honest after that. */
#include "lib/tally.h"

#include "tests/heap.h"
#include "tests/test.h"

#include <stdio.h>
#include <string.h>

static void
test_counts_exactly_while_there_is_room(void **state)
{
	struct mm_tally *tally = mm_tally_new(8);
	const struct mm_tally_row *top[8];

	(void)state;
	mm_tally_add(tally, "b", "first", 1);
	mm_tally_add(tally, "a", "", 0);
	mm_tally_add(tally, "b", "second", 2);
	mm_tally_add(tally, "c", "", 0);
	mm_tally_add(tally, "", "", 0);
	assert_int_equal(3, mm_tally_top(tally, top, 8));
	assert_string_equal("b", top[0]->key);
	assert_string_equal("first", top[0]->note);
	assert_int_equal(2, top[0]->count);
	assert_int_equal(0, top[0]->slack);
	assert_int_equal(1, top[0]->by[1]);
	assert_int_equal(1, top[0]->by[2]);
	assert_string_equal("a", top[1]->key);
	assert_string_equal("c", top[2]->key);
	assert_int_equal(2, mm_tally_top(tally, top, 2));
	assert_string_equal("a", top[1]->key);
	assert_false(mm_tally_full(tally));
	mm_tally_free(tally);
}

/* The promises of tally.h, against a flood of names that come once. */
static void
test_a_flood_hides_nobody(void **state)
{
	enum { ROWS = 64, ROUNDS = 4000 };
	struct mm_tally *tally = mm_tally_new(ROWS);
	const struct mm_tally_row *top[ROWS];
	char key[32];
	size_t n;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		snprintf(key, sizeof(key), "flood%d", i);
		mm_tally_add(tally, key, "", 0);
		if (i % 4 == 0)
			mm_tally_add(tally, "often", "", 3);
		if (i % 16 == 0)
			mm_tally_add(tally, "seldom", "", 4);
	}
	assert_true(mm_tally_full(tally));
	n = mm_tally_top(tally, top, ROWS);
	assert_true(n >= 2);
	assert_string_equal("often", top[0]->key);
	assert_string_equal("seldom", top[1]->key);
	for (size_t i = 0; i < 2; i++) {
		uint64_t really = i == 0 ? ROUNDS / 4 : ROUNDS / 16;

		assert_true(top[i]->count >= really);
		assert_true(top[i]->count - top[i]->slack <= really);
	}
	/* luck alone brings nobody to the top */
	for (size_t i = 2; i < n; i++)
		assert_true(top[i]->count >= 2 * top[i]->slack);
	mm_tally_free(tally);
}

static void
test_long_keys_are_cut_and_stay_one(void **state)
{
	struct mm_tally *tally = mm_tally_new(2);
	const struct mm_tally_row *top[2];
	char key[1000];

	(void)state;
	memset(key, 'x', sizeof(key));
	key[sizeof(key) - 1] = '\0';
	mm_tally_add(tally, key, key, 0);
	key[500] = '\0';
	mm_tally_add(tally, key, key, 0);
	assert_int_equal(1, mm_tally_top(tally, top, 2));
	assert_int_equal(2, top[0]->count);
	assert_int_equal(MM_TALLY_KEY_MAX - 1, strlen(top[0]->key));
	assert_int_equal(MM_TALLY_NOTE_MAX - 1, strlen(top[0]->note));
	mm_tally_free(tally);
}

static void
test_no_memory(void **state)
{
	struct mm_tally *tally;

	(void)state;
	for (int n = 1;; n++) {
		heap_fail((unsigned)n);
		tally = mm_tally_new(4);
		heap_fail(0);
		if (tally != NULL)
			break;
		assert_true(n < 20);
	}
	mm_tally_free(tally);
	mm_tally_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_counts_exactly_while_there_is_room),
	    cmocka_unit_test(test_a_flood_hides_nobody),
	    cmocka_unit_test(test_long_keys_are_cut_and_stay_one),
	    cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
