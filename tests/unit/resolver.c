/* resolver - see resolver.h. */
#include "tests/unit/resolver.h"

#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/err.h"
#include "tests/test.h"

static atomic_bool dead;

void
resolver_dead(bool is)
{
	atomic_store(&dead, is);
}

static bool
below(const char *name, const char *zone)
{
	size_t len = strlen(name), tail = strlen(zone);

	return len > tail && strcmp(name + len - tail, zone) == 0;
}

bool
resolver_answer(const char *name, unsigned type, struct packet *p)
{
	if (below(name, DEAD) && atomic_load(&dead))
		return false;
	if (name[0] == '\0' && type == MM_DNS_NS) { /* the root is primed */
		packet_begin(p, 0, name, type);
		packet_host(p, "@", type, 60, "ns.example.org");
		return true;
	}
	if (below(name, "fail.example.org")) {
		packet_begin(p, 2, name, type);
		return true;
	}
	if (strncmp(name, "2.", 2) != 0) {
		packet_begin(p, 3, name, type);
		packet_soa(p, "example.org", 60, 60);
		return true;
	}
	packet_begin(p, 0, name, type);
	if (type == MM_DNS_A)
		packet_a(p, "@", 60, "127.0.0.2");
	else if (type == MM_DNS_TXT)
		packet_txt(p, "@", 60, "listed");
	else
		packet_soa(p, "example.org", 60, 60);
	return true;
}

static void
on_answered(void *ctx, const char *zone, const char *name,
    enum mm_dns_type type, const struct mm_dns_answer *a, int64_t took_us)
{
	struct heard *heard = ctx;

	(void)type;
	if (!below(name, zone) || took_us < 0)
		abort();
	heard->answered++;
	heard->timeouts += a->cause == MM_DNS_TIMEOUT;
}

static void
on_breaker(void *ctx, const char *zone, const char *why)
{
	struct heard *heard = ctx;

	if (strcmp(zone, DEAD) != 0)
		abort();
	if (why != NULL)
		heard->opened++;
	else
		heard->closed++;
}

static void
on_ended(void *ctx, const char *name, enum mm_dns_type type, int64_t took_us)
{
	struct heard *heard = ctx;

	(void)type;
	if (*name == '\0' || took_us < 0)
		abort();
	heard->ended++;
}

void
resolver_begin(struct resolver *w)
{
	memset(w, 0, sizeof(*w));
	atomic_store(&dead, false);
	w->ns = nameserver_start("127.0.0.1", 0, resolver_answer);
	assert_non_null(w->ns);
	w->forward[0] = nameserver_address(w->ns);
	w->config = (struct mm_dns_config){
	    .forward = w->forward,
	    .nforward = 1,
	    .deadline_ms = 2000,
	    .cache_entries = 1000,
	    .in_flight = 1000,
	    .breaker_ms = 100,
	};
}

static struct mm_dns *
start(const struct mm_dns_config *config, struct heard *heard)
{
	struct mm_dns_watch watch = {on_answered, on_breaker, heard, on_ended};
	struct mm_err err = {""};
	struct mm_dns *dns = mm_dns_unbound_new(
	    config, &mm_clock_system, heard != NULL ? &watch : NULL, &err);

	assert_string_equal("", err.text);
	assert_non_null(dns);
	return dns;
}

void
resolver_start(struct resolver *w)
{
	w->dns = start(&w->config, &w->heard);
}

void
resolver_end(struct resolver *w)
{
	mm_dns_free(w->dns);
	nameserver_stop(w->ns);
}

struct mm_dns_stats
resolver_stats(struct mm_dns *dns)
{
	struct mm_dns_stats stats;

	mm_dns_stats(dns, &stats);
	return stats;
}

void
session_begin(struct session *s)
{
	s->batch = mm_batch_new();
	s->answers = mm_answers_new();
	assert_non_null(s->batch);
	assert_non_null(s->answers);
}

void
session_end(struct session *s)
{
	mm_batch_close(s->batch);
	mm_answers_free(s->answers);
}

void
session_ask(
    struct mm_dns *dns, struct session *s, const char *name, const char *zone)
{
	struct mm_dns_question q = {
	    .name = name, .type = MM_DNS_A, .zone = zone};

	mm_dns_ask(dns, s->batch, &q, 1);
}

const struct mm_dns_answer *
session_await_type(struct session *s, const char *name, enum mm_dns_type type)
{
	int64_t until = mm_clock_mono(&mm_clock_system) + 20000000;

	while (mm_answers_get(s->answers, name, type) == NULL) {
		assert_true(mm_batch_wait(
		    s->batch, name, type, &mm_clock_system, until));
		mm_batch_drain(s->batch, s->answers);
	}
	return mm_answers_get(s->answers, name, type);
}

const struct mm_dns_answer *
session_await(struct session *s, const char *name)
{
	return session_await_type(s, name, MM_DNS_A);
}

/* Asks in a session of its own. */
enum mm_dns_status
resolver_status(struct mm_dns *dns, const char *name, const char *zone,
    enum mm_dns_cause *cause)
{
	const struct mm_dns_answer *a;
	enum mm_dns_status status;
	struct session s;

	session_begin(&s);
	session_ask(dns, &s, name, zone);
	a = session_await(&s, name);
	status = a->status;
	if (cause != NULL)
		*cause = a->cause;
	session_end(&s);
	return status;
}
