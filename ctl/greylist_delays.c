/*
 * greylist_delays - what each setting of greylist_delay would have cost, as
 * the running daemon has counted it.
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl/client.h"
#include "ctl/ctl.h"
#include "ctl/greylist.h"

static int64_t
number_of(struct json_object *row, const char *name)
{
	return json_object_get_int64(json_object_object_get(row, name));
}

static void
print_row(struct json_object *row, int64_t setting)
{
	char delay[32], median[32], most[32], longest[32];
	bool any = number_of(row, "back") > 0;

	greylist_span(number_of(row, "median"), median);
	greylist_span(number_of(row, "percent95"), most);
	greylist_span(number_of(row, "longest"), longest);
	printf("%s %6s  %9" PRId64 "  %8s  %8s  %8s  %9" PRId64 "  %9" PRId64
	       "\n",
	    number_of(row, "delay") == setting ? "*" : " ",
	    greylist_span(number_of(row, "delay"), delay),
	    number_of(row, "back"), any ? median : "-", any ? most : "-",
	    any ? longest : "-", number_of(row, "unknown"),
	    number_of(row, "away"));
}

static void
print_table(struct json_object *all, struct json_object *rows)
{
	int64_t setting = number_of(all, "greylist_delay");
	int64_t begun = number_of(all, "begun");
	char text[32];

	printf("%" PRId64 " mail%s had to wait.  greylist_delay is %s.\n\n",
	    begun, begun == 1 ? "" : "s", greylist_span(setting, text));
	printf("  %6s  %9s  %8s  %8s  %8s  %9s  %9s\n", "Delay", "Came back",
	    "half in", "95 % in", "longest", "not known", "away");
	for (size_t i = 0; i < json_object_array_length(rows); i++)
		print_row(json_object_array_get_idx(rows, i), setting);
}

/* False: it cannot be read. */
static bool
show(const struct ctl *ctl, const char *body)
{
	struct json_object *all = json_tokener_parse(body), *rows;
	bool fine = json_object_object_get_ex(all, "delays", &rows) &&
		    json_object_is_type(rows, json_type_array);

	if (fine && ctl->json)
		fputs(body, stdout);
	else if (fine)
		print_table(all, rows);
	json_object_put(all);
	return fine;
}

int
ctl_greylist_delays(const struct ctl *ctl)
{
	struct ctl_reply reply;
	int code = ctl_client_ask(ctl, "greylist-delays\n", &reply);

	if (code != 0)
		return code;
	if (reply.status / 100 != 2)
		code = ctl_fail(ctl, CTL_NO, "%s", reply.text);
	else if (!show(ctl, reply.body))
		code = ctl_fail(
		    ctl, EX_UNAVAILABLE, "the daemon's answer cannot be read");
	free(reply.data);
	return code;
}
