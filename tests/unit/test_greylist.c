/* greylist: who waits, how long, and who does not. */
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/greylist.h"
#include "lib/ip.h"
#include "tests/test.h"

#include <string.h>

#define HOUR 3600
#define DAY (24 * HOUR)
#define T 1700000000 /* some day */

static const struct mm_greylist_rules rules = {
    .delay = 170,
    .retry_window = 2 * DAY,
    .max_age = 36 * DAY,
    .ipv4_prefix = 24,
    .ipv6_prefix = 64,
    .auto_allow_count = 5,
};

/* One decision: what was remembered, what is said, what is remembered. */
struct attempt {
	const char *what;
	struct mm_record triplet, client;
	int64_t now;
	struct mm_greylist_answer answer;
	bool write;
	struct mm_record after, client_after;
};

static void
assert_same(const struct mm_record *want, const struct mm_record *got)
{
	assert_int_equal(want->first, got->first);
	assert_int_equal(want->last, got->last);
	assert_int_equal(want->count, got->count);
}

static void
check(const struct mm_greylist_rules *by, const struct attempt *a, size_t n)
{
	for (; n > 0; n--, a++) {
		struct mm_record triplet = a->triplet, client = a->client;
		bool write = !a->write;
		struct mm_greylist_answer got =
		    mm_greylist_decide(by, &triplet, &client, a->now, &write);

		assert_int_equal(a->answer.state, got.state);
		assert_int_equal(a->answer.wait, got.wait);
		assert_int_equal(a->answer.delay, got.delay);
		assert_int_equal(a->write, write);
		assert_same(&a->after, &triplet);
		assert_same(&a->client_after, &client);
	}
}

static void
test_a_triplet_waits_then_passes(void **state)
{
	/* clang-format off */
	static const struct attempt attempts[] = {
	    {"never seen", {0, 0, 0}, {0, 0, 0}, T,
		{MM_GREYLIST_FIRST, 170, 0}, true, {T, T, 0}, {0, 0, 0}},
	    {"at once again", {T, T, 0}, {0, 0, 0}, T,
		{MM_GREYLIST_SOON, 170, 0}, false, {T, T, 0}, {0, 0, 0}},
	    {"a second too early", {T, T, 0}, {0, 0, 0}, T + 169,
		{MM_GREYLIST_SOON, 1, 0}, false, {T, T, 0}, {0, 0, 0}},
	    {"the delay is over", {T, T, 0}, {0, 0, 0}, T + 170,
		{MM_GREYLIST_PASS, 0, 170}, true, {T, T + 170, 1},
		{T + 170, T + 170, 1}},
	    {"the window's last second", {T, T, 0}, {0, 0, 0}, T + 2 * DAY,
		{MM_GREYLIST_PASS, 0, 2 * DAY}, true, {T, T + 2 * DAY, 1},
		{T + 2 * DAY, T + 2 * DAY, 1}},
	    {"too late", {T, T, 0}, {0, 0, 0}, T + 2 * DAY + 1,
		{MM_GREYLIST_FIRST, 170, 0}, true,
		{T + 2 * DAY + 1, T + 2 * DAY + 1, 0}, {0, 0, 0}},
	};
	/* clang-format on */

	(void)state;
	check(&rules, attempts, MM_COUNT(attempts));
}

static void
test_what_passed_is_known(void **state)
{
	/* clang-format off */
	static const struct attempt attempts[] = {
	    {"within the hour nothing is written",
		{T, T, 1}, {T, T, 1}, T + HOUR - 1,
		{MM_GREYLIST_KNOWN_TRIPLET, 0, 0}, false, {T, T, 1}, {T, T, 1}},
	    {"after an hour both are refreshed",
		{T, T, 1}, {T, T, 1}, T + HOUR,
		{MM_GREYLIST_KNOWN_TRIPLET, 0, 0}, true, {T, T + HOUR, 2},
		{T, T + HOUR, 1}},
	    {"a client that is too old is not revived",
		{T, T + 36 * DAY, 1}, {T, T, 4}, T + 37 * DAY,
		{MM_GREYLIST_KNOWN_TRIPLET, 0, 0}, true,
		{T, T + 37 * DAY, 2}, {T, T, 4}},
	    {"the last second of its age",
		{T, T, 7}, {0, 0, 0}, T + 36 * DAY,
		{MM_GREYLIST_KNOWN_TRIPLET, 0, 0}, true,
		{T, T + 36 * DAY, 8}, {0, 0, 0}},
	    {"too old: anew", {T, T, 7}, {0, 0, 0}, T + 36 * DAY + 1,
		{MM_GREYLIST_FIRST, 170, 0}, true,
		{T + 36 * DAY + 1, T + 36 * DAY + 1, 0}, {0, 0, 0}},
	};
	/* clang-format on */

	(void)state;
	check(&rules, attempts, MM_COUNT(attempts));
}

