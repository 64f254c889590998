/* openmetrics - see openmetrics.h. */
#include "lib/openmetrics.h"

#include "lib/histogram.h"

#include <inttypes.h>

void
mm_openmetrics_init(struct mm_openmetrics *om, FILE *out, bool classic)
{
	*om = (struct mm_openmetrics){.out = out, .classic = classic};
}

static const char *
suffix(enum mm_openmetrics_type type)
{
	static const char *const suffixes[] = {
	    [MM_OM_GAUGE] = "",
	    [MM_OM_COUNTER] = "_total",
	    [MM_OM_INFO] = "_info",
	    [MM_OM_HISTOGRAM] = "",
	};

	return suffixes[type];
}

/* The older format knows no infos: what says something is always 1. */
static const char *
type_word(const struct mm_openmetrics *om)
{
	static const char *const words[] = {
	    [MM_OM_GAUGE] = "gauge",
	    [MM_OM_COUNTER] = "counter",
	    [MM_OM_INFO] = "info",
	    [MM_OM_HISTOGRAM] = "histogram",
	};

	return om->classic && om->type == MM_OM_INFO ? "gauge"
						     : words[om->type];
}

void
mm_openmetrics_family(struct mm_openmetrics *om, enum mm_openmetrics_type type,
    const char *name, const char *unit, const char *help)
{
	const char *end = om->classic ? suffix(type) : "";

	om->name = name;
	om->type = type;
	fprintf(om->out, "# HELP %s%s %s\n", name, end, help);
	fprintf(om->out, "# TYPE %s%s %s\n", name, end, type_word(om));
	if (!om->classic && unit[0] != '\0')
		fprintf(om->out, "# UNIT %s %s\n", name, unit);
}

static void
put_value(FILE *out, const char *value)
{
	for (const unsigned char *s = (const unsigned char *)value; *s != '\0';
	     s++) {
		if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if (*s < ' ' || *s > '~')
			fprintf(out, "\\\\x%02X", *s);
		else
			fputc(*s, out);
	}
}

/* last: one label more, a histogram's; or NULL. */
static void
put_labels(FILE *out, const struct mm_openmetrics_label *labels, size_t n,
    const struct mm_openmetrics_label *last)
{
	const char *before = "{";

	for (size_t i = 0; i < n + (last != NULL); i++) {
		const struct mm_openmetrics_label *l =
		    i < n ? &labels[i] : last;

		fprintf(out, "%s%s=\"", before, l->name);
		put_value(out, l->value);
		fputc('"', out);
		before = ",";
	}
	if (before[0] == ',')
		fputc('}', out);
}

void
mm_openmetrics_sample(struct mm_openmetrics *om,
    const struct mm_openmetrics_label *labels, size_t n, int64_t value)
{
	fprintf(om->out, "%s%s", om->name, suffix(om->type));
	put_labels(om->out, labels, n, NULL);
	fprintf(om->out, " %" PRId64 "\n", value);
}

/* Seconds, with a point: OpenMetrics wants bounds as canonical numbers. */
static void
format_seconds(uint64_t us, char text[32])
{
	int len = snprintf(
	    text, 32, "%" PRIu64 ".%06" PRIu64, us / 1000000, us % 1000000);

	while (text[len - 1] == '0' && text[len - 2] != '.')
		text[--len] = '\0';
}

void
mm_openmetrics_histogram(struct mm_openmetrics *om,
    const struct mm_openmetrics_label *labels, size_t n,
    const struct mm_histogram *histogram)
{
	const struct mm_histogram_bounds *bounds = histogram->bounds;
	uint64_t count = 0;
	char text[32] = "+Inf";
	const struct mm_openmetrics_label le = {"le", text};

	for (size_t i = 0; i <= bounds->n; i++) {
		count += histogram->count[i];
		if (i < bounds->n)
			format_seconds((uint64_t)bounds->us[i], text);
		else
			snprintf(text, sizeof(text), "+Inf");
		fprintf(om->out, "%s_bucket", om->name);
		put_labels(om->out, labels, n, &le);
		fprintf(om->out, " %" PRIu64 "\n", count);
	}
	fprintf(om->out, "%s_sum", om->name);
	put_labels(om->out, labels, n, NULL);
	format_seconds(histogram->sum_us, text);
	fprintf(om->out, " %s\n%s_count", text, om->name);
	put_labels(om->out, labels, n, NULL);
	fprintf(om->out, " %" PRIu64 "\n", count);
}

int
mm_openmetrics_finish(struct mm_openmetrics *om)
{
	if (!om->classic)
		fputs("# EOF\n", om->out);
	return fflush(om->out) == 0 && !ferror(om->out) ? 0 : -1;
}
