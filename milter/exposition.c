/* exposition - see exposition.h. */
#include "milter/exposition.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dns.h"
#include "lib/histogram.h"
#include "lib/lists.h"
#include "lib/openmetrics.h"
#include "lib/store.h"
#include "lib/store_shared.h"
#include "lib/verdicts.h"
#include "milter/service.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LABELS_MAX 3

/* A family of one number. */
struct number {
	const char *name;
	enum mm_openmetrics_type type;
	const char *unit, *help;
	size_t at; /* a metric, or where it is in a struct of numbers */
};

#define DNS(field) offsetof(struct mm_dns_stats, field)
#define STORE(field) offsetof(struct mm_store_stats, field)
#define SHARED(field) offsetof(struct mm_shared_stats, field)

/* clang-format off */
static const struct number counters[] = {
	{ "mailmum_sessions", MM_OM_COUNTER, "", "Connections that the MTA has told of.", MM_SESSIONS },
	{ "mailmum_open_connections", MM_OM_GAUGE, "", "Connections that are open now.", MM_SESSIONS_OPEN },
	{ "mailmum_sessions_refused", MM_OM_COUNTER, "", "Sessions above the limit, let pass without being judged.", MM_SESSIONS_REFUSED },
	{ "mailmum_transactions", MM_OM_COUNTER, "", "Messages that were begun.", MM_TRANSACTIONS },
	{ "mailmum_deadlines", MM_OM_COUNTER, "", "Recipients that were judged without all answers, at dns_deadline.", MM_DEADLINES },
	{ "mailmum_waiting_recipients", MM_OM_GAUGE, "", "Recipients that wait for answers now.", MM_WAITERS },
	{ "mailmum_waiters_refused", MM_OM_COUNTER, "", "Recipients judged at once, as too many waited.", MM_WAITERS_REFUSED },
	{ "mailmum_policy_queries", MM_OM_COUNTER, "", "Requests to policy services.", MM_POLICY_QUERIES },
	{ "mailmum_policy_failures", MM_OM_COUNTER, "", "Requests to policy services that got no answer.", MM_POLICY_FAILURES },
	{ "mailmum_store_errors", MM_OM_COUNTER, "", "Mail that passed because the greylist could not be asked.", MM_STORE_ERRORS },
	{ "mailmum_log_dropped", MM_OM_COUNTER, "", "Log records that were lost.", MM_LOG_DROPPED },
	{ "mailmum_reloads", MM_OM_COUNTER, "", "Policies put in force while running.", MM_RELOADS },
	{ "mailmum_reloads_failed", MM_OM_COUNTER, "", "Reloads that left the running policy as it was.", MM_RELOADS_FAILED },
	{ "mailmum_changes_failed", MM_OM_COUNTER, "", "Changes of messages that the MTA did not permit.", MM_CHANGES_FAILED },
	{ "mailmum_out_of_memory", MM_OM_COUNTER, "", "Mail that passed for lack of memory.", MM_OUT_OF_MEMORY },
};
static const struct number resolver_numbers[] = {
	{ "mailmum_resolver_questions", MM_OM_COUNTER, "", "DNS questions that sessions had.", DNS(asked) },
	{ "mailmum_resolver_cached", MM_OM_COUNTER, "", "Questions that the cache answered.", DNS(cached) },
	{ "mailmum_resolver_joined", MM_OM_COUNTER, "", "Questions that were under way already.", DNS(joined) },
	{ "mailmum_resolver_sent", MM_OM_COUNTER, "", "Questions that were put to the DNS.", DNS(sent) },
	{ "mailmum_resolver_skipped", MM_OM_COUNTER, "", "Questions not asked, to lists that do not answer.", DNS(skipped) },
	{ "mailmum_resolver_refused", MM_OM_COUNTER, "", "Questions not asked, above dns_in_flight.", DNS(refused) },
	{ "mailmum_resolver_bogus", MM_OM_COUNTER, "", "Answers that DNSSEC does not confirm.", DNS(bogus) },
	{ "mailmum_resolver_servfail", MM_OM_COUNTER, "", "Questions whose servers failed.", DNS(servfail) },
	{ "mailmum_resolver_timeouts", MM_OM_COUNTER, "", "Questions without an answer in time.", DNS(timeouts) },
	{ "mailmum_resolver_in_flight", MM_OM_GAUGE, "", "Questions under way now.", DNS(in_flight) },
	{ "mailmum_resolver_cache_entries", MM_OM_GAUGE, "", "Answers in the cache.", DNS(entries) },
};
static const struct number store_numbers[] = {
	{ "mailmum_store_updates", MM_OM_COUNTER, "", "Questions to the greylist's store.", STORE(updates) },
	{ "mailmum_store_looks", MM_OM_COUNTER, "", "Those of them that had nothing to write.", STORE(looks) },
	{ "mailmum_store_commits", MM_OM_COUNTER, "", "Transactions written to disk.", STORE(commits) },
	{ "mailmum_store_failures", MM_OM_COUNTER, "", "Transactions that could not be written.", STORE(failures) },
	{ "mailmum_store_late", MM_OM_COUNTER, "", "Questions that nobody waited for any more.", STORE(late) },
	{ "mailmum_store_purged", MM_OM_COUNTER, "", "Records removed for their age.", STORE(purged) },
	{ "mailmum_store_damaged", MM_OM_COUNTER, "", "Databases set aside as damaged.", STORE(damaged) },
	{ "mailmum_greylist_entries", MM_OM_GAUGE, "", "Records in the greylist, about.", STORE(records) },
	{ "mailmum_greylist_waiting_entries", MM_OM_GAUGE, "", "Records of mail that waits, about.", STORE(waiting) },
	{ "mailmum_store_size_bytes", MM_OM_GAUGE, "bytes", "The store on disk.", STORE(bytes) },
};
static const struct number shared_numbers[] = {
	{ "mailmum_shared_up", MM_OM_GAUGE, "", "1: the shared store can be asked.", SHARED(works) },
	{ "mailmum_shared_asked", MM_OM_COUNTER, "", "Questions to the shared store.", SHARED(asked) },
	{ "mailmum_shared_found", MM_OM_COUNTER, "", "Those to which it knew something.", SHARED(found) },
	{ "mailmum_shared_missed", MM_OM_COUNTER, "", "Those to which it knew nothing.", SHARED(missed) },
	{ "mailmum_shared_timeouts", MM_OM_COUNTER, "", "Those without an answer in time.", SHARED(timeouts) },
	{ "mailmum_shared_errors", MM_OM_COUNTER, "", "Those that the connection was lost under.", SHARED(errors) },
	{ "mailmum_shared_garbage", MM_OM_COUNTER, "", "Values in it that were no records.", SHARED(garbage) },
	{ "mailmum_shared_skipped", MM_OM_COUNTER, "", "Mail judged without it while it could not be asked.", SHARED(skipped) },
	{ "mailmum_shared_queue_entries", MM_OM_GAUGE, "", "Records on their way to it.", SHARED(queued) },
	{ "mailmum_shared_written", MM_OM_COUNTER, "", "Records written to it.", SHARED(written) },
	{ "mailmum_shared_dropped", MM_OM_COUNTER, "", "Records that could not be written to it.", SHARED(dropped) },
};
/* clang-format on */

