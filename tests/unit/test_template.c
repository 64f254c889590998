/* template: names and conditions expand as in Postfix's mac_expand(3). */
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"
#include "lib/template.h"
#include "tests/test.h"

#include <string.h>

static const char *
value_of(void *ctx, const char *name)
{
	static const struct {
		const char *name, *value;
	} values[] = {
	    {"s", "set"},
	    {"e", ""},
	    {"n5", "5"},
	    {"n10", "10"},
	    {"nasty", "a\r\nb\xff\t$s {x}"},
	    {"rbl_code", "554"},
	    {"rbl_class", "Client host"},
	    {"rbl_what", "192.0.2.99"},
	    {"rbl_domain", "bl.example.org"},
	    {"rbl_reason", "listed, see http://bl.example.org/"},
	};

	for (size_t i = 0; i < MM_COUNT(values); i++) {
		if (strcmp(name, values[i].name) == 0) {
			++*(unsigned *)ctx;
			return values[i].value;
		}
	}
	return NULL;
}

static void
test_expands(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
	    {"", ""},
	    {"plain", "plain"},
	    {"$s.x", "set.x"},
	    {"$(s)${s}", "setset"},
	    {"${ s }", "set"},
	    {"$$s $$$s", "$s $set"},
	    {"[${s?yes}] [${e?yes}] [${s:no}] [${e:no}]", "[yes] [] [] [no]"},
	    {"${s?{yes}:{no}} ${e?{yes}:{no}} ${e?{yes}:no}", "yes no no"},
	    {"${e?{ yes }:{ no }}", " no "},
	    {"${s ? { yes } : { no }}", " yes "},
	    {"[${s?  sp }] [${e: sp }]", "[  sp ] [ sp ]"},
	    {"${s?a:b} ${e:a?b}", "a:b a?b"},
	    {"${s?a{b}c}", "a{b}c"},
	    {"${s?$e,$n5} ${s?{$n5}} ${s?{${s?$n10}}}", ",5 5 10"},
	    {"$(s?(x)y) $(s?{a}:{b})", "(x)y a"},
	    {"[${s?}] [${s:}] [${s?{}}]", "[] [] []"},
	    {"${s?$$}", "$"},
	    /* comparisons */
	    {"${{a}=={b}?{x}:{y}} ${{a}=={a}?{x}:{y}}", "y x"},
	    {"${ {a} == {a} ? {x} : {y} }", "x"},
	    {"[${{a}=={a}}] [${{a}=={b}}] [${{a}=={b}:z}]", "[true] [] [z]"},
	    {"${{$n5}<{$n10}?{lt}:{ge}} ${{a5}<{a10}?{lt}:{ge}}", "lt ge"},
	    {"${{05}=={5}?{num}:{text}} ${{-5}<{5}?{num}:{text}}", "num num"},
	    {"${{9}<{10}?{num}:{text}} ${{9a}<{10}?{num}:{text}}", "num text"},
	    {"${{ 5}=={5}?{x}:y} ${{A}=={a}?{x}:y}", "y y"},
	    {"${{}=={}?{x}:y} ${{}!={a}?x}", "x x"},
	    {"${{b}>={a}?{1}:{0}}${{b}<={a}?{1}:{0}}${{b}>{a}?{1}:{0}}"
	     "${{b}!={b}?{1}:{0}}${{b}>={b}?{1}:{0}}",
		"10101"},
	    {"${{${s}}=={set}?{ok}}", "ok"},
	    {"${{$$}=={$$}?{$$}}", "$"},
	    /* values are not read again, and are made harmless */
	    {"$nasty", "a__b_\t$s {x}"},
	    /* Postfix's own */
	    {"$rbl_code Service unavailable; $rbl_class [$rbl_what] blocked "
	     "using $rbl_domain${rbl_reason?; $rbl_reason}",
		"554 Service unavailable; Client host [192.0.2.99] blocked "
		"using bl.example.org; listed, see http://bl.example.org/"},
	};
	unsigned asked = 0;

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_arena *arena = mm_arena_new(65536);
		struct mm_err err = {""};
		const char *got;

		print_message("%s\n", cases[i].text);
		assert_int_equal(0,
		    mm_template_check(cases[i].text, value_of, &asked, &err));
		got =
		    mm_template_expand(arena, cases[i].text, value_of, &asked);
		assert_non_null(got);
		assert_string_equal(cases[i].want, got);
		assert_string_equal("", err.text);
		mm_arena_free(arena);
	}
}

