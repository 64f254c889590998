/*
 * report_chart - charts of the HTML report: inline SVG, no script.
 *
 * Threads: confined.
 */
#ifndef MM_CTL_REPORT_CHART_H
#define MM_CTL_REPORT_CHART_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CHART_SERIES_MAX 8

/* What each part of a bar stands for; class: its colour in the style sheet. */
struct chart_series {
	const char *name, *class;
};
struct chart_row {
	const char *label; /* anybody's text */
	uint64_t parts[CHART_SERIES_MAX];
};

void chart_legend(FILE *out, const struct chart_series *series, size_t n);
/* Bars that stand, one for each row.  every: which of the labels are there. */
void chart_columns(FILE *out, const char *title,
    const struct chart_series *series, size_t nseries,
    const struct chart_row *rows, size_t nrows, size_t every);
/* Bars that lie, the label on the left, the sum on the right. */
void chart_bars(FILE *out, const char *title, const struct chart_series *series,
    size_t nseries, const struct chart_row *rows, size_t nrows);

#endif
