/* conf: main.cf's syntax, with the line of every byte and every complaint. */
#include "lib/conf.h"
#include "lib/err.h"
#include "tests/heap.h"
#include "tests/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct mm_conf *
parse(const char *text, struct mm_complaints *all)
{
	struct mm_err err;
	struct mm_conf *conf = mm_conf_parse(text, "m.conf", all, &err);

	assert_non_null(conf);
	assert_false(all->failed);
	return conf;
}

/* "line: text" of the i-th complaint. */
static void
assert_complaint(const struct mm_complaints *all, size_t i,
    enum mm_severity severity, unsigned line, const char *text)
{
	assert_true(i < all->n);
	assert_string_equal(text, all->list[i].text);
	assert_string_equal("m.conf", all->list[i].file);
	assert_int_equal(line, all->list[i].line);
	assert_int_equal(severity, all->list[i].severity);
}

static void
test_values_and_continuations(void **state)
{
	static const char text[] = "# a comment\n"
				   "\n"
				   "plain = some text  \n"
				   "tight=x=y\n"
				   "empty =\n"
				   "list = one,\n"
				   "\ttwo,\n"
				   "# inside a value\n"
				   "\n"
				   "  # the same\n"
				   "  three\r\n"
				   "later\n"
				   "  = on the next line\n"
				   "last = no newline";
	static const struct {
		const char *name, *raw;
		unsigned line;
	} want[] = {
	    {"plain", "some text", 3},
	    {"tight", "x=y", 4},
	    {"empty", "", 5},
	    {"list", "one,\ntwo,\n three", 6},
	    {"later", "on the next line", 12},
	    {"last", "no newline", 14},
	};
	struct mm_complaints all = {0};
	struct mm_conf *conf = parse(text, &all);

	(void)state;
	assert_int_equal(0, all.n);
	assert_string_equal("m.conf", mm_conf_file(conf));
	assert_int_equal(MM_COUNT(want), mm_conf_count(conf));
	for (size_t i = 0; i < MM_COUNT(want); i++) {
		assert_string_equal(want[i].name, mm_conf_name(conf, i));
		assert_int_equal(want[i].line, mm_conf_line(conf, i));
		assert_string_equal(
		    want[i].raw, mm_conf_raw(conf, want[i].name));
	}
	assert_null(mm_conf_raw(conf, "Plain"));
	assert_null(mm_conf_text(conf, "nothing"));
	mm_conf_free(conf);
	mm_conf_free(NULL);
}

static void
test_every_byte_knows_its_line(void **state)
{
	static const char text[] = "a =\n"
				   "  one\n"
				   "# no\n"
				   "  two $b\n"
				   "  three\n"
				   "b = x\n"
				   "  y\n"
				   "c =\n";
	static const struct {
		const char *part;
		unsigned line;
	} parts[] = {
	    {"one", 2},
	    {"two", 4},
	    {"x", 6},
	    {"y", 7},
	    {"three", 5},
	};
	struct mm_complaints all = {0};
	struct mm_conf *conf = parse(text, &all);
	struct mm_text value;
	struct mm_err err;
	unsigned line;

	(void)state;
	assert_int_equal(
	    1, mm_conf_expand(conf, "a", NULL, NULL, &value, &line, &err));
	assert_string_equal("one\n two x\n y\n three", value.data);
	assert_string_equal("m.conf", value.file);
	for (size_t i = 0; i < MM_COUNT(parts); i++) {
		const char *at = strstr(value.data, parts[i].part);

		assert_int_equal(parts[i].line,
		    mm_text_line(&value, (size_t)(at - value.data)));
	}
	assert_int_equal(5, mm_text_line(&value, 1000000));
	mm_text_clear(&value);
	assert_int_equal(
	    1, mm_conf_expand(conf, "c", NULL, NULL, &value, &line, &err));
	assert_string_equal("", value.data);
	assert_int_equal(8, mm_text_line(&value, 0));
	mm_text_clear(&value);
	mm_conf_free(conf);
}

static void
test_faulty_lines_are_left_out(void **state)
{
	static const char text[] = "  indented = first\n"
				   "  and on\n"
				   "good = 1\n"
				   "no equals here\n"
				   "  still none\n"
				   "= no name\n"
				   "two words = 2\n"
				   "b\x1b[2Jad = 3\n"
				   "also_good = 4\n";
	struct mm_complaints all = {0};
	struct mm_conf *conf = parse(text, &all);

	(void)state;
	assert_int_equal(5, all.n);
	assert_int_equal(5, all.errors);
	assert_complaint(&all, 0, MM_ERROR, 1,
	    "white space begins this line, but there is nothing before it "
	    "that it could continue");
	assert_complaint(&all, 1, MM_ERROR, 4,
	    "no \"=\": expected \"name = value\", or white space before what "
	    "goes on with the line above");
	assert_complaint(&all, 2, MM_ERROR, 6, "no name before \"=\"");
	assert_complaint(&all, 3, MM_ERROR, 7,
	    "the line does not begin with one name and \"=\"");
	assert_complaint(&all, 4, MM_ERROR, 8,
	    "the line does not begin with one name and \"=\"");
	assert_int_equal(2, mm_conf_count(conf));
	mm_complain(&all, MM_NOTICE, NULL, 0, "b%cad", 27);
	assert_string_equal("b?ad", all.list[5].text);
	mm_complaints_clear(&all);
	assert_int_equal(0, all.n);
	mm_conf_free(conf);
}