static void
test_a_client_that_passed_often_is_allowed(void **state)
{
	/* clang-format off */
	static const struct attempt attempts[] = {
	    {"the fifth pass still had to wait",
		{T, T, 0}, {T, T, 4}, T + 200,
		{MM_GREYLIST_PASS, 0, 200}, true, {T, T + 200, 1},
		{T, T + 200, 5}},
	    {"four are not enough", {0, 0, 0}, {T, T, 4}, T,
		{MM_GREYLIST_FIRST, 170, 0}, true, {T, T, 0}, {T, T, 4}},
	    {"then nothing waits, and nothing is written",
		{0, 0, 0}, {T, T, 5}, T + 60,
		{MM_GREYLIST_ALLOWED_CLIENT, 0, 0}, false, {0, 0, 0},
		{T, T, 5}},
	    {"what was waiting is let go",
		{T, T, 0}, {T, T, 5}, T + 60,
		{MM_GREYLIST_ALLOWED_CLIENT, 0, 0}, true, {0, 0, 0},
		{T, T, 5}},
	    {"a known triplet stays", {T, T, 2}, {T, T, 6}, T + HOUR,
		{MM_GREYLIST_ALLOWED_CLIENT, 0, 0}, true, {T, T, 2},
		{T, T + HOUR, 6}},
	    {"it is forgotten", {0, 0, 0}, {T, T, 9}, T + 36 * DAY + 1,
		{MM_GREYLIST_FIRST, 170, 0}, true,
		{T + 36 * DAY + 1, T + 36 * DAY + 1, 0}, {T, T, 9}},
	    {"and counted anew", {T + 37 * DAY, T + 37 * DAY, 0}, {T, T, 9},
		T + 37 * DAY + 180, {MM_GREYLIST_PASS, 0, 180}, true,
		{T + 37 * DAY, T + 37 * DAY + 180, 1},
		{T + 37 * DAY + 180, T + 37 * DAY + 180, 1}},
	};
	/* clang-format on */

	(void)state;
	check(&rules, attempts, MM_COUNT(attempts));
}

static void
test_allowance_can_be_off(void **state)
{
	/* clang-format off */
	static const struct attempt attempts[] = {
	    {"a pass is not counted", {T, T, 0}, {0, 0, 0}, T + 170,
		{MM_GREYLIST_PASS, 0, 170}, true, {T, T + 170, 1}, {0, 0, 0}},
	    {"a count from earlier does not help",
		{0, 0, 0}, {T, T, 99}, T + 1,
		{MM_GREYLIST_FIRST, 170, 0}, true, {T + 1, T + 1, 0},
		{T, T, 99}},
	};
	/* clang-format on */
	struct mm_greylist_rules off = rules;

	(void)state;
	off.auto_allow_count = 0;
	check(&off, attempts, MM_COUNT(attempts));
}

static void
test_odd_rules_still_let_mail_through(void **state)
{
	/* clang-format off */
	static const struct attempt no_delay[] = {
	    {"no delay: no wait", {0, 0, 0}, {0, 0, 0}, T,
		{MM_GREYLIST_PASS, 0, 0}, true, {T, T, 1}, {T, T, 1}},
	};
	static const struct attempt short_age[] = {
	    {"a short age is refreshed in time", {T, T, 1}, {0, 0, 0}, T + 10,
		{MM_GREYLIST_KNOWN_TRIPLET, 0, 0}, true, {T, T + 10, 2},
		{0, 0, 0}},
	};
	/* clang-format on */
	struct mm_greylist_rules odd = rules;

	(void)state;
	odd.delay = 0;
	check(&odd, no_delay, MM_COUNT(no_delay));
	odd = rules;
	odd.max_age = 160;
	check(&odd, short_age, MM_COUNT(short_age));
}

