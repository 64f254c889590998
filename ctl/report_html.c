/*
 * report_html - the report as one HTML page: nothing outside of it is needed
 * to show it, no script is in it, and a browser is told to load none.
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "ctl/html.h"
#include "ctl/report.h"
#include "ctl/report_chart.h"
#include "lib/report.h"
#include "lib/tally.h"

#define TOP 15
#define REASONS 20

/* clang-format off */
static const char page_head[] =
"<!DOCTYPE html>\n"
"<html lang=\"en\">\n"
"<head>\n"
"<meta charset=\"utf-8\">\n"
"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
"style-src 'unsafe-inline'\">\n"
"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
"<title>mailmum report</title>\n"
"<style>\n"
":root { color-scheme: light dark; --back: #f6f7f9; --card: #fff;\n"
"  --ink: #1d2330; --soft: #667085; --line: #e3e7ee;\n"
"  --good: #2e9d6d; --wait: #7c8db5; --late: #e0a13a; --bad: #cf4a55;\n"
"  --gone: #8257a8; --held: #2d93ab; }\n"
"@media (prefers-color-scheme: dark) { :root { --back: #12151c;\n"
"  --card: #1b202b; --ink: #e7eaf0; --soft: #98a2b5; --line: #2d3442; } }\n"
"* { box-sizing: border-box; }\n"
"body { margin: 0; background: var(--back); color: var(--ink);\n"
"  font: 15px/1.5 system-ui, \"Segoe UI\", Roboto, \"DejaVu Sans\", "
"sans-serif; }\n"
"main { max-width: 1060px; margin: 0 auto; padding: 28px 20px 60px; }\n"
"h1 { font-size: 26px; margin: 0 0 2px; }\n"
"h2 { font-size: 17px; margin: 0 0 12px; }\n"
"h3 { font-size: 14px; margin: 18px 0 6px; color: var(--soft); }\n"
"p { margin: 0 0 6px; } .soft { color: var(--soft); }\n"
"section { background: var(--card); border: 1px solid var(--line);\n"
"  border-radius: 10px; padding: 18px 20px; margin-top: 18px; }\n"
".tiles { display: grid; gap: 12px; margin-top: 18px;\n"
"  grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); }\n"
".tile { background: var(--card); border: 1px solid var(--line);\n"
"  border-radius: 10px; padding: 12px 16px; }\n"
".tile b { display: block; font-size: 25px; line-height: 1.25;\n"
"  font-variant-numeric: tabular-nums; }\n"
".inner .tile { background: none; }\n"
".inner { margin: 0 0 14px; }\n"
".three { display: grid; gap: 0 28px;\n"
"  grid-template-columns: repeat(auto-fit, minmax(270px, 1fr)); }\n"
"table { border-collapse: collapse; width: 100%; }\n"
"td, th { padding: 4px 8px 4px 0; border-bottom: 1px solid var(--line);\n"
"  text-align: left; font-weight: normal; overflow-wrap: anywhere; }\n"
"th { color: var(--soft); font-size: 13px; }\n"
"td.n, th.n { text-align: right; font-variant-numeric: tabular-nums;\n"
"  white-space: nowrap; width: 1%; padding-right: 16px; }\n"
"td.n + td.n, th.n + th.n { padding-left: 8px; }\n"
"tr:last-child td { border-bottom: 0; }\n"
"svg { display: block; width: 100%; height: auto; }\n"
".wide { overflow-x: auto; } .wide > * { min-width: 620px; }\n"
".wide + .wide { margin-top: 14px; }\n"
"svg text { fill: var(--ink); font-size: 13px; }\n"
"svg .axis { fill: var(--soft); font-size: 12px; }\n"
"svg .number { fill: var(--soft); font-variant-numeric: tabular-nums; }\n"
".middle { text-anchor: middle; } .end { text-anchor: end; }\n"
".grid { stroke: var(--line); }\n"
".legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 18px;\n"
"  margin: 0 0 10px; padding: 0; color: var(--soft); font-size: 13px; }\n"
".dot { display: inline-block; width: 10px; height: 10px;\n"
"  border-radius: 3px; margin-right: 6px; }\n"
".good { fill: var(--good); background: var(--good); }\n"
".wait { fill: var(--wait); background: var(--wait); }\n"
".late { fill: var(--late); background: var(--late); }\n"
".bad { fill: var(--bad); background: var(--bad); }\n"
".gone { fill: var(--gone); background: var(--gone); }\n"
".held { fill: var(--held); background: var(--held); }\n"
"@media print { body { background: none; } section, .tile {\n"
"  break-inside: avoid; } }\n"
"</style>\n"
"</head>\n"
"<body>\n"
"<main>\n";
/* clang-format on */

