/* report: the sums, on a log that is small enough to add up by hand. */
#include "lib/report.h"

#include "lib/tally.h"
#include "tests/heap.h"
#include "tests/test.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define MIDNIGHT INT64_C(1795824000) /* 2026-11-28 00:00 UTC */

static void
add(struct mm_report *report, int64_t time, const char *text)
{
	char line[1024];
	struct mm_entry entry;
	enum mm_entry_is is;

	snprintf(line, sizeof(line), "%s", text);
	is = mm_entry_text(line, &entry);
	entry.time = time;
	mm_report_add(report, is, &entry);
}

static const char *const mails[] = {
    /* listed in three, which decided one after the other */
    "action=warn reason=\"warn_if_reject reject_rbl_client a\" "
    "client_address=192.0.2.1 recipient=r@x list=a session=1",
    "action=warn reason=\"warn_if_reject reject_rbl_client b\" "
    "client_address=192.0.2.1 recipient=r@x list=b session=1",
    /* of another session, in between */
    "action=reject reason=\"reject_rbl_client c\" client_address=192.0.2.2 "
    "sender=s@y recipient=r@x list=c session=2 also=none",
    "action=reject reason=\"reject_rbl_client c\" client_address=192.0.2.1 "
    "sender=s@y recipient=r@x list=c wait=0.020 session=1",
    /* softened, and let in: alone in a */
    "action=warn reason=\"warn_if_reject reject_rbl_client a\" "
    "client_address=192.0.2.3 recipient=r@x list=a session=3",
    "action=accept reason=\"end of list\" client_address=192.0.2.3 "
    "sender=s@y recipient=r@x delay=400 wait=0.010 session=3",
    /* an allowlist is no hit */
    "action=accept reason=\"permit_dnswl_client w\" client_address=192.0.2.4 "
    "client_name=mail.y sender=<> recipient=r@x list=w session=4",
    /* greylisted: one comes twice, from its network, another once */
    "action=greylist reason=greylist client_address=198.51.100.1 sender=s@y "
    "recipient=r@x session=5 missed=b,c",
    "action=greylist reason=greylist client_address=198.51.100.9 sender=s@y "
    "recipient=r@x session=6",
    "action=greylist reason=greylist client_address=2001:db8::1 sender=s@y "
    "recipient=r@x session=7",
};

static struct mm_report *
make(void)
{
	struct mm_report *report =
	    mm_report_new(MIDNIGHT, MIDNIGHT + 86400, gmtime_r);

	assert_non_null(report);
	for (size_t i = 0; i < MM_COUNT(mails); i++)
		add(report, MIDNIGHT + 7200 + (int64_t)i, mails[i]);
	return report;
}

static const struct mm_report_list *
list(const struct mm_report *report, const char *label)
{
	for (size_t i = 0; i < report->nlists; i++)
		if (strcmp(report->lists[i].label, label) == 0)
			return &report->lists[i];
	fail_msg("no list %s", label);
	return NULL;
}

static void
test_totals(void **state)
{
	struct mm_report *report = make();

	(void)state;
	mm_report_finish(report);
	assert_int_equal(10, report->records);
	assert_int_equal(7, mm_report_judged(report->by));
	assert_int_equal(5, mm_report_turned_away(report->by));
	assert_int_equal(2, report->by[MM_ACCEPT]);
	assert_int_equal(3, report->by[MM_WARNED]);
	assert_int_equal(7, mm_report_judged(report->hours[2]));
	assert_int_equal(0, mm_report_judged(report->hours[3]));
	assert_int_equal(1, report->ndays);
	assert_int_equal(20261128, report->days[0].date);
	assert_int_equal(7, mm_distinct_count(&report->sessions));
	assert_int_equal(7, mm_distinct_count(&report->all_clients));
	assert_int_equal(MIDNIGHT + 7200, report->first);
	assert_int_equal(MIDNIGHT + 7209, report->last);
	mm_report_free(report);
}

static void
test_lists_alone_and_together(void **state)
{
	struct mm_report *report = make();
	const struct mm_report_list *a, *b, *c, *w;

	(void)state;
	mm_report_finish(report);
	a = list(report, "a");
	b = list(report, "b");
	c = list(report, "c");
	w = list(report, "w");
	assert_int_equal(2, a->softened);
	assert_int_equal(1, a->alone);
	assert_int_equal(1, a->elsewhere);
	assert_int_equal(0, b->alone);
	assert_int_equal(2, c->refused);
	assert_int_equal(1, c->alone);
	assert_int_equal(1, a->both[b - report->lists]);
	assert_int_equal(1, a->both[c - report->lists]);
	assert_int_equal(1, c->both[b - report->lists]);
	assert_int_equal(0, c->both[w - report->lists]);
	assert_int_equal(1, w->let_in);
	assert_int_equal(0, w->alone);
	assert_int_equal(1, b->missed);
	assert_int_equal(1, c->missed);
	mm_report_free(report);
}

