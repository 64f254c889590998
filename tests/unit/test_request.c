/* What is asked over the control socket, written and read. */
#include "lib/err.h"
#include "lib/request.h"
#include "lib/str.h"
#include "tests/test.h"

#include <stdio.h>
#include <string.h>

static void
test_reads(void **state)
{
	char line[] = "greylist-expect recipient=a%20b%0A%25@x.example for=900";
	struct mm_request request;
	struct mm_err err;

	(void)state;
	assert_int_equal(0, mm_request_parse(line, &request, &err));
	assert_string_equal("greylist-expect", request.word);
	assert_int_equal(2, request.n);
	assert_string_equal(
	    "a b\n%@x.example", mm_request_value(&request, "recipient"));
	assert_string_equal("900", mm_request_value(&request, "for"));
	assert_null(mm_request_value(&request, "sender"));
}

static void
test_reads_little(void **state)
{
	char bare[] = "stats", empty[] = "release sender=";
	struct mm_request request;
	struct mm_err err;

	(void)state;
	assert_int_equal(0, mm_request_parse(bare, &request, &err));
	assert_string_equal("stats", request.word);
	assert_int_equal(0, request.n);
	assert_int_equal(0, mm_request_parse(empty, &request, &err));
	assert_string_equal("", mm_request_value(&request, "sender"));
}

static void
test_refuses(void **state)
{
	static const struct {
		const char *line, *want;
	} cases[] = {
	    {"", "that is no command"},
	    {" stats", "that is no command"},
	    {"stats ", "an argument is not \"name=value\""},
	    {"a b=c ", "an argument is not \"name=value\""},
	    {"stats\r", "that is no command"},
	    {"STATS", "that is no command"},
	    {"a=b", "that is no command"},
	    {"a b", "an argument is not \"name=value\""},
	    {"a  b=c", "an argument is not \"name=value\""},
	    {"a =c", "an argument is not \"name=value\""},
	    {"a b=c=d", "a value is not encoded as it has to be"},
	    {"a b=\"c\"", "a value is not encoded as it has to be"},
	    {"a b=%", "a value is not encoded as it has to be"},
	    {"a b=%4", "a value is not encoded as it has to be"},
	    {"a b=%4 c=d", "a value is not encoded as it has to be"},
	    {"a b=%g0", "a value is not encoded as it has to be"},
	    {"a b=x%00y", "a value is not encoded as it has to be"},
	    {"a b=\xc3\xa4", "a value is not encoded as it has to be"},
	    {"a b=c b=d", "b is given twice"},
	    {"a b=1 c=1 d=1 e=1 f=1 g=1 h=1 i=1 j=1", "too many arguments"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mm_request request;
		struct mm_err err;
		char line[128];

		snprintf(line, sizeof(line), "%s", cases[i].line);
		assert_int_equal(-1, mm_request_parse(line, &request, &err));
		assert_string_equal(cases[i].want, err.text);
	}
}

static void
test_long_values_are_refused(void **state)
{
	char line[MM_REQUEST_VALUE + 8] = "a b=", mem[MM_REQUEST_MAX];
	char value[MM_REQUEST_VALUE + 2];
	struct mm_request request,
	    longer = {.word = "a", .n = 1, .arg = {{"b", value}}};
	struct mm_buf buf;
	struct mm_err err;

	(void)state;
	memset(line + 4, 'x', MM_REQUEST_VALUE);
	assert_int_equal(0, mm_request_parse(line, &request, &err));
	memset(line, '\0', sizeof(line));
	memcpy(line, "a b=", 4);
	memset(line + 4, 'x', MM_REQUEST_VALUE + 1);
	assert_int_equal(-1, mm_request_parse(line, &request, &err));
	assert_string_equal("a value is too long", err.text);

	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	mm_buf_init(&buf, mem, sizeof(mem));
	assert_int_equal(-1, mm_request_write(&longer, &buf, &err));
	assert_string_equal("b is too long", err.text);
	value[MM_REQUEST_VALUE] = '\0';
	mm_buf_init(&buf, mem, 40);
	assert_int_equal(-1, mm_request_write(&longer, &buf, &err));
	assert_string_equal("that is too much", err.text);
}

/* Every byte comes back as it was. */
static void
test_what_is_written_is_read(void **state)
{
	char value[256], mem[MM_REQUEST_MAX];
	const struct mm_request request = {
	    .word = "w", .n = 2, .arg = {{"a", value}, {"b", ""}}};
	struct mm_request read;
	struct mm_buf buf;
	struct mm_err err;

	(void)state;
	for (int i = 0; i < 255; i++)
		value[i] = (char)(i + 1);
	value[255] = '\0';
	mm_buf_init(&buf, mem, sizeof(mem));
	assert_int_equal(0, mm_request_write(&request, &buf, &err));
	assert_int_equal('\n', mem[buf.len - 1]);
	mem[buf.len - 1] = '\0';
	assert_null(strchr(mem, '\n'));
	assert_int_equal(0, mm_request_parse(mem, &read, &err));
	assert_int_equal(2, read.n);
	assert_string_equal(value, mm_request_value(&read, "a"));
	assert_string_equal("", mm_request_value(&read, "b"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_reads),
	    cmocka_unit_test(test_reads_little),
	    cmocka_unit_test(test_refuses),
	    cmocka_unit_test(test_long_values_are_refused),
	    cmocka_unit_test(test_what_is_written_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
