/* map_pcre, map_regexp: rules in order, substitution, bounded work. */
#include "lib/arena.h"
#include "lib/map.h"
#include "tests/test.h"
#include "tests/unit/tables.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *const both[] = {"pcre", "regexp"};

static void
assert_value(const struct mm_map *map, const char *key, const char *want)
{
	const char *got = table_get(map, key);

	print_message("%s %s\n", mm_map_spec(map), key);
	if (want == NULL)
		assert_null(got);
	else {
		assert_non_null(got);
		assert_string_equal(want, got);
	}
}

static void
test_rules_in_order(void **state)
{
	static const struct {
		const char *key, *want;
	} cases[] = {
	    {"abbbc", "got bbb bbbx bbby $z"},
	    {"ABBC", "got BB BBx BBy $z"},
	    {"yz", "one=[] two=[z]"},
	    {"xyz", "one=[x] two=[z]"},
	    {"pipe|x", "pipe"},
	    {"blank in it", "blank"},
	    {"q1", "q1"},
	    {"q2", NULL},
	    {"q3", "neither"},
	    {"sl/ash", "slash"},
	    {"cs", "lower"},
	    {"CS", NULL},
	    {"many", "line one  line two"},
	    {"other", "not these"},
	    {"", "not these"},
	};

	(void)state;
	for (size_t t = 0; t < MM_COUNT(both); t++) {
		struct mm_map *map =
		    table_of(both[t], "/^a(b+)c$/ got $1 ${1}x $(1)y $$z\n"
				      "/^(x)?y(z)$/ one=[$1] two=[$2]\n"
				      "|^pipe\\|x| pipe\n"
				      "/^blank in/ blank\n"
				      "if /^q/\n"
				      "/^q1/ q1\n"
				      "IF !/^q2/\n"
				      "/^q/ neither\n"
				      "endif\n"
				      "endif\n"
				      "/^sl\\/a/ slash\n"
				      "/^cs$/i lower\n"
				      "/^many/ line one\n"
				      "  line two\n"
				      "! /^(q|cs)/ not these\n");

		for (size_t i = 0; i < MM_COUNT(cases); i++)
			assert_value(map, cases[i].key, cases[i].want);
		assert_int_equal(MM_MAP_PATTERN, mm_map_kind(map));
		assert_int_equal(0, mm_map_given_up(map));
		mm_map_free(map);
	}
}

static void
test_faulty_rules_are_told(void **state)
{
	(void)state;
	for (size_t t = 0; t < MM_COUNT(both); t++) {
		assert_string_equal(
		    "1: \"foo bar\": a rule is needed, as in /pattern/ "
		    "result\n"
		    "2: no \"/\" ends the pattern that begins with "
		    "\"/unclosed foo\"\n"
		    "3: unknown flag \"q\" behind the pattern\n"
		    "4: a result is missing behind the pattern\n"
		    "5: $2, but the pattern has 1 group in (...)\n"
		    "6: $1, but the pattern has 0 groups in (...)\n"
		    "7: $1 in the result of a negated pattern, which matches "
		    "nothing to be put there\n"
		    "8: \"$x\": \"$\" takes a number, as in $1 or ${1}; a "
		    "plain one is written \"$$\"\n"
		    "9: \"${1\": \"$\" takes a number, as in $1 or ${1}; a "
		    "plain one is written \"$$\"\n"
		    "10: \"$0\": groups are counted from 1 to 99\n"
		    "11: \"$\": \"$\" takes a number, as in $1 or ${1}; a "
		    "plain one is written \"$$\"\n"
		    "12: \"$1st\": \"$\" takes a number, as in $1 or ${1}; a "
		    "plain one is written \"$$\"\n"
		    "13: nothing may follow the pattern of an if, but there "
		    "is \"x\"\n"
		    "15: endif without an if\n",
		    table_complaints(both[t], "foo bar\n"
					      "/unclosed foo\n"
					      "/a/q x\n"
					      "/a/\n"
					      "/(a)/ $1 $2\n"
					      "/a/ ${1}\n"
					      "!/(a)/ $1\n"
					      "/(a)/ $x\n"
					      "/(a)/ ${1\n"
					      "/(a)/ $0\n"
					      "/(a)/ costs $\n"
					      "/(a)/ $1st\n"
					      "if /a/ x\n"
					      "endif\n"
					      "endif\n"));
	}
	assert_string_equal(
	    "1: missing closing parenthesis, at the end of the pattern\n",
	    table_complaints("pcre", "/(a/ x\n"));
	assert_string_equal("1: Unmatched ( or \\( in the pattern \"(a\"\n",
	    table_complaints("regexp", "/(a/ x\n"));
	/* an if whose pattern is wrong still takes its endif */
	assert_string_equal("1: no \"/\" ends the pattern that begins with "
			    "\"/a\"\n",
	    table_complaints("pcre", "if /a\n/b/ x\nendif\n"));
	/* an if has one pattern, in regexp: too */
	assert_string_equal("1: nothing may follow the pattern of an if, but "
			    "there is \"!/b/\"\n",
	    table_complaints("regexp", "if /a/!/b/\n/./ x\nendif\n"));
}

