/* map: types are found, text is read, keys are looked up. */
#include "lib/arena.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/map.h"
#include "tests/heap.h"
#include "tests/test.h"
#include "tests/tmpdir.h"
#include "tests/unit/tables.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void
assert_value(const struct mm_map *map, const char *key, const char *want)
{
	const char *got = table_get(map, key);

	print_message("%s\n", key);
	if (want == NULL)
		assert_null(got);
	else {
		assert_non_null(got);
		assert_string_equal(want, got);
	}
}

static void
test_lines_as_postfix_reads_them(void **state)
{
	struct mm_map *map =
	    table_of("texthash", "# a comment\n"
				 "\n"
				 "one 1\r\n"
				 "two   2 and\t more \t \n"
				 "three 3\n"
				 "   goes on \n"
				 "# even after a comment\n"
				 "  # or this one\n"
				 "\n"
				 "\tand on\n"
				 "\"four words in quotes\"@Example.org 4\n"
				 "f\\\"ive 5\n"
				 "Six\t6\n"
				 "seven 7");

	(void)state;
	assert_value(map, "one", "1");
	assert_value(map, "two", "2 and\t more");
	assert_value(map, "three", "3   goes on \tand on");
	assert_value(map, "\"four words in quotes\"@example.org", "4");
	assert_value(map, "four words in quotes@example.org", NULL);
	assert_value(map, "f\\\"ive", "5");
	assert_value(map, "SIX", "6");
	assert_value(map, "sIx", "6");
	assert_value(map, "seven", "7");
	assert_value(map, "eight", NULL);
	assert_value(map, "", NULL);
	assert_value(map, "#", NULL);
	assert_int_equal(7, mm_map_size(map));
	assert_int_equal(MM_MAP_KEYED, mm_map_kind(map));
	assert_string_equal("texthash:t", mm_map_spec(map));
	mm_map_free(map);
	mm_map_free(NULL);
}

static void
test_faulty_lines_are_told(void **state)
{
	(void)state;
	assert_string_equal(
	    "1: the line begins with white space, but there is no line "
	    "before it to go on with\n"
	    "3: a value is missing behind \"lonely\": each line is a key, a "
	    "blank and a value\n"
	    "4: a '\"' without its partner\n"
	    "6: notice: \"key:\" ends in a colon, as if this were an alias "
	    "file: the colon is part of the key\n"
	    "8: notice: \"192.0.2.0/24\" never matches here: address ranges "
	    "need a cidr: table\n",
	    table_complaints("hash", "  lost x\n"
				     "a b\n"
				     "lonely\n"
				     "\"un closed 1\n"
				     "\"\" is a key\n"
				     "key: value\n"
				     "2001:db8: value\n"
				     "192.0.2.0/24 value\n"));
	assert_string_equal("", table_complaints("hash", ""));
	assert_string_equal("", table_complaints("hash", "\n#\n \n"));
}

/* postmap keeps the first; smtpd refuses a texthash with duplicates. */
static void
test_duplicates(void **state)
{
	static const char *const compiled[] = {"hash", "btree", "lmdb"};
	static const char text[] = "a 1\nb 2\nA 3\n";
	struct mm_complaints all = {0};
	struct mm_err err;
	struct mm_arena *arena = mm_arena_new(65536);
	const char *value;
	struct mm_map *map;

	(void)state;
	for (size_t i = 0; i < MM_COUNT(compiled); i++)
		assert_string_equal("3: notice: \"A\" is there already in "
				    "line 1: the first one counts\n",
		    table_complaints(compiled[i], text));
	map = mm_map_parse("hash:t", text, strlen(text), &all, &err);
	assert_non_null(map);
	assert_value(map, "a", "1");
	assert_int_equal(2, mm_map_size(map));
	mm_map_free(map);
	mm_complaints_clear(&all);

	assert_string_equal("3: notice: \"A\" is there already in line 1: this "
			    "table is of no use, and what looks something up "
			    "in it is answered 451, as in Postfix\n",
	    table_complaints("texthash", text));
	map = mm_map_parse("texthash:t", text, strlen(text), &all, &err);
	assert_non_null(map);
	assert_int_equal(MM_MAP_FAILED, mm_map_lookup(map, "b", arena, &value));
	mm_map_free(map);
	mm_complaints_clear(&all);
	assert_string_equal("7: notice: inline:{...}: item 2: \"A\" is there "
			    "already: the last one counts\n",
	    spec_complaints("inline:{a=1, A=2}"));
	map = mm_map_open("inline:{a=1, A=2}", "main.cf", 7, &all, &err);
	assert_non_null(map);
	assert_value(map, "a", "2");
	mm_map_free(map);
	mm_complaints_clear(&all);
	mm_arena_free(arena);
}

