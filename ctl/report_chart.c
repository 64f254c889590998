/* report_chart - see report_chart.h. */
#include "ctl/report_chart.h"

#include <inttypes.h>
#include <math.h>

#include "ctl/html.h"

#define LEFT 56 /* of the columns: numbers stand there */
#define TOP 10
#define WIDTH 960
#define HEIGHT 220 /* of the columns alone */
#define BOTTOM 24
#define LABEL 330 /* of the bars: texts stand there */
#define BAR 26
#define NUMBERS 110
#define LABEL_CHARS 44

static uint64_t
sum(const struct chart_row *row, size_t n)
{
	uint64_t all = 0;

	for (size_t i = 0; i < n; i++)
		all += row->parts[i];
	return all;
}

static uint64_t
largest(const struct chart_row *rows, size_t nrows, size_t nseries)
{
	uint64_t most = 1;

	for (size_t i = 0; i < nrows; i++)
		if (sum(&rows[i], nseries) > most)
			most = sum(&rows[i], nseries);
	return most;
}

/* 1, 2 or 5 with zeros, so that about four of them reach most. */
static double
step(uint64_t most)
{
	double rough = (double)most / 4, ten = pow(10, floor(log10(rough)));
	double of_ten = rough / ten;

	if (rough <= 1)
		return 1;
	return ten * (of_ten <= 1 ? 1 : of_ten <= 2 ? 2 : of_ten <= 5 ? 5 : 10);
}

void
chart_legend(FILE *out, const struct chart_series *series, size_t n)
{
	fputs("<ul class=\"legend\">", out);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "<li><i class=\"dot %s\"></i>%s</li>",
		    series[i].class, series[i].name);
	fputs("</ul>\n", out);
}

static void
begin(FILE *out, const char *title, int height)
{
	fprintf(out,
	    "<div class=\"wide\"><svg viewBox=\"0 0 %d %d\" role=\"img\" "
	    "aria-label=\"%s\">\n",
	    WIDTH, height, title);
}

static void
part(FILE *out, const struct chart_series *series, const char *label,
    uint64_t n, const double box[4])
{
	fprintf(out,
	    "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
	    "height=\"%.1f\"><title>",
	    series->class, box[0], box[1], box[2], box[3]);
	html_text(out, label);
	fprintf(out, ": %" PRIu64 " %s</title></rect>\n", n, series->name);
}

static void
grid(FILE *out, double top, double by)
{
	for (double value = 0; value <= top; value += by) {
		double y = TOP + HEIGHT - HEIGHT * value / top;

		fprintf(out,
		    "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" "
		    "y2=\"%.1f\"/><text class=\"axis end\" x=\"%d\" "
		    "y=\"%.1f\">%.0f</text>\n",
		    LEFT, WIDTH, y, y, LEFT - 8, y + 4, value);
	}
}

void
chart_columns(FILE *out, const char *title, const struct chart_series *series,
    size_t nseries, const struct chart_row *rows, size_t nrows, size_t every)
{
	uint64_t most = largest(rows, nrows, nseries);
	double by = step(most), top = by * ceil((double)most / by);
	double slot = (double)(WIDTH - LEFT) / (double)nrows;
	double width = slot * 0.72 < 48 ? slot * 0.72 : 48;

	begin(out, title, TOP + HEIGHT + BOTTOM);
	grid(out, top, by);
	for (size_t i = 0; i < nrows; i++) {
		double middle = LEFT + slot * ((double)i + 0.5);
		double y = TOP + HEIGHT;

		for (size_t s = 0; s < nseries; s++) {
			uint64_t n = rows[i].parts[s];
			double high = HEIGHT * (double)n / top;

			if (n == 0)
				continue;
			y -= high;
			part(out, &series[s], rows[i].label, n,
			    (const double[4]){
				middle - width / 2, y, width, high});
		}
		if (i % every != 0)
			continue;
		fprintf(out, "<text class=\"axis middle\" x=\"%.1f\" y=\"%d\">",
		    middle, TOP + HEIGHT + 17);
		html_text(out, rows[i].label);
		fputs("</text>\n", out);
	}
	fputs("</svg></div>\n", out);
}

static void
bar(FILE *out, const struct chart_series *series, size_t nseries,
    const struct chart_row *row, double y, uint64_t most)
{
	const double room = WIDTH - LABEL - NUMBERS;
	double x = LABEL;

	fprintf(out, "<text class=\"label\" x=\"0\" y=\"%.1f\"><title>",
	    y + BAR * 0.66);
	html_text(out, row->label);
	fputs("</title>", out);
	html_cut(out, row->label, LABEL_CHARS);
	fputs("</text>\n", out);
	for (size_t s = 0; s < nseries; s++) {
		double width = room * (double)row->parts[s] / (double)most;

		if (row->parts[s] == 0)
			continue;
		part(out, &series[s], row->label, row->parts[s],
		    (const double[4]){x, y + 4, width, BAR - 8});
		x += width;
	}
	fprintf(out,
	    "<text class=\"number\" x=\"%.1f\" y=\"%.1f\">%" PRIu64 "</text>\n",
	    x + 8, y + BAR * 0.66, sum(row, nseries));
}

void
chart_bars(FILE *out, const char *title, const struct chart_series *series,
    size_t nseries, const struct chart_row *rows, size_t nrows)
{
	uint64_t most = largest(rows, nrows, nseries);

	begin(out, title, (int)nrows * BAR);
	for (size_t i = 0; i < nrows; i++)
		bar(out, series, nseries, &rows[i], (double)i * BAR, most);
	fputs("</svg></div>\n", out);
}
