/*
 * report_journal - entries from the journal.  Built only where libsystemd is;
 * report_nojournal stands in elsewhere.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>

#include "ctl/report.h"
#include "lib/entry.h"
#include "lib/err.h"
#include "lib/report.h"

#define TEXT_SIZE 16384

/* A field's value as text; false: the entry has none. */
static bool
get(sd_journal *journal, const char *field, char *text, size_t size)
{
	size_t skip = strlen(field) + 1, len;
	const void *data;

	if (sd_journal_get_data(journal, field, &data, &len) < 0 || len < skip)
		return false;
	len -= skip;
	if (len >= size)
		len = size - 1;
	memcpy(text, (const char *)data + skip, len);
	text[len] = '\0';
	return true;
}

static void
add_entry(
    struct mm_report *report, sd_journal *journal, int64_t time, char *text)
{
	struct mm_entry entry;
	enum mm_entry_is is;
	char priority[4];

	if (!get(journal, "MESSAGE", text, TEXT_SIZE))
		return;
	is = mm_entry_text(text, &entry);
	entry.time = time;
	if (is == MM_ENTRY_NOTICE &&
	    get(journal, "PRIORITY", priority, sizeof(priority)) &&
	    priority[0] >= '0' && priority[0] <= '7')
		entry.priority = priority[0] - '0';
	mm_report_add(report, is, &entry);
}

static int
read_entries(struct mm_report *report, sd_journal *journal)
{
	char *text = malloc(TEXT_SIZE);
	uint64_t when;
	int rc;

	if (text == NULL)
		return -ENOMEM;
	sd_journal_set_data_threshold(journal, TEXT_SIZE);
	rc = sd_journal_add_match(journal, "SYSLOG_IDENTIFIER=mailmum", 0);
	if (rc >= 0)
		rc = report->since > 0 ? sd_journal_seek_realtime_usec(journal,
					     (uint64_t)report->since * 1000000)
				       : sd_journal_seek_head(journal);
	while (rc >= 0 && (rc = sd_journal_next(journal)) > 0) {
		if (sd_journal_get_realtime_usec(journal, &when) < 0)
			continue;
		if ((int64_t)(when / 1000000) >= report->until)
			break;
		add_entry(report, journal, (int64_t)(when / 1000000), text);
	}
	free(text);
	return rc;
}

int
report_read_journal(
    struct mm_report *report, const char *path, struct mm_err *err)
{
	const char *files[] = {path, NULL};
	sd_journal *journal = NULL;
	struct stat st;
	int rc;

	if (path == NULL)
		rc = sd_journal_open(&journal, SD_JOURNAL_LOCAL_ONLY);
	else if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		rc = sd_journal_open_directory(&journal, path, 0);
	else
		rc = sd_journal_open_files(&journal, files, 0);
	if (rc >= 0)
		rc = read_entries(report, journal);
	sd_journal_close(journal);
	if (rc < 0)
		return mm_err_set(err, "%s: %s",
		    path != NULL ? path : "the journal", strerror(-rc));
	return 0;
}
