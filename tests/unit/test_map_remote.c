/* map_sqlite, map_socketmap, map_template: queries, replies, what fails. */
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/map.h"
#include "lib/map_socketmap.h"
#include "lib/map_template.h"
#include "tests/test.h"
#include "tests/tmpdir.h"
#include "tests/unit/tables.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char schema[] =
    "create table t(k, v); insert into t values('a@b.c', 'one');"
    "insert into t values('two', 'x'); insert into t values('two', 'y');"
    "insert into t values('o''brien@b.c', 'quoted');"
    "insert into t values('empty', ''); insert into t values('null', null);"
    "insert into t values('addr', 'u@d.e'); insert into t values('c', 'top');";

/* Asks at once; ctx is the arena. */
static enum mm_found
ask(void *ctx, const struct mm_map *map, const char *key, const char **value)
{
	const struct mm_map_wait wait = {
	    &mm_clock_system, mm_clock_mono(&mm_clock_system) + 20000000};
	struct mm_err err = {""};
	char *text = NULL;
	enum mm_found found = mm_map_run(map, key, &wait, &text, &err);

	if (found == MM_MAP_FOUND)
		*value = mm_arena_dup(ctx, text);
	if (found == MM_MAP_FAILED)
		print_message("%s\n", err.text);
	free(text);
	return found;
}

/* "-" is nothing, "!" a failure. */
static const char *
get(const struct mm_map *map, const char *key)
{
	static char result[256];
	struct mm_arena *arena = mm_arena_new(65536);
	const struct mm_map_look look = {arena, ask, arena};
	const char *value = "";

	assert_non_null(arena);
	switch (mm_map_look_up(map, key, &look, &value)) {
	case MM_MAP_FOUND:
		break;
	case MM_MAP_NOTHING:
		value = "-";
		break;
	default:
		value = "!";
	}
	snprintf(result, sizeof(result), "%s", value);
	mm_arena_free(arena);
	return result;
}

static void
make_database(const char *path)
{
	sqlite3 *db;

	assert_int_equal(SQLITE_OK, sqlite3_open(path, &db));
	assert_int_equal(SQLITE_OK, sqlite3_exec(db, schema, NULL, NULL, NULL));
	sqlite3_close(db);
}

static struct mm_map *
table(const char *dir, const char *rest)
{
	char text[1024];

	snprintf(text, sizeof(text), "dbpath = %s/db\n%s", dir, rest);
	return table_of("sqlite", text);
}

/* As postmap -q of Postfix 3.7 answers. */
static void
test_sqlite(void **state)
{
	static const struct {
		const char *config, *key, *want;
	} cases[] = {
	    {"query = select v from t where k='%s'\n", "A@B.c", "one"},
	    {"query = select v from t\n  where k='%s'\n", "two", "x,y"},
	    {"query = select v from t where k='%s'\n", "none", "-"},
	    {"query = select v from t where k='%s'\n", "", "-"},
	    {"query = select v from t where k='%s'\n", "o'brien@b.c", "quoted"},
	    {"query = select v from t where k='%s'\n", "x' or '1'='1", "-"},
	    {"query = select v from t where k='%s'\n", "empty", "-"},
	    {"query = select v from t where k='%s'\n", "null", "-"},
	    {"query = select '%u/%d/%%' \n", "a@b.c", "a/b.c/%"},
	    {"query = select '%u/%d'\n", "plain", "-"},
	    {"query = select '%u'\n", "plain", "plain"},
	    {"query = select '%u'\n", "@b.c", "-"},
	    {"query = select '%1-%2'\n", "a@b.c", "c-b"},
	    {"query = select '%1-%3'\n", "a@b.c", "-"},
	    {"query = select '%1'\n", "a@b..", "b"},
	    {"query = select v from t where k='%s'\nresult_format=%d:%u %S\n",
		"addr", "d.e:u addr"},
	    {"query = select v from t where k='%s'\nresult_format=%d\n", "two",
		"-"},
	    {"query = select v from t where k='%s'\nresult_format=<%s>%D\n",
		"a@b.c", "<one>b.c"},
	    {"query = select v from t where k='%s'\nexpansion_limit=1\n", "two",
		"!"},
	    {"query = select v from t where k='%s'\nexpansion_limit=2\n", "two",
		"x,y"},
	    {"query = select '1'\ndomain = b.c, d.e\n", "a@B.C", "1"},
	    {"query = select '1'\ndomain = b.c, d.e\n", "a@x.b.c", "-"},
	    {"query = select '1'\ndomain = b.c, d.e\n", "b.c", "-"},
	    {"query = select '1'\ndomain = b.c, d.e\n", "@b.c", "-"},
	    {"query = select nothing\n", "a", "!"},
	    {"query = delete from t\n", "a", "!"},
	    {"query = --\n", "a", "!"},
	    {"select_field = v\ntable = t\nwhere_field = k\n", "two", "x,y"},
	    {"select_field = v\ntable = t\nwhere_field = k\n"
	     "additional_conditions = and v = 'y'\n",
		"two", "y"},
	};
	char *dir = tmpdir_new(), path[128];

	(void)state;
	assert_non_null(dir);
	snprintf(path, sizeof(path), "%s/db", dir);
	make_database(path);
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_map *map = table(dir, cases[i].config);

		print_message("%s%s\n", cases[i].config, cases[i].key);
		assert_string_equal(cases[i].want, get(map, cases[i].key));
		assert_int_equal(MM_MAP_KEYED, mm_map_kind(map));
		assert_true(mm_map_remote(map));
		mm_map_free(map);
	}
	tmpdir_free(dir);
}

