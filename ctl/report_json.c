/* report_json - the report as one JSON object. */
#include <time.h>

#include "ctl/report.h"
#include "lib/json.h"
#include "lib/report.h"
#include "lib/tally.h"

#define TOP 50

static void
put_time(struct mm_json *json, const char *key, int64_t time)
{
	time_t at = (time_t)time;
	char text[40];
	struct tm tm;

	if (time == INT64_MIN || time == INT64_MAX || time == 0 ||
	    localtime_r(&at, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S%z", &tm) == 0)
		mm_json_string(json, key, NULL);
	else
		mm_json_string(json, key, text);
}

/* zeros: also those that did not occur. */
static void
put_verdicts(struct mm_json *json, const uint64_t by[MM_NVERDICTS], bool zeros)
{
	for (enum mm_verdict v = 0; v < MM_NVERDICTS; v++)
		if (zeros || by[v] > 0)
			mm_json_uint(json, mm_verdict_word(v), by[v]);
}

static void
put_totals(struct mm_json *json, const struct mm_report *report)
{
	mm_json_object(json, "totals");
	mm_json_uint(json, "judged", mm_report_judged(report->by));
	put_verdicts(json, report->by, true);
	mm_json_uint(json, "sessions", mm_distinct_count(&report->sessions));
	mm_json_uint(json, "clients", mm_distinct_count(&report->all_clients));
	mm_json_uint(json, "senders", mm_distinct_count(&report->all_senders));
	mm_json_uint(
	    json, "recipients", mm_distinct_count(&report->all_recipients));
	mm_json_end(json);
	mm_json_object(json, "lines");
	mm_json_uint(json, "records", report->records);
	mm_json_uint(json, "notices", report->notices);
	mm_json_uint(json, "foreign", report->foreign);
	mm_json_uint(json, "malformed", report->malformed);
	mm_json_uint(json, "outside", report->outside);
	mm_json_end(json);
}

static void
put_times(struct mm_json *json, const struct mm_report *report)
{
	char date[16];

	mm_json_array(json, "days");
	for (size_t i = 0; i < report->ndays; i++) {
		int d = report->days[i].date;

		snprintf(date, sizeof(date), "%04d-%02d-%02d", d / 10000,
		    d / 100 % 100, d % 100);
		mm_json_object(json, NULL);
		mm_json_string(json, "date", date);
		put_verdicts(json, report->days[i].by, true);
		mm_json_end(json);
	}
	mm_json_end(json);
	mm_json_array(json, "hours");
	for (int h = 0; h < 24; h++) {
		mm_json_object(json, NULL);
		mm_json_int(json, "hour", h);
		put_verdicts(json, report->hours[h], true);
		mm_json_end(json);
	}
	mm_json_end(json);
}

static void
put_lists(struct mm_json *json, const struct mm_report *report)
{
	mm_json_array(json, "lists");
	for (size_t i = 0; i < report->nlists; i++) {
		const struct mm_report_list *list = &report->lists[i];

		mm_json_object(json, NULL);
		mm_json_string(json, "list", list->label);
		mm_json_uint(json, "refused", list->refused);
		mm_json_uint(json, "put_off", list->put_off);
		mm_json_uint(json, "softened", list->softened);
		mm_json_uint(json, "behind", list->behind);
		mm_json_uint(json, "alone", list->alone);
		mm_json_uint(json, "elsewhere", list->elsewhere);
		mm_json_uint(json, "let_in", list->let_in);
		mm_json_uint(json, "missed", list->missed);
		mm_json_object(json, "both");
		for (size_t j = 0; j < report->nlists; j++)
			if (list->both[j] > 0)
				mm_json_uint(json, report->lists[j].label,
				    list->both[j]);
		mm_json_end(json);
		mm_json_end(json);
	}
	mm_json_end(json);
}

static void
put_spread(
    struct mm_json *json, const char *key, const struct mm_spread *spread)
{
	static const struct {
		const char *name;
		double part;
	} parts[] = {{"p50", 0.5}, {"p90", 0.9}, {"p95", 0.95}, {"p99", 0.99}};

	mm_json_object(json, key);
	mm_json_uint(json, "n", spread->n);
	mm_json_uint(json, "least", spread->least);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		mm_json_uint(json, parts[i].name,
		    mm_spread_quantile(spread, parts[i].part));
	mm_json_uint(json, "most", spread->most);
	mm_json_end(json);
}

static void
put_greylist(struct mm_json *json, const struct mm_report *report)
{
	mm_json_object(json, "greylist");
	mm_json_uint(json, "told", report->by[MM_GREYLISTED]);
	mm_json_uint(json, "triplets", mm_distinct_count(&report->waiting));
	mm_json_uint(json, "passed", report->passed);
	mm_json_uint(json, "not_back", mm_report_not_back(report));
	put_spread(json, "delay_seconds", &report->delays);
	mm_json_end(json);
	put_spread(json, "wait_ms", &report->waits);
}

static void
put_top(struct mm_json *json, const char *key, const struct mm_tally *tally)
{
	const struct mm_tally_row *top[TOP];
	size_t n = mm_tally_top(tally, top, TOP);

	mm_json_array(json, key);
	for (size_t i = 0; i < n; i++) {
		mm_json_object(json, NULL);
		mm_json_string(json, "key", top[i]->key);
		if (top[i]->note[0] != '\0')
			mm_json_string(json, "name", top[i]->note);
		mm_json_uint(json, "count", top[i]->count);
		if (top[i]->slack > 0)
			mm_json_uint(json, "slack", top[i]->slack);
		put_verdicts(json, top[i]->by, false);
		mm_json_end(json);
	}
	mm_json_end(json);
}

static void
put_said(struct mm_json *json, const struct mm_report *report)
{
	const struct mm_tally_row *top[TOP];
	size_t n = mm_tally_top(report->said, top, TOP);

	mm_json_array(json, "said");
	for (size_t i = 0; i < n; i++) {
		mm_json_object(json, NULL);
		mm_json_string(json, "text", top[i]->key);
		mm_json_uint(json, "count", top[i]->count);
		mm_json_end(json);
	}
	mm_json_end(json);
}

int
report_print_json(
    const struct mm_report *report, const struct report_head *head, FILE *out)
{
	struct mm_json json;

	mm_json_init(&json, out);
	mm_json_object(&json, NULL);
	mm_json_string(&json, "log", head->from);
	put_time(&json, "since", head->since);
	put_time(&json, "until", head->until);
	put_time(&json, "first", report->first);
	put_time(&json, "last", report->last);
	put_totals(&json, report);
	put_times(&json, report);
	put_top(&json, "restrictions", report->reasons);
	put_lists(&json, report);
	put_greylist(&json, report);
	put_top(&json, "clients_turned_away", report->clients);
	put_top(&json, "senders_turned_away", report->senders);
	put_top(&json, "recipients_turned_away", report->recipients);
	put_top(&json, "clients_accepted", report->clients_in);
	put_top(&json, "senders_accepted", report->senders_in);
	put_top(&json, "recipients_accepted", report->recipients_in);
	put_said(&json, report);
	mm_json_end(&json);
	return mm_json_finish(&json);
}
