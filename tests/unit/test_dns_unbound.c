/* dns_unbound: libunbound in its thread, asking servers of the test's own. */
#include "lib/clock.h"
#include "lib/dns.h"
#include "lib/err.h"
#include "tests/test.h"
#include "tests/unit/nameserver.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ZONE "bl.example.org"
#define DEAD "dead.example.org"

static atomic_bool dead; /* the servers of DEAD say nothing */

static bool
below(const char *name, const char *zone)
{
	size_t len = strlen(name), tail = strlen(zone);

	return len > tail && strcmp(name + len - tail, zone) == 0;
}

/* Names that begin with "2." are listed; all else does not exist. */
static bool
answer(const char *name, unsigned type, struct packet *p)
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

/* What the watch has heard. */
struct heard {
	atomic_uint answered, timeouts, opened, closed, ended;
};

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

/* One server that is forwarded to, and a resolver. */
struct world {
	struct nameserver *ns;
	const char *forward[1];
	struct mm_dns_config config;
	struct heard heard;
	struct mm_dns *dns;
};

static void
begin_world(struct world *w)
{
	memset(w, 0, sizeof(*w));
	atomic_store(&dead, false);
	w->ns = nameserver_start("127.0.0.1", 0, answer);
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

static void
start_world(struct world *w)
{
	w->dns = start(&w->config, &w->heard);
}

static void
end_world(struct world *w)
{
	mm_dns_free(w->dns);
	nameserver_stop(w->ns);
}

static struct mm_dns_stats
stats_of(struct mm_dns *dns)
{
	struct mm_dns_stats stats;

	mm_dns_stats(dns, &stats);
	return stats;
}

struct session {
	struct mm_batch *batch;
	struct mm_answers *answers;
};

static void
begin(struct session *s)
{
	s->batch = mm_batch_new();
	s->answers = mm_answers_new();
	assert_non_null(s->batch);
	assert_non_null(s->answers);
}

static void
end(struct session *s)
{
	mm_batch_close(s->batch);
	mm_answers_free(s->answers);
}

static void
ask(struct mm_dns *dns, struct session *s, const char *name, const char *zone)
{
	struct mm_dns_question q = {
	    .name = name, .type = MM_DNS_A, .zone = zone};

	mm_dns_ask(dns, s->batch, &q, 1);
}

static const struct mm_dns_answer *
await_type(struct session *s, const char *name, enum mm_dns_type type)
{
	int64_t until = mm_clock_mono(&mm_clock_system) + 20000000;

	while (mm_answers_get(s->answers, name, type) == NULL) {
		assert_true(mm_batch_wait(
		    s->batch, name, type, &mm_clock_system, until));
		mm_batch_drain(s->batch, s->answers);
	}
	return mm_answers_get(s->answers, name, type);
}

static const struct mm_dns_answer *
await(struct session *s, const char *name)
{
	return await_type(s, name, MM_DNS_A);
}

/* Asks in a session of its own. */
static enum mm_dns_status
status_of(struct mm_dns *dns, const char *name, const char *zone,
    enum mm_dns_cause *cause)
{
	const struct mm_dns_answer *a;
	enum mm_dns_status status;
	struct session s;

	begin(&s);
	ask(dns, &s, name, zone);
	a = await(&s, name);
	status = a->status;
	if (cause != NULL)
		*cause = a->cause;
	end(&s);
	return status;
}

static bool
soon(const atomic_uint *value)
{
	for (int i = 0; i < 2000; i++) {
		if (atomic_load((atomic_uint *)value) > 0)
			return true;
		usleep(5000);
	}
	return false;
}

static bool
then_text(const struct mm_dns_question *asked, const struct mm_dns_answer *a,
    struct mm_dns_question *then)
{
	if (asked->type != MM_DNS_A || a->status != MM_DNS_OK)
		return false;
	*then = *asked;
	then->type = MM_DNS_TXT;
	return true;
}

static void
test_chains_run_and_the_cache_serves(void **state)
{
	static const struct mm_dns_question questions[] = {
	    {"2." ZONE, MM_DNS_A, ZONE, then_text, NULL},
	    {"3." ZONE, MM_DNS_A, ZONE, then_text, NULL},
	    {"2." ZONE, MM_DNS_A, ZONE, then_text, NULL}, /* passed over */
	};
	struct mm_dns_stats stats;
	struct session s;
	struct world w;

	(void)state;
	begin_world(&w);
	start_world(&w);
	begin(&s);
	mm_dns_ask(w.dns, s.batch, questions, 3);
	assert_int_equal(MM_DNS_OK, await(&s, "2." ZONE)->status);
	assert_int_equal(MM_DNS_NOTFOUND, await(&s, "3." ZONE)->status);
	assert_string_equal(
	    "listed", await_type(&s, "2." ZONE, MM_DNS_TXT)->rr[0].text);
	end(&s);

	begin(&s); /* another session: all is there when ask returns */
	mm_dns_ask(w.dns, s.batch, questions, 2);
	assert_int_equal(3, mm_batch_drain(s.batch, s.answers));
	assert_string_equal(
	    "listed", await_type(&s, "2." ZONE, MM_DNS_TXT)->rr[0].text);
	end(&s);

	assert_int_equal(3, nameserver_asked(w.ns, "", 0));
	stats = stats_of(w.dns);
	assert_int_equal(6, stats.asked);
	assert_int_equal(3, stats.cached);
	assert_int_equal(3, stats.sent);
	assert_int_equal(3, stats.entries);
	assert_int_equal(0, stats.in_flight);
	end_world(&w);
	assert_int_equal(3, w.heard.answered);
}

static void
test_the_watch_hears_of_lists_and_of_all(void **state)
{
	struct session s;
	struct world w;

	(void)state;
	begin_world(&w);
	start_world(&w);
	begin(&s);
	ask(w.dns, &s, "2." ZONE, ZONE);
	await(&s, "2." ZONE);
	ask(w.dns, &s, "3." ZONE, NULL); /* none of a list's */
	await(&s, "3." ZONE);
	ask(w.dns, &s, "3." ZONE, NULL);
	end(&s);
	end_world(&w);
	assert_int_equal(1, w.heard.answered);
	assert_int_equal(2, w.heard.ended);
}

static void
test_identical_questions_go_out_once(void **state)
{
	struct session s[3];
	struct world w;

	(void)state;
	begin_world(&w);
	nameserver_delay(w.ns, 150);
	start_world(&w);
	for (size_t i = 0; i < MM_COUNT(s); i++) {
		begin(&s[i]);
		ask(w.dns, &s[i], "2." ZONE, ZONE);
	}
	for (size_t i = 0; i < MM_COUNT(s); i++) {
		assert_int_equal(MM_DNS_OK, await(&s[i], "2." ZONE)->status);
		end(&s[i]);
	}
	assert_int_equal(1, nameserver_asked(w.ns, "2." ZONE, MM_DNS_A));
	assert_int_equal(2, stats_of(w.dns).joined);
	end_world(&w);
	assert_int_equal(1, w.heard.answered);
}

static void
test_server_failure_is_not_found_out(void **state)
{
	enum mm_dns_cause cause;
	struct world w;

	(void)state;
	begin_world(&w);
	start_world(&w);
	assert_int_equal(
	    MM_DNS_RETRY, status_of(w.dns, "2.fail.example.org", NULL, &cause));
	assert_int_equal(MM_DNS_SERVFAIL, cause);
	assert_int_equal(1, stats_of(w.dns).servfail);
	/* no name of ours, but somebody may ask it */
	assert_int_equal(
	    MM_DNS_RETRY, status_of(w.dns, "a..example.org", NULL, &cause));
	assert_int_equal(MM_DNS_LOCAL, cause);
	end_world(&w);
}

static void
test_dead_list_is_skipped_until_a_probe_answers(void **state)
{
	enum mm_dns_cause cause;
	struct session s;
	struct world w;
	char name[64];

	(void)state;
	begin_world(&w);
	w.config.deadline_ms = 100;
	start_world(&w);
	atomic_store(&dead, true);
	begin(&s);
	for (int i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "%d." DEAD, i);
		ask(w.dns, &s, name, DEAD);
	}
	assert_true(soon(&w.heard.opened));
	end(&s);
	assert_int_equal(5, stats_of(w.dns).timeouts);

	begin(&s); /* nobody waits for it any more, nor is it asked */
	ask(w.dns, &s, "6." DEAD, DEAD);
	assert_int_equal(1, mm_batch_drain(s.batch, s.answers));
	assert_int_equal(MM_DNS_OPEN, await(&s, "6." DEAD)->cause);
	end(&s);
	assert_int_equal(0, nameserver_asked(w.ns, "6." DEAD, MM_DNS_A));
	assert_int_equal(1, stats_of(w.dns).skipped);
	/* other lists go on */
	assert_int_equal(MM_DNS_OK, status_of(w.dns, "2." ZONE, ZONE, NULL));

	atomic_store(&dead, false);
	assert_true(soon(&w.heard.closed));
	assert_int_equal(
	    MM_DNS_NOTFOUND, status_of(w.dns, "7." DEAD, DEAD, &cause));
	end_world(&w);
	assert_int_equal(1, w.heard.opened);
	assert_int_equal(1, w.heard.closed);
}

