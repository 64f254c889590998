/* verdict: its words in the record, and status codes. */
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

static void
test_status_codes(void **state)
{
	static const struct {
		const char *text;
		size_t want;
	} cases[] = {
	    {"5.7.1", 5},
	    {"4.12.345 text", 8},
	    {"2.1.5\ttext", 5},
	    {"", 0},
	    {"5", 0},
	    {"5.", 0},
	    {"5.7", 0},
	    {"5.7.", 0},
	    {"5..1", 0},
	    {"3.7.1", 0},
	    {"55.7.1", 0},
	    {"5.7.1234", 0},
	    {"5.7.1x", 0},
	    {"5.7.1.1", 0},
	    {"5.-7.1", 0},
	    {"5. 7.1", 0},
	    {" 5.7.1", 0},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++)
		assert_int_equal(cases[i].want, mm_dsn_len(cases[i].text));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_words),
	    cmocka_unit_test(test_status_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