static void
test_a_clock_set_back_locks_nobody_out(void **state)
{
	/* clang-format off */
	static const struct attempt attempts[] = {
	    {"a little: waits a little longer", {T, T, 0}, {0, 0, 0}, T + 20,
		{MM_GREYLIST_SOON, 150, 0}, false, {T, T, 0}, {0, 0, 0}},
	    {"before the first attempt: the wait begins anew",
		{T, T, 0}, {0, 0, 0}, T - 100 * DAY,
		{MM_GREYLIST_SOON, 170, 0}, true,
		{T - 100 * DAY, T - 100 * DAY, 0}, {0, 0, 0}},
	    {"what is known stays known, from now on",
		{T, T, 3}, {T, T, 3}, T - 100 * DAY,
		{MM_GREYLIST_KNOWN_TRIPLET, 0, 0}, true,
		{T, T - 100 * DAY, 4}, {T, T - 100 * DAY, 3}},
	    {"so does an allowed client",
		{0, 0, 0}, {T, T, 5}, T - 100 * DAY,
		{MM_GREYLIST_ALLOWED_CLIENT, 0, 0}, true,
		{0, 0, 0}, {T, T - 100 * DAY, 5}},
	    {"nonsense in a record is survived",
		{INT64_MIN, INT64_MIN, INT64_MIN},
		{INT64_MAX, INT64_MIN, INT64_MIN}, T,
		{MM_GREYLIST_FIRST, 170, 0}, true, {T, T, 0},
		{INT64_MAX, INT64_MIN, INT64_MIN}},
	};
	/* clang-format on */

	(void)state;
	check(&rules, attempts, MM_COUNT(attempts));
}

/* A small generator of its own, so that a failure comes back each time. */
static unsigned
draw(uint64_t *seed, unsigned below)
{
	*seed = *seed * 6364136223846793005 + 1442695040888963407;
	return (unsigned)(*seed >> 33) % below;
}

/* What a patient observer notes of one triplet and its client. */
struct model {
	int64_t waits_since; /* -1: does not wait */
	int64_t passed;	     /* the last time; -1: never */
	int64_t client_passed;
	unsigned passes;
};

static void
observe(struct model *m, int64_t now, struct mm_greylist_answer answer)
{
	bool known = m->passed >= 0 && now - m->passed <= rules.max_age - HOUR;
	bool allowed = m->passes >= rules.auto_allow_count &&
		       now - m->client_passed <= rules.max_age - HOUR;

	if (answer.state == MM_GREYLIST_FIRST) {
		assert_false(known || allowed);
		m->waits_since = now;
		assert_int_equal(rules.delay, answer.wait);
	} else if (answer.state == MM_GREYLIST_SOON) {
		assert_true(now - m->waits_since < rules.delay);
		assert_int_equal(
		    m->waits_since + rules.delay - now, answer.wait);
	} else if (answer.state == MM_GREYLIST_PASS) {
		assert_int_equal(now - m->waits_since, answer.delay);
		assert_in_range(answer.delay, rules.delay, rules.retry_window);
		if (now - m->client_passed > rules.max_age)
			m->passes = 0;
		m->passes++;
	} else if (answer.state == MM_GREYLIST_KNOWN_TRIPLET) {
		assert_true(m->passed >= 0 && now - m->passed <= rules.max_age);
	} else {
		assert_int_equal(MM_GREYLIST_ALLOWED_CLIENT, answer.state);
		assert_true(m->passes >= rules.auto_allow_count);
		m->waits_since = -1;
	}
	assert_int_equal(answer.state > MM_GREYLIST_SOON, answer.wait == 0);
	if (answer.wait > 0)
		return;
	m->client_passed = now;
	if (answer.state != MM_GREYLIST_ALLOWED_CLIENT) {
		m->waits_since = -1;
		m->passed = now;
	}
}

