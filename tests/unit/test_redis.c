/* redis: the way to a server, and all that may be wrong with one. */
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/redis.h"
#include "tests/heap.h"
#include "tests/test.h"
#include "tests/tmpdir.h"
#include "tests/unit/fakeredis.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define LONG_US (20 * INT64_C(1000000))
#define SHORT_US (50 * INT64_C(1000))

/* What a server says to each command; NULL: as a good one does. */
struct script {
	const char *auth, *select, *role, *ping, *sentinel, *get;
	bool ends;	  /* after its reply to GET, or PING */
	char heard[1024]; /* all commands */
};

static const char primary[] = "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n";

static const struct {
	const char *word;
	size_t at;
	const char *good;
} commands[] = {
    {"AUTH", offsetof(struct script, auth), "+OK\r\n"},
    {"SELECT", offsetof(struct script, select), "+OK\r\n"},
    {"ROLE", offsetof(struct script, role), primary},
    {"PING", offsetof(struct script, ping), "+PONG\r\n"},
    {"SENTINEL", offsetof(struct script, sentinel), "*-1\r\n"},
    {"GET", offsetof(struct script, get), "$1\r\nv\r\n"},
};

static bool
answer(void *ctx, size_t argc, char *const argv[], FILE *out)
{
	struct script *script = ctx;
	size_t len = strlen(script->heard);

	for (size_t i = 0; i < argc && len < sizeof(script->heard); i++)
		len += (size_t)snprintf(script->heard + len,
		    sizeof(script->heard) - len, "%s%c", argv[i],
		    i + 1 < argc ? ' ' : ';');
	for (size_t i = 0; i < MM_COUNT(commands); i++) {
		const char *said;

		if (strcmp(commands[i].word, argv[0]) != 0)
			continue;
		memcpy(&said, (char *)script + commands[i].at, sizeof(said));
		fputs(said != NULL ? said : commands[i].good, out);
	}
	return !script->ends ||
	       (strcmp(argv[0], "GET") != 0 && strcmp(argv[0], "PING") != 0);
}

static struct mm_peer
peer_of(const struct fakeredis *fake)
{
	return (struct mm_peer){
	    .host = "127.0.0.1", .port = fakeredis_port(fake)};
}

static const struct mm_redis_config plain = {.sentinel = "",
    .user = "",
    .password_file = "",
    .ca_file = "",
    .cert_file = "",
    .key_file = ""};

static struct mm_wait
wait_for(int64_t us)
{
	return (struct mm_wait){
	    &mm_clock_system, mm_clock_mono(&mm_clock_system) + us};
}

/* What stands behind "127.0.0.1:PORT: " in a complaint. */
static const char *
complaint(const struct fakeredis *fake, const struct mm_err *err)
{
	char begin[64];

	snprintf(begin, sizeof(begin), "127.0.0.1:%s: ", fakeredis_port(fake));
	assert_memory_equal(begin, err->text, strlen(begin));
	return err->text + strlen(begin);
}

static void
opens(struct script *script, const struct mm_redis_config *config)
{
	struct fakeredis *fake = fakeredis_start(answer, script);
	struct mm_peer peer = peer_of(fake);
	struct mm_wait wait = wait_for(LONG_US);
	struct mm_err err = {""};
	struct mm_redis *redis = mm_redis_open(config, &peer, &wait, &err);

	assert_string_equal("", err.text);
	assert_non_null(redis);
	mm_redis_close(redis);
	fakeredis_stop(fake);
}

static void
refuses(struct script *script, const struct mm_redis_config *config, int64_t us,
    const char *why)
{
	struct fakeredis *fake = fakeredis_start(answer, script);
	struct mm_peer peer = peer_of(fake);
	struct mm_wait wait = wait_for(us);
	struct mm_err err = {""};

	assert_null(mm_redis_open(config, &peer, &wait, &err));
	assert_string_equal(why, complaint(fake, &err));
	fakeredis_stop(fake);
}

/* A file with a secret in it, in a directory of its own. */
static char *
secret_file(char *dir, const char *text)
{
	char *path = NULL;
	FILE *f;

	assert_int_not_equal(-1, asprintf(&path, "%s/secret", dir));
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	return path;
}

static void
test_the_way_in(void **state)
{
	char *dir = tmpdir_new(), *path = secret_file(dir, "se cret\n");
	struct mm_redis_config config = plain;
	struct script script = {.auth = NULL};

	(void)state;
	opens(&script, &config);
	assert_string_equal("ROLE;PING;", script.heard);

	script = (struct script){.auth = NULL};
	config.password_file = path;
	config.database = 7;
	opens(&script, &config);
	assert_string_equal("AUTH se cret;SELECT 7;ROLE;PING;", script.heard);

	script = (struct script){.role = "-NOPERM no\r\n"};
	config.user = "mx";
	opens(&script, &config);
	assert_string_equal(
	    "AUTH mx se cret;SELECT 7;ROLE;PING;", script.heard);
	free(path);
	tmpdir_free(dir);
}

