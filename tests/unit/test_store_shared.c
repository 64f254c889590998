/* store_shared: what hosts tell each other, and that none ever waits for it. */
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/greylist.h"
#include "lib/store_shared.h"
#include "lib/store_shared_record.h"
#include "tests/test.h"
#include "tests/unit/fakeredis.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define T0 INT64_C(1800000000)
#define DELAY 170
#define WINDOW 7200
#define AGE 100000
#define ROWS 64
#define QUEUE 10000 /* what a line keeps */
#define PATIENCE_S 20

/* A small Redis. */
struct server {
	struct {
		char key[128], value[128];
	} row[ROWS];
	size_t n;
	/* said to each GET instead; NULL: what there is */
	_Atomic(const char *) get;
	const char *ping;
	size_t deleted;
};

static size_t
find(const struct server *server, const char *key)
{
	size_t i = 0;

	while (i < server->n && strcmp(server->row[i].key, key) != 0)
		i++;
	return i;
}

static void
put(struct server *server, const char *key, const char *value)
{
	size_t i = find(server, key);

	if (i == ROWS)
		return; /* those who fill queues do not look */
	if (i == server->n)
		server->n++;
	snprintf(server->row[i].key, sizeof(server->row[i].key), "%s", key);
	snprintf(
	    server->row[i].value, sizeof(server->row[i].value), "%s", value);
}

static int64_t
number(const char *text)
{
	return strtoll(text, NULL, 10);
}

/* EVAL script 1 key first last count later age waiting_age now */
static void
eval(struct server *server, char *const argv[])
{
	const struct mm_shared_rule rule = {.share = *argv[7] == '1'
							 ? MM_STORE_SHARE_COUNT
							 : MM_STORE_SHARE_WAIT,
	    .age = number(argv[8]),
	    .waiting_age = number(argv[9])};
	struct mm_record theirs = {number(argv[4]), number(argv[5]),
			     number(argv[6])},
			 mine;
	size_t i = find(server, argv[3]);
	char value[128];

	if (i < server->n &&
	    mm_shared_read(server->row[i].value, strlen(server->row[i].value),
		rule.share, INT64_MAX, &mine))
		theirs = mm_shared_join(&rule, &theirs, &mine);
	snprintf(value, sizeof(value), "%" PRId64 " %" PRId64 " %" PRId64,
	    theirs.first, theirs.last, theirs.count);
	put(server, argv[3], value);
}

static bool
answer(void *ctx, size_t argc, char *const argv[], FILE *out)
{
	struct server *server = ctx;
	const char *get = atomic_load(&server->get);

	if (strcmp(argv[0], "GET") == 0 && get != NULL) {
		fputs(get, out);
	} else if (strcmp(argv[0], "GET") == 0) {
		size_t i = find(server, argv[1]);

		if (i < server->n)
			fprintf(out, "$%zu\r\n%s\r\n",
			    strlen(server->row[i].value), server->row[i].value);
		else
			fputs("$-1\r\n", out);
	} else if (strcmp(argv[0], "EVAL") == 0) {
		assert_int_equal(11, argc);
		eval(server, argv);
		fputs(":1\r\n", out);
	} else if (strcmp(argv[0], "DEL") == 0) {
		server->deleted++;
		fputs(":1\r\n", out);
	} else if (strcmp(argv[0], "PING") == 0 && server->ping != NULL) {
		fputs(server->ping, out);
	} else {
		fputs("+OK\r\n", out); /* a server without ROLE */
	}
	return true;
}

/* One mail host. */
struct host {
	struct mm_peer peer;
	struct mm_shared_config config;
	struct mm_store *local, *store; /* the former is the latter's */
	pthread_mutex_t lock;
	char why[MM_ERR_MAX];
};

static void
hear(void *ctx, bool works, const char *why)
{
	struct host *host = ctx;

	pthread_mutex_lock(&host->lock);
	snprintf(host->why, sizeof(host->why), "%s", works ? "" : why);
	pthread_mutex_unlock(&host->lock);
}