/* A clock that only goes forward: every answer as the model has it. */
static void
test_random_attempts_agree_with_the_model(void **state)
{
	static const int64_t steps[] = {
	    0, 1, 60, 169, 170, 171, HOUR, DAY, 2 * DAY, 17 * DAY, 40 * DAY};
	uint64_t seed = 1;

	(void)state;
	for (int run = 0; run < 500; run++) {
		struct mm_record triplets[4] = {0}, client = {0};
		struct model models[4], shared = {-1, -1, -DAY * 99, 0};
		int64_t now = T;

		for (size_t i = 0; i < MM_COUNT(models); i++)
			models[i] = shared;
		for (int i = 0; i < 60; i++) {
			unsigned which = draw(&seed, MM_COUNT(models));
			struct model *m = &models[which];
			bool write;

			now += steps[draw(&seed, MM_COUNT(steps))];
			m->passes = shared.passes;
			m->client_passed = shared.client_passed;
			observe(m, now,
			    mm_greylist_decide(&rules, &triplets[which],
				&client, now, &write));
			shared.passes = m->passes;
			shared.client_passed = m->client_passed;
		}
	}
}

/* A clock that jumps: who waits for as long as told passes. */
static void
test_whoever_waits_as_told_passes(void **state)
{
	uint64_t seed = 2;

	(void)state;
	for (int run = 0; run < 2000; run++) {
		struct mm_record triplet = {0}, client = {0};
		struct mm_greylist_answer answer = {0};
		int64_t now = T;
		bool write;

		for (unsigned i = draw(&seed, 6); i < 6; i++) {
			now += (int64_t)draw(&seed, 8 * DAY) - 4 * DAY;
			answer = mm_greylist_decide(
			    &rules, &triplet, &client, now, &write);
			assert_in_range(answer.wait, 0, rules.delay);
		}
		answer = mm_greylist_decide(
		    &rules, &triplet, &client, now + answer.wait, &write);
		assert_true(answer.state > MM_GREYLIST_SOON);
		assert_int_equal(0, answer.wait);
	}
}

/* The difference between a record that is written and one that is not
 * would be felt at the next start. */
static void
test_what_is_not_written_did_not_change(void **state)
{
	uint64_t seed = 3;
	unsigned quiet = 0;

	(void)state;
	for (int run = 0; run < 20000; run++) {
		struct mm_record triplet = {T - draw(&seed, 3 * DAY),
		    T - draw(&seed, 2 * HOUR), draw(&seed, 3)};
		struct mm_record client = {T - draw(&seed, 3 * DAY),
		    T - draw(&seed, 2 * HOUR), draw(&seed, 8)};
		struct mm_record was = triplet, client_was = client;
		bool write;

		mm_greylist_decide(&rules, &triplet, &client, T, &write);
		if (write)
			continue;
		quiet++;
		assert_same(&was, &triplet);
		assert_same(&client_was, &client);
	}
	assert_true(quiet > 1000);
}

static struct mm_ip
ip(const char *text)
{
	struct mm_ip ip = {0};

	assert_true(*text == '\0' || mm_ip_parse(text, &ip));
	return ip;
}

static void
test_keys(void **state)
{
	static const struct {
		const char *client, *sender, *recipient; /* of one mail */
		const char *client2, *sender2, *recipient2;
		bool same;
	} cases[] = {
	    {"192.0.2.1", "a@example.org", "b@example.net", /* network, case */
		"192.0.2.99", "A@Example.ORG", "B@EXAMPLE.net", true},
	    {"2001:db8::1", "", "b@example.net", /* null sender, /64 */
		"2001:db8::ffff:1", "", "b@example.net", true},
	    {"192.0.2.1", "a", "b", "192.0.3.1", "a", "b", false},
	    {"2001:db8::1", "a", "b", "2001:db8:0:1::1", "a", "b", false},
	    {"192.0.2.1", "a", "b", "", "a", "b", false},
	    {"192.0.2.1", "a", "b", "192.0.2.1", "a", "c", false},
	    {"192.0.2.1", "", "b", "192.0.2.1", "b", "", false},
	    /* blanks and numbers in quoted local parts forge nothing */
	    {"192.0.2.1", "a b", "c", "192.0.2.1", "a", "b c", false},
	    {"192.0.2.1", "a", "1 b c", "192.0.2.1", "a 1 b", "c", false},
	    {"192.0.2.1", "", "1 x y", "192.0.2.1", "1 x", "y", false},
	};
	struct mm_arena *arena = mm_arena_new(1 << 16);

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_ip one = ip(cases[i].client);
		struct mm_ip two = ip(cases[i].client2);
		const char *a = mm_greylist_triplet_key(
		    arena, &rules, &one, cases[i].sender, cases[i].recipient);
		const char *b = mm_greylist_triplet_key(
		    arena, &rules, &two, cases[i].sender2, cases[i].recipient2);

		assert_non_null(a);
		assert_non_null(b);
		assert_int_equal(cases[i].same, strcmp(a, b) == 0);
	}
	mm_arena_free(arena);
}

