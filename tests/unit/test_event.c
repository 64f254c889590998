/* event: each kind has its id, and the catalog explains each once. */
#include "lib/event.h"

#include "tests/test.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

static void
test_ids_are_ids_and_differ(void **state)
{
	(void)state;
	assert_string_equal("", mm_event_id(MM_EVENT_NOTICE));
	for (enum mm_event e = 1; e < MM_NEVENTS; e++) {
		const char *id = mm_event_id(e);

		assert_int_equal(32, strlen(id));
		assert_int_equal(32, strspn(id, "0123456789abcdef"));
		for (enum mm_event other = 1; other < e; other++) {
			assert_string_not_equal(id, mm_event_id(other));
			assert_string_not_equal(
			    mm_event_word(e), mm_event_word(other));
		}
	}
}

static void
test_verdicts_have_their_words(void **state)
{
	(void)state;
	for (enum mm_verdict v = MM_ACCEPT; v <= MM_QUARANTINED; v++) {
		assert_string_equal(
		    mm_verdict_word(v), mm_event_word(mm_event_of(v)));
		assert_int_equal(LOG_INFO, mm_event_priority(mm_event_of(v)));
	}
}

/* The lines "-- ID" of the catalog. */
static void
test_catalog_explains_each(void **state)
{
	unsigned seen[MM_NEVENTS] = {0};
	char line[256];
	FILE *f = fopen(CATALOG, "r");

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		enum mm_event e = 1;

		if (strncmp(line, "-- ", 3) != 0)
			continue;
		line[strcspn(line, "\n")] = '\0';
		while (e < MM_NEVENTS && strcmp(mm_event_id(e), line + 3) != 0)
			e++;
		assert_int_not_equal(MM_NEVENTS, e);
		seen[e]++;
	}
	fclose(f);
	for (enum mm_event e = 1; e < MM_NEVENTS; e++)
		if (seen[e] != 1)
			fail_msg("%s: explained %u times", mm_event_word(e),
			    seen[e]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_ids_are_ids_and_differ),
	    cmocka_unit_test(test_verdicts_have_their_words),
	    cmocka_unit_test(test_catalog_explains_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
