/*
 * openmetrics - writes numbers as OpenMetrics 1.0 text, for Prometheus.
 *
 * Or, if asked to, in the older Prometheus text format 0.0.4, which
 * node_exporter reads from files: there a counter's name has its "_total" in
 * the comments, too, and there are no units and no end mark.  Names are the
 * caller's promise; label values may hold anything: what is not printable
 * ASCII comes out as \xHH, so the text is always one that can be read.
 * Families do not interleave: family, its samples, the next family.
 * Threads: confined.
 */
#ifndef MM_OPENMETRICS_H
#define MM_OPENMETRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct mm_histogram;

enum mm_openmetrics_type {
	MM_OM_GAUGE,
	MM_OM_COUNTER,
	MM_OM_INFO, /* its one sample is 1, its labels say it */
	MM_OM_HISTOGRAM,
};

struct mm_openmetrics_label {
	const char *name, *value;
};

struct mm_openmetrics {
	FILE *out;
	bool classic;
	const char *name; /* of the family that is being written */
	enum mm_openmetrics_type type;
};

void mm_openmetrics_init(struct mm_openmetrics *om, FILE *out, bool classic);
/* name: without "_total" and "_info", with the unit at its end; unit: "" if
 * it has none; help: a sentence.  name is borrowed until the next one. */
void mm_openmetrics_family(struct mm_openmetrics *om,
    enum mm_openmetrics_type type, const char *name, const char *unit,
    const char *help);
/* One sample of it, told apart by its labels. */
void mm_openmetrics_sample(struct mm_openmetrics *om,
    const struct mm_openmetrics_label *labels, size_t n, int64_t value);
/* All samples of a histogram of seconds. */
void mm_openmetrics_histogram(struct mm_openmetrics *om,
    const struct mm_openmetrics_label *labels, size_t n,
    const struct mm_histogram *histogram);
/* 0, or -1: something could not be written. */
int mm_openmetrics_finish(struct mm_openmetrics *om);

#endif