static struct mm_shared_stats
stats(struct host *host)
{
	struct mm_shared_stats stats;

	assert_true(mm_store_shared_stats(host->store, &stats));
	return stats;
}

static void
until(bool (*is)(struct host *host, uint64_t n), struct host *host, uint64_t n)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	time_t end = time(NULL) + PATIENCE_S;

	while (!is(host, n)) {
		assert_true(time(NULL) < end);
		nanosleep(&pause, NULL);
	}
}

static bool
works(struct host *host, uint64_t n)
{
	return stats(host).works == n;
}

static bool
has_written(struct host *host, uint64_t n)
{
	return stats(host).written >= n;
}

static bool
has_empty_queue(struct host *host, uint64_t n)
{
	return stats(host).queued == n;
}

static bool
has_heard(struct host *host, uint64_t n)
{
	bool yes;

	(void)n;
	pthread_mutex_lock(&host->lock);
	yes = *host->why != '\0';
	pthread_mutex_unlock(&host->lock);
	return yes;
}

static void
host_start(struct host *host, const struct fakeredis *fake)
{
	struct mm_err err;

	*host = (struct host){
	    .peer = {.host = "127.0.0.1", .port = fakeredis_port(fake)}};
	host->config = (struct mm_shared_config){.redis = {.peer = &host->peer,
						     .npeers = 1,
						     .sentinel = "",
						     .user = "",
						     .password_file = "",
						     .ca_file = "",
						     .cert_file = "",
						     .key_file = ""},
	    .deadline_ms = 5000,
	    .pause_ms = 5,
	    .prefix = "mailmum:",
	    .secret = "",
	    .news = hear,
	    .ctx = host};
	pthread_mutex_init(&host->lock, NULL);
	host->local = mm_store_memory_new();
	assert_non_null(host->local);
	host->store = mm_store_shared_new(
	    host->local, &host->config, &mm_clock_system, &err);
	assert_non_null(host->store);
}

static void
host_stop(struct host *host)
{
	mm_store_free(host->store);
	pthread_mutex_destroy(&host->lock);
}

/* A mail of a client. */
static struct mm_greylist_answer
mail(struct host *host, const char *client, const char *triplet, int64_t now)
{
	struct mm_greylist_request request = {.rules = {.delay = DELAY,
						  .retry_window = WINDOW,
						  .triplet_max_age = AGE,
						  .max_age = AGE,
						  .allow_count = 2},
	    .role = {MM_GREYLIST_TRIPLET, MM_GREYLIST_CLIENT,
		MM_GREYLIST_SOURCE},
	    .now = now};
	struct mm_store_sharing sharing;
	struct mm_store_update update = {.n = 3,
	    .at_first = 2,
	    .key = {triplet, client, "source"},
	    .change = mm_greylist_change,
	    .arg = &request,
	    .sharing = &sharing};
	struct mm_err err = {""};

	mm_greylist_share(&request.rules, request.role, 3, now, &sharing);
	sharing.asks = mm_greylist_waits;
	assert_int_equal(MM_STORE_DONE, mm_store_update(host->store, &update,
					    sizeof(request), 20000, &err));
	assert_string_equal("", err.text);
	return request.answer;
}

#define EXPECT(host, triplet, now, state_, wait_)                              \
	do {                                                                   \
		struct mm_greylist_answer got_ =                               \
		    mail(host, "client c", triplet, now);                      \
		assert_int_equal(state_, got_.state);                          \
		assert_int_equal(wait_, got_.wait);                            \
	} while (0)

struct three {
	struct server server;
	struct fakeredis *fake;
	struct host host[3];
};

static void
three_start(struct three *three)
{
	*three = (struct three){.server = {.n = 0}};
	three->fake = fakeredis_start(answer, &three->server);
	for (size_t i = 0; i < 3; i++) {
		host_start(&three->host[i], three->fake);
		until(works, &three->host[i], 1);
	}
}

static void
three_stop(struct three *three)
{
	for (size_t i = 0; i < 3; i++)
		host_stop(&three->host[i]);
	fakeredis_stop(three->fake);
}

