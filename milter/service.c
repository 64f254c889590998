/* service - see service.h. */
#include "milter/service.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/delays.h"
#include "lib/dns.h"
#include "lib/dnsxl.h"
#include "lib/err.h"
#include "lib/lists.h"
#include "lib/policy.h"
#include "lib/policyd.h"
#include "lib/program.h"
#include "lib/settings.h"
#include "lib/settings_dns.h"
#include "lib/store.h"
#include "lib/verdicts.h"
#include "milter/logger.h"
#include "milter/sharing.h"

#define IMPORTS_WAIT_MS 2000 /* to find out what was imported, once */
/* Between attempts to open the store. */
#define STORE_RETRY_US (30 * INT64_C(1000000))
/* A trouble that comes and goes is one trouble: it has ended when it has not
 * been seen for so long. */
#define CALM_US (10 * INT64_C(1000000))
/* The delays that have been counted are written. */
#define SAVE_US (60 * INT64_C(1000000))
/* A callback that has returned has not yet answered: libmilter writes its
 * reply then, in a thread that may have to wait for its turn. */
#define REPLIES_MS 100

struct service {
	const struct mm_clock *clock;
	struct mm_metrics *metrics;
	struct logger *logger;
	struct mm_lists *lists;
	struct mm_verdicts *verdicts;
	struct mm_policyd_pool *policyds;
	struct mm_dns *dns;
	const struct mm_settings *standing; /* until a restart */
	size_t descriptors;
	time_t started;

	pthread_mutex_t lock; /* covers the two; taken by nobody for long */
	struct mm_policy *policy;
	time_t loaded;

	_Atomic(struct mm_store *) store; /* set once */
	struct sharing sharing;		  /* its settings */
	_Atomic(struct mm_foreign_imports) imports;
	struct mm_delays *delays;
	int64_t save_due; /* the supervisor's: of the delays, monotonic */
	bool delays_read, delays_found; /* the supervisor's: in the store */
	atomic_bool rebuilt;		/* the store, since it was last read */
	struct mm_clock_watch watch;	/* the supervisor's */
	int64_t store_due; /* the supervisor's: when to try it, monotonic */
	_Atomic bool trouble[NTROUBLES];
	_Atomic int64_t troubled[NTROUBLES]; /* when, monotonic us */
	_Atomic bool well[NTROUBLES];	     /* it was, the last time */
	_Atomic bool stopping;
	_Atomic int in_flight;
	_Atomic unsigned session_limit;
	_Atomic unsigned last_session;
};

/* clang-format off */
/* "BEGINS: why; SO", and "ENDED". */
static const struct {
	enum mm_event event;
	const char *begins, *so, *ended;
} troubles[NTROUBLES] = {
	[TROUBLE_STORE] =    { MM_EVENT_STORE,    "greylist store fails",       "mail passes without it",             "greylist store works again" },
	[TROUBLE_SHARED] =   { MM_EVENT_SHARED,   "the shared greylist cannot be asked", "this host greylists by itself", "the shared greylist can be asked again" },
	[TROUBLE_SESSIONS] = { MM_EVENT_SESSIONS, "too many sessions",          "more pass without being judged",     "not too many sessions any more: all are judged again" },
	[TROUBLE_WAITERS] =  { MM_EVENT_WAITERS,  "too many recipients wait",   "more are judged without waiting",    "not too many recipients wait any more" },
	[TROUBLE_CHANGES] =  { MM_EVENT_CHANGES,  "the MTA does not let us do all", "the message goes on without", "the MTA lets us change messages again" },
	[TROUBLE_TABLES] =   { MM_EVENT_TABLES,   "a table cannot be asked",    "what needs it is answered 451",      "tables can be asked again" },
	[TROUBLE_MEMORY] =   { MM_EVENT_MEMORY,   "out of memory",              "such mail passes without being judged", "there is memory again" },
};

