/* template: what expands to what, and what is wrong at load. */
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"
#include "lib/template.h"
#include "tests/test.h"

#include <string.h>

static const char *
value(void *ctx, const char *name)
{
	(void)ctx;
	if (strcmp(name, "code") == 0)
		return "554";
	if (strcmp(name, "reason") == 0)
		return "listed";
	if (strcmp(name, "empty") == 0)
		return "";
	if (strcmp(name, "hostile") == 0)
		return "a\r\nb$code\xff";
	return NULL;
}

static void
test_expands(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
	    {"$code Service", "554 Service"},
	    {"${code}x $(code)y $$code", "554x 554y $code"},
	    {"a${reason?; $reason}b", "a; listedb"},
	    {"a${empty?; $empty}b", "ab"},
	    {"a${empty:none}${reason:none}", "anone"},
	    {"${reason?{yes $code}:{no}}", "yes 554"},
	    {"${empty?{yes}:{no $code}}", "no 554"},
	    {"${{$code}==554?{x}:{y}}", NULL},
	    {"${{$code}=={554}?{same}:{other}}", "same"},
	    {"${{$code} < {60} ? {less} : {more}}", "more"},
	    {"${{$reason}!={x}?{other}}", "other"},
	    {"${{9}>={10}?{more}:{less}}", "less"},
	    {"$hostile", "a__b$code_"},
	    {"$nothing", NULL},
	    {"${code", NULL},
	    {"$ x", NULL},
	    {"${code!x}", NULL},
	    {"${code?{a}b}", NULL},
	};
	struct mm_arena *arena = mm_arena_new(65536);

	(void)state;
	assert_non_null(arena);
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		const char *got =
		    mm_template_expand(arena, cases[i].text, value, NULL);

		if (cases[i].want == NULL)
			assert_null(got);
		else
			assert_string_equal(cases[i].want, got);
	}
	mm_arena_free(arena);
}

/* Also in a branch that no value takes today. */
static void
test_check_looks_everywhere(void **state)
{
	struct mm_err err;

	(void)state;
	assert_int_equal(
	    0, mm_template_check("$code ${empty?$reason}", value, NULL, &err));
	assert_int_equal(
	    -1, mm_template_check("$code ${empty?$typo}", value, NULL, &err));
	assert_string_equal("unknown macro in \"typo\"", err.text);
	assert_int_equal(-1, mm_template_check("${code?{a}:{${empty?{$typo}}}}",
				 value, NULL, &err));
}

static void
test_depth_is_bounded(void **state)
{
	char text[4096];
	struct mm_buf buf;
	struct mm_err err;

	(void)state;
	mm_buf_init(&buf, text, sizeof(text));
	for (int i = 0; i < 200; i++)
		mm_buf_add(&buf, "${code?");
	mm_buf_add(&buf, "x");
	for (int i = 0; i < 200; i++)
		mm_buf_add(&buf, "}");
	assert_int_equal(-1, mm_template_check(text, value, NULL, &err));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_expands),
	    cmocka_unit_test(test_check_looks_everywhere),
	    cmocka_unit_test(test_depth_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
