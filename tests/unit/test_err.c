/* err: sentences are set, placed and cut. */
#include "lib/err.h"
#include "tests/test.h"

#include <string.h>

static void
test_set_and_in(void **state)
{
	struct mm_err err;

	(void)state;
	assert_int_equal(-1, mm_err_set(&err, "no domain before \"%s\"", "="));
	assert_int_equal(-1, mm_err_in(&err, "%s:%d", "mailmum.conf", 12));
	assert_string_equal(
	    "mailmum.conf:12: no domain before \"=\"", err.text);
}

static void
test_long_text_is_cut(void **state)
{
	struct mm_err err;
	char text[2 * MM_ERR_MAX];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	mm_err_set(&err, "%s", text);
	mm_err_in(&err, "%s", text);
	assert_int_equal(MM_ERR_MAX - 1, strlen(err.text));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_set_and_in),
	    cmocka_unit_test(test_long_text_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
