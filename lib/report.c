/* report - see report.h. */
#include "lib/report.h"

#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "lib/ip.h"
#include "lib/str.h"
#include "lib/tally.h"

#define ROWS 2048 /* of the tables that strangers fill */
#define SAID_ROWS 256

/* The restrictions are the operator's, and so are the daemon's lines. */
static bool
make_tables(struct mm_report *report)
{
	struct mm_tally **tables[] = {&report->clients, &report->senders,
	    &report->recipients, &report->clients_in, &report->senders_in,
	    &report->recipients_in, &report->reasons};

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if ((*tables[i] = mm_tally_new(ROWS)) == NULL)
			return false;
	report->said = mm_tally_new(SAID_ROWS);
	return report->said != NULL;
}

struct mm_report *
mm_report_new(int64_t since, int64_t until,
    struct tm *(*local)(const time_t *time, struct tm *ret))
{
	struct mm_report *report = calloc(1, sizeof(*report));

	if (report == NULL)
		return NULL;
	report->since = since;
	report->until = until;
	report->local = local;
	report->quarter = INT64_MIN;
	if (!make_tables(report)) {
		mm_report_free(report);
		return NULL;
	}
	return report;
}

void
mm_report_free(struct mm_report *report)
{
	if (report == NULL)
		return;
	mm_tally_free(report->reasons);
	mm_tally_free(report->clients);
	mm_tally_free(report->senders);
	mm_tally_free(report->recipients);
	mm_tally_free(report->clients_in);
	mm_tally_free(report->senders_in);
	mm_tally_free(report->recipients_in);
	mm_tally_free(report->said);
	free(report);
}