/* The verdicts as parts of a bar, from the bottom. */
static const struct {
	struct chart_series series;
	enum mm_verdict verdict;
} verdicts[] = {
    {{"accepted", "good"}, MM_ACCEPT},
    {{"held", "held"}, MM_QUARANTINED},
    {{"greylisted", "wait"}, MM_GREYLISTED},
    {{"put off", "late"}, MM_DEFERRED},
    {{"refused", "bad"}, MM_REJECTED},
    {{"thrown away", "gone"}, MM_DISCARDED},
};
#define NVERDICTS (sizeof(verdicts) / sizeof(verdicts[0]))

/* Of which there are any, for the legend too. */
struct parts {
	struct chart_series series[NVERDICTS];
	enum mm_verdict verdict[NVERDICTS];
	size_t n;
};

static void
find_parts(const struct mm_report *report, struct parts *ret)
{
	ret->n = 0;
	for (size_t i = 0; i < NVERDICTS; i++) {
		if (report->by[verdicts[i].verdict] == 0)
			continue;
		ret->series[ret->n] = verdicts[i].series;
		ret->verdict[ret->n++] = verdicts[i].verdict;
	}
}

static void
fill_row(const struct parts *parts, const uint64_t by[MM_NVERDICTS],
    struct chart_row *ret)
{
	for (size_t i = 0; i < parts->n; i++)
		ret->parts[i] = by[parts->verdict[i]];
}

static void
print_time(FILE *out, int64_t time)
{
	time_t at = (time_t)time;
	char text[40];
	struct tm tm;

	if (time == 0)
		fputc('?', out);
	else if (localtime_r(&at, &tm) != NULL &&
		 strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm) > 0)
		fputs(text, out);
}

static void
print_head(
    const struct mm_report *report, const struct report_head *head, FILE *out)
{
	fputs(page_head, out);
	fputs("<h1>mailmum report</h1>\n<p>", out);
	print_time(out, head->since != INT64_MIN ? head->since : report->first);
	fputs(" to ", out);
	print_time(out, head->until != INT64_MAX ? head->until : report->last);
	fputs("</p>\n<p class=\"soft\">from ", out);
	html_text(out, head->from);
	if (report->malformed > 0)
		fprintf(out,
		    "; %" PRIu64 " lines were damaged, and are not counted",
		    report->malformed);
	fputs("</p>\n", out);
}

static void
tile(FILE *out, uint64_t n, const char *class, const char *what)
{
	fprintf(out,
	    "<div class=\"tile\"><b>%" PRIu64 "</b><span "
	    "class=\"soft\">",
	    n);
	if (class != NULL)
		fprintf(out, "<i class=\"dot %s\"></i>", class);
	fprintf(out, "%s</span></div>\n", what);
}

