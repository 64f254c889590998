/* greylist: who waits, how long, and who does not. */
#include "lib/arena.h"
#include "lib/err.h"
#include "tests/unit/greylist.h"

#include <string.h>

static const struct mm_greylist_rules rules = {
    .delay = 170,
    .retry_window = 2 * DAY,
    .triplet_max_age = 36 * DAY,
    .max_age = 36 * DAY,
    .allow_count = 5,
    .allow_interval = HOUR,
};

/* One decision: what was remembered, what is said, what is remembered. */
struct attempt {
	const char *what;
	struct mm_record triplet, client;
	int64_t now;
	struct {
		enum mm_greylist_state state;
		int64_t wait, delay;
	} answer;
	bool write;
	struct mm_record after, client_after;
};

static void
check(const struct mm_greylist_rules *by, const struct attempt *a, size_t n)
{
	for (; n > 0; n--, a++) {
		struct mm_record record[MM_GREYLIST_NROLES] = {
		    [MM_GREYLIST_TRIPLET] = a->triplet,
		    [MM_GREYLIST_CLIENT] = a->client};
		bool write = !a->write;
		struct mm_greylist_answer got =
		    mm_greylist_decide(by, record, a->now, &write);

		assert_int_equal(a->answer.state, got.state);
		assert_int_equal(a->answer.wait, got.wait);
		assert_int_equal(a->answer.delay, got.delay);
		assert_int_equal(a->write, write);
		assert_same(&a->after, &record[MM_GREYLIST_TRIPLET]);
		assert_same(&a->client_after, &record[MM_GREYLIST_CLIENT]);
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
	    {"before all settings that are counted", {T, T, 0}, {0, 0, 0},
		T + 29, {MM_GREYLIST_SOON, 141, 0}, false, {T, T, 0}, {0, 0, 0}},
	    {"a second too early, and behind one of them",
		{T, T + 60, 0}, {0, 0, 0}, T + 169,
		{MM_GREYLIST_SOON, 1, 0}, true, {T, T + 169, 0}, {0, 0, 0}},
	    {"once more within the same two", {T, T + 121, 0}, {0, 0, 0},
		T + 169, {MM_GREYLIST_SOON, 1, 0}, false, {T, T + 121, 0},
		{0, 0, 0}},
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
	    {"after an hour it is refreshed, and counts for its client",
		{T, T, 1}, {T, T, 1}, T + HOUR,
		{MM_GREYLIST_KNOWN_TRIPLET, 0, 0}, true, {T, T + HOUR, 2},
		{T + HOUR, T + HOUR, 2}},
	    {"unless something else has in this hour",
		{T, T, 1}, {T + HOUR - 1, T + HOUR - 1, 1}, T + HOUR,
		{MM_GREYLIST_KNOWN_TRIPLET, 0, 0}, true, {T, T + HOUR, 2},
		{T + HOUR - 1, T + HOUR, 1}},
	    {"a client that is too old is counted anew",
		{T, T + 36 * DAY, 1}, {T, T, 4}, T + 37 * DAY,
		{MM_GREYLIST_KNOWN_TRIPLET, 0, 0}, true,
		{T, T + 37 * DAY, 2}, {T + 37 * DAY, T + 37 * DAY, 1}},
	    {"the last second of its age",
		{T, T, 7}, {0, 0, 0}, T + 36 * DAY,
		{MM_GREYLIST_KNOWN_TRIPLET, 0, 0}, true,
		{T, T + 36 * DAY, 8}, {T + 36 * DAY, T + 36 * DAY, 1}},
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
		{T, T, 0}, {T - HOUR, T, 4}, T + 200,
		{MM_GREYLIST_PASS, 0, 200}, true, {T, T + 200, 1},
		{T + 200, T + 200, 5}},
	    {"one within an hour of the last counts for nothing",
		{T, T, 0}, {T - HOUR + 201, T, 4}, T + 200,
		{MM_GREYLIST_PASS, 0, 200}, true, {T, T + 200, 1},
		{T - HOUR + 201, T + 200, 4}},
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
	off.allow_count = 0;
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
		{T + 10, T + 10, 1}},
	};
	/* clang-format on */
	struct mm_greylist_rules odd = rules;

	(void)state;
	odd.delay = 0;
	check(&odd, no_delay, MM_COUNT(no_delay));
	odd = rules;
	odd.max_age = odd.triplet_max_age = 160;
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
		{T, T - 100 * DAY, 4},
		{T - 100 * DAY, T - 100 * DAY, 4}},
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

