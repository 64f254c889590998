/*
 * greylist_show - what the greylist knows of a mail that the command line
 * describes: whom it takes the client for, the records that it has, and what
 * the mail would get now.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/explain.h"
#include "ctl/greylist.h"
#include "lib/clock.h"
#include "lib/json.h"
#include "lib/str.h"

/* How a record reads. */
enum reading {
	READ_TRIPLET,
	READ_CLIENT, /* its passes */
	READ_SOURCE, /* its level */
	READ_WINDOW,
};

static const struct {
	enum mm_greylist_role role;
	enum reading reading;
	const char *what, *json;
} rows[] = {
    {MM_GREYLIST_TRIPLET, READ_TRIPLET, "this mail", "triplet"},
    {MM_GREYLIST_BY_NETWORK, READ_TRIPLET, "by its network", "by_network"},
    {MM_GREYLIST_EARLIER, READ_TRIPLET, "under its earlier key", "earlier"},
    {MM_GREYLIST_IMPORTED, READ_TRIPLET, "imported", "imported"},
    {MM_GREYLIST_IMPORTED + 1, READ_TRIPLET, "imported", "imported2"},
    {MM_GREYLIST_IMPORTED + 2, READ_TRIPLET, "imported", "imported3"},
    {MM_GREYLIST_CLIENT, READ_CLIENT, "the client", "client"},
    {MM_GREYLIST_HOST, READ_CLIENT, "its address", "address"},
    {MM_GREYLIST_SOURCE, READ_SOURCE, "its source", "source"},
    {MM_GREYLIST_RELEASE, READ_WINDOW, "released", "released"},
    {MM_GREYLIST_RELEASE_BY_NETWORK, READ_WINDOW, "released by its network",
	"released_by_network"},
    {MM_GREYLIST_EXPECT, READ_WINDOW, "expected", "expected"},
    {MM_GREYLIST_EXPECT_PLAIN, READ_WINDOW, "expected", "expected_plain"},
    {MM_GREYLIST_GRANT, READ_WINDOW, "client allowed", "allowed"},
    {MM_GREYLIST_GRANT_NETWORK, READ_WINDOW, "network allowed",
	"allowed_network"},
    {MM_GREYLIST_GRANT_ADDRESS, READ_WINDOW, "address allowed",
	"allowed_address"},
};

static void
print_triplet(const struct mm_record *record)
{
	char first[32], last[32];

	greylist_when(record->first, first);
	greylist_when(record->last, last);
	if (record->count > 0)
		printf(
		    "has passed; first seen %s, last noted %s\n", first, last);
	else
		printf("waits since %s, last noted %s\n", first, last);
}

static void
print_record(const struct explain *x, enum reading reading,
    const struct mm_record *record, unsigned needed)
{
	char when[32];

	switch (reading) {
	case READ_TRIPLET:
		print_triplet(record);
		break;
	case READ_CLIENT:
		printf("%" PRId64 " passes counted, of %u; last seen %s\n",
		    record->count, needed, greylist_when(record->last, when));
		break;
	case READ_SOURCE:
		printf("%" PRId64 " waiting, of %u, counted %s\n",
		    record->count, x->rules.waiting_limit,
		    greylist_when(record->last, when));
		break;
	case READ_WINDOW:
		printf("until %s%s\n", greylist_when(record->last, when),
		    record->last <= mm_clock_wall(&mm_clock_system)
			? ", which is over"
			: "");
		break;
	}
}

static const char *
harmless(char *text, size_t size, const char *from)
{
	snprintf(text, size, "%s", from != NULL ? from : "");
	mm_str_printable(text, '?');
	return text;
}

/* What a mail would get now. */
static void
print_now(const struct explain *x)
{
	char span[32];

	if (x->greylist.wait > 0)
		printf("  now        would be put off for %s",
		    greylist_span(x->greylist.wait, span));
	else
		printf("  now        would pass the greylist");
	printf(" (%s)\n", explain_state(x->greylist.state));
}

static void
print_text(const struct explain *x)
{
	char text[512];
	bool any = false;

	printf("  client     %s%s%s\n", x->who.address,
	    x->who.name != NULL ? " " : "",
	    x->who.name != NULL ? harmless(text, sizeof(text), x->who.name)
				: "");
	printf("  sender     %s\n", greylist_address(x->session.sender, text));
	printf("  recipient  %s\n\n",
	    greylist_address(x->session.recipient, text));
	printf("  identity   %s%s%s\n",
	    harmless(text, sizeof(text), x->identity.text),
	    x->identity.generic != NULL ? ": " : "",
	    x->identity.generic != NULL ? x->identity.generic : "");
	printf("  network    %s\n", x->identity.network);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct mm_record *record = &x->record[rows[i].role];

		if (!mm_record_seen(record))
			continue;
		any = true;
		printf("  %s: ", rows[i].what);
		print_record(x, rows[i].reading, record,
		    rows[i].role == MM_GREYLIST_HOST ? x->rules.host_allow_count
						     : x->rules.allow_count);
	}
	if (x->greylist_trouble != NULL)
		printf("  The greylist was not read: %s.\n",
		    harmless(text, sizeof(text), x->greylist_trouble));
	else if (!any)
		puts("  Nothing is known of it.");
	print_now(x);
}

static void
write_record(
    struct mm_json *json, const char *name, const struct mm_record *record)
{
	mm_json_object(json, name);
	mm_json_int(json, "first", record->first);
	mm_json_int(json, "last", record->last);
	mm_json_int(json, "count", record->count);
	mm_json_end(json);
}

static int
write_json(const struct explain *x)
{
	struct mm_json json;

	mm_json_init(&json, stdout);
	mm_json_object(&json, NULL);
	mm_json_string(&json, "client", x->who.address);
	mm_json_string(&json, "name", x->who.name);
	mm_json_string(&json, "sender", x->session.sender);
	mm_json_string(&json, "recipient", x->session.recipient);
	mm_json_string(&json, "identity", x->identity.text);
	mm_json_string(&json, "network", x->identity.network);
	mm_json_string(&json, "source", x->identity.source);
	mm_json_string(&json, "generic", x->identity.generic);
	mm_json_object(&json, "records");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (mm_record_seen(&x->record[rows[i].role]))
			write_record(
			    &json, rows[i].json, &x->record[rows[i].role]);
	mm_json_end(&json);
	mm_json_string(&json, "state", explain_state(x->greylist.state));
	mm_json_int(&json, "wait", x->greylist.wait);
	mm_json_string(&json, "trouble", x->greylist_trouble);
	mm_json_end(&json);
	return mm_json_finish(&json);
}

int
ctl_greylist_show(const struct ctl *ctl)
{
	struct explain x;
	int code = explain_greylist(&x, ctl);

	if (code == 0 && !ctl->json)
		print_text(&x);
	else if (code == 0 && write_json(&x) != 0)
		code = ctl_fail(ctl, EX_IOERR, "cannot write: %m");
	if (code == 0 && x.greylist.wait > 0)
		code = CTL_NO;
	explain_clear(&x);
	return code;
}
