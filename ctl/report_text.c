/*
 * report_text - the report as plain text, in 80 columns, for mail.
 *
 * What strangers have sent is shown in printable ASCII, cut to the line.
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "ctl/report.h"
#include "lib/report.h"
#include "lib/str.h"
#include "lib/tally.h"

#define TOP 10
#define TOP_REASONS 30
#define WIDTH 79

/* The columns of the tables by time and by restriction. */
static const struct {
	const char *title;
	enum mm_verdict verdict;
} columns[] = {
    {"accepted", MM_ACCEPT},
    {"greylisted", MM_GREYLISTED},
    {"put off", MM_DEFERRED},
    {"refused", MM_REJECTED},
    {"dropped", MM_DISCARDED},
    {"held", MM_QUARANTINED},
};
#define NCOLUMNS (sizeof(columns) / sizeof(columns[0]))

static void
heading(FILE *out, const char *text)
{
	fprintf(out, "\n%s\n", text);
	for (size_t i = 0; i < strlen(text); i++)
		fputc('-', out);
	fputc('\n', out);
}

/* text, cut to width: ".." tells that there is more. */
static void
print_cut(FILE *out, const char *text, int width)
{
	char line[1024];

	snprintf(line, sizeof(line), "%s", text);
	mm_str_printable(line, '?');
	if ((int)strlen(line) > width)
		fprintf(out, "%.*s..", width - 2, line);
	else
		fputs(line, out);
}

