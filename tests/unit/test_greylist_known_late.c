/* greylist, greylist_key, greylist_hand: a client that nobody can tell who it
 * is at first, and everybody later, as when a server of the DNS was down. */
#include "lib/arena.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/greylist_hand.h"
#include "lib/settings.h"
#include "tests/test.h"

#define DAY (24 * 3600)
#define T 1700000000 /* some day */

struct world {
	struct mm_greylist_scheme *scheme;
	struct mm_store *store;
	struct mm_arena *arena;
};

static int
set_up(void **state)
{
	static struct world world;
	struct mm_complaints all = {0};
	struct mm_err err;
	struct mm_conf *conf = mm_conf_parse("", "mailmum.conf", &all, &err);
	struct mm_settings *settings = mm_settings_read(conf, &all);

	world.scheme = mm_greylist_scheme_read(settings, conf, &all);
	world.store = mm_store_memory_new();
	world.arena = mm_arena_new(1 << 16);
	mm_settings_free(settings);
	mm_conf_free(conf);
	mm_complaints_clear(&all);
	*state = &world;
	return world.scheme == NULL || world.store == NULL;
}

static int
tear_down(void **state)
{
	struct world *world = *state;

	mm_arena_free(world->arena);
	mm_store_free(world->store);
	mm_greylist_scheme_free(world->scheme);
	return 0;
}

/* name NULL: it could not be found out. */
static struct mm_greylist_keys
keys_of(struct world *world, const char *name, const char *sender)
{
	struct mm_greylist_mail mail = {
	    .client = {.address = "192.0.2.7", .name = name},
	    .sender = sender,
	    .recipient = "b@example.net"};
	struct mm_greylist_keys keys;

	assert_true(mm_ip_parse("192.0.2.7", &mail.client.ip));
	assert_true(
	    mm_greylist_keys(world->scheme, &mail, world->arena, &keys));
	return keys;
}

static struct mm_greylist_answer
attempt(struct world *world, const char *name, const char *sender, int64_t now)
{
	struct mm_greylist_keys keys = keys_of(world, name, sender);
	struct mm_greylist_request request = {.rules = {.delay = 170,
						  .retry_window = 2 * DAY,
						  .triplet_max_age = 36 * DAY,
						  .max_age = 36 * DAY},
	    .now = now};
	struct mm_store_update update = {.n = keys.n,
	    .at_first = keys.at_first,
	    .change = mm_greylist_change,
	    .arg = &request};
	struct mm_err err;

	for (size_t i = 0; i < keys.n; i++) {
		update.key[i] = keys.key[i];
		request.role[i] = keys.role[i];
	}
	assert_int_equal(MM_STORE_DONE,
	    mm_store_update(world->store, &update, sizeof(request), 0, &err));
	return request.answer;
}

static bool
do_by_hand(struct world *world, const char *name, const char *sender,
    enum mm_hand_deed deed)
{
	const struct mm_hand_request what = {.deed = deed,
	    .now = T + 20,
	    .until = T + 2 * DAY,
	    .retry_window = 2 * DAY};
	struct mm_greylist_keys keys = keys_of(world, name, sender);
	struct mm_hand hand;
	struct mm_err err;

	mm_hand_mail(&hand, &keys, &what);
	assert_int_equal(
	    MM_STORE_DONE, mm_store_update(world->store, &hand.update,
			       sizeof(hand.request), 0, &err));
	return hand.request.done;
}

#define NAME "mx.sender.example"
/* one sender, with another tag each time */
#define TAGGED "prvs=123456789a=a@example.org"
#define TAGGED_ANEW "prvs=987654321b=a@example.org"

static void
test_what_waits_goes_on(void **state)
{
	static const char *const senders[][2] = {
	    {"c@example.org", "c@example.org"}, {TAGGED, TAGGED_ANEW}};
	struct mm_greylist_answer got;

	for (size_t i = 0; i < MM_COUNT(senders); i++) {
		got = attempt(*state, NULL, senders[i][0], T);
		assert_int_equal(MM_GREYLIST_FIRST, got.state);
		got = attempt(*state, NAME, senders[i][1], T + 60);
		assert_int_equal(MM_GREYLIST_SOON, got.state);
		assert_int_equal(110, got.wait);
		got = attempt(*state, NAME, senders[i][0], T + 170);
		assert_int_equal(MM_GREYLIST_PASS, got.state);
		assert_int_equal(170, got.delay);
	}
}

static void
test_what_had_passed_is_known(void **state)
{
	struct mm_greylist_answer got;

	attempt(*state, NULL, TAGGED, T);
	got = attempt(*state, NULL, TAGGED, T + 200);
	assert_int_equal(MM_GREYLIST_PASS, got.state);
	got = attempt(*state, NAME, TAGGED_ANEW, T + DAY);
	assert_int_equal(MM_GREYLIST_KNOWN_TRIPLET, got.state);
	/* another sender of the network is another one */
	got = attempt(*state, NAME, "prvs=123456789a=d@example.org", T + DAY);
	assert_int_equal(MM_GREYLIST_FIRST, got.state);
}

static void
test_what_was_released_passes(void **state)
{
	struct mm_greylist_answer got;

	attempt(*state, NULL, TAGGED, T);
	assert_true(do_by_hand(*state, NULL, TAGGED, MM_HAND_RELEASE));
	got = attempt(*state, NAME, TAGGED_ANEW, T + 60);
	assert_int_equal(MM_GREYLIST_RELEASED, got.state);
	assert_int_equal(60, got.delay);
	/* once */
	assert_true(do_by_hand(*state, NAME, TAGGED, MM_HAND_FORGET));
	got = attempt(*state, NULL, TAGGED, T + 80);
	assert_int_equal(MM_GREYLIST_FIRST, got.state);
}

static void
test_what_is_forgotten_is_known_under_no_key(void **state)
{
	struct mm_greylist_answer got;

	attempt(*state, NULL, TAGGED, T);
	assert_true(do_by_hand(*state, NAME, TAGGED_ANEW, MM_HAND_FORGET));
	got = attempt(*state, NAME, TAGGED, T + 200);
	assert_int_equal(MM_GREYLIST_FIRST, got.state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_what_waits_goes_on, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		test_what_had_passed_is_known, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		test_what_was_released_passes, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		test_what_is_forgotten_is_known_under_no_key, set_up,
		tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
