/*
 * stats - what the daemon has counted.  It sends JSON, section by section;
 * for people each section becomes an aligned list or a table, whatever is in
 * it, so that a new counter needs no new line here.
 */
#include <ctype.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/client.h"
#include "ctl/ctl.h"

#define COLUMNS_MAX 24
#define NAME_WIDTH 16 /* at least, so that sections stand in line */
#define CELL_MAX 60   /* a restriction may be as long as its table */

/* "dns_lists" as "dns lists". */
static void
print_words(const char *name, int width)
{
	int len = 0;

	for (; *name != '\0'; name++, len++)
		putchar(*name == '_' ? ' ' : *name);
	for (; len < width; len++)
		putchar(' ');
}

/* As text; a null is no value. */
static const char *
text_of(struct json_object *value)
{
	return value != NULL ? json_object_get_string(value) : "none";
}

static bool
is_scalar(struct json_object *value)
{
	return !json_object_is_type(value, json_type_object) &&
	       !json_object_is_type(value, json_type_array);
}

/* Seconds as "3d 04:05:06". */
static const char *
duration(int64_t seconds, char scratch[32])
{
	int64_t days = seconds / 86400;

	seconds %= 86400;
	snprintf(scratch, 32, "%" PRId64 "d %02d:%02d:%02d", days,
	    (int)(seconds / 3600), (int)(seconds / 60 % 60),
	    (int)(seconds % 60));
	return scratch;
}

static bool
is_duration(const char *name)
{
	return strcmp(name, "uptime") == 0 || strcmp(name, "policy_age") == 0;
}

/* "  name   value" */
static void
print_object(struct json_object *section)
{
	char scratch[32];
	int widest = NAME_WIDTH;

	json_object_object_foreach(section, name, value)
	{
		if (is_scalar(value) && (int)strlen(name) > widest)
			widest = (int)strlen(name);
	}
	json_object_object_foreach(section, label, number)
	{
		if (!is_scalar(number))
			continue;
		fputs("  ", stdout);
		print_words(label, widest + 2);
		printf("%12s\n",
		    is_duration(label)
			? duration(json_object_get_int64(number), scratch)
			: text_of(number));
	}
}

/* A table: the columns are the names in the first row. */
struct column {
	const char *name;
	int width;
	bool left; /* text; numbers stand at the right */
};

/* A sum of times says little: shown is the time of one question. */
static const char *
shown_name(const char *name)
{
	return strcmp(name, "took_us") == 0 ? "ms_each" : name;
}

/* Its beginning, on one line. */
static const char *
shorten(const char *text, char scratch[CELL_MAX + 1])
{
	size_t len = 0;

	for (; *text != '\0' && len < CELL_MAX - 3; text++)
		if (!isspace((unsigned char)*text))
			scratch[len++] = *text;
		else if (len > 0 && scratch[len - 1] != ' ')
			scratch[len++] = ' ';
	snprintf(&scratch[len], 4, "%s", *text != '\0' ? "..." : "");
	return scratch;
}

static const char *
cell_text(struct json_object *row, const char *name, char scratch[CELL_MAX + 1])
{
	struct json_object *cell = json_object_object_get(row, name);
	const char *text;
	int64_t n;

	if (strcmp(name, "took_us") != 0) {
		text = text_of(cell);
		return strlen(text) <= CELL_MAX ? text : shorten(text, scratch);
	}
	n = json_object_get_int64(json_object_object_get(row, "asked"));
	snprintf(scratch, CELL_MAX + 1, "%.1f",
	    n > 0 ? json_object_get_double(cell) / (double)n / 1000 : 0);
	return scratch;
}

static size_t
find_columns(struct json_object *rows, struct column *columns)
{
	struct json_object *first = json_object_array_get_idx(rows, 0);
	char scratch[CELL_MAX + 1];
	size_t n = 0;

	json_object_object_foreach(first, name, value)
	{
		if (n == COLUMNS_MAX)
			break;
		columns[n++] = (struct column){
		    .name = name,
		    .width = (int)strlen(shown_name(name)),
		    .left = json_object_is_type(value, json_type_string),
		};
	}
	for (size_t i = 0; i < json_object_array_length(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);

		for (size_t c = 0; c < n; c++) {
			const char *text =
			    cell_text(row, columns[c].name, scratch);

			if ((int)strlen(text) > columns[c].width)
				columns[c].width = (int)strlen(text);
		}
	}
	return n;
}

