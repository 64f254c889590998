/* suffix: whose domain a name is in. */
#include "lib/err.h"
#include "lib/suffix.h"
#include "tests/test.h"

#include <string.h>

static void
check(const struct mm_suffixes *suffixes, const char *name, const char *want)
{
	const char *domain = mm_suffixes_domain(suffixes, name);

	if (want == NULL) {
		assert_null(domain);
		return;
	}
	assert_non_null(domain);
	assert_string_equal(want, domain);
	assert_ptr_equal(name + strlen(name) - strlen(want), domain);
}

static void
test_the_systems_list(void **state)
{
	static const char *const cases[][2] = {
	    {"mx1.out.example.org", "example.org"},
	    {"example.org", "example.org"},
	    {"mx.example.co.uk", "example.co.uk"},
	    {"co.uk", NULL},
	    {"org", NULL},
	    {"mx.out.sender.example", "sender.example"}, /* nobody's rule */
	    {"host", NULL},
	    {"", NULL},
	    {".", NULL},
	    {"mx.xn--exmple-cua.xn--p1ai", "xn--exmple-cua.xn--p1ai"},
	};
	struct mm_err err;
	struct mm_suffixes *suffixes = mm_suffixes_open("", &err);

	(void)state;
	assert_non_null(suffixes);
	for (size_t i = 0; i < MM_COUNT(cases); i++)
		check(suffixes, cases[i][0], cases[i][1]);
	mm_suffixes_free(suffixes);
}

static void
test_a_list_that_is_not_there(void **state)
{
	struct mm_err err;

	(void)state;
	assert_null(mm_suffixes_open("/nonexistent/list", &err));
	assert_string_equal(
	    "/nonexistent/list: No such file or directory", err.text);
	mm_suffixes_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_systems_list),
	    cmocka_unit_test(test_a_list_that_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