static void
test_refuses(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
	    {"${s", "no bracket ends \"{s\""},
	    {"$(s}", "no bracket ends \"(s}\""},
	    {"${s?{a}", "no bracket ends \"{s?{a}\""},
	    {"a $", "a name must follow \"$\", or \"$$\" be written, before "
		    "\"\""},
	    {"a $ b", "a name must follow \"$\", or \"$$\" be written, before "
		      "\" b\""},
	    {"${}", "a name must follow \"$\", or \"$$\" be written, before "
		    "\"\""},
	    {"$-x", "a name must follow \"$\", or \"$$\" be written, before "
		    "\"-x\""},
	    {"$unknown", "nothing has the name \"unknown\""},
	    {"$sx", "nothing has the name \"sx\""},
	    {"${unknown?x}", "nothing has the name \"unknown\""},
	    /* in a branch that is not taken */
	    {"${s?{a}:{$unknown}}", "nothing has the name \"unknown\""},
	    {"${{a}=={b}?$unknown}", "nothing has the name \"unknown\""},
	    {"${s!x}", "\"?\" or \":\" is needed before \"!x\""},
	    {"${s.x}", "\"?\" or \":\" is needed before \".x\""},
	    {"${s?{a}b}", "\":\" is needed before \"b\""},
	    {"${s?{a}:{b}c}", "nothing may follow the last brace, not \"c\""},
	    {"${s:{a}?{b}}", "nothing may follow the last brace, not "
			     "\"?{b}\""},
	    {"${{a}={b}?{x}}",
		"==, !=, <, <=, > or >= is needed before \"={b}?{x}\""},
	    {"${{a}{b}?x}",
		"==, !=, <, <=, > or >= is needed before \"{b}?x\""},
	    {"${{a}==b?{x}:{y}}",
		"what is compared stands in braces, not \"b?{x}:{y}\""},
	    {"${{a}=={b}x}", "\"?\" or \":\" is needed before \"x\""},
	};
	unsigned asked = 0;

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_err err = {""};

		assert_int_equal(-1,
		    mm_template_check(cases[i].text, value_of, &asked, &err));
		assert_string_equal(cases[i].want, err.text);
	}
}

static void
test_only_the_branch_taken_is_asked_for(void **state)
{
	struct mm_arena *arena = mm_arena_new(65536);
	unsigned asked = 0;

	(void)state;
	assert_string_equal("set",
	    mm_template_expand(arena, "${e?{$n5$n10}:{$s}}", value_of, &asked));
	assert_int_equal(2, asked);
	assert_null(mm_template_expand(arena, "$unknown", value_of, &asked));
	mm_arena_free(arena);
}

static void
test_depth_and_length_are_bounded(void **state)
{
	static char text[20000];
	struct mm_arena *arena = mm_arena_new(1 << 20);
	struct mm_err err;
	struct mm_buf buf;
	unsigned asked = 0;
	const char *got;

	(void)state;
	mm_buf_init(&buf, text, sizeof(text));
	for (int i = 0; i < 100; i++)
		mm_buf_add(&buf, "${s?");
	for (int i = 0; i < 100; i++)
		mm_buf_add(&buf, "}");
	assert_int_equal(-1, mm_template_check(text, value_of, &asked, &err));
	assert_string_equal("too many conditions in conditions", err.text);

	mm_buf_init(&buf, text, sizeof(text));
	for (int i = 0; i < 4000; i++)
		mm_buf_add(&buf, "$s");
	got = mm_template_expand(arena, text, value_of, &asked);
	assert_non_null(got);
	assert_int_equal(4095, strlen(got));
	mm_arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_expands),
	    cmocka_unit_test(test_refuses),
	    cmocka_unit_test(test_only_the_branch_taken_is_asked_for),
	    cmocka_unit_test(test_depth_and_length_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