static void
print_totals(
    const struct mm_report *report, const struct parts *parts, FILE *out)
{
	uint64_t all = mm_report_judged(report->by);
	char text[64];

	fputs("<div class=\"tiles\">\n", out);
	tile(out, all, NULL, "recipients judged");
	for (size_t i = 0; i < parts->n; i++) {
		uint64_t n = report->by[parts->verdict[i]];

		snprintf(text, sizeof(text), "%s, %.1f\xc2\xa0%%",
		    parts->series[i].name, 100.0 * (double)n / (double)all);
		tile(out, n, parts->series[i].class, text);
	}
	fputs("</div>\n<div class=\"tiles\">\n", out);
	tile(out, mm_distinct_count(&report->sessions), NULL, "sessions");
	tile(out, mm_distinct_count(&report->all_clients), NULL, "clients");
	tile(out, mm_distinct_count(&report->all_senders), NULL, "senders");
	tile(out, mm_distinct_count(&report->all_recipients), NULL,
	    "recipients");
	if (report->by[MM_WARNED] > 0)
		tile(out, report->by[MM_WARNED], NULL, "softened steps");
	fputs("</div>\n", out);
}

static void
print_hours(
    const struct mm_report *report, const struct parts *parts, FILE *out)
{
	struct chart_row rows[24] = {0};
	char labels[24][8];

	for (int h = 0; h < 24; h++) {
		snprintf(labels[h], sizeof(labels[h]), "%02d:00", h);
		rows[h].label = labels[h];
		fill_row(parts, report->hours[h], &rows[h]);
	}
	fputs("<section><h2>By hour of the day</h2>\n", out);
	chart_legend(out, parts->series, parts->n);
	chart_columns(out, "Verdicts by hour of the day", parts->series,
	    parts->n, rows, 24, 2);
	fputs("</section>\n", out);
}

static void
print_days(const struct mm_report *report, const struct parts *parts, FILE *out)
{
	struct chart_row rows[MM_REPORT_DAYS] = {0};
	char labels[MM_REPORT_DAYS][12];

	if (report->ndays < 2)
		return;
	for (size_t i = 0; i < report->ndays; i++) {
		int date = report->days[i].date;

		snprintf(labels[i], sizeof(labels[i]), "%02d-%02d",
		    date / 100 % 100, date % 100);
		rows[i].label = labels[i];
		fill_row(parts, report->days[i].by, &rows[i]);
	}
	fputs("<section><h2>By day</h2>\n", out);
	chart_legend(out, parts->series, parts->n);
	chart_columns(out, "Verdicts by day", parts->series, parts->n, rows,
	    report->ndays, report->ndays / 14 + 1);
	fputs("</section>\n", out);
}

static void
print_reasons(
    const struct mm_report *report, const struct parts *parts, FILE *out)
{
	static const struct chart_series softened = {"softened", "held"};
	struct chart_series series[NVERDICTS + 1];
	const struct mm_tally_row *top[REASONS];
	struct chart_row rows[REASONS] = {0};
	size_t n = mm_tally_top(report->reasons, top, REASONS);
	size_t nseries = parts->n;

	memcpy(series, parts->series, sizeof(parts->series));
	if (report->by[MM_WARNED] > 0)
		series[nseries++] = softened;
	for (size_t i = 0; i < n; i++) {
		rows[i].label = top[i]->key;
		fill_row(parts, top[i]->by, &rows[i]);
		rows[i].parts[parts->n] = top[i]->by[MM_WARNED];
	}
	fputs("<section><h2>By restriction</h2>\n", out);
	chart_legend(out, series, nseries);
	chart_bars(out, "Verdicts by restriction", series, nseries, rows, n);
	fputs("</section>\n", out);
}

/* The last cells of a row. */
static void
numbers(FILE *out, const uint64_t *values, size_t n)
{
	fputs("</td>", out);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "<td class=\"n\">%" PRIu64 "</td>", values[i]);
	fputs("</tr>\n", out);
}

