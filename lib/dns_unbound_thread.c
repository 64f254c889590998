/* dns_unbound_thread - see dns_unbound.h: from question to answer. */
#include "lib/dns_unbound.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unbound-event.h>
#include <unbound.h>

#include "lib/clock.h"
#include "lib/err.h"

#define CLASS_IN 1
#define GIVE_UP 5 /* deadlines */
#define BOGUS 1	  /* of ub_event_callback_type's sec */
#define SECURE 2

static int64_t
due(const struct mm_unbound *u, enum mm_job_age age, int64_t deadlines)
{
	const struct mm_job *job = TAILQ_FIRST(&u->flight.jobs[age]);

	return job != NULL ? job->sent_us + deadlines * u->deadline_us
			   : INT64_MAX;
}

static void
set_timer(struct mm_unbound *u, int64_t now)
{
	int64_t when = due(u, MM_JOB_YOUNG, 1), left;
	int64_t other = due(u, MM_JOB_LATE, GIVE_UP);
	struct timeval tv;

	if (other < when)
		when = other;
	if ((other = mm_breakers_due(u->breakers)) < when)
		when = other;
	if (when >= u->timer_us)
		return; /* it fires before that and sets itself anew */
	left = when > now ? when - now : 0;
	u->timer_us = when;
	tv.tv_sec = left / 1000000;
	tv.tv_usec = left % 1000000;
	evtimer_add(u->timer, &tv);
}

static void
tell_breaker(struct mm_unbound *u, struct mm_breaker *b, const char *why)
{
	if (u->watch.breaker != NULL)
		u->watch.breaker(u->watch.ctx, mm_breaker_zone(b), why);
}

static void
note_failure(struct mm_unbound *u, struct mm_breaker *b,
    enum mm_dns_cause cause, int64_t now)
{
	const char *why;

	if (b == NULL || !mm_breaker_failed(b, cause, now, &why))
		return;
	set_timer(u, now); /* a probe */
	tell_breaker(u, b, why);
}

/* What it means for counters and its list.  A late job has failed already. */
static void
note_answer(struct mm_unbound *u, const struct mm_job *job,
    const struct mm_dns_answer *answer, int64_t now)
{
	if (answer->cause == MM_DNS_BOGUS)
		mm_unbound_count(u, MM_COUNT_BOGUS);
	if (answer->cause == MM_DNS_SERVFAIL)
		mm_unbound_count(u, MM_COUNT_SERVFAIL);
	if (job->age == MM_JOB_LATE || job->breaker == NULL ||
	    answer->cause == MM_DNS_LOCAL)
		return;
	if (answer->status == MM_DNS_RETRY)
		note_failure(u, job->breaker, answer->cause, now);
	else if (mm_breaker_worked(job->breaker))
		tell_breaker(u, job->breaker, NULL);
}

/* Takes over the reference. */
static void
finish(struct mm_unbound *u, struct mm_batch_item *item,
    const struct mm_dns_answer *answer, int64_t now)
{
	struct mm_items later = {NULL, &later.head};
	unsigned counts[MM_COUNTS] = {0};
	struct mm_batch_item *then;

	atomic_fetch_sub(&u->in_flight, 1);
	if ((then = mm_batch_finish(item, answer)) == NULL)
		return;
	mm_unbound_settle(u, then, now, &later, counts);
	mm_unbound_add_counts(u, counts);
	mm_unbound_push(u, &later);
}

/* Something went out for a session and has ended. */
static void
tell(const struct mm_unbound *u, const struct mm_job *job,
    const struct mm_dns_answer *answer, int64_t took_us)
{
	const struct mm_dns_watch *watch = &u->watch;

	if (job->probe || answer->cause == MM_DNS_LOCAL)
		return;
	if (job->breaker != NULL && watch->answered != NULL)
		watch->answered(watch->ctx, mm_breaker_zone(job->breaker),
		    job->name, job->type, answer, took_us);
	if (watch->ended != NULL)
		watch->ended(watch->ctx, job->name, job->type, took_us);
}

/* A job's question is answered, as far as anyone waits for it. */
static void
conclude(struct mm_unbound *u, struct mm_job *job,
    const struct mm_dns_answer *answer, int64_t now)
{
	struct mm_batch_item *item = job->waiting, *next;
	int64_t asked = now;

	note_answer(u, job, answer, now);
	job->waiting = NULL;
	for (; item != NULL; item = next) {
		next = item->link;
		if (item->asked_us < asked)
			asked = item->asked_us;
		finish(u, item, mm_dns_answer_ref(answer), now);
	}
	tell(u, job, answer, now - asked);
}