static void
test_three_hosts_agree(void **state)
{
	struct three t;
	struct mm_record record;
	struct mm_err err;

	(void)state;
	three_start(&t);
	EXPECT(&t.host[0], "t", T0, MM_GREYLIST_FIRST, DELAY);
	until(has_written, &t.host[0], 1);
	EXPECT(&t.host[1], "t", T0 + 10, MM_GREYLIST_SOON, DELAY - 10);
	/* it is known there now, whatever becomes of Redis */
	assert_int_equal(0, mm_store_peek(t.host[1].local, "t", &record, &err));
	assert_int_equal(T0, record.first);
	EXPECT(&t.host[2], "t", T0 + DELAY, MM_GREYLIST_PASS, 0);
	until(has_written, &t.host[2], 2); /* triplet and client */
	/* the first host learns of it as soon as it matters */
	EXPECT(&t.host[0], "t", T0 + DELAY - 1, MM_GREYLIST_KNOWN_TRIPLET, 0);
	assert_int_equal(1, stats(&t.host[0]).found);

	/* passes on one host are allowance on the others */
	EXPECT(&t.host[2], "u", T0, MM_GREYLIST_FIRST, DELAY);
	EXPECT(&t.host[2], "u", T0 + DELAY, MM_GREYLIST_PASS, 0);
	until(has_written, &t.host[2], 5);
	EXPECT(&t.host[1], "v", T0 + 500, MM_GREYLIST_ALLOWED_CLIENT, 0);
	three_stop(&t);
}

static void
test_what_is_known_is_not_asked_about(void **state)
{
	struct three t;

	(void)state;
	three_start(&t);
	EXPECT(&t.host[0], "t", T0, MM_GREYLIST_FIRST, DELAY);
	EXPECT(&t.host[0], "t", T0 + DELAY, MM_GREYLIST_PASS, 0);
	assert_int_equal(1, stats(&t.host[0]).asked);
	EXPECT(&t.host[0], "t", T0 + DELAY + 1, MM_GREYLIST_KNOWN_TRIPLET, 0);
	assert_int_equal(1, stats(&t.host[0]).asked);
	assert_int_equal(1, stats(&t.host[0]).missed);
	three_stop(&t);
}

static void
test_what_redis_forgot_it_learns_again(void **state)
{
	struct three t;

	(void)state;
	three_start(&t);
	EXPECT(&t.host[0], "t", T0, MM_GREYLIST_FIRST, DELAY);
	until(has_written, &t.host[0], 1);
	t.server.n = 0; /* the thread that serves it is idle */
	EXPECT(&t.host[0], "t", T0 + 1, MM_GREYLIST_SOON, DELAY - 1);
	until(has_written, &t.host[0], 2);
	EXPECT(&t.host[1], "t", T0 + 2, MM_GREYLIST_SOON, DELAY - 2);
	three_stop(&t);
}

/* A key says nothing of what it stands for. */
static void
test_keys(void **state)
{
	struct mm_shared_namer *plain = mm_shared_namer_new("");
	struct mm_shared_namer *keyed = mm_shared_namer_new("secret");
	uint8_t one[MM_SHARED_NAME], two[MM_SHARED_NAME];
	struct three t;

	(void)state;
	three_start(&t);
	EXPECT(&t.host[0], "t", T0, MM_GREYLIST_FIRST, DELAY);
	until(has_written, &t.host[0], 1);
	/* HMAC-SHA-256 of "t" under "", cut */
	assert_int_equal(1, t.server.n);
	assert_string_equal(
	    "mailmum:ab87a52b90aac117e33ea5805efb5028", t.server.row[0].key);
	three_stop(&t);

	assert_true(mm_shared_name(plain, "t", one));
	assert_true(mm_shared_name(keyed, "t", two));
	assert_memory_not_equal(one, two, sizeof(one));
	assert_true(mm_shared_name(plain, "u", two));
	assert_memory_not_equal(one, two, sizeof(one));
	mm_shared_namer_free(plain);
	mm_shared_namer_free(keyed);
}