static void
test_sqlite_has_no_time(void **state)
{
	const struct mm_map_wait wait = {&mm_clock_system, 0};
	char *dir = tmpdir_new(), path[128], *text = NULL;
	struct mm_map *map;
	struct mm_err err;

	(void)state;
	assert_non_null(dir);
	snprintf(path, sizeof(path), "%s/db", dir);
	make_database(path);
	map = table(dir,
	    "query = with recursive c(x) as (select 1 union all select x+1 "
	    "from c) select count(*) from c\n");
	assert_int_equal(
	    MM_MAP_FAILED, mm_map_run(map, "a", &wait, &text, &err));
	assert_null(text);
	assert_non_null(strstr(err.text, "interrupted"));
	mm_map_free(map);
	tmpdir_free(dir);
}

static void
test_sqlite_mistakes(void **state)
{
	(void)state;
	assert_string_equal("0: dbpath: the database is missing\n"
			    "0: query: it is missing\n",
	    table_complaints("sqlite", ""));
	assert_string_equal(
	    "1: notice: dbpath: there is no \"/nonexistent/db\" now: what "
	    "looks something up in it is answered 451\n"
	    "2: query: \"%x\" is nothing that is filled in: a plain \"%\" is "
	    "written \"%%\"\n"
	    "3: result_format: \"%?\" is nothing that is filled in: a plain "
	    "\"%\" is written \"%%\"\n"
	    "4: domain: only names can stand here, no files and no tables\n"
	    "5: expansion_limit: it must be a number from 0 to 1000000\n"
	    "6: notice: \"qery\" is no parameter of sqlite_table(5)\n",
	    table_complaints("sqlite", "dbpath = /nonexistent/db\n"
				       "query = select %x\n"
				       "result_format = 5%\n"
				       "domain = hash:/x\n"
				       "expansion_limit = many\n"
				       "qery = x\n"));
}

static void
test_socketmap_replies(void **state)
{
	static const struct {
		const char *data;
		enum mm_socketmap_read want;
		const char *text;
	} cases[] = {
	    {"9:OK REJECT,", MM_SOCKETMAP_FOUND, "REJECT"},
	    {"3:OK ,", MM_SOCKETMAP_FOUND, ""},
	    {"9:NOTFOUND ,", MM_SOCKETMAP_NOTHING, NULL},
	    {"10:TEMP later,", MM_SOCKETMAP_FAILED, "later"},
	    {"9:TIMEOUT x,", MM_SOCKETMAP_FAILED, "x"},
	    {"5:PERM ,", MM_SOCKETMAP_FAILED, ""},
	    {"", MM_SOCKETMAP_MORE, NULL},
	    {"9", MM_SOCKETMAP_MORE, NULL},
	    {"9:OK REJECT", MM_SOCKETMAP_MORE, NULL},
	    {"9:OK REJECT;", MM_SOCKETMAP_BAD, NULL},
	    {"5:MAYBE,", MM_SOCKETMAP_BAD, NULL},
	    {"4:ok a,", MM_SOCKETMAP_BAD, NULL},
	    {"100001", MM_SOCKETMAP_BAD, NULL},
	    {"0000000001:", MM_SOCKETMAP_BAD, NULL},
	    {":", MM_SOCKETMAP_BAD, NULL},
	    {"OK a", MM_SOCKETMAP_BAD, NULL},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_socketmap_text text = {NULL, 0};

		print_message("%s\n", cases[i].data);
		assert_int_equal(
		    cases[i].want, mm_socketmap_read(cases[i].data,
				       strlen(cases[i].data), &text));
		if (cases[i].text == NULL)
			continue;
		assert_int_equal(strlen(cases[i].text), text.len);
		assert_memory_equal(cases[i].text, text.text, text.len);
	}
}

/* Inside others; and where nobody asks, they fail. */
static void
test_inside_others(void **state)
{
	struct mm_map *map = table_open(
	    "unionmap:{static:a, socketmap:unix:/nonexistent/socket:x}");
	struct mm_arena *arena = mm_arena_new(65536);
	const char *value;

	(void)state;
	assert_true(mm_map_remote(map));
	assert_string_equal("!", get(map, "a"));
	assert_int_equal(MM_MAP_FAILED, mm_map_lookup(map, "a", arena, &value));
	mm_map_free(map);
	map = table_open("pipemap:{inline:{a=b}, "
			 "socketmap:inet:[::1]:1:x}");
	assert_string_equal("-", get(map, "b"));
	mm_map_free(map);
	map = table_open("unionmap:{static:a}");
	assert_false(mm_map_remote(map));
	mm_map_free(map);
	mm_arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sqlite),
	    cmocka_unit_test(test_sqlite_has_no_time),
	    cmocka_unit_test(test_sqlite_mistakes),
	    cmocka_unit_test(test_socketmap_replies),
	    cmocka_unit_test(test_inside_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