static void
test_others_of_the_same_mail_follow(void **state)
{
	/* clang-format off */
	static const struct attempt attempts[] = {
	    {"a new one does, and is known from now on",
		{0, 0, 0}, {T, T, 1}, T + 10,
		{MM_GREYLIST_FOLLOWS, 0, 0}, true, {T + 10, T + 10, 1},
		{T, T, 1}},
	    {"one that waits does, and says how long it has",
		{T, T, 0}, {T, T, 1}, T + 10,
		{MM_GREYLIST_FOLLOWS, 0, 10}, true, {T, T + 10, 1}, {T, T, 1}},
	    {"one that is too old has not waited",
		{T, T, 0}, {0, 0, 0}, T + 3 * DAY,
		{MM_GREYLIST_FOLLOWS, 0, 0}, true,
		{T + 3 * DAY, T + 3 * DAY, 1}, {0, 0, 0}},
	    {"a known one is known", {T, T, 1}, {T, T, 1}, T + 10,
		{MM_GREYLIST_KNOWN_TRIPLET, 0, 0}, false, {T, T, 1}, {T, T, 1}},
	};
	/* clang-format on */
	struct mm_greylist_rules follow = rules;

	(void)state;
	follow.follow = true;
	check(&follow, attempts, MM_COUNT(attempts));
}

static void
test_the_null_sender_is_forgotten_sooner(void **state)
{
	/* clang-format off */
	static const struct attempt attempts[] = {
	    {"in time", {T, T, 1}, {T, T, 1}, T + 7 * DAY,
		{MM_GREYLIST_KNOWN_TRIPLET, 0, 0}, true, {T, T + 7 * DAY, 2},
		{T + 7 * DAY, T + 7 * DAY, 2}},
	    {"too late; its client is not", {T, T, 1}, {T, T, 1},
		T + 7 * DAY + 1, {MM_GREYLIST_FIRST, 170, 0}, true,
		{T + 7 * DAY + 1, T + 7 * DAY + 1, 0}, {T, T, 1}},
	};
	/* clang-format on */
	struct mm_greylist_rules null = rules;

	(void)state;
	null.triplet_max_age = 7 * DAY;
	check(&null, attempts, MM_COUNT(attempts));
}

/* Before an upgrade, or while the client's name could not be found out. */
static void
test_what_has_an_earlier_key_goes_on(void **state)
{
	static const struct mm_record known = {T, T, 3}, waits = {T, T, 0};
	struct mm_record record[MM_GREYLIST_NROLES] = {
	    [MM_GREYLIST_EARLIER] = known};
	struct mm_greylist_answer got;

	(void)state;
	got = ask(&rules, record, T + 60);
	assert_int_equal(MM_GREYLIST_KNOWN_TRIPLET, got.state);
	assert_same(&known, &record[MM_GREYLIST_TRIPLET]);
	assert_same(&known, &record[MM_GREYLIST_EARLIER]);

	memset(record, 0, sizeof(record));
	record[MM_GREYLIST_EARLIER] = waits;
	got = ask(&rules, record, T + 60);
	assert_int_equal(MM_GREYLIST_SOON, got.state);
	assert_int_equal(110, got.wait);
	got = ask(&rules, record, T + 170);
	assert_int_equal(MM_GREYLIST_PASS, got.state);
	assert_int_equal(170, got.delay);
	assert_same(&waits, &record[MM_GREYLIST_EARLIER]);

	/* what waits under its own key has the older claim to it */
	memset(record, 0, sizeof(record));
	record[MM_GREYLIST_TRIPLET] = waits;
	record[MM_GREYLIST_EARLIER] = (struct mm_record){T + 100, T + 100, 0};
	assert_int_equal(MM_GREYLIST_PASS, ask(&rules, record, T + 170).state);

	/* what is too old does not help */
	memset(record, 0, sizeof(record));
	record[MM_GREYLIST_EARLIER] = (struct mm_record){T - 3 * DAY, T, 0};
	assert_int_equal(MM_GREYLIST_FIRST, ask(&rules, record, T).state);
}

