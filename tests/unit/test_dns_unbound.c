/* dns_unbound: questions, answers, time-outs, breakers, caps. */
#include "lib/clock.h"
#include "lib/dns.h"
#include "lib/err.h"
#include "tests/test.h"
#include "tests/unit/resolver.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
	struct resolver w;

	(void)state;
	resolver_begin(&w);
	resolver_start(&w);
	session_begin(&s);
	mm_dns_ask(w.dns, s.batch, questions, 3);
	assert_int_equal(MM_DNS_OK, session_await(&s, "2." ZONE)->status);
	assert_int_equal(MM_DNS_NOTFOUND, session_await(&s, "3." ZONE)->status);
	assert_string_equal("listed",
	    session_await_type(&s, "2." ZONE, MM_DNS_TXT)->rr[0].text);
	session_end(&s);

	session_begin(&s); /* another session: all is there when ask returns */
	mm_dns_ask(w.dns, s.batch, questions, 2);
	assert_int_equal(3, mm_batch_drain(s.batch, s.answers));
	assert_string_equal("listed",
	    session_await_type(&s, "2." ZONE, MM_DNS_TXT)->rr[0].text);
	session_end(&s);

	assert_int_equal(3, nameserver_asked(w.ns, "", 0));
	stats = resolver_stats(w.dns);
	assert_int_equal(6, stats.asked);
	assert_int_equal(3, stats.cached);
	assert_int_equal(3, stats.sent);
	assert_int_equal(3, stats.entries);
	assert_int_equal(0, stats.in_flight);
	resolver_end(&w);
	assert_int_equal(3, w.heard.answered);
}

static void
test_the_watch_hears_of_lists_and_of_all(void **state)
{
	struct session s;
	struct resolver w;

	(void)state;
	resolver_begin(&w);
	resolver_start(&w);
	session_begin(&s);
	session_ask(w.dns, &s, "2." ZONE, ZONE);
	session_await(&s, "2." ZONE);
	session_ask(w.dns, &s, "3." ZONE, NULL); /* none of a list's */
	session_await(&s, "3." ZONE);
	session_ask(w.dns, &s, "3." ZONE, NULL);
	session_end(&s);
	resolver_end(&w);
	assert_int_equal(1, w.heard.answered);
	assert_int_equal(2, w.heard.ended);
}

static void
test_identical_questions_go_out_once(void **state)
{
	struct session s[3];
	struct resolver w;

	(void)state;
	resolver_begin(&w);
	nameserver_delay(w.ns, 150);
	resolver_start(&w);
	for (size_t i = 0; i < MM_COUNT(s); i++) {
		session_begin(&s[i]);
		session_ask(w.dns, &s[i], "2." ZONE, ZONE);
	}
	for (size_t i = 0; i < MM_COUNT(s); i++) {
		assert_int_equal(
		    MM_DNS_OK, session_await(&s[i], "2." ZONE)->status);
		session_end(&s[i]);
	}
	assert_int_equal(1, nameserver_asked(w.ns, "2." ZONE, MM_DNS_A));
	assert_int_equal(2, resolver_stats(w.dns).joined);
	resolver_end(&w);
	assert_int_equal(1, w.heard.answered);
}

static void
test_server_failure_is_not_found_out(void **state)
{
	enum mm_dns_cause cause;
	struct resolver w;

	(void)state;
	resolver_begin(&w);
	resolver_start(&w);
	assert_int_equal(MM_DNS_RETRY,
	    resolver_status(w.dns, "2.fail.example.org", NULL, &cause));
	assert_int_equal(MM_DNS_SERVFAIL, cause);
	assert_int_equal(1, resolver_stats(w.dns).servfail);
	/* no name of ours, but somebody may ask it */
	assert_int_equal(MM_DNS_RETRY,
	    resolver_status(w.dns, "a..example.org", NULL, &cause));
	assert_int_equal(MM_DNS_LOCAL, cause);
	resolver_end(&w);
}