static void
test_inline(void **state)
{
	struct mm_map *map = table_open(
	    "inline:{ a=b,C=d {key = some text, commas, } {e={f}} \n\tg=h=i }");

	(void)state;
	assert_value(map, "a", "b");
	assert_value(map, "c", "d");
	assert_value(map, "KEY", "some text, commas,");
	assert_value(map, "e", "{f}");
	assert_value(map, "g", "h=i");
	assert_value(map, "b", NULL);
	assert_int_equal(5, mm_map_size(map));
	mm_map_free(map);

	map = table_open("inline:{{\"a b\"@c = d}, a\\=b=c}");
	assert_value(map, "\"A b\"@c", "d");
	assert_value(map, "a\\=b", "c");
	mm_map_free(map);

	map = table_open("inline:{{a = two\n words}}");
	assert_value(map, "a", "two  words");
	mm_map_free(map);

	assert_string_equal("7: inline:{...}: item 1: \"a\" is not key=value; "
			    "a value with blanks is written {key = value}\n"
			    "7: inline:{...}: item 2: a key is missing before "
			    "\"=b\"\n"
			    "7: inline:{...}: item 3: a value is missing "
			    "behind \"c=\"\n",
	    spec_complaints("inline:{a, =b, c=}"));
}

static void
test_static(void **state)
{
	struct mm_map *map = table_open("static:OK");

	(void)state;
	assert_value(map, "anything", "OK");
	assert_value(map, "", "OK");
	assert_int_equal(MM_MAP_STATIC, mm_map_kind(map));
	assert_int_equal(1, mm_map_size(map));
	mm_map_free(map);
	map = table_open("static:{ 550 go away }");
	assert_value(map, "x", "550 go away");
	mm_map_free(map);
}

/* As postmap -q of Postfix 3.7 answers. */
static void
test_tables_made_of_others(void **state)
{
	static const struct {
		const char *spec, *key, *want;
	} cases[] = {
	    {"unionmap:{inline:{a=b,c=d},inline:{a=x}}", "a", "b,x"},
	    {"unionmap:{inline:{a=b,c=d}\n static:z}", "C", "d,z"},
	    {"unionmap:{inline:{a=b,c=d},static:z}", "q", "z"},
	    {"unionmap:{inline:{a=b},inline:{c=d}}", "q", NULL},
	    {"unionmap:{inline:{a=b} pcre:{{/^(a)/ $1$1}}}", "a", "b,aa"},
	    {"unionmap:{inline:{ { a = b, c } } }", "a", "b, c"},
	    {"unionmap:{inline:{a={ b }}}", "a", "{ b }"},
	    {"pipemap:{inline:{a=b},inline:{b=c}}", "a", "c"},
	    {"pipemap:{inline:{a=B},inline:{b=c}}", "A", "c"},
	    {"pipemap:{inline:{a=b},inline:{c=c}}", "a", NULL},
	    {"pipemap:{inline:{a=b}}", "a", "b"},
	    {"pipemap:{inline:{a=b},unionmap:{static:1,pcre:{{/b/ 2}}}}", "a",
		"1,2"},
	    {"pipemap:{inline:{q=r},fail:x}", "a", NULL},
	    {"proxy:unionmap:{proxy:static:a,static:b}", "x", "a,b"},
	    /* behind keys, patterns see lower case */
	    {"unionmap:{inline:{ab=c},pcre:{{/(.)/ $1}}}", "AB", "c,a"},
	    {"pipemap:{pcre:{{/(.*)/ $1}},inline:{ab=c}}", "AB", "c"},
	    {"pipemap:{pcre:{{/(.*)/ $1}},pcre:{{/(.*)/ $1}}}", "AB", "AB"},
	    /* what is empty is nothing */
	    {"unionmap:{pcre:{{/(a)(b)?/ $2}},static:x}", "a", "x"},
	    {"unionmap:{static:x,pcre:{{/(a)(b)?/ $2}}}", "a", "x,"},
	    {"unionmap:{pcre:{{/(a)(b)?/ $2}}}", "a", NULL},
	    {"randmap:{x}", "a", "x"},
	    {"randmap:{{x y}}", "a", "{x y}"},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_complaints all = {0};
		struct mm_err err;
		struct mm_map *map =
		    mm_map_open(cases[i].spec, "main.cf", 7, &all, &err);

		assert_non_null(map);
		print_message("%s: ", cases[i].spec);
		assert_value(map, cases[i].key, cases[i].want);
		assert_int_equal(0, all.errors);
		mm_complaints_clear(&all);
		mm_map_free(map);
	}
	assert_string_equal(
	    "7: notice: \"proxy:static:a\" is read without proxy:, as if it "
	    "were not there\n",
	    spec_complaints("unionmap:{proxy:static:a}"));
	assert_string_equal("7: inline:{...}: item 1: \"a\" is not key=value; "
			    "a value with blanks is written {key = value}\n",
	    spec_complaints("unionmap:{inline:{a}}"));
}

