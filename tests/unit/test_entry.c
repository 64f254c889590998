/* entry: what was written is read back, and nothing else is. */
#include "lib/entry.h"

#include "tests/test.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#define NOON INT64_C(1795867200) /* 2026-11-28 12:00 UTC */

static const struct mm_decision hostile = {
    .action = MM_GREYLISTED,
    .reason = "greylist",
    .stage = "RCPT",
    .client_address = "192.0.2.1",
    .helo = "x\naction=accept \xc3\xa9\xff",
    .sender = "\"a\\b\"@example.org",
    .recipient = "b@example.net",
    .delay = -1,
    .wait_us = 31415,
    .session = "4f1c2a9b",
};

static enum mm_entry_is
syslog_line(const char *text, int64_t latest, struct mm_entry *ret)
{
	static char line[16384];
	struct mm_entry_dates dates;

	mm_entry_dates_init(&dates, latest);
	snprintf(line, sizeof(line), "%s", text);
	return mm_entry_syslog(&dates, line, ret);
}

static void
assert_hostile(const struct mm_entry *entry)
{
	char scratch[32];

	assert_int_equal(MM_GREYLISTED, entry->action);
	for (enum mm_field f = 0; f < MM_NFIELDS; f++)
		assert_string_equal(
		    mm_decision_value(&hostile, f, scratch), entry->field[f]);
}

static void
test_a_record_comes_back(void **state)
{
	char line[MM_LINE_MAX], whole[MM_LINE_MAX + 64];
	struct mm_entry entry;

	(void)state;
	mm_decision_line(&hostile, line, sizeof(line));
	snprintf(
	    whole, sizeof(whole), "Nov 28 12:00:01 mx mailmum[7]: %s", line);
	assert_int_equal(MM_ENTRY_RECORD, mm_entry_text(line, &entry));
	assert_hostile(&entry);
	assert_int_equal(
	    MM_ENTRY_RECORD, syslog_line(whole, NOON + 60, &entry));
	assert_hostile(&entry);
	assert_int_equal(NOON + 1, entry.time);
}

static void
test_a_json_line_comes_back(void **state)
{
	char line[] = "{\"time\":\"2026-11-28T12:00:01.123Z\","
		      "\"action\":\"reject\",\"reason\":\"x\","
		      "\"helo\":\"a\\u0001\\u00e9\\\"\\\\\\n \\ud83d\","
		      "\"wait\":0.031,\"new\":true,\"delay\":12}";
	char notice[] = "{\"time\":\"2026-11-28T12:00:01.123Z\","
			"\"priority\":\"warning\",\"event\":\"list-dead\","
			"\"list\":\"bl.example.org\",\"message\":\"a b\"}";
	struct mm_entry entry;

	(void)state;
	assert_int_equal(MM_ENTRY_RECORD, mm_entry_json(line, &entry));
	assert_int_equal(MM_REJECTED, entry.action);
	assert_int_equal(NOON + 1, entry.time);
	assert_string_equal(
	    "a\x01\xc3\xa9\"\\\n \xef\xbf\xbd", entry.field[MM_FIELD_HELO]);
	assert_string_equal("0.031", entry.field[MM_FIELD_WAIT]);
	assert_string_equal("12", entry.field[MM_FIELD_DELAY]);
	assert_int_equal(MM_ENTRY_NOTICE, mm_entry_json(notice, &entry));
	assert_string_equal("a b", entry.text);
	assert_int_equal(LOG_WARNING, entry.priority);
}

/* Whatever stands further back in another program's line. */
static void
test_other_lines_are_foreign(void **state)
{
	static const char *const lines[] = {
	    "",
	    "x",
	    "action=reject reason=x",
	    "Nov 28 12:00:01 mx postfix/smtpd[7]: mailmum[7]: action=reject",
	    "Nov 28 12:00:01 mx postfix[7]: x mailmum: action=reject",
	    "Nov 28 12:00:01 mailmum[7]: action=reject reason=x",
	    "Nov 28 12:00:01 mx mailmumctl: action=reject",
	    "Nov 28 12:00:01 mx mailmum[x]: action=reject",
	    "Nov 28 12:00:01 mx mailmum[7] action=reject",
	    "Nov 28 12:00:01",
	    "Nov 38 12:00:01 mx mailmum[7]: action=reject",
	    "Nov 28 24:00:01 mx mailmum[7]: action=reject",
	    "Foo 28 12:00:01 mx mailmum[7]: action=reject",
	    "2026-13-28T12:00:01Z mx mailmum[7]: action=reject",
	    "2026-11-28T12:00:01 mx mailmum[7]: action=reject",
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(lines); i++) {
		struct mm_entry entry;

		assert_int_equal(
		    MM_ENTRY_FOREIGN, syslog_line(lines[i], NOON, &entry));
	}
}