/* Patience for a silent server ends after 5 x 20 ms. */
static void
begin_given_up(struct world *w, size_t cache_entries)
{
	enum mm_dns_cause cause;

	begin_world(w);
	w->config.deadline_ms = 20;
	w->config.cache_entries = cache_entries;
	nameserver_silence(w->ns, true);
	start_world(w);
	assert_int_equal(
	    MM_DNS_RETRY, status_of(w->dns, "2." ZONE, ZONE, &cause));
	assert_int_equal(MM_DNS_TIMEOUT, cause);
	assert_int_equal(1, stats_of(w->dns).in_flight); /* the library's */
	nameserver_silence(w->ns, false);
}

static void
test_given_up_question_still_fills_the_cache(void **state)
{
	struct world w;

	(void)state;
	begin_given_up(&w, 1000);
	while (status_of(w.dns, "2." ZONE, ZONE, NULL) != MM_DNS_OK)
		usleep(5000);
	assert_int_equal(0, stats_of(w.dns).in_flight);
	assert_int_equal(1, stats_of(w.dns).sent);
	assert_int_equal(0, stats_of(w.dns).joined);
	end_world(&w);
	assert_int_equal(1, w.heard.answered);
	assert_int_equal(1, w.heard.timeouts);
}

static void
test_given_up_question_is_joined_again(void **state)
{
	struct mm_err err;
	struct world w;

	(void)state;
	begin_given_up(&w, 0);
	w.config.deadline_ms = 2000;
	assert_int_equal(0, mm_dns_reconfigure(w.dns, &w.config, &err));
	assert_int_equal(MM_DNS_OK, status_of(w.dns, "2." ZONE, ZONE, NULL));
	assert_int_equal(1, stats_of(w.dns).sent);
	assert_int_equal(1, stats_of(w.dns).joined);
	assert_int_equal(0, stats_of(w.dns).in_flight);
	end_world(&w);
}