/* "list LABEL: BEGINS detail, SO", and "list LABEL: ENDED". */
static const struct {
	enum mm_event event;
	const char *begins, *so, *ended;
} list_states[] = {
	[MM_LIST_FINE] =   { MM_EVENT_LIST_FINE,   "answers", "well", "answers" },
	[MM_LIST_DEAD] =   { MM_EVENT_LIST_DEAD,   "is of no use:", "mail is judged without it", "answers again" },
	[MM_LIST_ERRORS] = { MM_EVENT_LIST_ERRORS, "answers error code", "which is no listing: mail is judged without it", "answers no error codes any more" },
	[MM_LIST_PARKED] = { MM_EVENT_LIST_PARKED, "answers", "as no list does: mail is judged without it", "answers as a list again" },
};
/* clang-format on */

static void
say_list(struct service *service, const struct mm_list_event *event)
{
	if (event->begins)
		logger_say_list(service->logger,
		    list_states[event->state].event, event->label,
		    "list %s: %s %s, %s", event->label,
		    list_states[event->state].begins, event->detail,
		    list_states[event->state].so);
	else
		logger_say_list(service->logger, MM_EVENT_LIST_FINE,
		    event->label, "list %s: %s", event->label,
		    list_states[event->state].ended);
}

static void
on_answered(void *ctx, const char *zone, const char *name,
    enum mm_dns_type type, const struct mm_dns_answer *answer, int64_t took_us)
{
	struct service *service = ctx;
	struct mm_list_event event;

	(void)name;
	if (type == MM_DNS_A &&
	    mm_lists_answered(service->lists, zone, answer, took_us, &event))
		say_list(service, &event);
}

static void
on_breaker(void *ctx, const char *zone, const char *why)
{
	struct service *service = ctx;
	struct mm_list_event event;

	if (mm_lists_breaker(service->lists, zone, why, &event))
		say_list(service, &event);
}

static int
know_lists(
    struct service *service, const struct mm_policy *policy, struct mm_err *err)
{
	const struct mm_dnsxl *list;

	for (size_t i = 0; (list = mm_policy_dnsxl(policy, i)) != NULL; i++)
		if (!mm_lists_add(service->lists, mm_dnsxl_text(list),
			mm_dnsxl_label(list)))
			return mm_err_set(err, "out of memory");
	return 0;
}

struct knowing {
	struct mm_verdicts *verdicts;
	bool all;
};

static bool
know_step(void *ctx, const struct mm_step *step)
{
	struct knowing *knowing = ctx;

	if (!mm_verdicts_know(knowing->verdicts, step->text, true))
		knowing->all = false;
	return knowing->all;
}

/* What is a reason and no restriction of a policy; and the words of what is
 * born at run time. */
static bool
know_words(struct mm_verdicts *verdicts)
{
	static const char *const words[] = {"end of list", "postmaster",
	    "smtpd_helo_required", "strict_rfc821_envelopes",
	    "greylist_exceptions", "greylist_optin", "greylist_optout",
	    "greylist release", "greylist expect", "greylist allow"};
	const struct mm_restriction *word;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!mm_verdicts_know(verdicts, words[i], false))
			return false;
	for (size_t i = 0; (word = mm_program_word(i)) != NULL; i++)
		if (!mm_verdicts_know(verdicts, word->word, false))
			return false;
	return true;
}

/* For each restriction of the policy its own numbers. */
static int
know_rules(
    struct service *service, const struct mm_policy *policy, struct mm_err *err)
{
	struct knowing knowing = {service->verdicts, true};

	mm_policy_each(policy, know_step, &knowing);
	return knowing.all ? 0 : mm_err_set(err, "out of memory");
}

static int
start_resolver(struct service *service, struct mm_err *err)
{
	const struct mm_dns_watch watch = {
	    .answered = on_answered,
	    .breaker = on_breaker,
	    .ctx = service,
	};
	struct mm_settings_dns dns;

	if (mm_settings_dns_read(service->standing, &dns, err) != 0)
		return -1;
	service->dns =
	    mm_dns_unbound_new(&dns.config, service->clock, &watch, err);
	mm_settings_dns_clear(&dns);
	return service->dns != NULL ? 0 : mm_err_in(err, "resolver");
}