static void
test_sorted_complaints_go_file_by_file(void **state)
{
	static const struct {
		const char *file;
		unsigned line;
	} said[] = {{"a", 7}, {"b", 2}, {"a", 3}, {NULL, 0}, {"b", 1}, {"a", 7},
	    {"a", 5}},
	  want[] = {{"a", 3}, {"a", 5}, {"a", 7}, {"a", 7}, {"b", 1}, {"b", 2},
	      {NULL, 0}};
	struct mm_complaints all = {0};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(said); i++)
		mm_complain(
		    &all, MM_NOTICE, said[i].file, said[i].line, "%zu", i);
	mm_complaints_sort(&all);
	for (size_t i = 0; i < MM_COUNT(want); i++) {
		assert_int_equal(want[i].line, all.list[i].line);
		if (want[i].file == NULL)
			assert_null(all.list[i].file);
		else
			assert_string_equal(want[i].file, all.list[i].file);
	}
	/* equals stay as they came */
	assert_string_equal("0", all.list[2].text);
	assert_string_equal("5", all.list[3].text);
	mm_complaints_clear(&all);
}

static void
test_complaints_outlive_the_conf_and_are_bounded(void **state)
{
	char text[4 * 2000 + 1];
	struct mm_complaints all = {0};

	(void)state;
	for (size_t i = 0; i < 2000; i++)
		memcpy(text + 4 * i, "bad\n", 5);
	mm_conf_free(parse(text, &all));
	assert_int_equal(2000, all.errors);
	assert_int_equal(500, all.n);
	assert_complaint(&all, 499, MM_ERROR, 500,
	    "no \"=\": expected \"name = value\", or white space before what "
	    "goes on with the line above");
	mm_complaints_clear(&all);
}

static void
test_the_last_setting_counts(void **state)
{
	struct mm_complaints all = {0};
	struct mm_conf *conf = parse("a = 1\nb = 2\na = 3\n", &all);

	(void)state;
	assert_int_equal(2, mm_conf_count(conf));
	assert_string_equal("3", mm_conf_raw(conf, "a"));
	assert_int_equal(3, mm_conf_line(conf, 0));
	assert_int_equal(1, all.n);
	assert_int_equal(0, all.errors);
	assert_complaint(&all, 0, MM_NOTICE, 3,
	    "a is set again: this value counts, not that of line 1");
	mm_complaints_clear(&all);
	mm_conf_free(conf);
}

static const char *
standard(void *ctx, const char *name)
{
	assert_string_equal("ctx", ctx);
	if (strcmp(name, "myhostname") == 0)
		return "mail.example.org";
	if (strcmp(name, "chained") == 0)
		return "<$myhostname>";
	return strcmp(name, "nothing") == 0 ? "" : NULL;
}

/* Expands the value x of a file with some more names. */
static int
expand_one(
    const char *value, struct mm_text *ret, unsigned *line, struct mm_err *err)
{
	struct mm_complaints all = {0};
	char text[1024], ctx[] = "ctx";
	struct mm_conf *conf;
	int rc;

	snprintf(text, sizeof(text),
	    "a = A\nvoid =\nab = $a$b\nb = B\nx = %s\nloop = $pool\n"
	    "pool = $loop\nmy-name = N\n",
	    value);
	conf = parse(text, &all);
	rc = mm_conf_expand(conf, "x", standard, ctx, ret, line, err);
	ret->file = NULL; /* it goes with the conf */
	mm_conf_free(conf);
	assert_int_equal(0, all.n);
	return rc;
}

