/* verdict: every one has its word in the record. */
#include "lib/verdict.h"
#include "tests/test.h"

static void
test_words(void **state)
{
	(void)state;
	assert_string_equal("accept", mm_verdict_word(MM_ACCEPT));
	assert_string_equal("reject", mm_verdict_word(MM_REJECTED));
	assert_string_equal("defer", mm_verdict_word(MM_DEFERRED));
	assert_string_equal("greylist", mm_verdict_word(MM_GREYLISTED));
	assert_string_equal("warn", mm_verdict_word(MM_WARNED));
	assert_string_equal("info", mm_verdict_word(MM_INFORMED));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