static void
keep(struct mm_unbound *u, const struct mm_job *job,
    const struct mm_dns_answer *answer, int64_t now)
{
	if (answer->cause != MM_DNS_LOCAL)
		mm_dns_cache_put(
		    u->cache, job->hash, job->name, job->type, answer, now);
}

/* The library is done with a job.  Takes over the reference. */
static void
end(struct mm_unbound *u, struct mm_job *job,
    const struct mm_dns_answer *answer)
{
	int64_t now = mm_clock_mono(u->clock);

	if (job->age == MM_JOB_GIVEN_UP)
		atomic_fetch_sub(&u->in_flight, 1);
	keep(u, job, answer, now);
	if (job->age != MM_JOB_GIVEN_UP)
		conclude(u, job, answer, now);
	mm_dns_answer_unref(answer);
	mm_flight_remove(&u->flight, job);
}

/* The library's patience with silent servers ends in a SERVFAIL too. */
static const struct mm_dns_answer *
failure(const struct mm_job *job)
{
	return mm_dns_answer_retry(
	    job->age == MM_JOB_YOUNG ? MM_DNS_SERVFAIL : MM_DNS_TIMEOUT);
}

static const struct mm_dns_answer *
read_answer(
    const struct mm_job *job, int rcode, const void *packet, int len, int sec)
{
	const struct mm_dns_answer *answer;

	if (rcode != 0 || len < 0)
		return failure(job);
	/* the forged records are there, as if they were an answer */
	if (sec == BOGUS)
		return mm_dns_answer_retry(MM_DNS_BOGUS);
	answer =
	    mm_dns_answer_parse(packet, (size_t)len, job->type, sec == SECURE);
	if (answer->cause == MM_DNS_SERVFAIL)
		return failure(job); /* that one is not counted */
	return answer;
}

/* Called by the library, from within ub_resolve_event() perhaps. */
static void
on_answer(void *arg, int rcode, void *packet, int len, int sec, char *why_bogus,
    int was_ratelimited)
{
	struct mm_job *job = arg;
	struct mm_unbound *u = job->owner;

	(void)why_bogus;
	(void)was_ratelimited;
	if (!u->deaf)
		end(u, job, read_answer(job, rcode, packet, len, sec));
}

/* The job may be gone when this returns. */
static void
send_job(struct mm_unbound *u, struct mm_job *job)
{
	mm_unbound_count(u, MM_COUNT_SENT);
	if (ub_resolve_event(u->ctx, job->name,
		(int)MM_DNS_ON_THE_WIRE(job->type), CLASS_IN, job, on_answer,
		NULL) != 0)
		end(u, job, mm_dns_answer_retry(MM_DNS_LOCAL));
}

static struct mm_job *
new_job(struct mm_unbound *u, uint64_t hash, const char *name,
    enum mm_dns_type type)
{
	struct mm_job *job = mm_flight_add(
	    &u->flight, hash, name, type, mm_clock_mono(u->clock));

	if (job != NULL)
		job->owner = u;
	return job;
}

static void
join(struct mm_unbound *u, struct mm_job *job, struct mm_batch_item *item)
{
	if (job->age == MM_JOB_GIVEN_UP) { /* somebody waits again */
		atomic_fetch_sub(&u->in_flight, 1);
		job->sent_us = mm_clock_mono(u->clock);
		mm_flight_age(&u->flight, job, MM_JOB_YOUNG);
	}
	if (job->breaker == NULL)
		job->breaker = item->breaker;
	item->link = job->waiting;
	job->waiting = item;
}

/* What has changed since the question was put into the queue. */
static const struct mm_dns_answer *
answered_meanwhile(
    struct mm_unbound *u, const struct mm_batch_item *item, int64_t now)
{
	const struct mm_dns_answer *answer;

	if (mm_batch_closed(item->batch))
		return mm_dns_answer_retry(MM_DNS_MISSED);
	if (item->breaker != NULL && mm_breaker_open(item->breaker)) {
		mm_unbound_count(u, MM_COUNT_SKIPPED);
		return mm_dns_answer_retry(MM_DNS_OPEN);
	}
	answer = mm_dns_cache_get(u->cache, item->hash, item->question.name,
	    item->question.type, now);
	if (answer != NULL)
		mm_unbound_count(u, MM_COUNT_CACHED);
	return answer;
}

void
mm_unbound_launch(struct mm_unbound *u, struct mm_batch_item *item)
{
	const struct mm_dns_question *q = &item->question;
	int64_t now = mm_clock_mono(u->clock);
	const struct mm_dns_answer *answer = answered_meanwhile(u, item, now);
	struct mm_job *job;

	if (answer != NULL) {
		finish(u, item, answer, now);
		return;
	}
	job = mm_flight_find(&u->flight, item->hash, q->name, q->type);
	if (job != NULL) {
		mm_unbound_count(u, MM_COUNT_JOINED);
		join(u, job, item);
		return;
	}
	job = new_job(u, item->hash, q->name, q->type);
	if (job == NULL) {
		finish(u, item, mm_dns_answer_retry(MM_DNS_LOCAL), now);
		return;
	}
	join(u, job, item);
	send_job(u, job);
}

