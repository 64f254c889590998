/* settings_redis: greylist_store and what goes with it. */
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/settings.h"
#include "lib/settings_redis.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

static const struct mm_settings standard = {
    .greylist_store = "sqlite",
    .greylist_redis_sentinel = "",
    .greylist_redis_user = "",
    .greylist_redis_password_file = "",
    .greylist_redis_ca_file = "",
    .greylist_redis_cert_file = "",
    .greylist_redis_key_file = "",
    .greylist_redis_prefix = "mailmum:",
    .greylist_redis_deadline = 50,
};

static void
test_places(void **state)
{
	static const struct {
		const char *store, *sentinel;
		size_t n;
		bool tls;
		struct mm_peer first, last;
	} cases[] = {
	    {"sqlite, redis:r.example", "", 1, false,
		{NULL, "r.example", "6379"}, {NULL, "r.example", "6379"}},
	    {"sqlite redis:192.0.2.1:6380 redis:/run/r.sock", "", 2, false,
		{NULL, "192.0.2.1", "6380"}, {"/run/r.sock", NULL, "6379"}},
	    {"sqlite, rediss:[2001:db8::1]:7000,rediss:[::1]", "", 2, true,
		{NULL, "2001:db8::1", "7000"}, {NULL, "::1", "6379"}},
	    {"sqlite,\n redis:a, redis:b:26380", "mx", 2, false,
		{NULL, "a", "26379"}, {NULL, "b", "26380"}},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_settings settings = standard;
		const struct mm_peer *wants[2] = {
		    &cases[i].first, &cases[i].last};
		struct mm_settings_redis redis;
		struct mm_err err;

		settings.greylist_store = cases[i].store;
		settings.greylist_redis_sentinel = cases[i].sentinel;
		assert_int_equal(
		    0, mm_settings_redis_read(&settings, &redis, &err));
		assert_true(redis.shared);
		assert_int_equal(cases[i].n, redis.config.redis.npeers);
		assert_int_equal(cases[i].tls, redis.config.redis.tls);
		for (size_t k = 0; k < 2; k++) {
			const struct mm_peer *got =
			    &redis.config.redis.peer[k * (cases[i].n - 1)];

			if (wants[k]->path != NULL) {
				assert_string_equal(wants[k]->path, got->path);
				continue;
			}
			assert_null(got->path);
			assert_string_equal(wants[k]->host, got->host);
			assert_string_equal(wants[k]->port, got->port);
		}
		mm_settings_redis_clear(&redis);
	}
}

static void
test_alone(void **state)
{
	struct mm_settings_redis redis;
	struct mm_err err;

	(void)state;
	assert_int_equal(0, mm_settings_redis_read(&standard, &redis, &err));
	assert_false(redis.shared);
	mm_settings_redis_clear(&redis);
}

static void
test_mistakes_are_named(void **state)
{
	static const struct {
		const char *store, *why;
	} cases[] = {
	    {"",
		"greylist_store: \"\" is not supported: \"sqlite\" is, and has "
		"to come first"},
	    {"sqlite, redis://127.0.0.1",
		"greylist_store: \"redis://127.0.0.1\": without the two "
		"slashes, as in redis:HOST:PORT"},
	    {"redis:a, sqlite",
		"greylist_store: \"redis:a, sqlite\" is not supported: "
		"\"sqlite\" is, and has to come first"},
	    {"sqlite, memcache:a",
		"greylist_store: \"memcache:a\" is not supported: sqlite is, "
		"and redis:HOST:PORT or rediss:HOST:PORT beside it"},
	    {"sqlite, redis:a, rediss:b",
		"greylist_store: redis: and rediss: do not mix"},
	    {"sqlite, redis:", "greylist_store: no host"},
	    {"sqlite, redis::1", "greylist_store: no host"},
	    {"sqlite, redis:[]", "greylist_store: no host"},
	    {"sqlite, redis:a:0",
		"greylist_store: \"0\" is not a port from 1 to 65535"},
	    {"sqlite, redis:a:",
		"greylist_store: \"\" is not a port from 1 to 65535"},
	    {"sqlite, redis:[::1]x",
		"greylist_store: \"[::1]x\" is not [ADDRESS]:PORT"},
	    {"sqlite, redis:[::1",
		"greylist_store: \"[::1\" is not [ADDRESS]:PORT"},
	    {"sqlite, redis:::1",
		"greylist_store: \"::1\": an IPv6 address stands in brackets"},
	    {"sqlite, rediss:/run/r",
		"greylist_store: \"/run/r\": TLS needs a host"},
	};
	struct mm_settings settings = standard;
	struct mm_settings_redis redis;
	struct mm_err err;

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		settings.greylist_store = cases[i].store;
		assert_int_equal(
		    -1, mm_settings_redis_read(&settings, &redis, &err));
		assert_string_equal(cases[i].why, err.text);
	}
	settings.greylist_store = "sqlite, rediss:a";
	settings.greylist_redis_cert_file = "/a";
	assert_int_equal(-1, mm_settings_redis_read(&settings, &redis, &err));
	assert_string_equal("greylist_redis_cert_file: it goes with "
			    "greylist_redis_key_file, and the other way round",
	    err.text);
	settings = standard;
	settings.greylist_store = "sqlite, rediss:a";
	settings.greylist_redis_user = "mx";
	assert_int_equal(-1, mm_settings_redis_read(&settings, &redis, &err));
	assert_string_equal("greylist_redis_user: it goes with "
			    "greylist_redis_password_file",
	    err.text);
}

/* A file of the settings says so at its line. */
static void
test_a_file_that_is_not_there(void **state)
{
	static const char text[] =
	    "state_directory = /var/lib/mailmum\n"
	    "dns_trust_anchor_file = none\n"
	    "greylist_redis_password_file = /no/such/file\n"
	    "greylist_store = sqlite, redis:a\n";
	struct mm_complaints all = {0};
	struct mm_err err;
	struct mm_conf *conf = mm_conf_parse(text, "f", &all, &err);
	struct mm_settings *settings = mm_settings_read(conf, &all);
	char line[MM_COMPLAINT_MAX];

	(void)state;
	assert_int_equal(1, all.n);
	mm_complaint_format(&all.list[0], line);
	assert_string_equal("f:3: greylist_redis_password_file: /no/such/file: "
			    "No such file or directory",
	    line);
	mm_settings_free(settings);
	mm_conf_free(conf);
	mm_complaints_clear(&all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_places),
	    cmocka_unit_test(test_alone),
	    cmocka_unit_test(test_mistakes_are_named),
	    cmocka_unit_test(test_a_file_that_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
