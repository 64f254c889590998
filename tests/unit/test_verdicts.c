/* verdicts: numbers per restriction, whatever else is a reason. */
#include "lib/verdicts.h"
#include "tests/heap.h"
#include "tests/test.h"

#include <stdio.h>
#include <string.h>

/* How often the rule was the reason; UINT64_MAX: it is not known. */
static uint64_t
counted(const struct mm_verdicts *verdicts, const char *rule,
    enum mm_stage stage, enum mm_verdict verdict)
{
	struct mm_verdicts_row row;

	for (size_t i = 0; mm_verdicts_row(verdicts, i, &row); i++)
		if (strcmp(row.rule, rule) == 0)
			return row.n[stage][verdict];
	return UINT64_MAX;
}

static void
test_counts(void **state)
{
	struct mm_verdicts *verdicts = mm_verdicts_new();
	struct mm_verdicts_row row;

	(void)state;
	assert_non_null(verdicts);
	assert_true(mm_verdicts_know(verdicts, "reject_x a", true));
	assert_true(mm_verdicts_know(verdicts, "reject_x", false));
	mm_verdicts_count(verdicts, "reject_x a", MM_STAGE_RCPT, MM_REJECTED);
	/* once more, with the next policy: the numbers stay */
	assert_true(mm_verdicts_know(verdicts, "reject_x a", true));
	mm_verdicts_count(verdicts, "reject_x a", MM_STAGE_RCPT, MM_REJECTED);
	mm_verdicts_count(verdicts, "reject_x a", MM_STAGE_MAIL, MM_DEFERRED);
	/* born at run time, from whatever a stranger has sent */
	mm_verdicts_count(verdicts, "reject_x z", MM_STAGE_RCPT, MM_ACCEPT);
	mm_verdicts_count(verdicts, "reject_xa", MM_STAGE_RCPT, MM_ACCEPT);
	mm_verdicts_count(verdicts, "", MM_STAGE_RCPT, MM_ACCEPT);
	mm_verdicts_count(verdicts, NULL, MM_STAGE_RCPT, MM_ACCEPT);

	assert_int_equal(
	    2, counted(verdicts, "reject_x a", MM_STAGE_RCPT, MM_REJECTED));
	assert_int_equal(
	    1, counted(verdicts, "reject_x a", MM_STAGE_MAIL, MM_DEFERRED));
	assert_int_equal(
	    0, counted(verdicts, "reject_x a", MM_STAGE_RCPT, MM_ACCEPT));
	assert_int_equal(
	    1, counted(verdicts, "reject_x", MM_STAGE_RCPT, MM_ACCEPT));
	assert_int_equal(
	    3, counted(verdicts, MM_VERDICTS_OTHER, MM_STAGE_RCPT, MM_ACCEPT));
	assert_false(mm_verdicts_row(verdicts, 3, &row));
	assert_true(mm_verdicts_row(verdicts, 0, &row));
	assert_false(row.expected);
	assert_true(mm_verdicts_row(verdicts, 1, &row));
	assert_true(row.expected);
	mm_verdicts_free(verdicts);
	mm_verdicts_free(NULL);
}

static void
test_there_is_an_end_of_rules(void **state)
{
	struct mm_verdicts *verdicts = mm_verdicts_new();
	struct mm_verdicts_row row;
	char rule[32];

	(void)state;
	assert_non_null(verdicts);
	assert_true(mm_verdicts_know(verdicts, "rule", false));
	for (int i = 0; i < MM_VERDICTS_MAX; i++) {
		snprintf(rule, sizeof(rule), "rule %d", i);
		assert_true(mm_verdicts_know(verdicts, rule, true));
	}
	assert_true(mm_verdicts_row(verdicts, MM_VERDICTS_MAX - 1, &row));
	assert_false(mm_verdicts_row(verdicts, MM_VERDICTS_MAX, &row));
	mm_verdicts_count(verdicts, rule, MM_STAGE_RCPT, MM_REJECTED);
	assert_int_equal(
	    1, counted(verdicts, "rule", MM_STAGE_RCPT, MM_REJECTED));
	mm_verdicts_free(verdicts);
}

static void
test_out_of_memory(void **state)
{
	unsigned n = 0;
	bool ok;

	(void)state;
	do {
		struct mm_verdicts *verdicts;

		heap_fail(++n);
		verdicts = mm_verdicts_new();
		ok = verdicts != NULL &&
		     mm_verdicts_know(verdicts, "reject", true);
		assert_int_equal(heap_failed(), !ok);
		mm_verdicts_free(verdicts);
	} while (heap_failed());
	heap_fail(0);
	assert_true(n > 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_counts),
	    cmocka_unit_test(test_there_is_an_end_of_rules),
	    cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