static const struct {
	const char *event;
	enum mm_metric metric;
} greylist_events[] = {
    {"new", MM_GREYLIST_NEW},
    {"early", MM_GREYLIST_EARLY},
    {"flood", MM_GREYLIST_FLOODS},
    {"passed", MM_GREYLIST_PASSED},
    {"followed", MM_GREYLIST_FOLLOWED},
    {"known", MM_GREYLIST_KNOWN},
    {"allowed", MM_GREYLIST_ALLOWED},
    {"released", MM_GREYLIST_RELEASES},
    {"expected", MM_GREYLIST_EXPECTS},
    {"granted", MM_GREYLIST_GRANTS},
    {"exempt", MM_GREYLIST_EXEMPT},
};

static const struct {
	const char *result;
	size_t at;
} list_results[] = {
    {"listed", offsetof(struct mm_list_stat, listed)},
    {"clean", offsetof(struct mm_list_stat, unlisted)},
    {"error_code", offsetof(struct mm_list_stat, error_codes)},
    {"unknown_code", offsetof(struct mm_list_stat, odd_codes)},
    {"timeout", offsetof(struct mm_list_stat, timeouts)},
    {"failure", offsetof(struct mm_list_stat, failures)},
};

static uint64_t
number_at(const void *stats, size_t at)
{
	uint64_t value;

	memcpy(&value, (const char *)stats + at, sizeof(value));
	return value;
}