static void
test_frozen(void **state)
{
	struct three t;
	struct host *host = &t.host[0];
	char triplet[8];

	(void)state;
	three_start(&t);
	host->config.deadline_ms = 1; /* nobody has asked so far */
	fakeredis_freeze(t.fake, true);
	for (unsigned i = 0; i < 5; i++) {
		snprintf(triplet, sizeof(triplet), "t%u", i);
		EXPECT(host, triplet, T0, MM_GREYLIST_FIRST, DELAY);
	}
	/* a lost connection, if the test is slow, counts as well */
	assert_int_equal(
	    5, stats(host).timeouts + stats(host).errors + stats(host).skipped);
	assert_true(stats(host).asked <= 3);
	assert_int_equal(0, stats(host).works);
	until(has_heard, host, 0);

	host->config.deadline_ms = 5000;
	fakeredis_freeze(t.fake, false);
	until(works, host, 1);
	until(has_empty_queue, host, 0);
	EXPECT(&t.host[1], "t4", T0 + 9, MM_GREYLIST_SOON, DELAY - 9);
	three_stop(&t);
}

static void
test_gone_and_back(void **state)
{
	struct three t;
	struct host *host = &t.host[0];

	(void)state;
	three_start(&t);
	fakeredis_go(t.fake);
	for (size_t i = 0; i < 3; i++) {
		/* the first one may have to find out */
		EXPECT(&t.host[i], "t", T0 + 1, MM_GREYLIST_FIRST, DELAY);
		until(works, &t.host[i], 0);
		EXPECT(&t.host[i], "t", T0 + 2, MM_GREYLIST_SOON, DELAY - 1);
		assert_int_equal(0, stats(&t.host[i]).found);
	}
	until(has_heard, host, 0);
	EXPECT(host, "u", T0 - 5, MM_GREYLIST_FIRST, DELAY);
	fakeredis_come_back(t.fake);
	until(works, host, 1);
	/* what was learned in between is told now */
	until(has_written, host, 2);
	until(works, &t.host[1], 1);
	EXPECT(&t.host[1], "u", T0, MM_GREYLIST_SOON, DELAY - 5);
	three_stop(&t);
}

static void
test_answers_of_no_use(void **state)
{
	static const struct {
		const char *get;
		bool fatal;
	} cases[] = {
	    {"-READONLY You can't write against a read only replica.\r\n",
		true},
	    {"-MOVED 3999 127.0.0.1:6381\r\n", true},
	    {"-LOADING Redis is loading the dataset in memory\r\n", true},
	    {"-NOAUTH Authentication required.\r\n", true},
	    {"-NOPERM this user has no permissions\r\n", true},
	    {"$2000000000\r\nx", true},
	    {"*3000000\r\n", true},
	    {"HTTP/1.1 400 Bad Request\r\n\r\n", true},
	    {"-WRONGTYPE Operation against a key\r\n", false},
	    {":5\r\n", true},
	    {"$0\r\n\r\n", false},
	    {"$5\r\n1 2 x\r\n", false},
	    {"$6\r\n-1 2 3\r\n", false},
	    {"$24\r\n99999999999999999999 1 1\r\n", false},
	};
	struct three t;

	(void)state;
	three_start(&t);
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct host *host = &t.host[i % 3];
		struct mm_shared_stats before;
		char triplet[8];

		until(works, host, 1);
		until(has_empty_queue, host, 0);
		before = stats(host);
		atomic_store(&t.server.get, cases[i].get);
		snprintf(triplet, sizeof(triplet), "t%zu", i);
		EXPECT(host, triplet, T0, MM_GREYLIST_FIRST, DELAY);
		atomic_store(&t.server.get, NULL);
		assert_int_equal(before.asked + 1, stats(host).asked);
		if (cases[i].fatal) {
			assert_int_equal(before.errors + 1, stats(host).errors);
		} else {
			assert_int_equal(before.missed + 1, stats(host).missed);
			assert_true(stats(host).garbage > before.garbage);
		}
	}
	three_stop(&t);
}

