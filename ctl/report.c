/* report - mailmumctl report: finds the log, reads it, prints the sum. */
#include "ctl/report.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/when.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/report.h"
#include "lib/settings.h"
#include "lib/str.h"

#define DAY 86400

/* Where syslog daemons put the mail facility. */
static const char *const syslog_files[] = {
    "/var/log/mail.log", "/var/log/maillog", "/var/log/syslog"};

/* What log_to says, as far as the configuration can be read. */
static void
read_log_to(const struct ctl *ctl, char *text, size_t size)
{
	struct mm_complaints all = {0};
	struct mm_settings *settings = NULL;
	struct mm_err ignored;
	struct mm_conf *conf = mm_conf_read(ctl->config, &all, &ignored);

	*text = '\0';
	if (conf != NULL)
		settings = mm_settings_read(conf, &all);
	if (settings != NULL)
		snprintf(text, size, "%s", settings->log_to);
	mm_settings_free(settings);
	mm_conf_free(conf);
	mm_complaints_clear(&all);
}

static bool
is_journal(const char *path)
{
	size_t len = strlen(path);
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return true;
	return len > 8 && strcmp(path + len - 8, ".journal") == 0;
}

static int
read_journal(struct mm_report *report, const char *path,
    struct report_head *head, struct mm_err *err)
{
	snprintf(head->from, sizeof(head->from), "%s",
	    path != NULL ? path : "the journal");
	return report_read_journal(report, path, err);
}

static int
read_syslog(
    struct mm_report *report, struct report_head *head, struct mm_err *err)
{
	for (size_t i = 0; i < sizeof(syslog_files) / sizeof(*syslog_files);
	     i++)
		if (access(syslog_files[i], F_OK) == 0)
			return report_read_file(report, syslog_files[i], true,
			    head->from, sizeof(head->from), err);
	return mm_err_set(err, "there is no %s: name the log", syslog_files[0]);
}

/* Where the daemon logs; if it says nothing, the journal, and if nothing of
 * it is there, syslog's file. */
static int
read_own(const struct ctl *ctl, struct mm_report *report,
    struct report_head *head, struct mm_err *err)
{
	char log_to[1024];

	read_log_to(ctl, log_to, sizeof(log_to));
	if (strncmp(log_to, "json:", 5) == 0)
		return report_read_file(report, log_to + 5, true, head->from,
		    sizeof(head->from), err);
	if (strcmp(log_to, "syslog") == 0)
		return read_syslog(report, head, err);
	if (read_journal(report, NULL, head, err) != 0)
		return strcmp(log_to, "journal") == 0
			   ? -1
			   : read_syslog(report, head, err);
	if (report->records > 0 || report->notices > 0)
		return 0;
	if (access(syslog_files[0], R_OK) == 0)
		return read_syslog(report, head, err);
	if (geteuid() != 0)
		ctl_fail(ctl, CTL_DONE,
		    "nothing of mailmum in what this user may see of the "
		    "journal");
	return 0;
}

static int
read_all(const struct ctl *ctl, struct mm_report *report,
    struct report_head *head, struct mm_err *err)
{
	if (ctl->argument == NULL)
		return read_own(ctl, report, head, err);
	if (is_journal(ctl->argument))
		return read_journal(report, ctl->argument, head, err);
	return report_read_file(report, ctl->argument,
	    ctl->since != NULL && strcmp(ctl->argument, "-") != 0, head->from,
	    sizeof(head->from), err);
}

/* Without a word about it: of a named file all, else the last day. */
static int
set_period(const struct ctl *ctl, struct report_head *head)
{
	head->now = time(NULL);
	head->since = ctl->argument != NULL ? INT64_MIN : head->now - DAY;
	head->until = ctl->argument != NULL ? INT64_MAX : head->now + 1;
	if (ctl->since != NULL &&
	    !ctl_when(ctl->since, head->now, &head->since))
		return ctl_fail(
		    ctl, CTL_USAGE, "\"%s\" is not a time", ctl->since);
	if (ctl->until != NULL &&
	    !ctl_when(ctl->until, head->now, &head->until))
		return ctl_fail(
		    ctl, CTL_USAGE, "\"%s\" is not a time", ctl->until);
	return 0;
}

const char *
report_duration(uint64_t seconds, char text[32])
{
	double s = (double)seconds;

	if (seconds < 120)
		snprintf(text, 32, "%.0f s", s);
	else if (seconds < 7200)
		snprintf(text, 32, "%.1f min", s / 60);
	else if (seconds < 172800)
		snprintf(text, 32, "%.1f h", s / 3600);
	else
		snprintf(text, 32, "%.1f d", s / 86400);
	return text;
}

int
ctl_report(const struct ctl *ctl)
{
	struct mm_report *report;
	struct report_head head;
	struct mm_err err;
	int code = CTL_DONE;

	if (ctl->html && ctl->json)
		return ctl_fail(
		    ctl, CTL_USAGE, "--html and --json: which of them?");
	if ((code = set_period(ctl, &head)) != 0)
		return code;
	tzset();
	report = mm_report_new(head.since, head.until, localtime_r);
	if (report == NULL)
		return ctl_fail(ctl, EX_OSERR, "out of memory");
	if (read_all(ctl, report, &head, &err) != 0) {
		code = ctl_fail(ctl, EX_NOINPUT, "%s", err.text);
	} else {
		mm_report_finish(report);
		if (ctl->json)
			report_print_json(report, &head, stdout);
		else if (ctl->html)
			report_print_html(report, &head, stdout);
		else
			report_print_text(report, &head, stdout);
	}
	mm_report_free(report);
	return code;
}
