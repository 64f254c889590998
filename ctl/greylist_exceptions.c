/*
 * greylist_exceptions - whom the running daemon never greylists, and which of
 * the exceptions are of use.
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/client.h"
#include "ctl/ctl.h"
#include "lib/str.h"

static const char *
text_of(struct json_object *row, const char *name)
{
	struct json_object *value = json_object_object_get(row, name);

	return value != NULL ? json_object_get_string(value) : "";
}

static int64_t
number_of(struct json_object *row, const char *name)
{
	return json_object_get_int64(json_object_object_get(row, name));
}

/* Only rows that were never of use. */
static void
keep_unused(struct json_object *rows)
{
	for (size_t i = json_object_array_length(rows); i-- > 0;) {
		struct json_object *row = json_object_array_get_idx(rows, i);

		if (number_of(row, "used") > 0)
			json_object_array_del_idx(rows, i, 1);
	}
}

static void
print_row(struct json_object *row)
{
	time_t last = (time_t)number_of(row, "last");
	char what[256], when[32] = "never";
	struct tm tm;

	if (last != 0 && localtime_r(&last, &tm) != NULL &&
	    strftime(when, sizeof(when), "%F %T", &tm) == 0)
		when[0] = '\0';
	snprintf(what, sizeof(what), "%s %s", text_of(row, "kind"),
	    text_of(row, "pattern"));
	mm_str_printable(what, '?');
	printf("%8" PRId64 "  %-19s  %-36s  %s:%" PRId64 "\n",
	    number_of(row, "used"), when, what, text_of(row, "file"),
	    number_of(row, "line"));
}

static void
print_exceptions(const struct ctl *ctl, struct json_object *rows)
{
	size_t n = json_object_array_length(rows);

	if (n == 0) {
		puts(ctl->unused ? "None is unused." : "There are none.");
		return;
	}
	printf("%8s  %-19s  %-36s  %s\n", "Used", "Last", "Exception",
	    "Where it stands");
	for (size_t i = 0; i < n; i++)
		print_row(json_object_array_get_idx(rows, i));
}

/* False: it cannot be read. */
static bool
show_exceptions(const struct ctl *ctl, const char *body)
{
	struct json_object *all = json_tokener_parse(body), *rows;

	if (!json_object_object_get_ex(all, "exceptions", &rows) ||
	    !json_object_is_type(rows, json_type_array)) {
		json_object_put(all);
		return false;
	}
	if (ctl->unused)
		keep_unused(rows);
	if (ctl->json)
		puts(json_object_to_json_string_ext(
		    all, JSON_C_TO_STRING_NOSLASHESCAPE));
	else
		print_exceptions(ctl, rows);
	json_object_put(all);
	return true;
}

int
ctl_greylist_exceptions(const struct ctl *ctl)
{
	struct ctl_reply reply;
	int code = ctl_client_ask(ctl, "greylist-exceptions\n", &reply);

	if (code != 0)
		return code;
	if (reply.status / 100 != 2)
		code = ctl_fail(ctl, CTL_NO, "%s", reply.text);
	else if (!show_exceptions(ctl, reply.body))
		code = ctl_fail(
		    ctl, EX_UNAVAILABLE, "the daemon's answer cannot be read");
	free(reply.data);
	return code;
}