static void
on_damaged(void *ctx, const char *why, const char *aside)
{
	struct service *service = ctx;

	logger_say(service->logger, MM_EVENT_STORE_DAMAGED,
	    "greylist store is damaged: %s; it is set aside as %s, and "
	    "rebuilt from what can be read",
	    why, aside);
}

static void
on_rebuilt(void *ctx, const char *aside, uint64_t records, bool whole)
{
	struct service *service = ctx;

	atomic_store(&service->rebuilt, true);
	logger_say(service->logger, MM_EVENT_STORE_REBUILT,
	    "greylist store is rebuilt: %llu records of %s%s",
	    (unsigned long long)records, aside,
	    whole ? "" : "; others could not be read");
}

static void
on_shared(void *ctx, bool works, const char *why)
{
	service_trouble(ctx, TROUBLE_SHARED, !works, why);
}

static struct mm_store *
open_store(struct service *service, struct mm_err *err)
{
	const struct mm_settings *settings = service->standing;
	const struct mm_store_config config = {
	    .directory = settings->state_directory,
	    .max_age = settings->greylist_max_age / 1000,
	    .waiting_age = settings->greylist_retry_window / 1000,
	    .watch = {on_damaged, on_rebuilt, service},
	};

	struct mm_store *local =
	    mm_store_sqlite_new(&config, service->clock, err);

	return local == NULL ? NULL
			     : sharing_open(&service->sharing, local, settings,
				   service->clock, on_shared, service, err);
}

/* Who never imports anything never looks for it. */
static void
find_imports(struct service *service, struct mm_store *store)
{
	struct mm_foreign_imports imports;
	struct mm_err err;

	if (mm_foreign_imports_read(store, IMPORTS_WAIT_MS, &imports, &err) !=
	    0)
		service_trouble(service, TROUBLE_STORE, true, err.text);
	else
		atomic_store(&service->imports, imports);
}

/* Numbers for people: no trouble if they are lost. */
static void
load_delays(struct service *service, struct mm_store *store)
{
	struct mm_err err;

	service->save_due = mm_clock_mono(service->clock) + SAVE_US;
	service->delays_read =
	    mm_delays_load(service->delays, store, &err) == 0;
	service->delays_found =
	    service->delays_read && mm_delays_begun(service->delays) > 0;
	if (!service->delays_read)
		logger_say(service->logger, MM_EVENT_NOTICE,
		    "the delays counted so far: %s", err.text);
}

/* What could not be read yet is not written over. */
static void
save_delays(struct service *service, struct mm_store *store)
{
	struct mm_err err;

	if (!service->delays_read) {
		load_delays(service, store);
		return;
	}
	service->save_due = mm_clock_mono(service->clock) + SAVE_US;
	if (mm_delays_save(service->delays, store,
		mm_clock_wall(service->clock), &err) == 0 &&
	    mm_delays_begun(service->delays) > 0)
		service->delays_found = true;
}

/* A store that was being rebuilt when it was opened had nothing yet. */
static void
read_rebuilt(struct service *service, struct mm_store *store)
{
	if (!atomic_exchange(&service->rebuilt, false))
		return;
	find_imports(service, store);
	if (!service->delays_found)
		load_delays(service, store);
}