static void
test_dead_list_is_skipped_until_a_probe_answers(void **state)
{
	enum mm_dns_cause cause;
	struct session s;
	struct resolver w;
	char name[64];

	(void)state;
	resolver_begin(&w);
	w.config.deadline_ms = 100;
	resolver_start(&w);
	resolver_dead(true);
	session_begin(&s);
	for (int i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "%d." DEAD, i);
		session_ask(w.dns, &s, name, DEAD);
	}
	assert_true(soon(&w.heard.opened));
	session_end(&s);
	assert_int_equal(5, resolver_stats(w.dns).timeouts);

	session_begin(&s); /* nobody waits for it any more, nor is it asked */
	session_ask(w.dns, &s, "6." DEAD, DEAD);
	assert_int_equal(1, mm_batch_drain(s.batch, s.answers));
	assert_int_equal(MM_DNS_OPEN, session_await(&s, "6." DEAD)->cause);
	session_end(&s);
	assert_int_equal(0, nameserver_asked(w.ns, "6." DEAD, MM_DNS_A));
	assert_int_equal(1, resolver_stats(w.dns).skipped);
	/* other lists go on */
	assert_int_equal(
	    MM_DNS_OK, resolver_status(w.dns, "2." ZONE, ZONE, NULL));

	resolver_dead(false);
	assert_true(soon(&w.heard.closed));
	assert_int_equal(
	    MM_DNS_NOTFOUND, resolver_status(w.dns, "7." DEAD, DEAD, &cause));
	resolver_end(&w);
	assert_int_equal(1, w.heard.opened);
	assert_int_equal(1, w.heard.closed);
}

/* Patience for a silent server ends after 5 x 20 ms. */
static void
begin_given_up(struct resolver *w, size_t cache_entries)
{
	enum mm_dns_cause cause;

	resolver_begin(w);
	w->config.deadline_ms = 20;
	w->config.cache_entries = cache_entries;
	nameserver_silence(w->ns, true);
	resolver_start(w);
	assert_int_equal(
	    MM_DNS_RETRY, resolver_status(w->dns, "2." ZONE, ZONE, &cause));
	assert_int_equal(MM_DNS_TIMEOUT, cause);
	assert_int_equal(
	    1, resolver_stats(w->dns).in_flight); /* the library's */
	nameserver_silence(w->ns, false);
}

static void
test_given_up_question_still_fills_the_cache(void **state)
{
	struct resolver w;

	(void)state;
	begin_given_up(&w, 1000);
	while (resolver_status(w.dns, "2." ZONE, ZONE, NULL) != MM_DNS_OK)
		usleep(5000);
	assert_int_equal(0, resolver_stats(w.dns).in_flight);
	assert_int_equal(1, resolver_stats(w.dns).sent);
	assert_int_equal(0, resolver_stats(w.dns).joined);
	resolver_end(&w);
	assert_int_equal(1, w.heard.answered);
	assert_int_equal(1, w.heard.timeouts);
}

static void
test_given_up_question_is_joined_again(void **state)
{
	struct mm_err err;
	struct resolver w;

	(void)state;
	begin_given_up(&w, 0);
	w.config.deadline_ms = 2000;
	assert_int_equal(0, mm_dns_reconfigure(w.dns, &w.config, &err));
	assert_int_equal(
	    MM_DNS_OK, resolver_status(w.dns, "2." ZONE, ZONE, NULL));
	assert_int_equal(1, resolver_stats(w.dns).sent);
	assert_int_equal(1, resolver_stats(w.dns).joined);
	assert_int_equal(0, resolver_stats(w.dns).in_flight);
	resolver_end(&w);
}

static void
test_cap_refuses_at_once(void **state)
{
	struct session s;
	struct resolver w;
	char name[64];
	size_t full = 0;

	(void)state;
	resolver_begin(&w);
	w.config.in_flight = 8;
	nameserver_silence(w.ns, true);
	resolver_start(&w);
	session_begin(&s);
	/* strangers' names first: they leave a quarter to the lists */
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "%d." ZONE, i);
		session_ask(w.dns, &s, name, i < 10 ? NULL : ZONE);
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
	assert_int_equal(12, resolver_stats(w.dns).refused);
	assert_int_equal(8, resolver_stats(w.dns).in_flight);
	session_end(&s);
	resolver_end(&w);
}