/* Another program let it pass, or made it wait. */
static void
test_what_was_imported_goes_on(void **state)
{
	static const struct mm_record known = {T - DAY, T, 3},
				      waits = {T, T, 0};

	(void)state;
	for (int role = MM_GREYLIST_IMPORTED; role <= MM_GREYLIST_IMPORTED_LAST;
	     role++) {
		struct mm_record record[MM_GREYLIST_NROLES] = {0};
		struct mm_greylist_answer got;

		record[role] = known;
		got = ask(&rules, record, T + 60);

		assert_int_equal(MM_GREYLIST_KNOWN_TRIPLET, got.state);
		assert_same(&known, &record[MM_GREYLIST_TRIPLET]);
		assert_same(&known, &record[role]);

		memset(record, 0, sizeof(record));
		record[role] = waits;
		got = ask(&rules, record, T + 60);
		assert_int_equal(MM_GREYLIST_SOON, got.state);
		assert_int_equal(110, got.wait);
		assert_same(&waits, &record[role]);
		got = ask(&rules, record, T + 170);
		assert_int_equal(MM_GREYLIST_PASS, got.state);
		assert_int_equal(170, got.delay);
		/* others that it is coarse enough for need not wait now */
		assert_same(
		    &((struct mm_record){T, T + 170, 1}), &record[role]);
		memset(record, 0, sizeof(record[0]));
		got = ask(&rules, record, T + 180);
		assert_int_equal(MM_GREYLIST_KNOWN_TRIPLET, got.state);

		/* what is too old does not help */
		memset(record, 0, sizeof(record));
		record[role] = (struct mm_record){T, T, 1};
		assert_int_equal(MM_GREYLIST_FIRST,
		    ask(&rules, record, T + rules.triplet_max_age + 1).state);
	}
}

static void
test_a_host_that_has_earned_it_is_allowed(void **state)
{
	struct mm_record record[MM_GREYLIST_NROLES] = {
	    [MM_GREYLIST_HOST] = {T, T, 5}};
	struct mm_greylist_rules by = rules;
	bool write;

	(void)state;
	by.allow_count = 2;
	assert_int_equal(MM_GREYLIST_FIRST, ask(&by, record, T + DAY).state);
	by.host_allow_count = 5;
	assert_int_equal(MM_GREYLIST_ALLOWED_CLIENT,
	    mm_greylist_decide(&by, record, T + DAY, &write).state);
	assert_true(write); /* it is in use */
	assert_int_equal(T + DAY, record[MM_GREYLIST_HOST].last);
	assert_int_equal(0, record[MM_GREYLIST_TRIPLET].first);
	record[MM_GREYLIST_HOST].count = 4;
	assert_int_equal(MM_GREYLIST_FIRST, ask(&by, record, T + DAY).state);
}

/* What a patient observer notes of one triplet and its client. */
struct model {
	int64_t waits_since; /* -1: does not wait */
	int64_t passed;	     /* the last time; -1: never */
	int64_t client_passed, counted;
	unsigned passes; /* as many as may have been counted */
};