static void
test_a_member_that_fails(void **state)
{
	static const char *const specs[] = {"fail:x",
	    "unionmap:{inline:{a=b},fail:x}", "unionmap:{fail:x,inline:{a=b}}",
	    "pipemap:{fail:x,inline:{a=b}}", "pipemap:{inline:{a=b},fail:x}",
	    "unionmap:{static:a,pipemap:{static:a,fail:x}}"};
	struct mm_arena *arena = mm_arena_new(65536);
	const char *value;

	(void)state;
	for (size_t i = 0; i < MM_COUNT(specs); i++) {
		struct mm_map *map = table_open(specs[i]);

		print_message("%s\n", specs[i]);
		assert_int_equal(
		    MM_MAP_FAILED, mm_map_lookup(map, "a", arena, &value));
		mm_map_free(map);
	}
	mm_arena_free(arena);
}

/* The first one says how keys are tried, in Postfix too. */
static void
test_kind_of_tables_made_of_others(void **state)
{
	static const struct {
		const char *spec;
		enum mm_map_kind want;
		size_t values;
	} cases[] = {
	    {"unionmap:{inline:{a=b,c=d},cidr:{{::1 a}}}", MM_MAP_KEYED, 3},
	    {"unionmap:{cidr:{{::1 a}},inline:{a=b}}", MM_MAP_PATTERN, 2},
	    {"unionmap:{static:a,cidr:{{::1 a}}}", MM_MAP_KEYED, 2},
	    {"pipemap:{pcre:{{/a/ b}},inline:{a=b,c=d}}", MM_MAP_PATTERN, 2},
	    {"pipemap:{unionmap:{pcre:{{/a/ b}}},static:x}", MM_MAP_PATTERN, 1},
	    {"randmap:{a,b, c}", MM_MAP_PATTERN, 3},
	    {"fail:x", MM_MAP_PATTERN, 0},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_map *map = table_open(cases[i].spec);

		print_message("%s\n", cases[i].spec);
		assert_int_equal(cases[i].want, mm_map_kind(map));
		assert_int_equal(cases[i].values, mm_map_size(map));
		mm_map_free(map);
	}
}

static void
test_depth_is_bounded(void **state)
{
	static const char open[] = "unionmap:{unionmap:{unionmap:{unionmap:{"
				   "unionmap:{unionmap:{unionmap:{";
	char spec[256], deeper[300];
	struct mm_complaints all = {0};
	struct mm_err err;
	struct mm_map *map;

	(void)state;
	snprintf(spec, sizeof(spec), "%sstatic:x}}}}}}}", open);
	map = table_open(spec);
	assert_value(map, "a", "x");
	mm_map_free(map);
	snprintf(deeper, sizeof(deeper), "pipemap:{%s}", spec);
	assert_null(mm_map_open(deeper, "main.cf", 7, &all, &err));
	assert_non_null(
	    strstr(err.text, "more than 8 tables inside each other"));
	assert_int_equal(0, all.n);
}