/* A policy without greylisting needs no store. */
static void
tend_store(struct service *service)
{
	int64_t now = mm_clock_mono(service->clock);
	struct mm_policy *policy;
	struct mm_store *store;
	struct mm_err err;
	bool needed;

	if ((store = atomic_load(&service->store)) != NULL) {
		read_rebuilt(service, store);
		if (now >= service->save_due)
			save_delays(service, store);
	}
	if (store != NULL || now < service->store_due)
		return;
	policy = service_policy(service);
	needed = mm_policy_greylists(policy);
	mm_policy_unref(policy);
	if (!needed)
		return;
	service->store_due = now + STORE_RETRY_US;
	if ((store = open_store(service, &err)) != NULL)
		load_delays(service, store);
	service_trouble(service, TROUBLE_STORE, store == NULL,
	    store == NULL ? err.text : NULL);
	if (store != NULL)
		find_imports(service, store);
	atomic_store(&service->store, store);
}

/* What waits may have to wait anew; nothing waits for longer than that. */
static void
watch_clock(struct service *service)
{
	int64_t step = mm_clock_stepped(&service->watch, service->clock);

	if (step == 0)
		return;
	service_count(service, MM_CLOCK_STEPS, 1);
	logger_say(service->logger, MM_EVENT_NOTICE,
	    "the clock has been set %s by %lld seconds",
	    step > 0 ? "forward" : "back", llabs((long long)step));
}

/* It is over when it has been well for a while; it is said once. */
static void
end_trouble(struct service *service, enum trouble which)
{
	int64_t calm = mm_clock_mono(service->clock) -
		       atomic_load(&service->troubled[which]);

	if (calm >= CALM_US && atomic_load(&service->well[which]) &&
	    atomic_exchange(&service->trouble[which], false))
		logger_say(service->logger, MM_EVENT_OVER, "%s",
		    troubles[which].ended);
}

/* What was well the last time may not be heard of again for long. */
static void
end_troubles(struct service *service)
{
	for (int i = 0; i < NTROUBLES; i++)
		if (atomic_load(&service->trouble[i]))
			end_trouble(service, (enum trouble)i);
}

void
service_tend(struct service *service)
{
	end_troubles(service);
	watch_clock(service);
	tend_store(service);
	mm_policyd_pool_tend(service->policyds);
}

bool
service_lives(struct service *service)
{
	return mm_dns_lives(service->dns);
}

static unsigned
limit_of(const struct service *service, const struct mm_settings *settings)
{
	if (settings->session_limit != 0)
		return settings->session_limit;
	return (unsigned)service->descriptors;
}

struct service *
service_new(struct mm_policy *policy, struct logger *logger,
    struct mm_metrics *metrics, size_t descriptors, struct mm_err *err)
{
	struct service *service = calloc(1, sizeof(*service));

	if (service == NULL) {
		mm_err_set(err, "out of memory");
		return NULL;
	}
	service->clock = &mm_clock_system;
	service->metrics = metrics;
	service->logger = logger;
	service->standing = mm_policy_settings(policy);
	service->descriptors = descriptors;
	service->started = service->loaded = time(NULL);
	service->policy = mm_policy_ref(policy);
	pthread_mutex_init(&service->lock, NULL);
	atomic_store(
	    &service->session_limit, limit_of(service, service->standing));
	service->lists = mm_lists_new();
	service->verdicts = mm_verdicts_new();
	service->policyds = mm_policyd_pool_new(service->clock);
	service->delays = mm_delays_new();
	if (service->lists == NULL || service->verdicts == NULL ||
	    !know_words(service->verdicts) || service->policyds == NULL ||
	    service->delays == NULL) {
		mm_err_set(err, "out of memory");
		goto fail;
	}
	if (know_lists(service, policy, err) != 0 ||
	    know_rules(service, policy, err) != 0 ||
	    start_resolver(service, err) != 0)
		goto fail;
	service_tend(service);
	return service;

fail:
	service_free(service);
	return NULL;
}