/* It may let mail pass; it can neither hold it up nor break anything. */
static void
test_a_hostile_redis(void **state)
{
	static const char *const values[] = {
	    "1099511627775 1099511627775 0",
	    "1800000900 1800000900 0",
	    "0 0 0",
	    "1 1 0",
	    "0 1099511627775 0",
	};
	struct three t;
	char said[MM_COUNT(values)][64], client[16];

	(void)state;
	three_start(&t);
	for (size_t i = 0; i < MM_COUNT(values); i++) {
		struct mm_record record;
		struct mm_err err;
		struct mm_greylist_answer got;

		snprintf(client, sizeof(client), "client %zu", i);
		snprintf(said[i], sizeof(said[i]), "$%zu\r\n%s\r\n",
		    strlen(values[i]), values[i]);
		atomic_store(&t.server.get, said[i]);
		got = mail(&t.host[0], client, values[i], T0);
		assert_true(got.wait <= DELAY);
		assert_int_equal(0,
		    mm_store_peek(t.host[0].local, values[i], &record, &err));
		assert_true(record.first <= T0 && record.last <= T0);
		/* whatever it says meanwhile */
		got = mail(&t.host[0], client, values[i], T0 + DELAY);
		assert_int_equal(MM_GREYLIST_PASS, got.state);
	}
	three_stop(&t);
}

static void
test_a_full_queue(void **state)
{
	struct three t;
	struct host *host = &t.host[0];
	char triplet[16];

	(void)state;
	three_start(&t);
	fakeredis_go(t.fake);
	until(works, host, 0);
	for (unsigned i = 0; i < QUEUE + 50; i++) {
		snprintf(triplet, sizeof(triplet), "t%u", i);
		EXPECT(host, triplet, T0, MM_GREYLIST_FIRST, DELAY);
	}
	assert_int_equal(QUEUE, stats(host).queued);
	assert_int_equal(50, stats(host).dropped);
	fakeredis_come_back(t.fake);
	until(has_written, host, QUEUE);
	assert_int_equal(0, stats(host).queued);
	three_stop(&t);
}

/* At the end, what is queued is written. */
static void
test_the_end(void **state)
{
	struct three t;

	(void)state;
	three_start(&t);
	for (unsigned i = 0; i < 20; i++) {
		char triplet[8];

		snprintf(triplet, sizeof(triplet), "t%u", i);
		EXPECT(&t.host[0], triplet, T0, MM_GREYLIST_FIRST, DELAY);
	}
	host_stop(&t.host[0]);
	assert_int_equal(20, t.server.n);
	host_start(&t.host[0], t.fake);
	three_stop(&t);
}

/* All that there is is removed. */
static enum mm_store_change
forget(const struct mm_store_update *update,
    struct mm_record record[MM_STORE_KEYS], bool *noted)
{
	bool was = record[0].first != 0;

	(void)update;
	*noted = false;
	record[0] = (struct mm_record){0};
	return was ? MM_STORE_WRITE : MM_STORE_KEEP;
}

static void
test_removal(void **state)
{
	struct mm_store_sharing sharing = {
	    .share = {MM_STORE_SHARE_WAIT}, .age = {AGE}, .now = T0};
	struct mm_store_update update = {
	    .n = 1, .key = {"t"}, .change = forget, .sharing = &sharing};
	struct three t;
	struct mm_err err;
	char arg = 0;

	(void)state;
	three_start(&t);
	update.arg = &arg;
	for (int i = 0; i < 2; i++) {
		sharing.forgets = i == 1;
		EXPECT(
		    &t.host[0], "t", T0, MM_GREYLIST_FIRST + (i == 1), DELAY);
		until(has_empty_queue, &t.host[0], 0);
		assert_int_equal(MM_STORE_DONE,
		    mm_store_update(t.host[0].store, &update, 1, 20000, &err));
	}
	until(has_empty_queue, &t.host[0], 0);
	host_stop(&t.host[0]);
	assert_int_equal(1, t.server.deleted);
	host_start(&t.host[0], t.fake);
	three_stop(&t);
}

