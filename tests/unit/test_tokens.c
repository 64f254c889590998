/* tokens: what separates and what groups. */
#include "lib/tokens.h"
#include "tests/test.h"

#include <stdio.h>
#include <string.h>

static void
test_words(void **state)
{
	static const struct {
		const char *text, *want; /* words joined by "|" */
	} cases[] = {
	    {"", ""},
	    {" , ,\n", ""},
	    {"a,b c\td\n\te", "a|b|c|d|e"},
	    {"x inline:{ a = b, c=d } y", "x|inline:{ a = b, c=d }|y"},
	    {"{ a, { b c } } d", "{ a, { b c } }|d"},
	    {"l=127.0.0.[ 18..20 ], m", "l=127.0.0.[ 18..20 ]|m"},
	    {"l=127.0.0.[ 18\nm", "l=127.0.0.[ 18|m"},
	    {"p:{{/^\\[/ x}} d e", "p:{{/^\\[/ x}}|d|e"},
	    {"a } b ] c", "a|}|b|]|c"},
	    {"{ never closed, a", "{ never closed, a"},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		char got[256] = "";
		size_t at = 0, len, used = 0;

		while ((len = mm_token_next(cases[i].text, &at)) > 0) {
			used += (size_t)snprintf(got + used, sizeof(got) - used,
			    "%s%.*s", used > 0 ? "|" : "", (int)len,
			    cases[i].text + at);
			at += len;
		}
		assert_string_equal(cases[i].want, got);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
