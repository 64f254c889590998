/* stats - see stats.h. */
#include "milter/stats.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "lib/delays.h"
#include "lib/dns.h"
#include "lib/json.h"
#include "lib/lists.h"
#include "lib/map.h"
#include "lib/policy.h"
#include "lib/program.h"
#include "lib/store_shared.h"
#include "lib/verdicts.h"
#include "milter/service.h"

static void
write_counters(struct mm_json *json, struct service *service)
{
	mm_json_object(json, "counters");
	for (enum mm_metric m = 0; m < MM_NMETRICS; m++)
		mm_json_int(
		    json, mm_metric_name(m), service_counted(service, m));
	mm_json_end(json);
}

/* One number of a struct of numbers, and what it is called. */
struct number {
	const char *name;
	size_t at; /* of a uint64_t */
};

static const struct number resolver_numbers[] = {
    {"asked", offsetof(struct mm_dns_stats, asked)},
    {"cached", offsetof(struct mm_dns_stats, cached)},
    {"joined", offsetof(struct mm_dns_stats, joined)},
    {"sent", offsetof(struct mm_dns_stats, sent)},
    {"skipped", offsetof(struct mm_dns_stats, skipped)},
    {"refused", offsetof(struct mm_dns_stats, refused)},
    {"bogus", offsetof(struct mm_dns_stats, bogus)},
    {"servfail", offsetof(struct mm_dns_stats, servfail)},
    {"timeouts", offsetof(struct mm_dns_stats, timeouts)},
    {"in_flight", offsetof(struct mm_dns_stats, in_flight)},
    {"entries", offsetof(struct mm_dns_stats, entries)},
};
static const struct number store_numbers[] = {
    {"updates", offsetof(struct mm_store_stats, updates)},
    {"looks", offsetof(struct mm_store_stats, looks)},
    {"commits", offsetof(struct mm_store_stats, commits)},
    {"failures", offsetof(struct mm_store_stats, failures)},
    {"late", offsetof(struct mm_store_stats, late)},
    {"purged", offsetof(struct mm_store_stats, purged)},
    {"checks", offsetof(struct mm_store_stats, checks)},
    {"damaged", offsetof(struct mm_store_stats, damaged)},
    {"carried", offsetof(struct mm_store_stats, carried)},
    {"records", offsetof(struct mm_store_stats, records)},
    {"waiting", offsetof(struct mm_store_stats, waiting)},
    {"bytes", offsetof(struct mm_store_stats, bytes)},
};
static const struct number shared_numbers[] = {
    {"works", offsetof(struct mm_shared_stats, works)},
    {"asked", offsetof(struct mm_shared_stats, asked)},
    {"found", offsetof(struct mm_shared_stats, found)},
    {"missed", offsetof(struct mm_shared_stats, missed)},
    {"timeouts", offsetof(struct mm_shared_stats, timeouts)},
    {"errors", offsetof(struct mm_shared_stats, errors)},
    {"garbage", offsetof(struct mm_shared_stats, garbage)},
    {"skipped", offsetof(struct mm_shared_stats, skipped)},
    {"queued", offsetof(struct mm_shared_stats, queued)},
    {"written", offsetof(struct mm_shared_stats, written)},
    {"dropped", offsetof(struct mm_shared_stats, dropped)},
};
static const struct number list_numbers[] = {
    {"asked", offsetof(struct mm_list_stat, asked)},
    {"listed", offsetof(struct mm_list_stat, listed)},
    {"unlisted", offsetof(struct mm_list_stat, unlisted)},
    {"error_codes", offsetof(struct mm_list_stat, error_codes)},
    {"odd_codes", offsetof(struct mm_list_stat, odd_codes)},
    {"timeouts", offsetof(struct mm_list_stat, timeouts)},
    {"failures", offsetof(struct mm_list_stat, failures)},
    {"took_us", offsetof(struct mm_list_stat, took_us)},
};

static void
write_numbers(struct mm_json *json, const struct number *numbers, size_t n,
    const void *stats)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t value;

		memcpy(
		    &value, (const char *)stats + numbers[i].at, sizeof(value));
		mm_json_uint(json, numbers[i].name, value);
	}
}

#define WRITE(json, numbers, stats)                                            \
	write_numbers(                                                         \
	    json, numbers, sizeof(numbers) / sizeof((numbers)[0]), stats)

static void
write_resolver(struct mm_json *json, struct service *service)
{
	struct mm_dns_stats stats;

	mm_dns_stats(service_dns(service), &stats);
	mm_json_object(json, "resolver");
	WRITE(json, resolver_numbers, &stats);
	mm_json_end(json);
}

static void
write_store(struct mm_json *json, struct service *service)
{
	struct mm_store *store = service_store(service);
	struct mm_store_stats stats;

	if (store == NULL) {
		mm_json_string(json, "store", NULL);
		return;
	}
	mm_store_stats(store, &stats);
	mm_json_object(json, "store");
	WRITE(json, store_numbers, &stats);
	mm_json_end(json);
}

