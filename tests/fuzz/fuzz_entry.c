/*
 * A line of a log, whatever is in it: taken apart within its bounds, and what
 * was read as a record is written and read again as the same one.  The first
 * byte chooses the form, and whether what was read is counted as well.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/entry.h"
#include "lib/report.h"

#define LATEST INT64_C(1795867200) /* 2026-11-28 */

static void
must_be_within(const char *s, const char *line, size_t size)
{
	if (*s == '\0')
		return;
	if (s < line || s >= line + size ||
	    memchr(s, '\0', (size_t)(line + size - s)) == NULL)
		abort();
}

/* Read, written, read: the texts stay what they are. */
static void
again(const struct mm_entry *entry)
{
	static char line[MM_LINE_MAX];
	struct mm_decision decision = {.action = entry->action,
	    .reason = entry->field[MM_FIELD_REASON],
	    .helo = entry->field[MM_FIELD_HELO],
	    .sender = entry->field[MM_FIELD_SENDER],
	    .recipient = entry->field[MM_FIELD_RECIPIENT],
	    .delay = -1,
	    .wait_us = -1};
	static const enum mm_field kept[] = {MM_FIELD_REASON, MM_FIELD_HELO,
	    MM_FIELD_SENDER, MM_FIELD_RECIPIENT};
	struct mm_entry copy;

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (strlen(entry->field[kept[i]]) > MM_FIELD_VALUE_MAX / 4)
			return;
	mm_decision_line(&decision, line, sizeof(line));
	if (mm_entry_text(line, &copy) != MM_ENTRY_RECORD ||
	    copy.action != entry->action)
		abort();
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (strcmp(copy.field[kept[i]], entry->field[kept[i]]) != 0)
			abort();
}

static void
check(enum mm_entry_is is, const struct mm_entry *entry, const char *line,
    size_t size)
{
	if (is == MM_ENTRY_NOTICE)
		must_be_within(entry->text, line, size);
	if (is != MM_ENTRY_RECORD)
		return;
	for (enum mm_field f = 0; f < MM_NFIELDS; f++)
		must_be_within(entry->field[f], line, size);
	again(entry);
}

static enum mm_entry_is
read_line(unsigned form, struct mm_entry_dates *dates, char *line,
    struct mm_entry *entry)
{
	switch (form % 3) {
	case 0:
		entry->time = LATEST;
		return mm_entry_text(line, entry);
	case 1:
		return mm_entry_syslog(dates, line, entry);
	default:
		return mm_entry_json(line, entry);
	}
}

static void
read_lines(
    const uint8_t *data, size_t size, unsigned form, struct mm_report *report)
{
	struct mm_entry_dates dates;
	const uint8_t *end = data + size;

	mm_entry_dates_init(&dates, LATEST);
	while (data < end) {
		const uint8_t *newline =
		    memchr(data, '\n', (size_t)(end - data));
		size_t len = newline != NULL ? (size_t)(newline - data)
					     : (size_t)(end - data);
		char *line = malloc(len + 1);
		struct mm_entry entry;
		enum mm_entry_is is;

		if (line == NULL)
			abort();
		memcpy(line, data, len);
		line[len] = '\0';
		is = read_line(form, &dates, line, &entry);
		check(is, &entry, line, len + 1);
		if (report != NULL)
			mm_report_add(report, is, &entry);
		free(line);
		data += len + (newline != NULL);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mm_report *report = NULL;

	if (size == 0)
		return 0;
	if ((data[0] & 0xf0) == 0x70 &&
	    (report = mm_report_new(0, INT64_MAX, gmtime_r)) == NULL)
		abort();
	read_lines(data + 1, size - 1, data[0] & 0x3f, report);
	if (report == NULL)
		return 0;
	mm_report_finish(report);
	if (mm_report_judged(report->by) > report->records)
		abort();
	mm_report_free(report);
	return 0;
}