static void
observe(struct model *m, int64_t now, struct mm_greylist_answer answer)
{
	bool known = m->passed >= 0 && now - m->passed <= rules.max_age - HOUR;

	if (answer.state == MM_GREYLIST_FIRST) {
		assert_false(known);
		m->waits_since = now;
		assert_int_equal(rules.delay, answer.wait);
	} else if (answer.state == MM_GREYLIST_SOON) {
		assert_true(now - m->waits_since < rules.delay);
		assert_int_equal(
		    m->waits_since + rules.delay - now, answer.wait);
	} else if (answer.state == MM_GREYLIST_PASS) {
		assert_int_equal(now - m->waits_since, answer.delay);
		assert_in_range(answer.delay, rules.delay, rules.retry_window);
	} else if (answer.state == MM_GREYLIST_KNOWN_TRIPLET) {
		assert_true(m->passed >= 0 && now - m->passed <= rules.max_age);
	} else {
		assert_int_equal(MM_GREYLIST_ALLOWED_CLIENT, answer.state);
		assert_true(m->passes >= rules.allow_count);
		m->waits_since = -1;
	}
	assert_int_equal(answer.state > MM_GREYLIST_FLOOD, answer.wait == 0);
	if (answer.wait > 0)
		return;
	if (now - m->client_passed > rules.max_age)
		m->passes = 0;
	if (now - m->counted >= rules.allow_interval) {
		m->passes++;
		m->counted = now;
	}
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
		struct model models[4],
		    shared = {-1, -1, -DAY * 99, -DAY * 99, 0};
		int64_t now = T;

		for (size_t i = 0; i < MM_COUNT(models); i++)
			models[i] = shared;
		for (int i = 0; i < 60; i++) {
			unsigned which = draw(&seed, MM_COUNT(models));
			struct mm_record record[MM_GREYLIST_NROLES] = {
			    [MM_GREYLIST_TRIPLET] = triplets[which],
			    [MM_GREYLIST_CLIENT] = client};
			struct model *m = &models[which];

			now += steps[draw(&seed, MM_COUNT(steps))];
			m->passes = shared.passes;
			m->client_passed = shared.client_passed;
			m->counted = shared.counted;
			observe(m, now, ask(&rules, record, now));
			triplets[which] = record[MM_GREYLIST_TRIPLET];
			client = record[MM_GREYLIST_CLIENT];
			shared.passes = m->passes;
			shared.client_passed = m->client_passed;
			shared.counted = m->counted;
		}
	}
}

/* Any record that a store may hold, garbage among them. */
static struct mm_record
any_record(uint64_t *seed)
{
	static const int64_t odd[] = {0, -1, INT64_MIN, INT64_MAX, 1};
	struct mm_record record = {
	    T - draw(seed, 3 * DAY), T - draw(seed, 2 * HOUR), draw(seed, 8)};

	if (draw(seed, 3) == 0)
		return (struct mm_record){0};
	if (draw(seed, 3) == 0)
		record.count = 0;
	if (draw(seed, 8) == 0)
		record.first = odd[draw(seed, MM_COUNT(odd))];
	if (draw(seed, 8) == 0)
		record.last = odd[draw(seed, MM_COUNT(odd))];
	if (draw(seed, 16) == 0)
		record.count = odd[draw(seed, MM_COUNT(odd))];
	return record;
}

static void
any_records(uint64_t *seed, struct mm_record record[MM_GREYLIST_NROLES])
{
	for (int i = 0; i < MM_GREYLIST_NROLES; i++)
		record[i] = any_record(seed);
}

static struct mm_greylist_rules
any_rules(uint64_t *seed)
{
	struct mm_greylist_rules by = rules;

	by.delay = draw(seed, 4) == 0 ? draw(seed, DAY) : 170;
	by.triplet_max_age = draw(seed, 2) == 0 ? 7 * DAY : by.max_age;
	by.allow_count = draw(seed, 6);
	by.host_allow_count = draw(seed, 6);
	by.allow_interval = draw(seed, 2) * HOUR;
	by.waiting_limit = draw(seed, 2) * draw(seed, 20);
	by.follow = draw(seed, 8) == 0;
	return by;
}

/* A clock that jumps: who waits for as long as told passes, unless a flood of
 * others is in the way. */