static void
test_cap_refuses_at_once(void **state)
{
	struct session s;
	struct world w;
	char name[64];
	size_t full = 0;

	(void)state;
	begin_world(&w);
	w.config.in_flight = 8;
	nameserver_silence(w.ns, true);
	start_world(&w);
	begin(&s);
	/* strangers' names first: they leave a quarter to the lists */
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "%d." ZONE, i);
		ask(w.dns, &s, name, i < 10 ? NULL : ZONE);
		assert_int_equal((i >= 6 && i < 10) || i >= 12,
		    mm_batch_drain(s.batch, s.answers));
	}
	for (int i = 0; i < 20; i++) {
		const struct mm_dns_answer *a;

		snprintf(name, sizeof(name), "%d." ZONE, i);
		a = mm_answers_get(s.answers, name, MM_DNS_A);
		full += a != NULL && a->cause == MM_DNS_FULL;
	}
	assert_int_equal(12, full);
	assert_int_equal(12, stats_of(w.dns).refused);
	assert_int_equal(8, stats_of(w.dns).in_flight);
	end(&s);
	end_world(&w);
}

static void
test_free_completes_what_is_out(void **state)
{
	struct session left, waits;
	struct world w;
	char name[64];

	(void)state;
	begin_world(&w);
	nameserver_silence(w.ns, true);
	start_world(&w);
	begin(&left);
	begin(&waits);
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "%d." ZONE, i);
		ask(w.dns, &left, name, ZONE);
		ask(w.dns, &waits, name, ZONE);
	}
	end(&left);
	end_world(&w);
	assert_int_equal(50, mm_batch_drain(waits.batch, waits.answers));
	assert_int_equal(MM_DNS_LOCAL, await(&waits, "49." ZONE)->cause);
	end(&waits);
}