/* The server repeats what it was told; nobody else does. */
static void
test_no_password_in_a_complaint(void **state)
{
	char *dir = tmpdir_new(), *path = secret_file(dir, "se cret\n");
	struct mm_redis_config config = plain;
	struct mm_wait wait = wait_for(LONG_US);
	struct script script = {
	    .auth = "-ERR unknown command `AUTH`, args: `se cret`\r\n"};
	struct mm_peer nobody = {.host = "127.0.0.1", .port = "1"};
	struct mm_err err = {""};

	(void)state;
	config.password_file = path;
	refuses(&script, &config, LONG_US,
	    "it does not take the password: ERR (perhaps it has none)");
	script.auth = "-WRONGPASS se cret\r\n";
	refuses(&script, &config, LONG_US,
	    "it does not take the password: WRONGPASS");
	script.auth = "$7\r\nse cret\r\n";
	refuses(&script, &config, LONG_US,
	    "it does not take the password: no error code");

	assert_null(mm_redis_open(&config, &nobody, &wait, &err));
	assert_string_equal(
	    "127.0.0.1:1: connect: Connection refused", err.text);
	unlink(path);
	script.auth = NULL;
	{
		struct fakeredis *fake = fakeredis_start(answer, &script);
		struct mm_peer peer = peer_of(fake);

		assert_null(mm_redis_open(&config, &peer, &wait, &err));
		assert_non_null(strstr(err.text, "No such file"));
		fakeredis_stop(fake);
	}
	free(path);
	tmpdir_free(dir);
}

static void
test_servers_of_no_use(void **state)
{
	struct {
		struct script script;
		const char *why;
	} cases[] = {
	    {{.ping = "-NOAUTH Authentication required.\r\n"},
		"it says: NOAUTH Authentication required."},
	    {{.ping = "-LOADING Redis is loading\x01\r\n"},
		"it says: LOADING Redis is loading?"},
	    {{.ping = "-MISCONF \r\n"}, "it says: MISCONF "},
	    {{.role = "*1\r\n$5\r\nslave\r\n"},
		"it cannot be written to, it is a slave"},
	    {{.role = "*1\r\n$40\r\nsentinel sentinel sentinel sentinel "
		      "\x1b[31m\r\n"},
		"it cannot be written to, it is a sentinel sentin"},
	    {{.ping = ":5\r\n"}, "it says: something that is no answer"},
	    {{.ping = "*0\r\n"}, "it says: something that is no answer"},
	    {{.ping = "HTTP/1.1 400 Bad Request\r\n"},
		"it does not speak Redis' protocol"},
	    {{.ping = "*x\r\n"}, "it does not speak Redis' protocol"},
	    {{.ping = "*2147483647\r\n"}, "its reply is too long"},
	    {{.ping = "*257\r\n"}, "its reply is too long"},
	    {{.ping = "", .ends = true}, "it closed the connection"},
	    {{.ping = "$5\r\nab", .ends = true}, "it closed the connection"},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++)
		refuses(&cases[i].script, &plain, LONG_US, cases[i].why);
}

static void
test_no_wait_is_longer(void **state)
{
	static const char *const halves[] = {
	    "", "+PO", "$5\r\nab", "*2\r\n+a\r\n", "$-"};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(halves); i++) {
		struct script script = {.ping = halves[i]};

		refuses(&script, &plain, SHORT_US, "read: no answer in time");
	}
}

/* A bulk that never ends is not taken in. */
static void
test_a_reply_is_bounded(void **state)
{
	static const char begin[] = "$2000000000\r\n";
	char *huge = malloc(200000);
	struct script script = {.ping = huge};

	(void)state;
	assert_non_null(huge);
	memset(huge, 'x', 199999);
	huge[199999] = '\0';
	memcpy(huge, begin, strlen(begin));
	refuses(&script, &plain, LONG_US, "its reply is too long");
	free(huge);
}