static const char *
clock_text(int64_t time, char text[32])
{
	time_t at = (time_t)time;
	struct tm tm;

	if (localtime_r(&at, &tm) == NULL ||
	    strftime(text, 32, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		return "?";
	return text;
}

static void
print_head(
    const struct mm_report *report, const struct report_head *head, FILE *out)
{
	char text[32];

	fputs("mailmum report", out);
	fprintf(out, "\n==============\n\n");
	fprintf(out, "from     %s\n",
	    head->since != INT64_MIN ? clock_text(head->since, text)
	    : report->first != 0     ? clock_text(report->first, text)
				     : "-");
	fprintf(out, "until    %s\n",
	    head->until != INT64_MAX ? clock_text(head->until, text)
	    : report->last != 0	     ? clock_text(report->last, text)
				     : "-");
	fputs("log      ", out);
	print_cut(out, head->from, WIDTH - 9);
	fputc('\n', out);
}

static void
print_share(FILE *out, uint64_t n, uint64_t all, const char *what)
{
	if (n == 0)
		return;
	fprintf(out, "%10" PRIu64 "  %5.1f %%  %s\n", n,
	    100.0 * (double)n / (double)all, what);
}

static void
print_number(FILE *out, uint64_t n, const char *what)
{
	fprintf(out, "%10" PRIu64 "           %s\n", n, what);
}

/* Another program's file, or what mailmum has said to standard error. */
static bool
none_ours(const struct mm_report *report)
{
	return report->foreign > 0 && report->records == 0 &&
	       report->notices == 0 && report->malformed == 0 &&
	       report->outside == 0;
}

static void
print_totals(const struct mm_report *report, FILE *out)
{
	static const struct {
		enum mm_verdict verdict;
		const char *what;
	} rows[] = {
	    {MM_ACCEPT, "accepted"},
	    {MM_GREYLISTED, "greylisted, to come back later"},
	    {MM_DEFERRED, "put off for another reason"},
	    {MM_REJECTED, "refused"},
	    {MM_DISCARDED, "accepted and thrown away"},
	    {MM_QUARANTINED, "accepted and held"},
	};
	uint64_t all = mm_report_judged(report->by);

	heading(out, "Totals");
	print_number(out, all, "recipients judged");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		print_share(
		    out, report->by[rows[i].verdict], all, rows[i].what);
	if (report->by[MM_WARNED] > 0)
		print_number(out, report->by[MM_WARNED],
		    "softened steps (warn_if_reject, WARN)");
	if (report->by[MM_INFORMED] > 0)
		print_number(out, report->by[MM_INFORMED],
		    "notes and actions of tables");
	fputc('\n', out);
	print_number(out, mm_distinct_count(&report->sessions), "sessions");
	print_number(out, mm_distinct_count(&report->all_clients), "clients");
	print_number(out, mm_distinct_count(&report->all_senders), "senders");
	print_number(
	    out, mm_distinct_count(&report->all_recipients), "recipients");
	if (report->malformed > 0)
		print_number(out, report->malformed,
		    "lines were damaged, and are not counted");
	if (none_ours(report))
		print_number(out, report->foreign,
		    "lines, and none as mailmum writes it to syslog or json:");
}

static void
print_columns(FILE *out, const char *first, int width)
{
	fprintf(out, "%*s", width, first);
	for (size_t i = 0; i < NCOLUMNS; i++)
		fprintf(out, "%11s", columns[i].title);
	fputc('\n', out);
}

static void
print_row(FILE *out, const uint64_t by[MM_NVERDICTS])
{
	for (size_t i = 0; i < NCOLUMNS; i++)
		fprintf(out, "%11" PRIu64, by[columns[i].verdict]);
	fputc('\n', out);
}

static void
print_times(const struct mm_report *report, FILE *out)
{
	if (report->ndays > 1) {
		heading(out, "By day");
		print_columns(out, "", 10);
		for (size_t i = 0; i < report->ndays; i++) {
			int date = report->days[i].date;

			fprintf(out, "%04d-%02d-%02d", date / 10000,
			    date / 100 % 100, date % 100);
			print_row(out, report->days[i].by);
		}
	}
	heading(out, "By hour of the day");
	print_columns(out, "", 10);
	for (int h = 0; h < 24; h++) {
		fprintf(out, "  %02d-%02d   ", h, h + 1);
		print_row(out, report->hours[h]);
	}
}

static void
print_reasons(const struct mm_report *report, FILE *out)
{
	const struct mm_tally_row *top[TOP_REASONS];
	size_t n = mm_tally_top(report->reasons, top, TOP_REASONS);

	heading(out, "By restriction");
	fprintf(out, "%10s%10s%10s%10s\n", "accepted", "put off", "refused",
	    "softened");
	for (size_t i = 0; i < n; i++) {
		const uint64_t *by = top[i]->by;

		fprintf(out,
		    "%10" PRIu64 "%10" PRIu64 "%10" PRIu64 "%10" PRIu64 "  ",
		    by[MM_ACCEPT] + by[MM_QUARANTINED] + by[MM_DISCARDED],
		    by[MM_GREYLISTED] + by[MM_DEFERRED], by[MM_REJECTED],
		    by[MM_WARNED] + by[MM_INFORMED]);
		print_cut(out, top[i]->key, WIDTH - 42);
		fputc('\n', out);
	}
}

static void
print_overlap(const struct mm_report *report, const size_t *order, FILE *out)
{
	bool any = false;

	for (size_t i = 0; i < report->nlists; i++)
		for (size_t j = i + 1; j < report->nlists; j++) {
			const struct mm_report_list *a, *b;
			uint64_t both;

			a = &report->lists[order[i]];
			b = &report->lists[order[j]];
			both = a->both[order[j]];

			if (both == 0)
				continue;
			if (!any)
				fputs("\nListed by both\n", out);
			any = true;
			fprintf(out, "%10" PRIu64 "  ", both);
			print_cut(out, a->label, 33);
			fputs("  ", out);
			print_cut(out, b->label, 32);
			fputc('\n', out);
		}
}

static void
print_lists(const struct mm_report *report, FILE *out)
{
	size_t order[MM_REPORT_LISTS];

	if (report->nlists == 0)
		return;
	mm_report_order(report, order);
	heading(out, "By DNS list");
	fprintf(out, "%8s%8s%8s%8s%8s%8s\n", "hits", "refused", "alone",
	    "shared", "let in", "missed");
	for (size_t i = 0; i < report->nlists; i++) {
		const struct mm_report_list *list = &report->lists[order[i]];

		fprintf(out,
		    "%8" PRIu64 "%8" PRIu64 "%8" PRIu64 "%8" PRIu64 "%8" PRIu64
		    "%8" PRIu64 "  ",
		    mm_report_hits(list), list->refused, list->alone,
		    list->elsewhere, list->let_in, list->missed);
		print_cut(out, list->label, WIDTH - 50);
		fputc('\n', out);
	}
	print_overlap(report, order, out);
}

static void
print_greylist(const struct mm_report *report, FILE *out)
{
	static const double parts[] = {0.5, 0.9, 0.95, 0.99};
	char text[32];

	if (report->by[MM_GREYLISTED] == 0 && report->passed == 0)
		return;
	heading(out, "Greylisting");
	print_number(
	    out, report->by[MM_GREYLISTED], "times told to come back later");
	print_number(out, mm_distinct_count(&report->waiting),
	    "senders to recipients that were told so");
	print_number(out, report->passed, "came back and were let in");
	print_number(out, mm_report_not_back(report), "have not come back");
	if (report->delays.n == 0)
		return;
	fputs("\nDelay of those let in\n", out);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		fprintf(out, "%9.0f %%  within %s\n", 100 * parts[i],
		    report_duration(
			mm_spread_quantile(&report->delays, parts[i]), text));
	fprintf(out, "   longest  %s\n",
	    report_duration(report->delays.most, text));
}

static void
print_waits(const struct mm_report *report, FILE *out)
{
	static const double parts[] = {0.5, 0.95, 0.99};

	if (report->waits.n == 0)
		return;
	heading(out, "Waiting for DNS answers");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		fprintf(out, "%9.0f %%  of recipients at most %" PRIu64 " ms\n",
		    100 * parts[i],
		    mm_spread_quantile(&report->waits, parts[i]));
}

static void
print_top(FILE *out, const char *title, const struct mm_tally *tally)
{
	const struct mm_tally_row *top[TOP];
	size_t n = mm_tally_top(tally, top, TOP);

	if (n == 0)
		return;
	heading(out, title);
	for (size_t i = 0; i < n; i++) {
		char line[MM_TALLY_KEY_MAX + MM_TALLY_NOTE_MAX + 4];

		/* who may have been counted for others is not exact */
		fprintf(out, "%10" PRIu64 "%s ", top[i]->count,
		    top[i]->slack > 0 ? "~" : " ");
		snprintf(line, sizeof(line), "%s%s%s", top[i]->key,
		    top[i]->note[0] != '\0' ? "  " : "", top[i]->note);
		print_cut(out, line, WIDTH - 12);
		fputc('\n', out);
	}
}

void
report_print_text(
    const struct mm_report *report, const struct report_head *head, FILE *out)
{
	print_head(report, head, out);
	print_totals(report, out);
	if (mm_report_judged(report->by) > 0) {
		print_times(report, out);
		print_reasons(report, out);
	}
	print_lists(report, out);
	print_greylist(report, out);
	print_waits(report, out);
	print_top(out, "Clients turned away", report->clients);
	print_top(out, "Senders turned away", report->senders);
	print_top(out, "Recipients of mail turned away", report->recipients);
	print_top(out, "Clients accepted", report->clients_in);
	print_top(out, "Senders accepted", report->senders_in);
	print_top(out, "Recipients of mail accepted", report->recipients_in);
	print_top(out, "What mailmum itself had to say", report->said);
}