/* One key always draws the same; many keys draw them all. */
static void
test_random(void **state)
{
	struct mm_map *map = table_open("randmap:{a,b,c}");
	unsigned seen[3] = {0};

	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		char key[16], first[2];
		const char *value;

		snprintf(key, sizeof(key), "192.0.2.%u", i);
		value = table_get(map, key);
		assert_non_null(value);
		snprintf(first, sizeof(first), "%s", value);
		assert_string_equal(first, table_get(map, key));
		seen[*first - 'a']++;
	}
	for (size_t i = 0; i < MM_COUNT(seen); i++)
		assert_in_range(seen[i], 50, 150);
	mm_map_free(map);
}

static void
test_a_table_that_cannot_be(void **state)
{
	static const struct {
		const char *spec, *want;
	} cases[] = {
	    {"hahs:/a", "unknown type of table \"hahs\": did you mean "
			"\"hash\"?"},
	    {"Hash:/a", "unknown type of table \"Hash\": did you mean "
			"\"hash\"?"},
	    {"frobnicate:/a", "unknown type of table \"frobnicate\""},
	    {"ldap:/a", "ldap: tables are not supported yet"},
	    {"socketmap:unix:/a", "it must be inet:host:port:name or "
				  "unix:/path:name behind socketmap:"},
	    {"socketmap:inet:localhost:x",
		"it must be inet:host:port:name or unix:/path:name behind "
		"socketmap:"},
	    {"socketmap:tcp:a:1:x", "it must be inet:host:port:name or "
				    "unix:/path:name behind socketmap:"},
	    {"socketmap:unix:/a:", "it must be inet:host:port:name or "
				   "unix:/path:name behind socketmap:"},
	    {"sqlite:/nonexistent/q.cf",
		"/nonexistent/q.cf: No such file or directory"},
	    {"unionmap:{a:b}", "unionmap:{...}: item 1: unknown type of table "
			       "\"a\""},
	    {"unionmap:{}", "tables are missing, as in "
			    "unionmap:{inline:{key=value}}"},
	    {"unionmap:{inline:{a=b}, foo}",
		"unionmap:{...}: item 2: \"foo\" is not a table: it must be "
		"type:name, as in hash:/etc/mailmum/access"},
	    {"unionmap:{{inline:{a=b}}}", "unionmap:{...}: item 1: unknown "
					  "type of table \"{inline\": did you "
					  "mean \"inline\"?"},
	    {"unionmap:inline:{a=b}", "unionmap: takes braces, as in "
				      "unionmap:{inline:{key=value}}"},
	    {"pipemap:{static:a, unionmap:{}}",
		"pipemap:{...}: item 2: tables are missing, as in "
		"unionmap:{inline:{key=value}}"},
	    {"randmap:{ }", "values are missing, as in randmap:{OK, DUNNO}"},
	    {"randmap:OK", "randmap: takes braces, as in randmap:{OK, DUNNO}"},
	    {"fail:", "nothing behind \"fail:\""},
	    {"cdb:/a", "cdb: tables are not supported yet"},
	    {"proxy:hahs:/a", "unknown type of table \"hahs\": did you mean "
			      "\"hash\"?"},
	    {"proxy:proxy:hash:/a", "unknown type of table \"proxy\""},
	    {"/etc/access", "\"/etc/access\" is not a table: it must be "
			    "type:name, as in hash:/etc/mailmum/access"},
	    {":x", "\":x\" is not a table: it must be type:name, as in "
		   "hash:/etc/mailmum/access"},
	    {"", "\"\" is not a table: it must be type:name, as in "
		 "hash:/etc/mailmum/access"},
	    {"hash:", "nothing behind \"hash:\""},
	    {"hash:{a=b}", "hash: takes a file: write inline:{...} for a "
			   "table in place"},
	    {"inline:a=b", "inline: takes braces, as in inline:{key=value}"},
	    {"inline:{a=b} c", "nothing may follow the last \"}\", but there "
			       "is \" c\""},
	    {"inline:{a=b}}", "nothing may follow the last \"}\", but there "
			      "is \"}\""},
	    {"cidr:{{192.0.2.1 a}", "a \"{\" without its \"}\""},
	    {"static:{}", "a value is missing, as in static:OK"},
	    {"hash:/nonexistent/access",
		"/nonexistent/access: No such file or directory"},
	    {"cidr:/", "/: not a regular file"},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_complaints all = {0};
		struct mm_err err = {""};

		print_message("%s\n", cases[i].spec);
		assert_null(
		    mm_map_open(cases[i].spec, "main.cf", 7, &all, &err));
		assert_string_equal(cases[i].want, err.text);
		assert_int_equal(0, all.n);
	}
}