static void
test_a_client_is_no_triplet(void **state)
{
	struct mm_arena *arena = mm_arena_new(4096);
	struct mm_ip client = ip("192.0.2.1"), near = ip("192.0.2.2");

	(void)state;
	assert_string_equal("client 192.0.2.0/24",
	    mm_greylist_client_key(arena, &rules, &client));
	assert_string_equal(mm_greylist_client_key(arena, &rules, &near),
	    mm_greylist_client_key(arena, &rules, &client));
	assert_string_equal("triplet 192.0.2.0/24 0  b@example.net",
	    mm_greylist_triplet_key(
		arena, &rules, &client, "", "b@example.net"));
	mm_arena_free(arena);
}

static void
test_a_full_arena_gives_no_key(void **state)
{
	struct mm_arena *arena = mm_arena_new(64);
	struct mm_ip client = ip("192.0.2.1");
	char sender[200];

	(void)state;
	memset(sender, 'x', sizeof(sender) - 1);
	sender[sizeof(sender) - 1] = '\0';
	assert_null(mm_greylist_triplet_key(
	    arena, &rules, &client, sender, "b@example.net"));
	assert_null(mm_greylist_client_key(arena, &rules, &client));
	mm_arena_free(arena);
}

/* decide() as the store runs it, over a real backend. */
static struct mm_greylist_answer
attempt(struct mm_store *store, const char *triplet, int64_t now)
{
	struct mm_greylist_request request = {.rules = rules, .now = now};
	struct mm_store_update update = {.n = 2,
	    .key = {triplet, "client"},
	    .note = {"192.0.2.1", "a", triplet},
	    .change = mm_greylist_change,
	    .arg = &request};
	struct mm_err err;

	assert_int_equal(MM_STORE_DONE,
	    mm_store_update(store, &update, sizeof(request), 0, &err));
	return request.answer;
}

static void
assert_waiting(struct mm_store *store, uint64_t want)
{
	struct mm_store_stats stats;

	mm_store_stats(store, &stats);
	assert_int_equal(want, stats.waiting);
}

static void
test_through_a_store(void **state)
{
	struct mm_store *store = mm_store_memory_new();
	static const char *const triplets[] = {"1", "2", "3", "4", "5"};

	(void)state;
	assert_non_null(store);
	for (size_t i = 0; i < MM_COUNT(triplets); i++)
		assert_int_equal(
		    MM_GREYLIST_FIRST, attempt(store, triplets[i], T).state);
	assert_int_equal(MM_GREYLIST_FIRST, attempt(store, "6", T).state);
	assert_waiting(store, 6);
	assert_int_equal(70, attempt(store, "1", T + 100).wait);
	for (size_t i = 0; i < MM_COUNT(triplets); i++)
		assert_int_equal(MM_GREYLIST_PASS,
		    attempt(store, triplets[i], T + 200).state);
	assert_waiting(store, 1);
	assert_int_equal(
	    MM_GREYLIST_ALLOWED_CLIENT, attempt(store, "6", T + 201).state);
	assert_waiting(store, 0);
	assert_int_equal(
	    MM_GREYLIST_ALLOWED_CLIENT, attempt(store, "7", T + 201).state);
	mm_store_free(store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_triplet_waits_then_passes),
	    cmocka_unit_test(test_what_passed_is_known),
	    cmocka_unit_test(test_a_client_that_passed_often_is_allowed),
	    cmocka_unit_test(test_allowance_can_be_off),
	    cmocka_unit_test(test_odd_rules_still_let_mail_through),
	    cmocka_unit_test(test_a_clock_set_back_locks_nobody_out),
	    cmocka_unit_test(test_random_attempts_agree_with_the_model),
	    cmocka_unit_test(test_whoever_waits_as_told_passes),
	    cmocka_unit_test(test_what_is_not_written_did_not_change),
	    cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_a_client_is_no_triplet),
	    cmocka_unit_test(test_a_full_arena_gives_no_key),
	    cmocka_unit_test(test_through_a_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