/* regcomp(3) would take all memory for these, as short as they are. */
static void
test_regexp_too_large(void **state)
{
	static const char *const too_large[] = {
	    "x++++++++++++++++++++++++++++++++",
	    "x++++++++++*++++++++++?++++++++++",
	    "((((a{1,255}){1,255}){1,255}){1,255})",
	    "(([a]]{99}){99}[]+]{99}){99}",
	    "a{255}{1,255}{255}",
	    "((a+{3,})+[[:alpha:]]{9000}){90}",
	};
	static const char *const fine[] = {
	    "x++",
	    "(a+b+c+)+",
	    "\\+\\+\\+\\+\\+\\+\\+\\+\\+\\+"
	    "\\+\\+\\+\\+\\+\\+\\+\\+\\+\\+\\+\\+",
	    "[+++++++++++++++++++++++++++++++++++]",
	    "a{1,255}b{99}",
	    "(.){3}.*|(^[[:xdigit:]]{32,}[+=._-][0-9]{6,})+@",
	};
	char line[128];

	(void)state;
	for (size_t i = 0; i < sizeof(too_large) / sizeof(*too_large); i++) {
		snprintf(line, sizeof(line), "/%s/ x\n", too_large[i]);
		assert_non_null(strstr(
		    table_complaints("regexp", line), "repeats repetitions"));
	}
	for (size_t i = 0; i < sizeof(fine) / sizeof(*fine); i++) {
		snprintf(line, sizeof(line), "/%s/ x\n", fine[i]);
		mm_map_free(table_of("regexp", line));
	}
	/* in a basic expression a bare plus is a plus */
	mm_map_free(table_of("regexp", "/x++++++++++++++++++++++++++/x y\n"));
	assert_non_null(strstr(
	    table_complaints("regexp", "/x\\{200\\}\\{200\\}\\{200\\}/x y\n"),
	    "repeats repetitions"));
}

static void
test_pcre_flags(void **state)
{
	struct mm_map *map = table_of("pcre", "/^dot.all$/ s is on\n"
					      "/^dot.none$/s s is off\n"
					      "/^second$/m m\n"
					      "/^sp ace  # comment$/x x\n"
					      "/anchored/A A\n"
					      "/^end$/E E\n"
					      "/^u(.+)u/U greedy is off: $1\n"
					      "/^x/X obsolete\n");

	(void)state;
	assert_value(map, "dot\nall", "s is on");
	assert_value(map, "dot\nnone", NULL);
	assert_value(map, "dotxnone", "s is off");
	assert_value(map, "first\nsecond", "m");
	assert_value(map, "space", "x");
	assert_value(map, "is anchored", NULL);
	assert_value(map, "anchored is", "A");
	assert_value(map, "end\n", NULL);
	assert_value(map, "end", "E");
	assert_value(map, "uaubu", "greedy is off: a");
	assert_value(map, "x", "obsolete");
	mm_map_free(map);
}