static void
test_damage_is_noticed(void **state)
{
	static const char *const texts[] = {
	    "action=",
	    "action=reject ",
	    "action=reject reason=\"x",
	    "action=reject reason=\"x\\",
	    "action=reject reason=\"x\\x0",
	    "action=reject reason=\"x\\x00\"",
	    "action=reject reason=\"x\"y",
	    "action=reject reason=a=b",
	    "action=reject reason=a reason=b",
	    "action=reject  reason=a",
	    "action=reject Reason=a",
	    "action=reject reason=\xc3\xa9",
	    "action=rejectx reason=a",
	};
	static const char *const json[] = {
	    "{",
	    "{}",
	    "{\"time\":\"2026-11-28T12:00:01Z\"}",
	    "{\"time\":\"2026-11-28T12:00:01Z\",\"action\":\"reject\"",
	    "{\"time\":\"2026-11-28T12:00:01Z\",\"action\":\"reject\"}x",
	    "{\"time\":\"2026-11-28T12:00:01Z\",\"action\":\"no\"}",
	    "{\"time\":\"2026-11-28\",\"action\":\"reject\"}",
	    "{\"action\":\"reject\"}",
	    "{\"time\":\"2026-11-28T12:00:01Z\",\"action\":\"re\\ject\"}",
	    "{\"time\":\"2026-11-28T12:00:01Z\",\"action\":{}}",
	    "{\"time\":\"2026-11-28T12:00:01Z\",\"action\":\"reject\","
	    "\"helo\":\"\\u0000\"}",
	    "{\"time\":\"2026-11-28T12:00:01Z\",\"action\":\"reject\","
	    "\"action\":\"accept\"}",
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(texts); i++) {
		char *line = strdup(texts[i]);
		struct mm_entry entry;

		assert_int_equal(
		    MM_ENTRY_MALFORMED, mm_entry_text(line, &entry));
		free(line);
	}
	for (size_t i = 0; i < MM_COUNT(json); i++) {
		char *line = strdup(json[i]);
		struct mm_entry entry;

		if (mm_entry_json(line, &entry) != MM_ENTRY_MALFORMED)
			fail_msg("%s", json[i]);
		free(line);
	}
}

static void
test_fields_of_a_later_version_do_no_harm(void **state)
{
	char line[] = "action=accept reason=x newer=1 session=2";
	struct mm_entry entry;

	(void)state;
	assert_int_equal(MM_ENTRY_RECORD, mm_entry_text(line, &entry));
	assert_string_equal("2", entry.field[MM_FIELD_SESSION]);
}

/* The year is the last one that is not in the future. */
static void
test_dates(void **state)
{
	static const struct {
		const char *date;
		int64_t latest, want;
	} cases[] = {
	    {"Nov 28 12:00:00", NOON, NOON},
	    {"Nov 28 13:30:05", NOON, NOON + 5405},
	    {"Nov  1 00:00:00", NOON, 1793491200},
	    {"Dec 31 23:59:59", NOON, 1767225599}, /* 2025 */
	    {"Dec 31 23:59:59", 1767225600, 1767225599},
	    {"Jan  1 00:00:00", 1767225599, 1767225600},
	    {"Feb 29 00:00:00", NOON, 1709164800}, /* 2024 */
	    {"2026-11-28T12:00:00Z", 0, NOON},
	    {"2026-11-28T12:00:00.999999+00:00", 0, NOON},
	    {"2026-11-28T13:00:00+01:00", 0, NOON},
	    {"2026-11-28T07:30:00-0430", 0, NOON},
	    {"2024-02-29T00:00:00Z", 0, 1709164800},
	    {"1970-01-01T00:00:00Z", 0, 0},
	    {"2100-03-01T00:00:00Z", 0, 4107542400},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_entry entry;
		char line[128];

		snprintf(line, sizeof(line), "%s mx mailmum[7]: hello",
		    cases[i].date);
		assert_int_equal(MM_ENTRY_NOTICE,
		    syslog_line(line, cases[i].latest, &entry));
		assert_int_equal(cases[i].want, entry.time);
		assert_string_equal("hello", entry.text);
		assert_int_equal(-1, entry.priority);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_record_comes_back),
	    cmocka_unit_test(test_a_json_line_comes_back),
	    cmocka_unit_test(test_other_lines_are_foreign),
	    cmocka_unit_test(test_damage_is_noticed),
	    cmocka_unit_test(test_fields_of_a_later_version_do_no_harm),
	    cmocka_unit_test(test_dates),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
