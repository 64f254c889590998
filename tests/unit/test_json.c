/* json: valid whatever it is given, and the first error stays. */
#include "lib/json.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The document that one string makes, to be freed. */
static char *
written(const char *text)
{
	struct mm_json json;
	char *data;
	size_t len;
	FILE *out = open_memstream(&data, &len);

	assert_non_null(out);
	mm_json_init(&json, out);
	mm_json_string(&json, NULL, text);
	assert_int_equal(0, mm_json_finish(&json));
	fclose(out);
	return data;
}

static void
test_values_and_nesting(void **state)
{
	struct mm_json json;
	char *data;
	size_t len;
	FILE *out = open_memstream(&data, &len);

	(void)state;
	mm_json_init(&json, out);
	mm_json_object(&json, NULL);
	mm_json_string(&json, "a", "b");
	mm_json_object(&json, "empty");
	mm_json_end(&json);
	mm_json_array(&json, "list");
	mm_json_int(&json, NULL, INT64_MIN);
	mm_json_uint(&json, NULL, UINT64_MAX);
	mm_json_object(&json, NULL);
	mm_json_bool(&json, "yes", true);
	mm_json_bool(&json, "no", false);
	mm_json_string(&json, "none", NULL);
	mm_json_end(&json);
	mm_json_array(&json, NULL);
	mm_json_end(&json);
	mm_json_end(&json);
	mm_json_end(&json);
	assert_int_equal(0, mm_json_finish(&json));
	mm_json_int(&json, NULL, 7);
	assert_int_equal(0, mm_json_finish(&json));
	fclose(out);
	assert_string_equal("{\"a\":\"b\",\"empty\":{},\"list\":["
			    "-9223372036854775808,18446744073709551615,"
			    "{\"yes\":true,\"no\":false,\"none\":null},[]]}\n"
			    "7\n",
	    data);
	free(data);
}

static void
test_any_bytes_become_valid(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
	    {"", "\"\"\n"},
	    {"say \"a\\b\"", "\"say \\\"a\\\\b\\\"\"\n"},
	    {"a\r\n\t\x1b[0m\x7f",
		"\"a\\u000d\\u000a\\u0009\\u001b[0m\\u007f\"\n"},
	    {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x93\xa8",
		"\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x93\xa8\"\n"},
	    {"\xc2\x9b", "\"\\u009b\"\n"},
	    {"\xc2\xa0", "\"\xc2\xa0\"\n"},
	    /* overlong, surrogate, too high, alone, cut short */
	    {"\xc0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\"\n"},
	    {"\xe0\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"\n"},
	    {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"\n"},
	    {"\xf4\x90\x80\x80",
		"\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"\n"},
	    {"\xff", "\"\xef\xbf\xbd\"\n"},
	    {"\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\"\n"},
	    {"\xc3", "\"\xef\xbf\xbd\"\n"},
	    {"\xc3\"", "\"\xef\xbf\xbd\\\"\"\n"},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		char *data = written(cases[i].text);

		assert_string_equal(cases[i].want, data);
		free(data);
	}
}

static void
test_first_error_stays(void **state)
{
	struct mm_json json;
	char small[4];
	FILE *full = fmemopen(small, sizeof(small), "w");

	(void)state;
	assert_non_null(full);
	setbuf(full, NULL);
	mm_json_init(&json, full);
	mm_json_string(&json, NULL, "abc"); /* the quote does not fit */
	assert_int_equal(ENOSPC, json.error);
	json.out = NULL; /* is not touched any more */
	assert_int_equal(-1, mm_json_finish(&json));
	assert_int_equal(ENOSPC, json.error);
	fclose(full);
}

static void
test_flush_fails(void **state)
{
	struct mm_json json;
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	mm_json_init(&json, full);
	mm_json_int(&json, NULL, 1);
	assert_int_equal(0, json.error); /* still in the buffer */
	assert_int_equal(-1, mm_json_finish(&json));
	assert_int_equal(ENOSPC, json.error);
	fclose(full);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_values_and_nesting),
	    cmocka_unit_test(test_any_bytes_become_valid),
	    cmocka_unit_test(test_first_error_stays),
	    cmocka_unit_test(test_flush_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