static void
test_regexp_flags_and_second_pattern(void **state)
{
	struct mm_map *map =
	    table_of("regexp", "/^(r.)/!/^r2/ one, not the other: $1\n"
			       "/^Case/i!/^case2/ mixed\n"
			       "/^a+b$/x basic: plus is a plus\n"
			       "/^second$/m m\n"
			       "/^w/! !/^w1/ both\n"
			       "!!_^v_ twice\n"
			       "!/^[^q]/!/^qt/ neither\n");

	(void)state;
	assert_value(map, "r1x", "one, not the other: r1");
	assert_value(map, "R2", NULL);
	assert_value(map, "Case1", "mixed");
	assert_value(map, "case1", NULL);
	assert_value(map, "Case2", NULL);
	assert_value(map, "a+b", "basic: plus is a plus");
	assert_value(map, "aab", NULL);
	assert_value(map, "first\nsecond", "m");
	assert_value(map, "w1", "both");
	assert_value(map, "w2", NULL);
	assert_value(map, "v", "twice");
	assert_value(map, "qt", NULL);
	assert_value(map, "q", "neither");
	mm_map_free(map);
}

static void
test_in_place(void **state)
{
	(void)state;
	for (size_t t = 0; t < MM_COUNT(both); t++) {
		char spec[128];
		struct mm_map *map;

		snprintf(spec, sizeof(spec),
		    "%s:{{# a comment} {} {/^a{2}$/ twice, really}, {if /^b/} "
		    "{/(c)/ <$1>} "
		    "{endif}}",
		    both[t]);
		map = table_open(spec);
		assert_value(map, "aa", "twice, really");
		assert_value(map, "a", NULL);
		assert_value(map, "c", NULL);
		assert_value(map, "bc", "<c>");
		mm_map_free(map);
	}
}

/* Exponential for a matcher that backtracks. */
static void
test_pcre_work_is_bounded(void **state)
{
	struct mm_map *map = table_of("pcre", "/^(a+)+$/ all a\n"
					      "!/^(a+)+$/ not all a\n"
					      "/^a/ begins with a\n");
	char key[65];
	clock_t start = clock();

	(void)state;
	memset(key, 'a', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	assert_value(map, key, "all a");
	assert_int_equal(0, mm_map_given_up(map));
	/* neither matching nor not: the rules behind it decide */
	key[sizeof(key) - 2] = 'b';
	assert_value(map, key, "begins with a");
	assert_int_equal(2, mm_map_given_up(map));
	assert_true(clock() - start < 10 * CLOCKS_PER_SEC);
	mm_map_free(map);
}

/* More than the compiled code's own stack holds: the interpreter does it. */
static void
test_pcre_deep_recursion(void **state)
{
	struct mm_map *map = table_of("pcre", "/^((?:a|b)*?c)$/ deep\n");
	static char key[20001];

	(void)state;
	memset(key, 'a', sizeof(key) - 2);
	key[sizeof(key) - 2] = 'c';
	assert_value(map, key, "deep");
	mm_map_free(map);
}

static void
test_memory_that_is_out_is_told(void **state)
{
	struct mm_map *map = table_of("pcre", "/(a+)/ $1\n/b/ plain\n");
	struct mm_arena *arena = mm_arena_new(1);
	const char *value;

	(void)state;
	assert_non_null(arena);
	assert_int_equal(
	    MM_MAP_FAILED, mm_map_lookup(map, "aaa", arena, &value));
	assert_int_equal(MM_MAP_FOUND, mm_map_lookup(map, "b", arena, &value));
	assert_string_equal("plain", value); /* borrowed */
	mm_arena_free(arena);
	mm_map_free(map);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rules_in_order),
	    cmocka_unit_test(test_faulty_rules_are_told),
	    cmocka_unit_test(test_pcre_flags),
	    cmocka_unit_test(test_regexp_flags_and_second_pattern),
	    cmocka_unit_test(test_regexp_too_large),
	    cmocka_unit_test(test_in_place),
	    cmocka_unit_test(test_pcre_work_is_bounded),
	    cmocka_unit_test(test_pcre_deep_recursion),
	    cmocka_unit_test(test_memory_that_is_out_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