static void
probe_lists(struct mm_unbound *u, int64_t now)
{
	char name[MM_DNS_NAME_MAX];
	struct mm_breaker *b;
	struct mm_job *job;

	while ((b = mm_breakers_probe(u->breakers, now, name)) != NULL) {
		uint64_t hash = mm_dns_hash(name, MM_DNS_A);

		if (mm_flight_find(&u->flight, hash, name, MM_DNS_A) != NULL ||
		    (job = new_job(u, hash, name, MM_DNS_A)) == NULL)
			continue;
		job->breaker = b;
		job->probe = true;
		send_job(u, job);
	}
}

/* Nobody waits for longer; an answer will still go into the cache. */
static void
give_up(struct mm_unbound *u, struct mm_job *job, int64_t now)
{
	const struct mm_dns_answer *answer =
	    mm_dns_answer_retry(MM_DNS_TIMEOUT);

	atomic_fetch_add(&u->in_flight, 1);
	keep(u, job, answer, now);
	conclude(u, job, answer, now);
	mm_flight_age(&u->flight, job, MM_JOB_GIVEN_UP);
}

void
mm_unbound_tick(struct mm_unbound *u)
{
	int64_t now = mm_clock_mono(u->clock);

	while (due(u, MM_JOB_YOUNG, 1) <= now) {
		struct mm_job *job = TAILQ_FIRST(&u->flight.jobs[MM_JOB_YOUNG]);

		mm_flight_age(&u->flight, job, MM_JOB_LATE);
		mm_unbound_count(u, MM_COUNT_TIMEOUTS);
		note_failure(u, job->breaker, MM_DNS_TIMEOUT, now);
	}
	while (due(u, MM_JOB_LATE, GIVE_UP) <= now)
		give_up(u, TAILQ_FIRST(&u->flight.jobs[MM_JOB_LATE]), now);
	probe_lists(u, now);
	set_timer(u, now);
}

/*
 * Another context takes over, and is asked anew whatever is out: the servers
 * that the old one waits for may be the reason for the change.
 */
static void
replace_ctx(struct mm_unbound *u, struct ub_ctx *ctx)
{
	struct mm_jobs jobs = TAILQ_HEAD_INITIALIZER(jobs);
	struct mm_job *job;

	u->deaf = true;
	ub_ctx_delete(u->ctx);
	u->deaf = false;
	u->ctx = ctx;
	mm_dns_cache_flush(u->cache);

	while ((job = TAILQ_FIRST(&u->flight.jobs[MM_JOB_GIVEN_UP])) != NULL)
		end(u, job, mm_dns_answer_retry(MM_DNS_LOCAL));
	/* each may end and be gone, or others, as it is sent */
	TAILQ_CONCAT(&jobs, &u->flight.jobs[MM_JOB_LATE], aging);
	TAILQ_CONCAT(&jobs, &u->flight.jobs[MM_JOB_YOUNG], aging);
	while ((job = TAILQ_FIRST(&jobs)) != NULL) {
		TAILQ_REMOVE(&jobs, job, aging);
		TAILQ_INSERT_TAIL(&u->flight.jobs[job->age], job, aging);
		send_job(u, job);
	}
}

int
mm_unbound_obey(struct mm_unbound *u, const struct mm_dns_config *config,
    struct mm_err *err)
{
	char *servers = mm_unbound_ctx_text(config);
	struct ub_ctx *ctx;

	if (servers == NULL)
		return mm_err_set(err, "out of memory");
	if (strcmp(servers, u->servers) != 0) {
		if ((ctx = mm_unbound_ctx_new(config, u->base, err)) == NULL) {
			free(servers);
			return -1;
		}
		replace_ctx(u, ctx);
	}
	free(u->servers);
	u->servers = servers;
	u->deadline_us = config->deadline_ms * 1000;
	atomic_store(&u->in_flight_max, config->in_flight);
	return 0;
}

void
mm_unbound_drop(struct mm_unbound *u)
{
	struct mm_job *job;

	u->deaf = true;
	ub_ctx_delete(u->ctx);
	for (size_t age = 0; age < MM_JOB_AGES; age++) {
		while ((job = TAILQ_FIRST(&u->flight.jobs[age])) != NULL)
			end(u, job, mm_dns_answer_retry(MM_DNS_LOCAL));
	}
}