/* What the deciding record says of others, or does not. */
static void
test_lists_behind_the_one_that_refused(void **state)
{
	static const char *const rest[] = {
	    " also=none", " also=b", " also=b,c", "", " also=,b"};
	struct mm_report *report =
	    mm_report_new(INT64_MIN, INT64_MAX, gmtime_r);
	const struct mm_report_list *a, *b, *c;
	char line[256];

	(void)state;
	for (size_t i = 0; i < MM_COUNT(rest); i++) {
		snprintf(line, sizeof(line),
		    "action=reject reason=x recipient=r@x list=a session=%zu%s",
		    i, rest[i]);
		add(report, MIDNIGHT, line);
	}
	mm_report_finish(report);
	a = list(report, "a");
	b = list(report, "b");
	c = list(report, "c");
	assert_int_equal(5, a->refused);
	assert_int_equal(1, a->alone);
	assert_int_equal(3, a->elsewhere);
	assert_int_equal(3, a->both[b - report->lists]);
	assert_int_equal(1, a->both[c - report->lists]);
	assert_int_equal(1, c->both[b - report->lists]);
	assert_int_equal(0, b->refused);
	assert_int_equal(3, b->behind);
	assert_int_equal(3, b->elsewhere);
	mm_report_free(report);
}

static void
test_greylist(void **state)
{
	struct mm_report *report = make();

	(void)state;
	mm_report_finish(report);
	assert_int_equal(3, report->by[MM_GREYLISTED]);
	assert_int_equal(2, mm_distinct_count(&report->waiting));
	assert_int_equal(1, report->passed);
	assert_int_equal(1, mm_report_not_back(report));
	assert_int_equal(400, mm_spread_quantile(&report->delays, 0.5));
	assert_int_equal(2, report->waits.n);
	assert_int_equal(20, report->waits.most);
	mm_report_free(report);
}

static void
test_people(void **state)
{
	const struct mm_tally_row *top[4];
	struct mm_report *report = make();

	(void)state;
	assert_int_equal(4, mm_tally_top(report->clients, top, 4));
	assert_int_equal(2, mm_tally_top(report->clients_in, top, 4));
	assert_string_equal("192.0.2.4", top[1]->key);
	assert_string_equal("mail.y", top[1]->note);
	assert_int_equal(1, mm_tally_top(report->senders, top, 4));
	assert_int_equal(5, top[0]->count);
	assert_int_equal(2, top[0]->by[MM_REJECTED]);
	mm_report_free(report);
}

static void
test_period_and_damage(void **state)
{
	struct mm_report *report =
	    mm_report_new(MIDNIGHT, MIDNIGHT + 60, gmtime_r);
	const struct mm_tally_row *top[4];

	(void)state;
	add(report, MIDNIGHT - 1, mails[2]);
	add(report, MIDNIGHT, mails[2]);
	add(report, MIDNIGHT + 59, mails[2]);
	add(report, MIDNIGHT + 60, mails[2]);
	add(report, MIDNIGHT, "action=reject reason=\"");
	add(report, MIDNIGHT, "list a: does not answer");
	mm_report_add(report, MM_ENTRY_FOREIGN, NULL);
	mm_report_finish(report);
	assert_int_equal(2, report->records);
	assert_int_equal(2, report->outside);
	assert_int_equal(1, report->malformed);
	assert_int_equal(1, report->foreign);
	assert_int_equal(1, report->notices);
	assert_int_equal(1, mm_tally_top(report->said, top, 4));
	assert_string_equal("list a: does not answer", top[0]->key);
	mm_report_free(report);
}

/* More lists, days and clients than there is room for. */
static void
test_bounds(void **state)
{
	struct mm_report *report =
	    mm_report_new(INT64_MIN, INT64_MAX, gmtime_r);
	char line[256];

	(void)state;
	for (int i = 0; i < 5000; i++) {
		snprintf(line, sizeof(line),
		    "action=reject reason=r%d client_address=10.0.%d.%d "
		    "list=l%d session=%d missed=m%d,,n%d",
		    i, i / 250, i % 250, i, i, i, i);
		add(report, MIDNIGHT + i * INT64_C(43200), line);
	}
	mm_report_finish(report);
	assert_int_equal(5000, report->by[MM_REJECTED]);
	assert_int_equal(MM_REPORT_LISTS, report->nlists);
	assert_int_equal(MM_REPORT_DAYS, report->ndays);
	assert_int_equal(5000 - 2 * (MM_REPORT_DAYS - 1),
	    report->days[MM_REPORT_DAYS - 1].by[MM_REJECTED]);
	mm_report_free(report);
}

static void
test_no_memory(void **state)
{
	struct mm_report *report;

	(void)state;
	for (int n = 1;; n++) {
		heap_fail((unsigned)n);
		report = mm_report_new(0, 1, gmtime_r);
		heap_fail(0);
		if (report != NULL)
			break;
		assert_true(n < 100);
	}
	mm_report_free(report);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_totals),
	    cmocka_unit_test(test_lists_alone_and_together),
	    cmocka_unit_test(test_lists_behind_the_one_that_refused),
	    cmocka_unit_test(test_greylist),
	    cmocka_unit_test(test_people),
	    cmocka_unit_test(test_period_and_damage),
	    cmocka_unit_test(test_bounds),
	    cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