static void
print_table(struct json_object *rows)
{
	struct column columns[COLUMNS_MAX];
	size_t n = find_columns(rows, columns);
	char scratch[CELL_MAX + 1];

	for (size_t c = 0; c < n; c++) {
		const char *name = shown_name(columns[c].name);
		int pad = columns[c].width - (int)strlen(name);

		printf("  %*s", columns[c].left ? 0 : pad, "");
		print_words(name, columns[c].left ? columns[c].width : 0);
	}
	putchar('\n');
	for (size_t i = 0; i < json_object_array_length(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);

		for (size_t c = 0; c < n; c++)
			printf("  %*s",
			    columns[c].left ? -columns[c].width
					    : columns[c].width,
			    cell_text(row, columns[c].name, scratch));
		putchar('\n');
	}
}

static void
print_section(const char *name, struct json_object *section)
{
	if (json_object_is_type(section, json_type_object) &&
	    json_object_object_length(section) == 0)
		return;
	putchar('\n');
	putchar(toupper((unsigned char)name[0]));
	print_words(&name[1], 0);
	putchar('\n');
	if (json_object_is_type(section, json_type_object))
		print_object(section);
	else if (json_object_array_length(section) > 0 &&
		 json_object_is_type(
		     json_object_array_get_idx(section, 0), json_type_object))
		print_table(section);
	else
		puts("  none");
}

/* The daemon counts in one long row; what belongs together stands together
 * here, and what is not known here under the last heading. */
static void
print_counters(struct json_object *counters)
{
	static const struct {
		const char *title;
		const char *names[16]; /* NULL behind the last */
	} groups[] = {
	    {"sessions", {"sessions", "sessions_open", "sessions_refused",
			     "transactions"}},
	    {"verdicts", {"accepts", "rejects", "defers", "greylists",
			     "discards", "quarantines", "warnings"}},
	    {"greylist",
		{"greylist_new", "greylist_early", "greylist_floods",
		    "greylist_passed", "greylist_followed", "greylist_known",
		    "greylist_allowed", "greylist_released",
		    "greylist_expected", "greylist_granted", "greylist_exempt",
		    "store_errors"}},
	    {"waiting", {"waiters", "waiters_refused", "deadlines"}},
	    {"policy_services", {"policy_queries", "policy_failures"}},
	};

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		struct json_object *group = json_object_new_object(), *value;
		const char *const *name = groups[i].names;

		for (; *name != NULL; name++) {
			if (!json_object_object_get_ex(counters, *name, &value))
				continue;
			json_object_object_add(
			    group, *name, json_object_get(value));
			json_object_object_del(counters, *name);
		}
		print_section(groups[i].title, group);
		json_object_put(group);
	}
	print_section("other", counters);
}

/* False: it is no JSON object. */
static bool
print_all(const char *body)
{
	struct json_object *all = json_tokener_parse(body);

	if (!json_object_is_type(all, json_type_object)) {
		json_object_put(all);
		return false;
	}
	print_object(all);
	json_object_object_foreach(all, name, section)
	{
		if (strcmp(name, "counters") == 0)
			print_counters(section);
		else if (!is_scalar(section))
			print_section(name, section);
	}
	json_object_put(all);
	return true;
}

int
ctl_stats(const struct ctl *ctl)
{
	const bool text = ctl->openmetrics || ctl->prometheus;
	struct ctl_reply reply;
	int code;

	if (ctl->json + ctl->openmetrics + ctl->prometheus > 1)
		return ctl_fail(ctl, CTL_USAGE,
		    "only one of --json, --openmetrics, --prometheus");
	code = ctl_client_ask(ctl,
	    ctl->prometheus    ? "metrics classic=yes\n"
	    : ctl->openmetrics ? "metrics\n"
			       : "stats\n",
	    &reply);
	if (code != 0)
		return code;
	if (reply.status / 100 != 2)
		code = ctl_fail(ctl, CTL_NO, "%s", reply.text);
	else if (ctl->json || text)
		fputs(reply.body, stdout);
	else if (!print_all(reply.body))
		code = ctl_fail(ctl, EX_UNAVAILABLE,
		    "the daemon's answer cannot be read; --json shows it");
	free(reply.data);
	return code;
}