static void
test_free_completes_what_is_out(void **state)
{
	struct session left, waits;
	struct resolver w;
	char name[64];

	(void)state;
	resolver_begin(&w);
	nameserver_silence(w.ns, true);
	resolver_start(&w);
	session_begin(&left);
	session_begin(&waits);
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "%d." ZONE, i);
		session_ask(w.dns, &left, name, ZONE);
		session_ask(w.dns, &waits, name, ZONE);
	}
	session_end(&left);
	resolver_end(&w);
	assert_int_equal(50, mm_batch_drain(waits.batch, waits.answers));
	assert_int_equal(
	    MM_DNS_LOCAL, session_await(&waits, "49." ZONE)->cause);
	session_end(&waits);
}

/* A field of /proc/self/task/TID/status; "" where there is none. */
/* Its thread is held in there until the test lets it go. */
struct hold {
	atomic_uint in;
	atomic_bool go;
};

static void
hold(void *ctx, const char *name, enum mm_dns_type type, int64_t took_us)
{
	struct hold *h = ctx;

	(void)name;
	(void)type;
	(void)took_us;
	atomic_fetch_add(&h->in, 1);
	while (!atomic_load(&h->go))
		usleep(1000);
}

static bool
soon_lives(struct mm_dns *dns)
{
	for (int i = 0; i < 2000; i++) {
		if (mm_dns_lives(dns))
			return true;
		usleep(5000);
	}
	return false;
}

static void
test_a_thread_that_is_stuck_does_not_live(void **state)
{
	struct hold h = {0};
	struct mm_dns_watch watch = {.ended = hold, .ctx = &h};
	struct mm_err err = {""};
	struct session s;
	struct resolver w;

	(void)state;
	resolver_begin(&w);
	w.dns = mm_dns_unbound_new(&w.config, &mm_clock_system, &watch, &err);
	assert_non_null(w.dns);
	assert_true(mm_dns_lives(w.dns));
	assert_true(soon_lives(w.dns)); /* it has moved since */
	session_begin(&s);
	session_ask(w.dns, &s, "2." ZONE, NULL);
	assert_true(soon(&h.in));
	mm_dns_lives(w.dns);
	for (int i = 0; i < 3; i++)
		assert_false(mm_dns_lives(w.dns));
	atomic_store(&h.go, true);
	assert_true(soon_lives(w.dns));
	session_end(&s);
	resolver_end(&w);
}

static void
read_status(const char *tid, const char *field, char value[64])
{
	char path[320], line[128];
	FILE *f;

	value[0] = '\0';
	snprintf(path, sizeof(path), "/proc/self/task/%s/status", tid);
	if ((f = fopen(path, "r")) == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL) {
		size_t len = strlen(field);

		if (strncmp(line, field, len) == 0)
			sscanf(line + len, ":%63s", value);
	}
	fclose(f);
}

static void
test_thread_has_a_name_and_no_signals(void **state)
{
	char name[64], blocked[64] = "";
	struct dirent *entry;
	struct resolver w;
	DIR *dir;

	(void)state;
	resolver_begin(&w);
	resolver_start(&w);
	dir = opendir("/proc/self/task");
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		read_status(entry->d_name, "Name", name);
		if (strcmp(name, "mm-resolver") == 0)
			read_status(entry->d_name, "SigBlk", blocked);
	}
	closedir(dir);
	/* HUP, INT, USR1, USR2, TERM; the others are not asked for */
	assert_int_equal(0x4a03, strtoull(blocked, NULL, 16) & 0x4a03);
	resolver_end(&w);
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
	    cmocka_unit_test(test_a_thread_that_is_stuck_does_not_live),
	    cmocka_unit_test(test_thread_has_a_name_and_no_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