static void
test_expansion(void **state)
{
	static const struct {
		const char *value, *want;
	} cases[] = {
	    {"nothing to do", "nothing to do"},
	    {"$a", "A"},
	    {"$a$b.", "AB."},
	    {"${a}b", "Ab"},
	    {"$(a)b", "Ab"},
	    {"$ab", "AB"},
	    {"$$a$$", "$a$"},
	    {"${ a }", "A"},
	    {"${my-name}", "N"},
	    {"$myhostname", "mail.example.org"},
	    {"$chained", "<mail.example.org>"},
	    {"$nothing", ""},
	    {"$void", ""},
	    {"[${a?yes}]", "[yes]"},
	    {"[${a?{yes}}]", "[yes]"},
	    {"[${a?}]", "[]"},
	    {"[${void?yes}]", "[]"},
	    {"[${unknown?yes}]", "[]"},
	    {"[${void:no}]", "[no]"},
	    {"[${unknown:no}]", "[no]"},
	    {"[${a:no}]", "[]"},
	    {"[${a?{yes}:{no}}]", "[yes]"},
	    {"[${void?{yes}:{no}}]", "[no]"},
	    {"[${void ? {yes} : {no}}]", "[no]"},
	    {"[${void?{yes}:no}]", "[no]"},
	    {"[${void?{yes}}]", "[]"},
	    {"[${a?b:c}]", "[b:c]"},
	    {"[${a?${b?$ab}}]", "[AB]"},
	    {"[${a?<$a>}]", "[<A>]"},
	    {"[${a?{}:{no}}]", "[]"},
	    {"[${void?$unknown}]", "[]"},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_text value;
		unsigned line;
		struct mm_err err = {""};

		if (expand_one(cases[i].value, &value, &line, &err) != 1)
			fail_msg("%s: %s", cases[i].value, err.text);
		assert_string_equal(cases[i].want, value.data);
		mm_text_clear(&value);
	}
}

static void
test_expansion_refuses(void **state)
{
	static const struct {
		const char *value, *want;
		unsigned line;
	} cases[] = {
	    {"ok\n  $unknown", "$unknown is not set anywhere", 6},
	    {"$x", "$x leads back to itself", 5},
	    {"$loop", "$loop leads back to itself", 7},
	    {"${a?$x}", "$x leads back to itself", 5},
	    {"a $ b", "\"$\" without a name: \"$$\" stands for \"$\"", 5},
	    {"$", "\"$\" without a name: \"$$\" stands for \"$\"", 5},
	    {"${a", "\"${\" without its \"}\"", 5},
	    {"$(a}", "\"$(\" without its \")\"", 5},
	    {"${}",
		"between the brackets behind \"$\" there must be a name, "
		"name?text or name:text",
		5},
	    {"${a == b ? {c} : {d}}",
		"between the brackets behind \"$\" there must be a name, "
		"name?text or name:text",
		5},
	    {"${a?{x}y}", "\"{\" and \"}\" do not match behind ${a", 5},
	    {"$(a?{x)", "\"{\" and \"}\" do not match behind $(a", 5},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_text value;
		unsigned line = 0;
		struct mm_err err;

		assert_int_equal(
		    -1, expand_one(cases[i].value, &value, &line, &err));
		assert_string_equal(cases[i].want, err.text);
		assert_int_equal(cases[i].line, line);
	}
}

static void
test_a_name_not_set_is_no_error(void **state)
{
	struct mm_complaints all = {0};
	struct mm_conf *conf = parse("a = b\n", &all);
	struct mm_text value;
	unsigned line;
	struct mm_err err;
	char ctx[] = "ctx";

	(void)state;
	/* the fallback is for references only */
	assert_int_equal(0, mm_conf_expand(conf, "myhostname", standard, ctx,
				&value, &line, &err));
	mm_conf_free(conf);
}

/* "v0 = $v1$v1, v1 = $v2$v2, ...": few bytes, endless work. */
static void
expand_doubling(unsigned levels, const char *last, const char *want)
{
	struct mm_complaints all = {0};
	struct mm_conf *conf;
	struct mm_text value;
	unsigned line;
	struct mm_err err;
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	for (unsigned i = 0; i < levels; i++)
		fprintf(f, "v%u = $v%u$v%u\n", i, i + 1, i + 1);
	fprintf(f, "v%u = %s\n", levels, last);
	fclose(f);
	conf = parse(text, &all);
	assert_int_equal(
	    -1, mm_conf_expand(conf, "v0", NULL, NULL, &value, &line, &err));
	assert_string_equal(want, err.text);
	mm_conf_free(conf);
	free(text);
}

static void
test_expansion_is_bounded(void **state)
{
	char *big = malloc(100001);

	(void)state;
	memset(big, 'x', 100000);
	big[100000] = '\0';
	expand_doubling(50, "x", "\"$\" leads on more than 32 times");
	expand_doubling(20, "", "more than 10000 names to expand");
	expand_doubling(8, big, "the value is larger than 4194304 bytes");
	free(big);
}

