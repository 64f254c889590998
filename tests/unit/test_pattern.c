/* pattern: what a filter matches, what it names, what it may not be. */
#include "lib/err.h"
#include "lib/pattern.h"
#include "tests/test.h"

#include <arpa/inet.h>
#include <string.h>

static const uint8_t *
address(const char *text)
{
	static uint8_t bytes[4];

	assert_int_equal(1, inet_pton(AF_INET, text, bytes));
	return bytes;
}

static void
test_matches_and_names(void **state)
{
	static const struct {
		const char *pattern, *address;
		bool match, names;
	} cases[] = {
	    {"127.0.0.2", "127.0.0.2", true, true},
	    {"127.0.0.2", "127.0.0.3", false, false},
	    {"127.0.0.2", "127.1.0.2", false, false},
	    {"127.0.0.002", "127.0.0.2", true, true},
	    {"0127.00.0.010", "127.0.0.10", true, true},
	    {"0.0.0.0", "0.0.0.0", true, true},
	    {"255.255.255.255", "255.255.255.255", true, true},
	    {"127.0.[0..255].[1..3]", "127.0.200.3", true, false},
	    {"127.0.[0..255].[1..3]", "127.0.200.4", false, false},
	    {"127.0.[0..255].[1..3]", "127.0.0.0", false, false},
	    {"127.0.[0..255].[1;2]", "127.0.9.2", true, false},
	    {"127.0.0.[1;5]", "127.0.0.1", true, true},
	    {"127.0.0.[1;5]", "127.0.0.3", false, false},
	    {"127.0.0.[1;5]", "127.0.0.5", true, true},
	    {"127.0.0.[1;3;10..20]", "127.0.0.15", true, false},
	    {"127.0.0.[1;3;10..20]", "127.0.0.20", true, false},
	    {"127.0.0.[1;3;10..20]", "127.0.0.21", false, false},
	    {"127.0.0.[1;3;10..20]", "127.0.0.3", true, true},
	    {"127.0.0.[1;0..9]", "127.0.0.1", true, true},
	    {"127.0.0.[4..4]", "127.0.0.4", true, false},
	    {"[127.0.0.[1;2]]", "127.0.0.2", true, true},
	    {"[127.0.0.2]", "127.0.0.2", true, true},
	    {"[127].0.0.[2]", "127.0.0.2", true, true},
	    {"[126..127].[0].[0].[2..3]", "127.0.0.3", true, false},
	    {"127.0.[ 0..255 ].[ 2..3 ]", "127.0.7.2", true, false},
	    {"127.0.0.[\n\t1 ; 2 .. 4\r ]", "127.0.0.3", true, false},
	    {"[ 127.0.0.[ 1 ] ]", "127.0.0.1", true, true},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_err err = {""};
		struct mm_pattern *pattern =
		    mm_pattern_parse(cases[i].pattern, &err);
		const uint8_t *a = address(cases[i].address);

		print_message("%s %s\n", cases[i].pattern, cases[i].address);
		assert_string_equal("", err.text);
		assert_int_equal(cases[i].match, mm_pattern_match(pattern, a));
		assert_int_equal(cases[i].names, mm_pattern_names(pattern, a));
		mm_pattern_free(pattern);
	}
}

static void
test_refuses_and_says_what_is_right(void **state)
{
	static const struct {
		const char *pattern, *want;
	} cases[] = {
	    {"", ": four fields are needed, as in 127.0.0.2"},
	    {"127.0.0", "four fields are needed, as in 127.0.0.2"},
	    {"127.0.0.", "four fields are needed, as in 127.0.0.2"},
	    {"[127.0.0]", "four fields are needed, as in 127.0.0.2"},
	    {"[1;2]", "a choice stands in brackets, as in [1;3]"},
	    {"127.0.0.256", "256 is too large: a field is 0 to 255"},
	    {"127.0.0.99999999999999999999999",
		"99999999999999999999 is too large: a field is 0 to 255"},
	    {"::1", "a number is expected before \"::1\""},
	    {"127.0.0.[]", "a number is expected before \"]\""},
	    {"127.0.0.[1;]", "a number is expected before \"]\""},
	    {"127.0.0.[3..1]", "3..1 runs backwards: write 1..3"},
	    {"127.0.0.[1..]", "a number is expected before \"]\""},
	    {"127.0.0.[1-3]", "a range is written with two dots, as in [1..3]"},
	    {"127.0.0.[1,3]", "a choice is written with \";\", as in [1;3]"},
	    {"127.0.0.1..3", "a range stands in brackets, as in [1..3]"},
	    {"127.0.0.1;3", "a choice stands in brackets, as in [1;3]"},
	    {"127.0.0.2.",
		"nothing may follow the fourth field, but there is \".\""},
	    {"127.0.0.2.3",
		"nothing may follow the fourth field, but there is \".3\""},
	    {"127.0.0.2 ",
		"nothing may follow the fourth field, but there is \" \""},
	    {"127.0.0.[1", "\"[\" without \"]\""},
	    {"127.0.0.1]", "\"]\" without \"[\""},
	    {"[[127.0.0.[1]]]", "too many \"[\""},
	    {"127..0.2", "a range stands in brackets, as in [1..3]"},
	    {"127.0.x.2", "a number is expected before \"x.2\""},
	    {"127.0.[1 2].2", "\";\" or \"]\" is expected before \"2].2\""},
	    {"127 .0.0.2", "\".\" is expected before \" .0.0.2\""},
	    {"-127.0.0.2", "a number is expected before \"-127.0.0.2\""},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_err err = {""};

		print_message("%s\n", cases[i].pattern);
		assert_null(mm_pattern_parse(cases[i].pattern, &err));
		assert_non_null(strstr(err.text, cases[i].want));
		assert_memory_equal(
		    cases[i].pattern, err.text, strlen(cases[i].pattern));
	}
}

/* Against the obvious reading of the four fields. */
static void
test_agrees_with_plain_reading(void **state)
{
	struct mm_err err;
	struct mm_pattern *pattern =
	    mm_pattern_parse("127.[0;2..4].[250..255].[0..255]", &err);

	(void)state;
	assert_non_null(pattern);
	for (unsigned b = 0; b < 256; b++) {
		for (unsigned c = 0; c < 256; c++) {
			const uint8_t a[4] = {127, (uint8_t)b, (uint8_t)c, 9};
			bool want = (b == 0 || (b >= 2 && b <= 4)) && c >= 250;

			assert_int_equal(want, mm_pattern_match(pattern, a));
			assert_false(mm_pattern_names(pattern, a));
		}
	}
	mm_pattern_free(pattern);
	mm_pattern_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_matches_and_names),
	    cmocka_unit_test(test_refuses_and_says_what_is_right),
	    cmocka_unit_test(test_agrees_with_plain_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