static void
write_number(
    struct mm_openmetrics *om, const struct number *number, int64_t value)
{
	mm_openmetrics_family(
	    om, number->type, number->name, number->unit, number->help);
	mm_openmetrics_sample(om, NULL, 0, value);
}

static void
write_numbers(struct mm_openmetrics *om, const struct number *numbers, size_t n,
    const void *stats)
{
	for (size_t i = 0; i < n; i++)
		write_number(
		    om, &numbers[i], (int64_t)number_at(stats, numbers[i].at));
}

static void
write_build(struct mm_openmetrics *om, struct service *service)
{
	static const struct mm_openmetrics_label version = {
	    "version", MAILMUM_VERSION};

	mm_openmetrics_family(
	    om, MM_OM_INFO, "mailmum_build", "", "Which mailmum this is.");
	mm_openmetrics_sample(om, &version, 1, 1);
	mm_openmetrics_family(om, MM_OM_GAUGE,
	    "mailmum_start_timestamp_seconds", "seconds",
	    "When the daemon was started.");
	mm_openmetrics_sample(om, NULL, 0, service_started(service));
	mm_openmetrics_family(om, MM_OM_GAUGE,
	    "mailmum_policy_timestamp_seconds", "seconds",
	    "When the policy was put in force.");
	mm_openmetrics_sample(om, NULL, 0, service_loaded(service));
}

/* In the words of the log; an INFO and a warning decide nothing. */
static bool
decides(enum mm_verdict verdict)
{
	return verdict != MM_WARNED && verdict != MM_INFORMED;
}

static void
write_verdicts(struct mm_openmetrics *om, struct service *service)
{
	struct mm_verdicts_row row;

	mm_openmetrics_family(om, MM_OM_COUNTER, "mailmum_verdicts", "",
	    "What was done with recipients, by the restriction that decided.");
	for (size_t i = 0; mm_verdicts_row(service_verdicts(service), i, &row);
	     i++)
		for (size_t cell = 0; cell < MM_NSTAGES * MM_NVERDICTS;
		     cell++) {
			enum mm_stage stage = cell / MM_NVERDICTS;
			enum mm_verdict verdict = cell % MM_NVERDICTS;
			const struct mm_openmetrics_label labels[] = {
			    {"stage", mm_stage_word(stage)},
			    {"action", mm_verdict_word(verdict)},
			    {"rule", row.rule}};

			if (decides(verdict) && row.n[stage][verdict] > 0)
				mm_openmetrics_sample(om, labels, COUNT(labels),
				    (int64_t)row.n[stage][verdict]);
		}
}

static void
write_warnings(struct mm_openmetrics *om, struct service *service)
{
	struct mm_verdicts_row row;

	mm_openmetrics_family(om, MM_OM_COUNTER, "mailmum_warnings", "",
	    "What restrictions would have refused, but only warned of.");
	for (size_t i = 0; mm_verdicts_row(service_verdicts(service), i, &row);
	     i++) {
		const struct mm_openmetrics_label rule = {"rule", row.rule};
		uint64_t n = 0;

		for (size_t stage = 0; stage < MM_NSTAGES; stage++)
			n += row.n[stage][MM_WARNED];
		if (n > 0)
			mm_openmetrics_sample(om, &rule, 1, (int64_t)n);
	}
}

static void
write_greylist(struct mm_openmetrics *om, struct service *service)
{
	struct mm_histogram waits;

	mm_openmetrics_family(om, MM_OM_COUNTER, "mailmum_greylist_events", "",
	    "What the greylist made of mail.");
	for (size_t i = 0; i < COUNT(greylist_events); i++) {
		const struct mm_openmetrics_label event = {
		    "event", greylist_events[i].event};

		mm_openmetrics_sample(om, &event, 1,
		    service_counted(service, greylist_events[i].metric));
	}
	service_waits(service, &waits);
	mm_openmetrics_family(om, MM_OM_HISTOGRAM,
	    "mailmum_greylist_delay_seconds", "seconds",
	    "How long mail was kept away that came back and passed.");
	mm_openmetrics_histogram(om, NULL, 0, &waits);
}

/* Two zones may have one label: Prometheus would refuse it all. */
static void
join_list(struct mm_list_stat *list, const struct mm_list_stat *other)
{
	for (size_t i = 0; i < COUNT(list_results); i++) {
		uint64_t sum = number_at(list, list_results[i].at) +
			       number_at(other, list_results[i].at);

		memcpy((char *)list + list_results[i].at, &sum, sizeof(sum));
	}
	mm_histogram_join(&list->took, &other->took);
	if (list->state == MM_LIST_FINE)
		list->state = other->state;
}