static void
test_whoever_waits_as_told_passes(void **state)
{
	uint64_t seed = 2;

	(void)state;
	for (int run = 0; run < 20000; run++) {
		struct mm_record record[MM_GREYLIST_NROLES];
		struct mm_greylist_rules by = any_rules(&seed);
		struct mm_greylist_answer answer = {0};
		int64_t now = T;

		any_records(&seed, record);
		for (unsigned i = draw(&seed, 6); i < 6; i++) {
			now += (int64_t)draw(&seed, 8 * DAY) - 4 * DAY;
			answer = ask(&by, record, now);
			assert_in_range(answer.wait, 0, by.delay);
		}
		if (answer.state == MM_GREYLIST_FLOOD)
			continue;
		answer = ask(&by, record, now + answer.wait);
		assert_true(answer.state > MM_GREYLIST_FLOOD);
		assert_int_equal(0, answer.wait);
	}
}

/* A flood puts a triplet off for as long as it lasts, and for a wait then. */
static void
test_no_flood_locks_anybody_out_for_good(void **state)
{
	uint64_t seed = 5;

	(void)state;
	for (int run = 0; run < 5000; run++) {
		struct mm_record record[MM_GREYLIST_NROLES];
		struct mm_greylist_rules by = any_rules(&seed);
		struct mm_greylist_answer answer;
		int64_t now = T;

		by.waiting_limit = 1 + draw(&seed, 1000);
		any_records(&seed, record);
		answer = ask(&by, record, now);
		if (answer.state != MM_GREYLIST_FLOOD)
			continue;
		now += by.retry_window; /* nothing else came meanwhile */
		answer = ask(&by, record, now);
		assert_int_not_equal(MM_GREYLIST_FLOOD, answer.state);
		answer = ask(&by, record, now + answer.wait);
		assert_true(answer.state > MM_GREYLIST_FLOOD);
	}
}

/* The later it comes back, the less it waits, until its window ends. */
static void
test_time_only_helps(void **state)
{
	uint64_t seed = 4;

	(void)state;
	for (int run = 0; run < 20000; run++) {
		struct mm_record one[MM_GREYLIST_NROLES],
		    other[MM_GREYLIST_NROLES];
		struct mm_greylist_rules by = any_rules(&seed);
		int64_t first = T - draw(&seed, DAY), sooner, later;
		struct mm_greylist_answer a, b;

		any_records(&seed, one);
		one[MM_GREYLIST_TRIPLET] = (struct mm_record){first, first, 0};
		memcpy(other, one, sizeof(other));
		sooner = first + draw(&seed, (unsigned)by.retry_window / 2);
		later = sooner + draw(&seed, (unsigned)by.retry_window / 2);
		a = ask(&by, one, sooner);
		b = ask(&by, other, later);
		/* allowances and earlier keys may have grown too old */
		if (b.state == MM_GREYLIST_SOON && a.state == MM_GREYLIST_SOON)
			assert_int_equal(a.wait - (later - sooner), b.wait);
		if (a.state == MM_GREYLIST_PASS)
			assert_int_equal(0, b.wait);
		if (later - first >= by.delay)
			assert_int_equal(0, b.wait);
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
	for (int run = 0; run < 50000; run++) {
		struct mm_record record[MM_GREYLIST_NROLES],
		    was[MM_GREYLIST_NROLES];
		struct mm_greylist_rules by = any_rules(&seed);
		bool write;

		any_records(&seed, record);
		memcpy(was, record, sizeof(was));
		mm_greylist_decide(&by, record, T, &write);
		if (write)
			continue;
		quiet++;
		for (int i = 0; i < MM_GREYLIST_NROLES; i++)
			assert_same(&was[i], &record[i]);
	}
	assert_true(quiet > 1000);
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
	    cmocka_unit_test(test_others_of_the_same_mail_follow),
	    cmocka_unit_test(test_the_null_sender_is_forgotten_sooner),
	    cmocka_unit_test(test_what_has_an_earlier_key_goes_on),
	    cmocka_unit_test(test_what_was_imported_goes_on),
	    cmocka_unit_test(test_a_host_that_has_earned_it_is_allowed),
	    cmocka_unit_test(test_random_attempts_agree_with_the_model),
	    cmocka_unit_test(test_whoever_waits_as_told_passes),
	    cmocka_unit_test(test_no_flood_locks_anybody_out_for_good),
	    cmocka_unit_test(test_time_only_helps),
	    cmocka_unit_test(test_what_is_not_written_did_not_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
