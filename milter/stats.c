/* stats - see stats.h. */
#include "milter/stats.h"

#include <time.h>

#include "lib/dns.h"
#include "lib/json.h"
#include "lib/lists.h"
#include "lib/map.h"
#include "lib/policy.h"
#include "lib/program.h"
#include "lib/store.h"
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

static void
write_resolver(struct mm_json *json, struct service *service)
{
	struct mm_dns_stats stats;

	mm_dns_stats(service_dns(service), &stats);
	mm_json_object(json, "resolver");
	mm_json_uint(json, "asked", stats.asked);
	mm_json_uint(json, "cached", stats.cached);
	mm_json_uint(json, "joined", stats.joined);
	mm_json_uint(json, "sent", stats.sent);
	mm_json_uint(json, "skipped", stats.skipped);
	mm_json_uint(json, "refused", stats.refused);
	mm_json_uint(json, "bogus", stats.bogus);
	mm_json_uint(json, "servfail", stats.servfail);
	mm_json_uint(json, "timeouts", stats.timeouts);
	mm_json_uint(json, "in_flight", stats.in_flight);
	mm_json_uint(json, "entries", stats.entries);
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
	mm_json_uint(json, "updates", stats.updates);
	mm_json_uint(json, "commits", stats.commits);
	mm_json_uint(json, "failures", stats.failures);
	mm_json_uint(json, "late", stats.late);
	mm_json_uint(json, "purged", stats.purged);
	mm_json_uint(json, "records", stats.records);
	mm_json_uint(json, "waiting", stats.waiting);
	mm_json_uint(json, "bytes", stats.bytes);
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
		mm_json_uint(json, "asked", stat.asked);
		mm_json_uint(json, "listed", stat.listed);
		mm_json_uint(json, "unlisted", stat.unlisted);
		mm_json_uint(json, "error_codes", stat.error_codes);
		mm_json_uint(json, "odd_codes", stat.odd_codes);
		mm_json_uint(json, "timeouts", stat.timeouts);
		mm_json_uint(json, "failures", stat.failures);
		mm_json_uint(json, "took_us", stat.took_us);
		mm_json_end(json);
	}
	mm_json_end(json);
}

/* The tables of the policy in force.  given_up: matches of a pcre: table
 * that would have taken too long, and count as none. */
static void
write_tables(struct mm_json *json, struct service *service)
{
	struct mm_policy *policy = service_policy(service);
	const struct mm_step *step;
	const struct mm_map *map;

	mm_json_array(json, "tables");
	for (int c = 0; c < MM_NCHAIN; c++) {
		for (size_t i = 0; (step = mm_policy_step(
					policy, (enum mm_chain)c, i)) != NULL;
		     i++) {
			if ((map = mm_step_map(step)) == NULL)
				continue;
			mm_json_object(json, NULL);
			mm_json_string(json, "table", mm_map_spec(map));
			mm_json_uint(json, "rows", mm_map_size(map));
			mm_json_uint(json, "given_up", mm_map_given_up(map));
			mm_json_end(json);
		}
	}
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
	write_lists(&json, service);
	write_tables(&json, service);
	mm_json_end(&json);
	return mm_json_finish(&json);
}