static void
test_sentinels(void **state)
{
	struct {
		const char *said, *why;
	} cases[] = {
	    {"*-1\r\n", "this Sentinel knows no master of that name"},
	    {"-IDONTKNOW the master\r\n", "it says: IDONTKNOW the master"},
	    {"*2\r\n$0\r\n\r\n$4\r\n6379\r\n",
		"it says: something that is no answer"},
	    {"*2\r\n$1\r\na\r\n$5\r\n65536\r\n",
		"it says: something that is no answer"},
	    {"*2\r\n:1\r\n:2\r\n", "it says: something that is no answer"},
	    {"-NOAUTH no\r\n", "it wants a password"},
	};
	struct script master = {.auth = NULL}, script = {.auth = NULL};
	struct fakeredis *behind = fakeredis_start(answer, &master);
	struct mm_redis_config config = plain;
	char said[128];

	(void)state;
	config.sentinel = "mx master";
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		script.sentinel = cases[i].said;
		refuses(&script, &config, LONG_US, cases[i].why);
	}
	snprintf(said, sizeof(said), "*2\r\n$9\r\n127.0.0.1\r\n$%zu\r\n%s\r\n",
	    strlen(fakeredis_port(behind)), fakeredis_port(behind));
	script = (struct script){.sentinel = said};
	opens(&script, &config);
	assert_string_equal(
	    "SENTINEL get-master-addr-by-name mx master;", script.heard);
	assert_string_equal("ROLE;PING;", master.heard);
	fakeredis_stop(behind);
}

struct counted {
	size_t n;
	const char *value;
};

static bool
count(void *ctx, size_t i, const redisReply *reply, struct mm_err *err)
{
	struct counted *counted = ctx;

	assert_int_equal(counted->n++, i);
	if (reply->type != REDIS_REPLY_STRING)
		return mm_redis_complain(reply, err);
	assert_string_equal(counted->value, reply->str);
	return true;
}

static void
test_a_batch(void **state)
{
	const struct mm_redis_word words[] = {{"GET", 3}, {"k", 1}};
	struct script script = {.auth = NULL};
	struct fakeredis *fake = fakeredis_start(answer, &script);
	struct mm_peer peer = peer_of(fake);
	struct mm_wait wait = wait_for(LONG_US);
	struct counted counted = {.value = "v"};
	struct mm_err err = {""};
	struct mm_redis *redis = mm_redis_open(&plain, &peer, &wait, &err);

	(void)state;
	assert_non_null(redis);
	for (size_t i = 0; i < 5000; i++)
		assert_int_equal(0, mm_redis_add(redis, words, 2));
	assert_int_equal(0, mm_redis_talk(redis, &wait, count, &counted, &err));
	assert_int_equal(5000, counted.n);
	/* nothing is said twice */
	assert_int_equal(0, mm_redis_talk(redis, &wait, count, &counted, &err));
	assert_int_equal(5000, counted.n);

	/* one that has become another one's replica, or a cluster's node */
	counted.n = 0;
	script.get =
	    "-READONLY You can't write against a read only replica\r\n";
	assert_int_equal(0, mm_redis_add(redis, words, 2));
	assert_int_equal(0, mm_redis_add(redis, words, 2));
	assert_int_equal(
	    -1, mm_redis_talk(redis, &wait, count, &counted, &err));
	assert_string_equal(
	    "it says: READONLY You can't write against a read only replica",
	    complaint(fake, &err));
	assert_int_equal(1, counted.n);
	mm_redis_close(redis);
	fakeredis_stop(fake);
}

static void
test_out_of_memory(void **state)
{
	char *dir = tmpdir_new(), *path = secret_file(dir, "secret\n");
	struct script script = {.auth = NULL};
	struct fakeredis *fake;
	struct mm_redis_config config = plain;
	struct mm_wait wait = wait_for(LONG_US);
	struct mm_redis *redis = NULL;
	struct mm_peer peer;
	struct mm_err err;
	unsigned n = 0;
	bool failed;

	(void)state;
	config.password_file = path;
	fake = fakeredis_start(answer, &script);
	peer = peer_of(fake);
	do {
		heap_fail(++n);
		redis = mm_redis_open(&config, &peer, &wait, &err);
		failed = heap_failed();
		heap_fail(0);
		assert_int_equal(failed, redis == NULL);
		if (failed)
			assert_non_null(strstr(err.text, "out of memory"));
	} while (failed);
	assert_true(n > 2);
	mm_redis_close(redis);
	fakeredis_stop(fake);
	free(path);
	tmpdir_free(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_way_in),
	    cmocka_unit_test(test_no_password_in_a_complaint),
	    cmocka_unit_test(test_servers_of_no_use),
	    cmocka_unit_test(test_no_wait_is_longer),
	    cmocka_unit_test(test_a_reply_is_bounded),
	    cmocka_unit_test(test_sentinels),
	    cmocka_unit_test(test_a_batch),
	    cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