/* The caller frees it.  NULL: out of memory, or there are none. */
static struct mm_list_stat *
take_lists(struct service *service, size_t *ret)
{
	struct mm_list_stat stat, *lists = NULL;
	size_t n = 0, same;

	for (size_t i = 0; mm_lists_stat(service_lists(service), i, &stat);
	     i++) {
		struct mm_list_stat *more =
		    reallocarray(lists, n + 1, sizeof(*lists));

		if (more == NULL)
			break;
		lists = more;
		for (same = 0; same < n; same++)
			if (strcmp(lists[same].label, stat.label) == 0)
				break;
		if (same < n)
			join_list(&lists[same], &stat);
		else
			lists[n++] = stat;
	}
	*ret = n;
	return lists;
}

static void
write_list_results(struct mm_openmetrics *om, const struct mm_list_stat *list)
{
	for (size_t i = 0; i < COUNT(list_results); i++) {
		const struct mm_openmetrics_label labels[] = {
		    {"list", list->label}, {"result", list_results[i].result}};

		mm_openmetrics_sample(om, labels, COUNT(labels),
		    (int64_t)number_at(list, list_results[i].at));
	}
}

static void
write_list_time(struct mm_openmetrics *om, const struct mm_list_stat *list)
{
	const struct mm_openmetrics_label label = {"list", list->label};

	mm_openmetrics_histogram(om, &label, 1, &list->took);
}

static void
write_list_state(struct mm_openmetrics *om, const struct mm_list_stat *list)
{
	for (int state = MM_LIST_FINE; state <= MM_LIST_PARKED; state++) {
		const struct mm_openmetrics_label labels[] = {
		    {"list", list->label},
		    {"state", mm_list_state_word((enum mm_list_state)state)}};

		mm_openmetrics_sample(
		    om, labels, COUNT(labels), (int)list->state == state);
	}
}

static void
write_lists(struct mm_openmetrics *om, struct service *service)
{
	static const struct {
		struct number family;
		void (*write)(
		    struct mm_openmetrics *om, const struct mm_list_stat *list);
	} families[] = {
	    {{"mailmum_dnslist_queries", MM_OM_COUNTER, "",
		 "Questions to DNS lists, by what the answer was.", 0},
		write_list_results},
	    {{"mailmum_dnslist_duration_seconds", MM_OM_HISTOGRAM, "seconds",
		 "How long DNS lists took to answer.", 0},
		write_list_time},
	    {{"mailmum_dnslist_state", MM_OM_GAUGE, "",
		 "How DNS lists have been answering of late: 1 for one state "
		 "of each.",
		 0},
		write_list_state},
	};
	size_t n;
	struct mm_list_stat *lists = take_lists(service, &n);

	for (size_t f = 0; f < COUNT(families); f++) {
		const struct number *family = &families[f].family;

		mm_openmetrics_family(
		    om, family->type, family->name, family->unit, family->help);
		for (size_t i = 0; i < n; i++)
			families[f].write(om, &lists[i]);
	}
	free(lists);
}

static void
write_store(struct mm_openmetrics *om, struct service *service)
{
	struct mm_store *store = service_store(service);
	struct mm_store_stats stats;
	struct mm_shared_stats shared;

	if (store == NULL)
		return;
	mm_store_stats(store, &stats);
	write_numbers(om, store_numbers, COUNT(store_numbers), &stats);
	if (mm_store_shared_stats(store, &shared))
		write_numbers(
		    om, shared_numbers, COUNT(shared_numbers), &shared);
}

int
exposition_write(struct service *service, bool classic, FILE *out)
{
	struct mm_dns_stats dns;
	struct mm_openmetrics om;

	mm_openmetrics_init(&om, out, classic);
	write_build(&om, service);
	for (size_t i = 0; i < COUNT(counters); i++)
		write_number(&om, &counters[i],
		    service_counted(service, (enum mm_metric)counters[i].at));
	write_verdicts(&om, service);
	write_warnings(&om, service);
	write_greylist(&om, service);
	write_lists(&om, service);
	mm_dns_stats(service_dns(service), &dns);
	write_numbers(&om, resolver_numbers, COUNT(resolver_numbers), &dns);
	write_store(&om, service);
	return mm_openmetrics_finish(&om);
}