void
service_stop(struct service *service, int wait_ms)
{
	const struct timespec step = {.tv_nsec = 10 * 1000 * 1000};
	const struct timespec replies = {.tv_nsec = REPLIES_MS * 1000 * 1000};
	struct mm_store *store;

	atomic_store(&service->stopping, true);
	for (; atomic_load(&service->in_flight) > 0 && wait_ms > 0;
	     wait_ms -= 10)
		nanosleep(&step, NULL);
	if (atomic_load(&service->in_flight) > 0)
		return;
	nanosleep(&replies, NULL);
	mm_dns_free(service->dns);
	if ((store = atomic_load(&service->store)) != NULL) {
		read_rebuilt(service, store);
		save_delays(service, store);
	}
	mm_store_free(store);
	service->dns = NULL;
	atomic_store(&service->store, NULL);
}

void
service_free(struct service *service)
{
	if (service == NULL)
		return;
	mm_dns_free(service->dns);
	mm_store_free(atomic_load(&service->store));
	sharing_clear(&service->sharing);
	mm_lists_free(service->lists);
	mm_verdicts_free(service->verdicts);
	mm_policyd_pool_free(service->policyds);
	mm_delays_free(service->delays);
	mm_policy_unref(service->policy);
	pthread_mutex_destroy(&service->lock);
	free(service);
}

struct mm_policy *
service_policy(struct service *service)
{
	struct mm_policy *policy;

	pthread_mutex_lock(&service->lock);
	policy = mm_policy_ref(service->policy);
	pthread_mutex_unlock(&service->lock);
	return policy;
}

static int
reload_resolver(struct service *service, const struct mm_settings *now,
    const struct mm_settings *then, struct mm_err *err)
{
	struct mm_settings_dns dns;
	int rc;

	if (!mm_settings_dns_differ(now, then))
		return 0;
	if (mm_settings_dns_read(then, &dns, err) != 0)
		return -1;
	rc = mm_dns_reconfigure(service->dns, &dns.config, err);
	mm_settings_dns_clear(&dns);
	return rc;
}

/* The ages may have changed, or greylisting may be new. */
static void
keep_store(struct service *service, const struct mm_settings *settings)
{
	struct mm_store *store = atomic_load(&service->store);

	if (store != NULL)
		mm_store_keep(store, settings->greylist_max_age / 1000,
		    settings->greylist_retry_window / 1000);
	service->store_due = 0;
	tend_store(service);
}

int
service_reload(
    struct service *service, struct mm_policy *policy, struct mm_err *err)
{
	const struct mm_settings *settings = mm_policy_settings(policy);
	struct mm_policy *old = service_policy(service);
	int rc;

	rc = know_lists(service, policy, err);
	if (rc == 0)
		rc = know_rules(service, policy, err);
	if (rc == 0)
		rc = reload_resolver(
		    service, mm_policy_settings(old), settings, err);
	if (rc == 0)
		mm_policy_inherit(policy, old);
	mm_policy_unref(old);
	if (rc != 0) {
		mm_policy_unref(policy);
		return -1;
	}
	atomic_store(&service->session_limit, limit_of(service, settings));
	pthread_mutex_lock(&service->lock);
	old = service->policy;
	service->policy = policy;
	service->loaded = time(NULL);
	pthread_mutex_unlock(&service->lock);
	mm_policy_unref(old);
	keep_store(service, settings);
	return 0;
}

bool
service_enter(struct service *service)
{
	atomic_fetch_add(&service->in_flight, 1);
	if (!atomic_load(&service->stopping))
		return true;
	service_leave(service);
	return false;
}

void
service_leave(struct service *service)
{
	atomic_fetch_sub(&service->in_flight, 1);
}

bool
service_admit(struct service *service)
{
	int64_t open;
	bool above;

	service_count(service, MM_SESSIONS, 1);
	service_count(service, MM_SESSIONS_OPEN, 1);
	open = service_counted(service, MM_SESSIONS_OPEN);
	above = open > atomic_load(&service->session_limit);
	if (above) {
		service_count(service, MM_SESSIONS_REFUSED, 1);
		service_trouble(service, TROUBLE_SESSIONS, true,
		    "session_limit, or descriptors, reached");
	}
	return !above;
}