struct seen {
	const char *values[4], *file;
	unsigned lines[4];
	size_t n, stop_at;
};

static bool
see(void *ctx, const char *value, const char *file, unsigned line)
{
	struct seen *seen = ctx;

	seen->values[seen->n] = value;
	seen->lines[seen->n] = line;
	seen->file = file;
	return ++seen->n < seen->stop_at;
}

static void
test_values_as_written(void **state)
{
	struct mm_map *map = table_of(
	    "pcre", "/(a)/ $1\n# no\nif /b/\n/b/ 2\n  and\nendif\n/c/ 3\n");
	struct seen seen = {.stop_at = 4};

	(void)state;
	mm_map_values(map, see, &seen);
	assert_int_equal(3, seen.n);
	assert_string_equal("$1", seen.values[0]);
	assert_int_equal(1, seen.lines[0]);
	assert_string_equal("2  and", seen.values[1]);
	assert_int_equal(4, seen.lines[1]);
	assert_int_equal(7, seen.lines[2]);
	assert_string_equal("t", seen.file);
	assert_int_equal(3, mm_map_size(map));

	seen = (struct seen){.stop_at = 1};
	mm_map_values(map, see, &seen);
	assert_int_equal(1, seen.n);
	mm_map_free(map);

	map = table_open("inline:{a=b}");
	seen = (struct seen){.stop_at = 4};
	mm_map_values(map, see, &seen);
	assert_int_equal(1, seen.n);
	assert_int_equal(0, seen.lines[0]);
	assert_null(seen.file);
	mm_map_free(map);
}

/* Writes text to path, opens it as type:path, takes it away again. */
static const char *
file_complaints(
    const char *type, const char *path, const char *text, size_t len)
{
	char spec[128];
	FILE *f = fopen(path, "w");
	const char *said;

	assert_non_null(f);
	assert_int_equal(len, fwrite(text, 1, len, f));
	assert_int_equal(0, fclose(f));
	snprintf(spec, sizeof(spec), "%s:%s", type, path);
	said = spec_complaints(spec);
	unlink(path);
	return said;
}

static void
test_files(void **state)
{
	char *dir = tmpdir_new(), path[64], made[80], want[512], spec[80];
	struct mm_map *map;
	FILE *f;

	(void)state;
	assert_non_null(dir);
	snprintf(path, sizeof(path), "%s/access", dir);
	snprintf(made, sizeof(made), "%s/access.db", dir);
	assert_string_equal("", file_complaints("hash", path, "", 0));
	assert_string_equal(
	    "1: a value is missing behind \"a\": each line is a key, a blank "
	    "and a value\n",
	    file_complaints("hash", path, "a\n", 2));
	snprintf(want, sizeof(want),
	    "failed: %s: not a text file: name the text that postmap is "
	    "given, not what it makes\n",
	    path);
	assert_string_equal(want, file_complaints("hash", path, "a\0b", 3));

	/* only what postmap made is there */
	f = fopen(made, "w");
	assert_non_null(f);
	fclose(f);
	snprintf(spec, sizeof(spec), "hash:%s", path);
	snprintf(want, sizeof(want),
	    "failed: %s: there is only %s.db: tables are read from their "
	    "text, what postmap makes is not needed\n",
	    path, path);
	assert_string_equal(want, spec_complaints(spec));
	unlink(made);

	f = fopen(path, "w");
	assert_non_null(f);
	for (unsigned i = 0; i < 5000; i++)
		fprintf(f, "Key%u.example.org\tvalue %u\n", i, i);
	fclose(f);
	map = table_open(spec);
	assert_int_equal(5000, mm_map_size(map));
	for (unsigned i = 0; i < 5001; i += 7) {
		char key[40], value[40];
		const char *got;

		snprintf(key, sizeof(key), "kEY%u.Example.org", i);
		snprintf(value, sizeof(value), "value %u", i);
		got = table_get(map, key);
		assert_non_null(got);
		assert_string_equal(value, got);
	}
	assert_null(table_get(map, "key5000.example.org"));
	mm_map_free(map);
	tmpdir_free(dir);
}