static void
print_list_table(const struct mm_report *report, const size_t *order, FILE *out)
{
	static const char *const titles[] = {"hits", "refused", "put off",
	    "softened", "there alone", "also elsewhere", "let in", "not asked"};

	fputs("<div class=\"wide\"><table><tr><th>list</th>", out);
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		fprintf(out, "<th class=\"n\">%s</th>", titles[i]);
	fputs("</tr>\n", out);
	for (size_t i = 0; i < report->nlists; i++) {
		const struct mm_report_list *list = &report->lists[order[i]];

		fputs("<tr><td>", out);
		html_text(out, list->label);
		numbers(out,
		    (const uint64_t[]){mm_report_hits(list), list->refused,
			list->put_off, list->softened, list->alone,
			list->elsewhere, list->let_in, list->missed},
		    sizeof(titles) / sizeof(titles[0]));
	}
	fputs("</table></div>\n", out);
}

static void
print_overlap(const struct mm_report *report, const size_t *order, FILE *out)
{
	bool any = false;

	for (size_t i = 0; i < report->nlists; i++)
		for (size_t j = i + 1; j < report->nlists; j++) {
			const struct mm_report_list *a =
			    &report->lists[order[i]];
			const struct mm_report_list *b =
			    &report->lists[order[j]];

			if (a->both[order[j]] == 0)
				continue;
			if (!any)
				fputs("<h3>Listed by both</h3>\n<table>", out);
			any = true;
			fprintf(out, "<tr><td class=\"n\">%" PRIu64 "</td><td>",
			    a->both[order[j]]);
			html_text(out, a->label);
			fputs("</td><td>", out);
			html_text(out, b->label);
			fputs("</td></tr>\n", out);
		}
	if (any)
		fputs("</table>\n", out);
}

static void
print_lists(const struct mm_report *report, FILE *out)
{
	static const struct chart_series series[] = {
	    {"listed there alone", "bad"}, {"also elsewhere", "late"},
	    {"not known", "wait"}};
	struct chart_row rows[MM_REPORT_LISTS] = {0};
	size_t order[MM_REPORT_LISTS], n = 0;

	if (report->nlists == 0)
		return;
	mm_report_order(report, order);
	for (size_t i = 0; i < report->nlists; i++) {
		const struct mm_report_list *list = &report->lists[order[i]];

		if (mm_report_hits(list) == 0)
			continue;
		rows[n].label = list->label;
		rows[n].parts[0] = list->alone;
		rows[n].parts[1] = list->elsewhere;
		rows[n++].parts[2] =
		    mm_report_hits(list) - list->alone - list->elsewhere;
	}
	fputs("<section><h2>By DNS list</h2>\n", out);
	if (n > 0) {
		chart_legend(out, series, 3);
		chart_bars(out, "Hits by list", series, 3, rows, n);
	}
	print_list_table(report, order, out);
	print_overlap(report, order, out);
	fputs("</section>\n", out);
}

static void
print_delays(const struct mm_spread *delays, FILE *out)
{
	static const struct chart_series series[] = {{"let in", "wait"}};
	static const struct {
		uint64_t until;
		const char *label;
	} classes[] = {
	    {300, "< 5 min"},
	    {600, "5-10 min"},
	    {900, "10-15 min"},
	    {1800, "15-30 min"},
	    {3600, "30-60 min"},
	    {7200, "1-2 h"},
	    {14400, "2-4 h"},
	    {43200, "4-12 h"},
	    {86400, "12-24 h"},
	    {UINT64_MAX, "longer"},
	};
	static const double parts[] = {0.5, 0.9, 0.95, 0.99};
	struct chart_row rows[sizeof(classes) / sizeof(classes[0])] = {0};
	uint64_t before = 0;
	char text[32];

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		uint64_t n = classes[i].until == UINT64_MAX
				 ? delays->n
				 : mm_spread_below(delays, classes[i].until);

		rows[i].label = classes[i].label;
		rows[i].parts[0] = n - before;
		before = n;
	}
	fputs("<h3>How long those let in had waited</h3>\n", out);
	chart_columns(out, "Delay of greylisted mail", series, 1, rows,
	    sizeof(rows) / sizeof(rows[0]), 1);
	fputs("<p class=\"soft\">", out);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		fprintf(out, "%.0f\xc2\xa0%% within %s, ", 100 * parts[i],
		    report_duration(
			mm_spread_quantile(delays, parts[i]), text));
	fprintf(
	    out, "the longest %s.</p>\n", report_duration(delays->most, text));
}