void
service_dismiss(struct service *service)
{
	service_count(service, MM_SESSIONS_OPEN, -1);
	if (service_counted(service, MM_SESSIONS_OPEN) <
	    atomic_load(&service->session_limit))
		service_trouble(service, TROUBLE_SESSIONS, false, NULL);
}

/* Above the limit that is for sessions there is a tenth to let them pass. */
bool
service_full(struct service *service)
{
	return service_counted(service, MM_SESSIONS_OPEN) >=
	       (int64_t)(service->descriptors + service->descriptors / 10);
}

bool
service_may_wait(struct service *service, const struct mm_settings *settings)
{
	bool may;

	service_count(service, MM_WAITERS, 1);
	may = service_counted(service, MM_WAITERS) <= settings->waiter_limit;
	if (!may)
		service_count(service, MM_WAITERS_REFUSED, 1);
	service_trouble(service, TROUBLE_WAITERS, !may, "waiter_limit reached");
	return may;
}

void
service_waited(struct service *service)
{
	service_count(service, MM_WAITERS, -1);
}

void
service_trouble(
    struct service *service, enum trouble which, bool is, const char *why)
{
	/* nearly always nothing is wrong, and nothing was */
	if (!is && !atomic_load(&service->trouble[which]))
		return;
	atomic_store(&service->well[which], !is);
	if (!is) {
		end_trouble(service, which);
		return;
	}
	atomic_store(&service->troubled[which], mm_clock_mono(service->clock));
	if (!atomic_exchange(&service->trouble[which], true))
		logger_say(service->logger, troubles[which].event, "%s: %s; %s",
		    troubles[which].begins, why, troubles[which].so);
}

bool
service_troubled(const struct service *service, enum trouble which)
{
	return atomic_load(&service->trouble[which]);
}

void
service_trouble_say(enum trouble which, FILE *out)
{
	fprintf(out, "%s; %s\n", troubles[which].begins, troubles[which].so);
}

const struct mm_clock *
service_clock(struct service *service)
{
	return service->clock;
}

struct mm_dns *
service_dns(struct service *service)
{
	return service->dns;
}

struct mm_lists *
service_lists(struct service *service)
{
	return service->lists;
}

struct mm_policyd_pool *
service_policyds(struct service *service)
{
	return service->policyds;
}

struct mm_store *
service_store(struct service *service)
{
	return atomic_load(&service->store);
}

struct mm_foreign_imports
service_imports(struct service *service)
{
	return atomic_load(&service->imports);
}

struct mm_delays *
service_delays(struct service *service)
{
	return service->delays;
}

struct logger *
service_logger(struct service *service)
{
	return service->logger;
}

time_t
service_started(const struct service *service)
{
	return service->started;
}

time_t
service_loaded(struct service *service)
{
	time_t loaded;

	pthread_mutex_lock(&service->lock);
	loaded = service->loaded;
	pthread_mutex_unlock(&service->lock);
	return loaded;
}

void
service_count(struct service *service, enum mm_metric which, int64_t by)
{
	mm_metric_add(service->metrics, which, by);
}

int64_t
service_counted(struct service *service, enum mm_metric which)
{
	return mm_metric_get(service->metrics, which);
}

void
service_count_verdict(struct service *service, const char *reason,
    enum mm_stage stage, enum mm_verdict verdict)
{
	mm_verdicts_count(service->verdicts, reason, stage, verdict);
}

const struct mm_verdicts *
service_verdicts(const struct service *service)
{
	return service->verdicts;
}

void
service_count_wait(struct service *service, int64_t seconds)
{
	mm_metrics_waited(service->metrics, seconds);
}

void
service_waits(struct service *service, struct mm_histogram *ret)
{
	mm_metrics_waits(service->metrics, ret);
}

void
service_session_id(struct service *service, char id[24])
{
	unsigned n = atomic_fetch_add(&service->last_session, 1);

	snprintf(id, 24, "%08llx%06x",
	    (unsigned long long)mm_clock_wall(service->clock), n & 0xffffff);
}