/* What two know does not depend on who comes first or how often. */
static void
test_joining(void **state)
{
	uint64_t seed = 1;
	struct mm_record r[3];

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		struct mm_shared_rule rule = {
		    .share =
			round % 2 ? MM_STORE_SHARE_WAIT : MM_STORE_SHARE_COUNT,
		    .age = 50,
		    .waiting_age = 20};
		struct mm_record ab, ba, again;

		for (size_t i = 0; i < 2; i++) {
			seed =
			    seed * 6364136223846793005u + 1442695040888963407u;
			r[i].first = (int64_t)(seed >> 33) % 100;
			r[i].last = r[i].first + (int64_t)(seed >> 50) % 20;
			r[i].count = (int64_t)(seed >> 60) % 3;
		}
		ab = mm_shared_join(&rule, &r[0], &r[1]);
		ba = mm_shared_join(&rule, &r[1], &r[0]);
		assert_memory_equal(&ab, &ba, sizeof(ab));
		again = mm_shared_join(&rule, &ab, &r[0]);
		if (r[0].first <= mm_shared_end(&rule, &r[1]) &&
		    r[1].first <= mm_shared_end(&rule, &r[0]))
			assert_memory_equal(&ab, &again, sizeof(ab));
		assert_true(rule.share == MM_STORE_SHARE_WINDOW ||
			    (ab.last >= r[0].last && ab.last >= r[1].last));
	}
}

static void
test_joined(void **state)
{
	const struct mm_shared_rule wait = {MM_STORE_SHARE_WAIT, 1000, 100},
				    count = {MM_STORE_SHARE_COUNT, 1000, 100},
				    window = {MM_STORE_SHARE_WINDOW, 0, 0};
	const struct {
		const struct mm_shared_rule *rule;
		struct mm_record a, b, want;
	} cases[] = {
	    {&wait, {10, 10, 0}, {20, 20, 0}, {10, 20, 0}},
	    {&wait, {10, 10, 0}, {5, 70, 1}, {5, 70, 1}},
	    /* the window was over when the other began */
	    {&wait, {10, 10, 0}, {111, 111, 0}, {111, 111, 0}},
	    {&wait, {10, 10, 0}, {110, 110, 0}, {10, 110, 0}},
	    /* forgotten when the other began */
	    {&wait, {10, 500, 9}, {1501, 1501, 0}, {1501, 1501, 0}},
	    {&wait, {10, 500, 9}, {1500, 1500, 0}, {10, 1500, 9}},
	    {&count, {10, 20, 1}, {15, 15, 3}, {15, 20, 3}},
	    {&count, {10, 20, 9}, {1021, 1021, 1}, {1021, 1021, 1}},
	    {&wait, {0, 0, 0}, {1, 2, 3}, {1, 2, 3}},
	    /* what was opened later is shorter */
	    {&window, {10, 5000, 1}, {20, 30, 1}, {20, 30, 1}},
	    {&window, {10, 5000, 1}, {10, 6000, 1}, {10, 6000, 1}},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_record got =
		    mm_shared_join(cases[i].rule, &cases[i].a, &cases[i].b);

		assert_memory_equal(&cases[i].want, &got, sizeof(got));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_joined),
	    cmocka_unit_test(test_joining),
	    cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_three_hosts_agree),
	    cmocka_unit_test(test_what_is_known_is_not_asked_about),
	    cmocka_unit_test(test_what_redis_forgot_it_learns_again),
	    cmocka_unit_test(test_removal),
	    cmocka_unit_test(test_answers_of_no_use),
	    cmocka_unit_test(test_a_hostile_redis),
	    cmocka_unit_test(test_frozen),
	    cmocka_unit_test(test_gone_and_back),
	    cmocka_unit_test(test_a_full_queue),
	    cmocka_unit_test(test_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