struct load {
	struct mm_dns *dns;
	unsigned thread;
	bool failed;
};

/* Sessions, one after the other, whose every question must end well. */
static void *
run_sessions(void *arg)
{
	struct load *load = arg;
	char name[64];

	for (unsigned i = 0; i < 100; i++) {
		struct session s;

		begin(&s);
		for (unsigned j = 0; j < 4; j++) {
			snprintf(name, sizeof(name), "%u.%u.%u." ZONE, j, i,
			    load->thread);
			ask(load->dns, &s, name, ZONE);
		}
		for (unsigned j = 0; j < 4; j++) {
			snprintf(name, sizeof(name), "%u.%u.%u." ZONE, j, i,
			    load->thread);
			if (await(&s, name)->status == MM_DNS_RETRY)
				load->failed = true;
		}
		end(&s);
	}
	return NULL;
}

static void
test_reconfigured_under_load(void **state)
{
	struct load loads[4] = {{NULL, 0, false}};
	pthread_t threads[4];
	struct nameserver *other;
	struct mm_err err;
	struct world w;

	(void)state;
	begin_world(&w);
	other = nameserver_start("127.0.0.1", 0, answer);
	nameserver_delay(w.ns, 2);
	nameserver_delay(other, 2);
	start_world(&w);
	for (unsigned i = 0; i < 4; i++) {
		loads[i] = (struct load){w.dns, i, false};
		assert_int_equal(0,
		    pthread_create(&threads[i], NULL, run_sessions, &loads[i]));
	}
	for (int i = 0; i < 6; i++) {
		w.forward[0] = nameserver_address(i % 2 == 0 ? other : w.ns);
		assert_int_equal(0, mm_dns_reconfigure(w.dns, &w.config, &err));
		usleep(20000);
	}
	for (unsigned i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_false(loads[i].failed);
	}
	assert_int_equal(0, stats_of(w.dns).in_flight);
	assert_true(nameserver_asked(other, "", 0) > 0);
	end_world(&w);
	nameserver_stop(other);
}

static void
test_other_servers_are_asked_anew(void **state)
{
	struct nameserver *other;
	struct session s;
	struct mm_err err;
	struct world w;

	(void)state;
	begin_world(&w);
	other = nameserver_start("127.0.0.1", 0, answer);
	start_world(&w);
	status_of(w.dns, "2." ZONE, ZONE, NULL);
	nameserver_silence(w.ns, true);
	begin(&s);
	ask(w.dns, &s, "3." ZONE, ZONE); /* nobody answers this one */

	/* the same servers: what is known stays known */
	w.config.in_flight = 500;
	assert_int_equal(0, mm_dns_reconfigure(w.dns, &w.config, &err));
	assert_int_equal(MM_DNS_OK, status_of(w.dns, "2." ZONE, ZONE, NULL));
	assert_int_equal(0, nameserver_asked(other, "", 0));

	w.forward[0] = nameserver_address(other);
	assert_int_equal(0, mm_dns_reconfigure(w.dns, &w.config, &err));
	assert_int_equal(MM_DNS_NOTFOUND, await(&s, "3." ZONE)->status);
	assert_int_equal(MM_DNS_OK, status_of(w.dns, "2." ZONE, ZONE, NULL));
	assert_int_equal(1, nameserver_asked(other, "2." ZONE, MM_DNS_A));
	assert_int_equal(1, nameserver_asked(other, "3." ZONE, MM_DNS_A));
	end(&s);
	end_world(&w);
	nameserver_stop(other);
}

/* A file with this text; the caller removes it. */
static void
write_file(char path[], const char *text)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(strlen(text), write(fd, text, strlen(text)));
	close(fd);
}