/*
 * Opens the table and looks key up with the n-th allocation failing: there is
 * no table, or an error is told, or the lookup fails, or all is well.
 */
static void
survive(const char *spec, const char *key, const char *want, unsigned n)
{
	struct mm_complaints all = {0};
	struct mm_arena *arena = mm_arena_new(65536);
	struct mm_err err = {""};
	const char *value;
	struct mm_map *map;

	assert_non_null(arena);
	heap_fail(n);
	map = mm_map_open(spec, "main.cf", 7, &all, &err);
	if (map == NULL) {
		assert_non_null(strstr(err.text, "out of memory"));
	} else if (all.errors > 0 || all.failed) {
		assert_true(heap_failed());
	} else if (mm_map_lookup(map, key, arena, &value) == MM_MAP_FOUND) {
		assert_string_equal(want, value);
	} else {
		assert_true(heap_failed());
	}
	mm_map_free(map);
	mm_complaints_clear(&all);
	mm_arena_free(arena);
}

/* Enough rules that the table is flattened. */
static char *
many_rules(void)
{
	static char spec[2048];
	size_t len = (size_t)snprintf(spec, sizeof(spec), "cidr:{");

	for (unsigned i = 0; i < 40; i++)
		len += (size_t)snprintf(spec + len, sizeof(spec) - len,
		    "{10.%u.0.0/16 rule %u}, {2001:db8:%x::/48 six}, ", i, i,
		    i);
	snprintf(spec + len, sizeof(spec) - len, "}");
	return spec;
}

static void
test_memory_runs_out(void **state)
{
	const struct {
		const char *spec, *key, *want;
	} cases[] = {
	    {"inline:{a=1,b=2,c=3,d=4,e=5,f=6,g=7,h=8,i=9,j=10,k=11,l=12,"
	     "m=13,n=14,o=15,p=16,q=17,r=18}",
		"r", "18"},
	    {"static:{a value}", "x", "a value"},
	    {many_rules(), "10.39.0.1", "rule 39"},
	    {"pcre:{{if /a/} {/(b)/ <$1>} {endif} {!/q/ no}}", "ab", "<b>"},
	    {"regexp:{{if /a/} {/(b)/!/c/ <$1>} {endif} {!/q/ no}}", "ab",
		"<b>"},
	    {"unionmap:{pipemap:{inline:{a=b},static:c},static:d}", "a", "c,d"},
	    {"randmap:{a}", "x", "a"},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		unsigned n = 0;

		do
			survive(
			    cases[i].spec, cases[i].key, cases[i].want, ++n);
		while (heap_failed());
		heap_fail(0);
		assert_true(n > 3);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lines_as_postfix_reads_them),
	    cmocka_unit_test(test_faulty_lines_are_told),
	    cmocka_unit_test(test_duplicates),
	    cmocka_unit_test(test_inline),
	    cmocka_unit_test(test_static),
	    cmocka_unit_test(test_tables_made_of_others),
	    cmocka_unit_test(test_a_member_that_fails),
	    cmocka_unit_test(test_kind_of_tables_made_of_others),
	    cmocka_unit_test(test_depth_is_bounded),
	    cmocka_unit_test(test_random),
	    cmocka_unit_test(test_a_table_that_cannot_be),
	    cmocka_unit_test(test_values_as_written),
	    cmocka_unit_test(test_files),
	    cmocka_unit_test(test_memory_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