/* Every time zone's hours begin with a quarter of an hour. */
static void
find_hour(struct mm_report *report, int64_t time)
{
	int64_t quarter = time / 900;
	time_t at = (time_t)time;
	struct tm tm;

	if (quarter == report->quarter)
		return;
	report->quarter = quarter;
	if (report->local(&at, &tm) == NULL)
		tm = (struct tm){0};
	report->hour = tm.tm_hour;
	report->date =
	    (tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday;
}

/* Files may overlap, so a day may come again. */
static struct mm_report_day *
find_day(struct mm_report *report)
{
	for (size_t i = report->ndays; i > 0; i--)
		if (report->days[i - 1].date == report->date)
			return &report->days[i - 1];
	if (report->ndays < MM_REPORT_DAYS)
		report->days[report->ndays++].date = report->date;
	return &report->days[report->ndays - 1];
}

static void
count_time(struct mm_report *report, const struct mm_entry *entry)
{
	find_hour(report, entry->time);
	report->by[entry->action]++;
	report->hours[report->hour][entry->action]++;
	find_day(report)->by[entry->action]++;
	if (report->first == 0 || entry->time < report->first)
		report->first = entry->time;
	if (entry->time > report->last)
		report->last = entry->time;
}

/* NULL: there are too many. */
static struct mm_report_list *
find_list(struct mm_report *report, const char *label, size_t len)
{
	struct mm_report_list *list;

	if (len == 0 || len >= sizeof(list->label))
		return NULL;
	for (size_t i = 0; i < report->nlists; i++) {
		list = &report->lists[i];
		if (strncmp(list->label, label, len) == 0 &&
		    list->label[len] == '\0')
			return list;
	}
	if (report->nlists == MM_REPORT_LISTS)
		return NULL;
	list = &report->lists[report->nlists++];
	memcpy(list->label, label, len);
	return list;
}

/* Who was listed where, once all of a recipient's records are there. */
static void
settle(struct mm_report *report, struct mm_report_pending *pending)
{
	uint64_t lists = pending->lists;

	for (size_t i = 0; lists != 0 && i < report->nlists; i++) {
		if (!(lists & UINT64_C(1) << i))
			continue;
		if (lists != UINT64_C(1) << i)
			report->lists[i].elsewhere++;
		else if (!pending->open)
			report->lists[i].alone++;
		for (size_t j = 0; j < report->nlists; j++)
			if (j != i && lists & UINT64_C(1) << j)
				report->lists[i].both[j]++;
	}
	*pending = (struct mm_report_pending){0};
}

static struct mm_report_pending *
find_pending(struct mm_report *report, const struct mm_entry *entry)
{
	uint64_t key = mm_str_hash(entry->field[MM_FIELD_SESSION]) * 31 +
		       mm_str_hash(entry->field[MM_FIELD_RECIPIENT]);
	struct mm_report_pending *pending =
	    &report->pending[key % MM_REPORT_PENDING];

	if (pending->key != key)
		settle(report, pending);
	pending->key = key;
	return pending;
}

static void
count_hit(struct mm_report_list *list, enum mm_verdict action)
{
	switch (action) {
	case MM_ACCEPT:
	case MM_DISCARDED:
	case MM_QUARANTINED:
		list->let_in++;
		break;
	case MM_REJECTED:
		list->refused++;
		break;
	case MM_DEFERRED:
	case MM_GREYLISTED:
		list->put_off++;
		break;
	case MM_WARNED:
	case MM_INFORMED:
		list->softened++;
		break;
	}
}

static void
add_pending(const struct mm_report *report, struct mm_report_pending *pending,
    const struct mm_report_list *list)
{
	pending->lists |= UINT64_C(1) << (list - report->lists);
}

/* labels: "a,b", of lists that did not decide. */
static void
add_also(struct mm_report *report, struct mm_report_pending *pending,
    const char *labels)
{
	while (*labels != '\0') {
		size_t len = strcspn(labels, ",");
		struct mm_report_list *list = find_list(report, labels, len);

		if (list != NULL) {
			list->behind++;
			add_pending(report, pending, list);
		}
		labels += len + (labels[len] == ',');
	}
}

/* The list of a verdict that lets in is an allowlist. */
static void
count_lists(struct mm_report *report, const struct mm_entry *entry)
{
	const char *label = entry->field[MM_FIELD_LIST];
	const char *also = entry->field[MM_FIELD_ALSO];
	struct mm_report_pending *pending = find_pending(report, entry);
	struct mm_report_list *list = find_list(report, label, strlen(label));

	if (list != NULL) {
		count_hit(list, entry->action);
		if (entry->action != MM_ACCEPT)
			add_pending(report, pending, list);
	}
	if (entry->action != MM_WARNED && entry->action != MM_INFORMED) {
		pending->open = list != NULL && *also == '\0';
		if (strcmp(also, "none") != 0)
			add_also(report, pending, also);
		settle(report, pending);
	}
	for (const char *s = entry->field[MM_FIELD_MISSED]; *s != '\0';) {
		size_t len = strcspn(s, ",");

		if ((list = find_list(report, s, len)) != NULL)
			list->missed++;
		s += len + (s[len] == ',');
	}
}

/* The same network, sender and recipient, whatever host it comes from. */
static uint64_t
triplet(const struct mm_entry *entry)
{
	char network[MM_IP_TEXT_MAX];
	struct mm_ip ip;

	if (!mm_ip_parse(entry->field[MM_FIELD_CLIENT_ADDRESS], &ip))
		ip = (struct mm_ip){0};
	mm_ip_mask(&ip, ip.family == MM_IP_V4 ? 24 : 64);
	return (mm_str_hash(mm_ip_format(&ip, network)) * 31 +
		   mm_str_hash(entry->field[MM_FIELD_SENDER])) *
		   31 +
	       mm_str_hash(entry->field[MM_FIELD_RECIPIENT]);
}

/* Digits, with a fraction of which three are read: thousandths. */
static bool
to_thousandths(const char *text, uint64_t *ret)
{
	uint64_t value = 0;
	int places = -1;

	if (*text < '0' || *text > '9')
		return false;
	for (; *text != '\0' && places < 3; text++) {
		if (*text == '.' && places < 0) {
			places = 0;
			continue;
		}
		if (*text < '0' || *text > '9' || value > UINT64_MAX / 10000)
			return false;
		value = value * 10 + (uint64_t)(*text - '0');
		places += places >= 0;
	}
	for (places = places < 0 ? 0 : places; places < 3; places++)
		value *= 10;
	*ret = value;
	return true;
}

static void
count_waiting(struct mm_report *report, const struct mm_entry *entry)
{
	uint64_t ms;

	if (to_thousandths(entry->field[MM_FIELD_WAIT], &ms))
		mm_spread_add(&report->waits, ms);
	if (entry->action == MM_GREYLISTED)
		mm_distinct_add(&report->waiting, triplet(entry));
	else if (to_thousandths(entry->field[MM_FIELD_DELAY], &ms)) {
		report->passed++;
		mm_spread_add(&report->delays, ms / 1000);
	}
}

static void
count_people(struct mm_report *report, const struct mm_entry *entry)
{
	const char *client = entry->field[MM_FIELD_CLIENT_ADDRESS];
	const char *name = entry->field[MM_FIELD_CLIENT_NAME];
	const char *sender = entry->field[MM_FIELD_SENDER];
	const char *recipient = entry->field[MM_FIELD_RECIPIENT];
	bool in = entry->action == MM_ACCEPT || entry->action == MM_QUARANTINED;
	unsigned kind = entry->action;

	mm_tally_add(in ? report->clients_in : report->clients, client,
	    strcmp(name, "unknown") != 0 ? name : "", kind);
	mm_tally_add(
	    in ? report->senders_in : report->senders, sender, "", kind);
	mm_tally_add(in ? report->recipients_in : report->recipients, recipient,
	    "", kind);
	mm_distinct_add(&report->all_clients, mm_str_hash(client));
	mm_distinct_add(&report->all_senders, mm_str_hash(sender));
	mm_distinct_add(&report->all_recipients, mm_str_hash(recipient));
	mm_distinct_add(
	    &report->sessions, mm_str_hash(entry->field[MM_FIELD_SESSION]));
}

static void
add_record(struct mm_report *report, const struct mm_entry *entry)
{
	report->records++;
	count_time(report, entry);
	count_lists(report, entry);
	mm_tally_add(
	    report->reasons, entry->field[MM_FIELD_REASON], "", entry->action);
	if (entry->action == MM_WARNED || entry->action == MM_INFORMED)
		return; /* the verdict comes in a record of its own */
	count_people(report, entry);
	count_waiting(report, entry);
}

void
mm_report_add(
    struct mm_report *report, enum mm_entry_is is, const struct mm_entry *entry)
{
	if (is == MM_ENTRY_FOREIGN) {
		report->foreign++;
	} else if (is == MM_ENTRY_MALFORMED) {
		report->malformed++;
	} else if (entry->time < report->since ||
		   entry->time >= report->until) {
		report->outside++;
	} else if (is == MM_ENTRY_RECORD) {
		add_record(report, entry);
	} else {
		report->notices++;
		if (entry->priority <= LOG_WARNING)
			mm_tally_add(report->said, entry->text, "", 0);
	}
}

void
mm_report_finish(struct mm_report *report)
{
	for (size_t i = 0; i < MM_REPORT_PENDING; i++)
		settle(report, &report->pending[i]);
}

uint64_t
mm_report_judged(const uint64_t by[MM_NVERDICTS])
{
	uint64_t n = 0;

	for (enum mm_verdict v = 0; v < MM_NVERDICTS; v++)
		if (v != MM_WARNED && v != MM_INFORMED)
			n += by[v];
	return n;
}

uint64_t
mm_report_turned_away(const uint64_t by[MM_NVERDICTS])
{
	return by[MM_REJECTED] + by[MM_DEFERRED] + by[MM_GREYLISTED] +
	       by[MM_DISCARDED];
}

uint64_t
mm_report_not_back(const struct mm_report *report)
{
	uint64_t waiting = mm_distinct_count(&report->waiting);

	return waiting > report->passed ? waiting - report->passed : 0;
}

uint64_t
mm_report_hits(const struct mm_report_list *list)
{
	return list->refused + list->put_off + list->softened + list->behind;
}

void
mm_report_order(const struct mm_report *report, size_t order[MM_REPORT_LISTS])
{
	for (size_t i = 0; i < report->nlists; i++) {
		uint64_t hits = mm_report_hits(&report->lists[i]);
		size_t at = i;

		for (; at > 0; at--) {
			size_t before = order[at - 1];

			if (mm_report_hits(&report->lists[before]) >= hits)
				break;
			order[at] = before;
		}
		order[at] = i;
	}
}
