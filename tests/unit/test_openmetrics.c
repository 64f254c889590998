/* openmetrics, histogram: the text, to the letter. */
#include "lib/histogram.h"
#include "lib/openmetrics.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

static const struct mm_histogram_bounds two = {2, {2500, 1000000}};

static void
write_all(struct mm_openmetrics *om)
{
	static const struct mm_openmetrics_label labels[] = {
	    {"list", "a\"b\\c\nd\xc3"}, {"result", "clean"}};
	struct mm_histogram histogram = {.bounds = &two};

	mm_openmetrics_family(om, MM_OM_INFO, "x_build", "", "A build.");
	mm_openmetrics_sample(om, &labels[1], 1, 1);
	mm_openmetrics_family(om, MM_OM_COUNTER, "x_asked", "", "Asked.");
	mm_openmetrics_sample(om, labels, 2, INT64_MAX);
	mm_openmetrics_family(om, MM_OM_GAUGE, "x_bytes", "bytes", "Size.");
	mm_openmetrics_sample(om, NULL, 0, -1);
	mm_openmetrics_family(
	    om, MM_OM_HISTOGRAM, "x_seconds", "seconds", "Times.");
	mm_histogram_add(&histogram, -5);
	mm_histogram_add(&histogram, 2500);
	mm_histogram_add(&histogram, 2501);
	mm_histogram_add(&histogram, 1000001);
	mm_histogram_join(&histogram, &histogram);
	mm_openmetrics_histogram(om, &labels[1], 1, &histogram);
}

static void
expect(bool classic, const char *want)
{
	struct mm_openmetrics om;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	mm_openmetrics_init(&om, out, classic);
	write_all(&om);
	assert_int_equal(0, mm_openmetrics_finish(&om));
	fclose(out);
	assert_string_equal(want, text);
	free(text);
}

#define BUCKETS                                                                \
	"x_seconds_bucket{result=\"clean\",le=\"0.0025\"} 4\n"                 \
	"x_seconds_bucket{result=\"clean\",le=\"1.0\"} 6\n"                    \
	"x_seconds_bucket{result=\"clean\",le=\"+Inf\"} 8\n"                   \
	"x_seconds_sum{result=\"clean\"} 2.010004\n"                           \
	"x_seconds_count{result=\"clean\"} 8\n"

static void
test_openmetrics(void **state)
{
	(void)state;
	expect(false,
	    "# HELP x_build A build.\n"
	    "# TYPE x_build info\n"
	    "x_build_info{result=\"clean\"} 1\n"
	    "# HELP x_asked Asked.\n"
	    "# TYPE x_asked counter\n"
	    "x_asked_total{list=\"a\\\"b\\\\c\\\\x0Ad\\\\xC3\",result="
	    "\"clean\"} 9223372036854775807\n"
	    "# HELP x_bytes Size.\n"
	    "# TYPE x_bytes gauge\n"
	    "# UNIT x_bytes bytes\n"
	    "x_bytes -1\n"
	    "# HELP x_seconds Times.\n"
	    "# TYPE x_seconds histogram\n"
	    "# UNIT x_seconds seconds\n" BUCKETS "# EOF\n");
}

static void
test_the_older_format(void **state)
{
	(void)state;
	expect(true, "# HELP x_build_info A build.\n"
		     "# TYPE x_build_info gauge\n"
		     "x_build_info{result=\"clean\"} 1\n"
		     "# HELP x_asked_total Asked.\n"
		     "# TYPE x_asked_total counter\n"
		     "x_asked_total{list=\"a\\\"b\\\\c\\\\x0Ad\\\\xC3\",result="
		     "\"clean\"} 9223372036854775807\n"
		     "# HELP x_bytes Size.\n"
		     "# TYPE x_bytes gauge\n"
		     "x_bytes -1\n"
		     "# HELP x_seconds Times.\n"
		     "# TYPE x_seconds histogram\n" BUCKETS);
}

static void
test_a_full_disk_is_said(void **state)
{
	struct mm_openmetrics om;
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	mm_openmetrics_init(&om, full, false);
	write_all(&om);
	assert_int_equal(-1, mm_openmetrics_finish(&om));
	fclose(full);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_openmetrics),
	    cmocka_unit_test(test_the_older_format),
	    cmocka_unit_test(test_a_full_disk_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