static void
print_greylist(const struct mm_report *report, FILE *out)
{
	if (report->by[MM_GREYLISTED] == 0 && report->passed == 0)
		return;
	fputs("<section><h2>Greylisting</h2>\n<div class=\"tiles inner\">\n",
	    out);
	tile(out, report->by[MM_GREYLISTED], NULL,
	    "times told to come back later");
	tile(out, mm_distinct_count(&report->waiting), NULL,
	    "senders to recipients that were told so");
	tile(out, report->passed, NULL, "came back and were let in");
	tile(out, mm_report_not_back(report), NULL, "have not come back");
	fputs("</div>\n", out);
	if (report->delays.n > 0)
		print_delays(&report->delays, out);
	fputs("</section>\n", out);
}

static void
print_waits(const struct mm_report *report, FILE *out)
{
	const struct mm_spread *waits = &report->waits;

	if (waits->n == 0)
		return;
	fprintf(out,
	    "<section><h2>Waiting for DNS answers</h2>\n<p>Half of the "
	    "recipients waited at most %" PRIu64 "\xc2\xa0ms, 95\xc2\xa0%% at "
	    "most %" PRIu64 "\xc2\xa0ms, 99\xc2\xa0%% at most %" PRIu64
	    "\xc2\xa0ms, the longest %" PRIu64 "\xc2\xa0ms.</p></section>\n",
	    mm_spread_quantile(waits, 0.5), mm_spread_quantile(waits, 0.95),
	    mm_spread_quantile(waits, 0.99), waits->most);
}

static void
print_top(FILE *out, const char *title, const struct mm_tally *tally)
{
	const struct mm_tally_row *top[TOP];
	size_t n = mm_tally_top(tally, top, TOP);

	fprintf(out, "<div><h3>%s</h3>\n<table>\n", title);
	for (size_t i = 0; i < n; i++) {
		fprintf(out, "<tr><td class=\"n\">%s%" PRIu64 "</td><td><bdi>",
		    top[i]->slack > 0 ? "~" : "", top[i]->count);
		html_text(out, top[i]->key);
		fputs("</bdi>", out);
		if (top[i]->note[0] != '\0') {
			fputs(" <bdi class=\"soft\">", out);
			html_text(out, top[i]->note);
			fputs("</bdi>", out);
		}
		fputs("</td></tr>\n", out);
	}
	if (n == 0)
		fputs("<tr><td class=\"soft\">none</td></tr>\n", out);
	fputs("</table></div>\n", out);
}

static void
print_people(const struct mm_report *report, FILE *out)
{
	fputs("<section><h2>Turned away</h2>\n<div class=\"three\">\n", out);
	print_top(out, "Clients", report->clients);
	print_top(out, "Senders", report->senders);
	print_top(out, "Recipients", report->recipients);
	fputs("</div></section>\n<section><h2>Accepted</h2>\n"
	      "<div class=\"three\">\n",
	    out);
	print_top(out, "Clients", report->clients_in);
	print_top(out, "Senders", report->senders_in);
	print_top(out, "Recipients", report->recipients_in);
	fputs("</div></section>\n", out);
}

void
report_print_html(
    const struct mm_report *report, const struct report_head *head, FILE *out)
{
	struct parts parts;

	find_parts(report, &parts);
	print_head(report, head, out);
	print_totals(report, &parts, out);
	if (parts.n > 0) {
		print_days(report, &parts, out);
		print_hours(report, &parts, out);
		print_reasons(report, &parts, out);
	}
	print_lists(report, out);
	print_greylist(report, out);
	print_waits(report, out);
	print_people(report, out);
	fputs("<section><h2>What mailmum itself had to say</h2>\n", out);
	print_top(out, "Warnings and news", report->said);
	fputs("</section>\n</main>\n</body>\n</html>\n", out);
}