static void
test_used_names(void **state)
{
	static const char text[] = "a = 1\nb = 2\nc = 3\nd = 4\ne = 5\n"
				   "x = $a ${b?$c} $$d $(e)$\n";
	static const bool want[] = {true, true, true, false, true, false};
	struct mm_complaints all = {0};
	struct mm_conf *conf = parse(text, &all);

	(void)state;
	assert_int_equal(MM_COUNT(want), mm_conf_count(conf));
	for (size_t i = 0; i < MM_COUNT(want); i++)
		assert_int_equal(want[i], mm_conf_used(conf, i));
	mm_conf_free(conf);
}

static void
test_files(void **state)
{
	static const char data[] = "a = 1\nb = \0\xff\n  more\nc = \xff\xfe\n";
	struct mm_complaints all = {0};
	struct mm_conf *conf;
	struct mm_err err;
	char path[64];
	int fd = memfd_create("conf", 0);

	(void)state;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(sizeof(data) - 1, write(fd, data, sizeof(data) - 1));
	assert_non_null(conf = mm_conf_read(path, &all, &err));
	assert_int_equal(1, all.n);
	assert_string_equal(
	    "there is a NUL byte in this line", all.list[0].text);
	assert_int_equal(2, all.list[0].line);
	assert_int_equal(2, mm_conf_count(conf));
	assert_string_equal("\xff\xfe", mm_conf_raw(conf, "c"));
	mm_conf_free(conf);
	mm_complaints_clear(&all);

	assert_int_equal(0, ftruncate(fd, (4 << 20) + 1));
	assert_null(mm_conf_read(path, &all, &err));
	assert_non_null(strstr(err.text, "larger than 4194304 bytes"));
	close(fd);
	assert_null(mm_conf_read("/nonexistent/m.conf", &all, &err));
	assert_string_equal(
	    "/nonexistent/m.conf: No such file or directory", err.text);
	assert_null(mm_conf_read("/", &all, &err));
	assert_string_equal("/: Is a directory", err.text);
	assert_int_equal(0, all.n);
}

/* Parses, complains, expands, with the n-th allocation failing.  It must come
 * to a proper end, and what it says is missing must be. */
static void
survive(unsigned n)
{
	static const char text[] = "a = 1\nb = $a ${a?{x}}\nbad\na = 2\n";
	struct mm_complaints all = {0};
	struct mm_conf *conf;
	struct mm_text value;
	unsigned line;
	struct mm_err err = {""};

	heap_fail(n);
	conf = mm_conf_parse(text, "m.conf", &all, &err);
	if (conf == NULL) {
		assert_string_equal("m.conf: out of memory", err.text);
	} else if (mm_conf_expand(conf, "b", NULL, NULL, &value, &line, &err) !=
		   1) {
		assert_string_equal("out of memory", err.text);
		assert_true(line == 2 || line == 4);
	} else {
		assert_string_equal("2 x", value.data);
		assert_int_equal(heap_failed(), all.failed);
		assert_int_equal(all.failed ? 1 : 2, all.n);
		assert_int_equal(1, all.errors);
		mm_text_clear(&value);
	}
	mm_conf_free(conf);
	mm_complaints_clear(&all);
}

static void
test_memory_runs_out(void **state)
{
	unsigned n = 0;

	(void)state;
	do
		survive(++n);
	while (heap_failed());
	assert_true(n > 20);
	heap_fail(0);
}

static void
test_complaints_as_lines(void **state)
{
	static const struct {
		struct mm_complaint complaint;
		const char *want;
	} cases[] = {
	    {{MM_ERROR, "a.conf", 3, "wrong"}, "a.conf:3: wrong"},
	    {{MM_NOTICE, "a.conf", 3, "odd"}, "a.conf:3: notice: odd"},
	    {{MM_ERROR, "a.conf", 0, "wrong"}, "a.conf: wrong"},
	    {{MM_ERROR, NULL, 0, "wrong"}, "wrong"},
	};
	char text[MM_COMPLAINT_MAX];

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		mm_complaint_format(&cases[i].complaint, text);
		assert_string_equal(cases[i].want, text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_values_and_continuations),
	    cmocka_unit_test(test_every_byte_knows_its_line),
	    cmocka_unit_test(test_faulty_lines_are_left_out),
	    cmocka_unit_test(test_sorted_complaints_go_file_by_file),
	    cmocka_unit_test(test_complaints_outlive_the_conf_and_are_bounded),
	    cmocka_unit_test(test_the_last_setting_counts),
	    cmocka_unit_test(test_expansion),
	    cmocka_unit_test(test_expansion_refuses),
	    cmocka_unit_test(test_a_name_not_set_is_no_error),
	    cmocka_unit_test(test_expansion_is_bounded),
	    cmocka_unit_test(test_used_names),
	    cmocka_unit_test(test_files),
	    cmocka_unit_test(test_memory_runs_out),
	    cmocka_unit_test(test_complaints_as_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
