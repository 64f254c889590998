/* greylist_hand: whom the operator means. */
#include "lib/arena.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/greylist_hand.h"
#include "lib/settings.h"
#include "tests/test.h"

#include <string.h>

static struct mm_greylist_scheme *
scheme_of(const char *text)
{
	struct mm_complaints all = {0};
	struct mm_err err;
	struct mm_conf *conf = mm_conf_parse(text, "mailmum.conf", &all, &err);
	struct mm_settings *settings = mm_settings_read(conf, &all);
	struct mm_greylist_scheme *scheme;

	assert_non_null(settings);
	scheme = mm_greylist_scheme_read(settings, conf, &all);
	assert_int_equal(0, all.errors);
	mm_settings_free(settings);
	mm_conf_free(conf);
	mm_complaints_clear(&all);
	return scheme;
}

/* What no mail's identity can be is not one: nobody shall believe that it is
 * allowed. */
static void
test_an_identity_is_one_that_mail_can_have(void **state)
{
	static const char nobody[] = "it is no address, and in nobody's domain";
	static const struct {
		const char *text, *want; /* NULL: why */
		const char *why;
	} cases[] = {
	    {"192.0.2.7", "192.0.2.7/32", NULL},
	    {"192.0.2.0/24", "192.0.2.0/24", NULL},
	    {"2001:DB8::1", "2001:db8::1/128", NULL},
	    {"2001:db8:1:2::/64", "2001:db8:1:2::/64", NULL},
	    {"192.0.0.0/16", NULL,
		"a network has to be a /24, or an address; others can stand "
		"in greylist_exceptions"},
	    {"192.0.2.7/24", NULL, "192.0.2.0/24"},
	    {"192.0.2.0/33", NULL, "33"},
	    {"192.0.2.300", NULL, nobody},
	    {"MX1.Sender.example", "name:sender.example", NULL},
	    {"sender.example.", "name:sender.example", NULL},
	    {"name:mx.sender.example.", "name:sender.example", NULL},
	    {"spf:sender.example", "spf:sender.example", NULL},
	    {"group:big", "group:big", NULL},
	    {"group:small", NULL, "there is no such group"},
	    {"a b.example", NULL, nobody},
	    {"a..sender.example", NULL, nobody},
	    {"co.uk", NULL, nobody},
	    {".", NULL, nobody},
	    {"name:", NULL, nobody},
	    {"", NULL, nobody},
	};
	struct mm_greylist_scheme *scheme =
	    scheme_of("greylist_groups = big={192.0.2.0/24}\n");
	struct mm_arena *arena = mm_arena_new(1 << 16);
	struct mm_err err;

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		const char *got =
		    mm_hand_identity(scheme, cases[i].text, arena, &err);

		if (cases[i].want != NULL) {
			assert_non_null(got);
			assert_string_equal(cases[i].want, got);
			continue;
		}
		assert_null(got);
		assert_non_null(strstr(err.text, cases[i].why));
	}
	mm_arena_free(arena);
	mm_greylist_scheme_free(scheme);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_an_identity_is_one_that_mail_can_have),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
