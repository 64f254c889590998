/*
 * greylist_list - what waits in the greylist, the newest last.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/greylist.h"
#include "lib/json.h"
#include "lib/str.h"

#define LIMIT_MAX 1000000

struct list {
	const struct ctl *ctl;
	struct mm_json json;
	size_t seen;
	size_t skip; /* so many of the oldest are not shown */
};

static bool
count_one(void *ctx, const struct greylist_waiting *mail)
{
	size_t *n = ctx;

	(void)mail;
	++*n;
	return true;
}

static void
print_one(const struct greylist_waiting *mail)
{
	char when[32], left[32], tried[32] = "-", client[320];
	char sender[512], recipient[512];

	if (mail->record.last > mail->record.first)
		greylist_span(mail->record.last - mail->record.first, tried);
	snprintf(client, sizeof(client), "%s%s%s", mail->client.address,
	    mail->client.name != NULL ? " " : "",
	    mail->client.name != NULL ? mail->client.name : "");
	mm_str_printable(client, '?');
	printf("%s  %s  %8s  %7s  %s  %s -> %s\n", mail->id,
	    greylist_when(mail->record.first, when),
	    mail->released   ? "may pass"
	    : mail->left > 0 ? greylist_span(mail->left, left)
			     : "over",
	    tried, client, greylist_address(mail->sender, sender),
	    greylist_address(mail->recipient, recipient));
}

static void
write_one(struct mm_json *json, const struct greylist_waiting *mail)
{
	mm_json_object(json, NULL);
	mm_json_string(json, "id", mail->id);
	mm_json_string(json, "client", mail->client.address);
	mm_json_string(json, "name", mail->client.name);
	mm_json_string(json, "sender", mail->sender);
	mm_json_string(json, "recipient", mail->recipient);
	mm_json_int(json, "since", mail->record.first);
	mm_json_int(json, "tried", mail->record.last);
	mm_json_int(json, "left", mail->released ? 0 : mail->left);
	mm_json_bool(json, "released", mail->released);
	mm_json_end(json);
}

static bool
show_one(void *ctx, const struct greylist_waiting *mail)
{
	struct list *list = ctx;

	if (list->skip > 0) {
		list->skip--;
		return true;
	}
	if (list->ctl->json)
		write_one(&list->json, mail);
	else if (list->seen == 0)
		printf("%-10s  %-19s  %8s  %7s  %s\n", "ID", "Since", "Left",
		    "Tried", "Client  Sender -> Recipient");
	if (!list->ctl->json)
		print_one(mail);
	list->seen++;
	return true;
}

/* Counting first costs a second walk, and no memory. */
static int
skip_oldest(struct greylist *greylist, struct list *list)
{
	unsigned long limit;
	size_t n = 0;
	int code;

	if (greylist->ctl->limit == NULL)
		return 0;
	mm_str_to_uint(greylist->ctl->limit, 1, LIMIT_MAX, &limit);
	code = greylist_walk(greylist, NULL, count_one, &n);
	if (n > limit)
		list->skip = n - limit;
	return code;
}

static bool
picky(const struct ctl *ctl)
{
	return ctl->client != NULL || ctl->sender != NULL ||
	       ctl->recipient != NULL;
}

static int
list_all(struct greylist *greylist)
{
	struct list list = {.ctl = greylist->ctl};
	int code = skip_oldest(greylist, &list);

	if (code != 0)
		return code;
	if (list.ctl->json) {
		mm_json_init(&list.json, stdout);
		mm_json_object(&list.json, NULL);
		mm_json_array(&list.json, "waiting");
	}
	code = greylist_walk(greylist, NULL, show_one, &list);
	if (list.ctl->json) {
		mm_json_end(&list.json);
		mm_json_end(&list.json);
		if (mm_json_finish(&list.json) != 0 && code == 0)
			code = ctl_fail(list.ctl, EX_IOERR, "cannot write: %s",
			    strerror(list.json.error));
	} else if (code == 0 && list.seen == 0) {
		puts(picky(greylist->ctl) ? "Nothing that fits waits."
					  : "Nothing waits.");
	}
	return code;
}

int
ctl_greylist_list(const struct ctl *ctl)
{
	struct greylist greylist;
	unsigned long limit;
	int code;

	if (ctl->limit != NULL &&
	    !mm_str_to_uint(ctl->limit, 1, LIMIT_MAX, &limit))
		return ctl_fail(ctl, CTL_USAGE,
		    "--limit: \"%s\" is no number from 1 on", ctl->limit);
	code = greylist_open(ctl, &greylist);
	if (code == 0)
		code = list_all(&greylist);
	greylist_close(&greylist);
	return code;
}