static void
test_refused_configuration_leaves_the_old_one(void **state)
{
	char path[] = "/tmp/test_dns_unbound.XXXXXX";
	struct mm_err err = {""};
	struct world w;

	(void)state;
	begin_world(&w);
	start_world(&w);
	w.config.trust_anchor_file = "/nonexistent/root.key";
	assert_int_equal(-1, mm_dns_reconfigure(w.dns, &w.config, &err));
	assert_string_equal(
	    "/nonexistent/root.key: No such file or directory", err.text);
	write_file(path, ". IN DS nonsense\n");
	w.config.trust_anchor_file = path;
	assert_int_equal(-1, mm_dns_reconfigure(w.dns, &w.config, &err));
	assert_non_null(strstr(err.text, path));
	assert_null(
	    mm_dns_unbound_new(&w.config, &mm_clock_system, NULL, &err));
	unlink(path);
	assert_int_equal(MM_DNS_OK, status_of(w.dns, "2." ZONE, ZONE, NULL));
	end_world(&w);
}

static void
test_bogus_is_not_found_out(void **state)
{
	/* the server signs nothing, so nothing can fit this key */
	static const char anchor[] =
	    "example.org. IN DS 12345 13 2 000102030405060708090a0b0c0d0e0f"
	    "101112131415161718191a1b1c1d1e1f\n";
	char path[] = "/tmp/test_dns_unbound.XXXXXX";
	enum mm_dns_cause cause;
	struct mm_dns_stub stub;
	struct mm_err err;
	struct world w;

	(void)state;
	begin_world(&w);
	write_file(path, anchor);
	w.config.trust_anchor_file = path;
	start_world(&w);
	assert_int_equal(
	    MM_DNS_RETRY, status_of(w.dns, "2." ZONE, NULL, &cause));
	assert_int_equal(MM_DNS_BOGUS, cause);
	assert_int_equal(1, stats_of(w.dns).bogus);
	assert_int_equal(
	    MM_DNS_OK, status_of(w.dns, "2.bl.example.net", NULL, NULL));

	/* a stub is the operator's own: not validated */
	stub = (struct mm_dns_stub){ZONE, nameserver_address(w.ns)};
	w.config.stub = &stub;
	w.config.nstub = 1;
	assert_int_equal(0, mm_dns_reconfigure(w.dns, &w.config, &err));
	assert_int_equal(MM_DNS_OK, status_of(w.dns, "2." ZONE, NULL, NULL));
	unlink(path);
	end_world(&w);
}

static void
test_private_root_serves_every_name(void **state)
{
	static const char *const names[] = {"2.example.org", "2.test",
	    "2.localhost", "2.2.0.192.in-addr.arpa", "2.0.0.127.in-addr.arpa",
	    "2.0.0.10.in-addr.arpa", "2.invalid", "2.home.arpa"};
	struct mm_dns_stub stub;
	struct world w;

	(void)state;
	begin_world(&w);
	stub = (struct mm_dns_stub){".", nameserver_address(w.ns)};
	w.config.nforward = 0;
	w.config.stub = &stub;
	w.config.nstub = 1;
	/* the packaged anchor, there or not, does not fit a private root */
	w.config.trust_anchor_file = "/usr/share/dns/root.key";
	start_world(&w);
	for (size_t i = 0; i < MM_COUNT(names); i++)
		assert_int_equal(
		    MM_DNS_OK, status_of(w.dns, names[i], NULL, NULL));
	end_world(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_chains_run_and_the_cache_serves),
	    cmocka_unit_test(test_the_watch_hears_of_lists_and_of_all),
	    cmocka_unit_test(test_identical_questions_go_out_once),
	    cmocka_unit_test(test_server_failure_is_not_found_out),
	    cmocka_unit_test(test_dead_list_is_skipped_until_a_probe_answers),
	    cmocka_unit_test(test_given_up_question_still_fills_the_cache),
	    cmocka_unit_test(test_given_up_question_is_joined_again),
	    cmocka_unit_test(test_cap_refuses_at_once),
	    cmocka_unit_test(test_free_completes_what_is_out),
	    cmocka_unit_test(test_reconfigured_under_load),
	    cmocka_unit_test(test_other_servers_are_asked_anew),
	    cmocka_unit_test(test_refused_configuration_leaves_the_old_one),
	    cmocka_unit_test(test_bogus_is_not_found_out),
	    cmocka_unit_test(test_private_root_serves_every_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