/* Only where the store is shared. */
static void
write_shared(struct mm_json *json, struct service *service)
{
	const struct mm_store *store = service_store(service);
	struct mm_shared_stats stats;

	if (store == NULL || !mm_store_shared_stats(store, &stats))
		return;
	mm_json_object(json, "shared");
	WRITE(json, shared_numbers, &stats);
	mm_json_end(json);
}

static void
write_lists(struct mm_json *json, struct service *service)
{
	struct mm_list_stat stat;

	mm_json_array(json, "lists");
	for (size_t i = 0; mm_lists_stat(service_lists(service), i, &stat);
	     i++) {
		mm_json_object(json, NULL);
		mm_json_string(json, "list", stat.label);
		mm_json_string(json, "state", mm_list_state_word(stat.state));
		WRITE(json, list_numbers, &stat);
		mm_json_end(json);
	}
	mm_json_end(json);
}

/* Each restriction of a policy, and what else has been a reason: how often of
 * which verdict, in the words of the log. */
static void
write_restrictions(struct mm_json *json, struct service *service)
{
	struct mm_verdicts_row row;

	mm_json_array(json, "restrictions");
	for (size_t i = 0; mm_verdicts_row(service_verdicts(service), i, &row);
	     i++) {
		uint64_t sum[MM_NVERDICTS] = {0}, all = 0;

		for (size_t cell = 0; cell < MM_NSTAGES * MM_NVERDICTS;
		     cell++) {
			uint64_t n =
			    row.n[cell / MM_NVERDICTS][cell % MM_NVERDICTS];

			sum[cell % MM_NVERDICTS] += n;
			all += n;
		}
		if (all == 0 && !row.expected)
			continue;
		mm_json_object(json, NULL);
		mm_json_string(json, "restriction", row.rule);
		for (enum mm_verdict v = 0; v < MM_NVERDICTS; v++)
			if (v != MM_INFORMED)
				mm_json_uint(json, mm_verdict_word(v), sum[v]);
		mm_json_end(json);
	}
	mm_json_end(json);
}

static bool
write_table(void *ctx, const struct mm_step *step)
{
	const struct mm_map *map = mm_step_map(step);
	struct mm_json *json = ctx;

	if (map == NULL)
		return true;
	mm_json_object(json, NULL);
	mm_json_string(json, "table", mm_map_spec(map));
	mm_json_uint(json, "rows", mm_map_size(map));
	mm_json_uint(json, "given_up", mm_map_given_up(map));
	mm_json_end(json);
	return true;
}

/* The tables of the policy in force.  given_up: matches of a pcre: table
 * that would have taken too long, and count as none. */
static void
write_tables(struct mm_json *json, struct service *service)
{
	struct mm_policy *policy = service_policy(service);

	mm_json_array(json, "tables");
	mm_policy_each(policy, write_table, json);
	mm_json_end(json);
	mm_policy_unref(policy);
}

int
stats_write(struct service *service, FILE *out)
{
	time_t now = time(NULL);
	struct mm_json json;

	mm_json_init(&json, out);
	mm_json_object(&json, NULL);
	mm_json_string(&json, "version", MAILMUM_VERSION);
	mm_json_int(&json, "uptime", now - service_started(service));
	mm_json_int(&json, "policy_age", now - service_loaded(service));
	write_counters(&json, service);
	write_resolver(&json, service);
	write_store(&json, service);
	write_shared(&json, service);
	write_lists(&json, service);
	write_restrictions(&json, service);
	write_tables(&json, service);
	mm_json_end(&json);
	return mm_json_finish(&json);
}

int
stats_write_delays(struct service *service, FILE *out)
{
	struct mm_policy *policy = service_policy(service);
	const struct mm_settings *settings = mm_policy_settings(policy);
	const struct mm_delays *delays = service_delays(service);
	struct mm_delays_row row;
	struct mm_json json;

	mm_json_init(&json, out);
	mm_json_object(&json, NULL);
	mm_json_int(&json, "greylist_delay", settings->greylist_delay / 1000);
	mm_json_int(&json, "begun", mm_delays_begun(delays));
	mm_json_array(&json, "delays");
	for (size_t i = 0; mm_delays_row(delays, i, &row); i++) {
		mm_json_object(&json, NULL);
		mm_json_int(&json, "delay", row.delay);
		mm_json_int(&json, "back", row.back);
		mm_json_int(&json, "median", row.median);
		mm_json_int(&json, "percent95", row.most);
		mm_json_int(&json, "longest", row.longest);
		mm_json_int(&json, "unknown", row.unknown);
		mm_json_int(&json, "away", row.away);
		mm_json_end(&json);
	}
	mm_json_end(&json);
	mm_json_end(&json);
	mm_policy_unref(policy);
	return mm_json_finish(&json);
}
