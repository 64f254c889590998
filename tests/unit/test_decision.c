/* decision: the record's line, and that nobody forges one. */
#include "lib/decision.h"
#include "tests/record.h"
#include "tests/test.h"

#include <stdio.h>

static const struct mm_decision full = {
    .action = MM_REJECTED,
    .reason = "reject_rbl_client zen.spamhaus.org",
    .stage = "RCPT",
    .client_name = "unknown",
    .client_address = "192.0.2.1",
    .helo = "mail.example.org",
    .sender = "a@example.org",
    .recipient = "b@example.net",
    .reply = "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked "
	     "using zen.spamhaus.org",
    .list = "zen.spamhaus.org",
    .answer = "127.0.0.2",
    .delay = 173,
    .wait_us = 31415,
    .session = "4f1c2a9b",
    .queue_id = "4Xyz",
    .missed = "bl.example.org,wl.example.org",
    .also = "none",
};

static void
test_the_line_as_documented(void **state)
{
	char line[MM_LINE_MAX];

	(void)state;
	mm_decision_line(&full, line, sizeof(line));
	assert_string_equal(
	    "action=reject reason=\"reject_rbl_client zen.spamhaus.org\" "
	    "stage=RCPT client_name=unknown client_address=192.0.2.1 "
	    "helo=mail.example.org sender=a@example.org "
	    "recipient=b@example.net reply=\"554 5.7.1 Service unavailable; "
	    "Client host [192.0.2.1] blocked using zen.spamhaus.org\" "
	    "list=zen.spamhaus.org answer=127.0.0.2 delay=173 wait=0.031 "
	    "session=4f1c2a9b queue_id=4Xyz "
	    "missed=bl.example.org,wl.example.org also=none",
	    line);
}

static void
test_empty_fields_are_left_out(void **state)
{
	struct mm_decision few = {
	    .action = MM_ACCEPT, .sender = "", .delay = -1, .wait_us = -1};
	char line[MM_LINE_MAX];

	(void)state;
	mm_decision_line(&few, line, sizeof(line));
	assert_string_equal("action=accept", line);
	few.delay = 0;
	few.wait_us = 12000000;
	mm_decision_line(&few, line, sizeof(line));
	assert_string_equal("action=accept delay=0 wait=12.000", line);
}

static void
test_nothing_sent_forges_a_field(void **state)
{
	static const struct {
		const char *helo, *want;
	} cases[] = {
	    {"plain", "plain"},
	    {"a b", "\"a b\""},
	    {"x action=accept", "\"x action=accept\""},
	    {"a=b", "\"a=b\""},
	    {"x\" action=\"accept", "\"x\\\" action=\\\"accept\""},
	    {"back\\slash", "\"back\\\\slash\""},
	    {"end\\", "\"end\\\\\""},
	    {"a\r\naction=accept", "\"a\\x0D\\x0Aaction=accept\""},
	    {"\x1b[2J\x7f\t", "\"\\x1B[2J\\x7F\\x09\""},
	    {"d\xc3\xa9j\xc3\xa0", "\"d\\xC3\\xA9j\\xC3\\xA0\""},
	    {"\xff\x80", "\"\\xFF\\x80\""},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_decision d = {
		    .helo = cases[i].helo, .delay = -1, .wait_us = -1};
		char line[MM_LINE_MAX], want[256];
		struct record record;

		snprintf(
		    want, sizeof(want), "action=accept helo=%s", cases[i].want);
		mm_decision_line(&d, line, sizeof(line));
		assert_string_equal(want, line);
		assert_true(record_parse(&record, line));
		assert_int_equal(2, record.n);
		assert_string_equal(cases[i].helo, record.value[1]);
	}
}

/* However long, a value ends whole and the fields behind it are there. */
static void
test_long_values_are_cut(void **state)
{
	char huge[3 * MM_FIELD_VALUE_MAX], line[MM_LINE_MAX];
	struct mm_decision d = full;
	struct record record;

	(void)state;
	for (int c = 1; c < 256; c += 17) {
		memset(huge, c, sizeof(huge) - 1);
		huge[sizeof(huge) - 1] = '\0';
		d.helo = d.sender = huge;
		mm_decision_line(&d, line, sizeof(line));
		assert_true(record_parse(&record, line));
		assert_int_equal(MM_NFIELDS, record.n);
		assert_string_equal("also", record.name[record.n - 1]);
		assert_memory_equal(huge, record.value[MM_FIELD_HELO],
		    strlen(record.value[MM_FIELD_HELO]));
	}
}

static void
test_a_short_line_keeps_whole_fields(void **state)
{
	(void)state;
	for (size_t size = 1; size < 400; size++) {
		struct record record;
		char *line = malloc(size);

		mm_decision_line(&full, line, size);
		assert_true(strlen(line) < size);
		assert_true(record_parse(&record, line));
		free(line);
	}
}

static void
test_a_copy_owns_its_strings(void **state)
{
	char helo[2 * MM_FIELD_VALUE_MAX];
	char before[MM_LINE_MAX], after[MM_LINE_MAX];
	struct mm_decision d = full, *copy;

	(void)state;
	memset(helo, 'h', sizeof(helo) - 1);
	helo[sizeof(helo) - 1] = '\0';
	d.helo = helo;
	d.list = NULL;
	mm_decision_line(&d, before, sizeof(before));
	copy = mm_decision_copy(&d);
	assert_non_null(copy);
	memset(helo, 0, sizeof(helo));
	mm_decision_line(copy, after, sizeof(after));
	assert_string_equal(before, after);
	assert_int_equal(MM_FIELD_VALUE_MAX, strlen(copy->helo));
	free(copy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_line_as_documented),
	    cmocka_unit_test(test_empty_fields_are_left_out),
	    cmocka_unit_test(test_nothing_sent_forges_a_field),
	    cmocka_unit_test(test_long_values_are_cut),
	    cmocka_unit_test(test_a_short_line_keeps_whole_fields),
	    cmocka_unit_test(test_a_copy_owns_its_strings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
