/*
 * greylist_hand - what an operator has the daemon do to the greylist: release
 * and forget what waits, forget what has passed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/explain.h"
#include "ctl/greylist.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/request.h"
#include "lib/str.h"

#define BATCH_MAX 1000
#define TEXTS_MAX (2 * 1024 * 1024) /* so many of the longest */

/* What was selected, and what is to be done to each. */
struct batch {
	const struct ctl *ctl;
	const char *word; /* of the request */
	struct mm_arena *arena;
	struct greylist_waiting *list;
	size_t n;
	bool more; /* than that */
	struct mm_json json;
};

static const char *
keep(struct batch *batch, const char *text)
{
	return text != NULL ? mm_arena_dup(batch->arena, text) : NULL;
}

static bool
take_one(void *ctx, const struct greylist_waiting *mail)
{
	struct batch *batch = ctx;
	struct greylist_waiting *copy;

	if (batch->n == BATCH_MAX) {
		batch->more = true;
		return false;
	}
	copy = &batch->list[batch->n++];
	*copy = *mail;
	copy->client.address = keep(batch, mail->client.address);
	copy->client.name = keep(batch, mail->client.name);
	copy->client.spf_domain = keep(batch, mail->client.spf_domain);
	copy->sender = keep(batch, mail->sender);
	copy->recipient = keep(batch, mail->recipient);
	return true;
}

static void
add(struct mm_request *request, const char *name, const char *value)
{
	if (value != NULL)
		request->arg[request->n++] =
		    (struct mm_request_arg){name, value};
}

/* recipient NULL: the client, whoever it writes to. */
static int
ask_about(const struct ctl *ctl, const char *word,
    const struct mm_greylist_mail *mail, struct ctl_reply *ret)
{
	struct mm_request request = {.word = word};

	add(&request, "client", mail->client.address);
	add(&request, "name", mail->client.name);
	add(&request, "spf", mail->client.spf_domain);
	if (mail->recipient != NULL)
		add(&request, "sender", mail->sender);
	add(&request, "recipient", mail->recipient);
	return greylist_ask(ctl, &request, ret);
}

static void
tell_one(struct batch *batch, const struct greylist_waiting *mail,
    const struct ctl_reply *reply)
{
	char sender[512], recipient[512];

	if (!batch->ctl->json) {
		printf("%s  %s %s -> %s: %s\n", mail->id, mail->client.address,
		    greylist_address(mail->sender, sender),
		    greylist_address(mail->recipient, recipient), reply->text);
		return;
	}
	mm_json_object(&batch->json, NULL);
	mm_json_string(&batch->json, "id", mail->id);
	mm_json_string(&batch->json, "client", mail->client.address);
	mm_json_string(&batch->json, "sender", mail->sender);
	mm_json_string(&batch->json, "recipient", mail->recipient);
	mm_json_bool(&batch->json, "done", reply->status / 100 == 2);
	mm_json_string(&batch->json, "text", reply->text);
	mm_json_end(&batch->json);
}

/* Exit code: done, if it could be done to one of them. */
static int
do_all(struct batch *batch)
{
	int code = CTL_NO, failed = 0;

	for (size_t i = 0; i < batch->n && failed == 0; i++) {
		const struct greylist_waiting *w = &batch->list[i];
		const struct mm_greylist_mail mail = {.client = w->client,
		    .sender = w->sender,
		    .recipient = w->recipient};
		struct ctl_reply reply;

		failed = ask_about(batch->ctl, batch->word, &mail, &reply);
		if (failed != 0)
			break;
		tell_one(batch, w, &reply);
		if (reply.status / 100 == 2)
			code = CTL_DONE;
		free(reply.data);
	}
	return failed != 0 ? failed : code;
}

static int
do_and_tell(struct batch *batch)
{
	int code;

	if (batch->ctl->json) {
		mm_json_init(&batch->json, stdout);
		mm_json_object(&batch->json, NULL);
		mm_json_array(&batch->json, "mails");
	}
	code = do_all(batch);
	if (batch->ctl->json) {
		mm_json_end(&batch->json);
		mm_json_bool(&batch->json, "more", batch->more);
		mm_json_end(&batch->json);
		if (mm_json_finish(&batch->json) != 0)
			return ctl_fail(batch->ctl, EX_IOERR,
			    "cannot write: %s", strerror(batch->json.error));
	} else if (batch->n == 0) {
		puts("No such mail waits.");
	} else if (batch->more) {
		puts("There are more.");
	}
	return code;
}

/* Reading ends before the daemon is asked: it may write then. */
static int
select_all(struct batch *batch)
{
	struct greylist greylist;
	int code = greylist_open(batch->ctl, &greylist);

	if (code == 0)
		code = greylist_walk(
		    &greylist, batch->ctl->argument, take_one, batch);
	greylist_close(&greylist);
	if (code == 0 && mm_arena_failed(batch->arena))
		code = ctl_fail(batch->ctl, EX_OSERR, "out of memory");
	return code;
}

static int
do_to_waiting(const struct ctl *ctl, const char *word)
{
	struct batch batch = {.ctl = ctl, .word = word};
	int code;

	if (ctl->argument == NULL && ctl->client == NULL &&
	    ctl->sender == NULL && ctl->recipient == NULL)
		return ctl_fail(ctl, CTL_USAGE,
		    "which mail?  Its ID as \"mailmumctl greylist list\" shows "
		    "it, or --client, --sender, --recipient");
	batch.list = calloc(BATCH_MAX, sizeof(*batch.list));
	batch.arena = mm_arena_new(TEXTS_MAX);
	if (batch.list == NULL || batch.arena == NULL)
		code = ctl_fail(ctl, EX_OSERR, "out of memory");
	else if ((code = select_all(&batch)) == 0)
		code = do_and_tell(&batch);
	mm_arena_free(batch.arena);
	free(batch.list);
	return code;
}

int
ctl_greylist_release(const struct ctl *ctl)
{
	return do_to_waiting(ctl, "greylist-release");
}

/* What the daemon says, in words or as JSON. */
static int
tell(const struct ctl *ctl, const struct ctl_reply *reply, const char *about)
{
	bool done = reply->status / 100 == 2;
	struct mm_json json;

	if (!ctl->json && !done)
		return ctl_fail(ctl, CTL_NO, "%s", reply->text);
	if (!ctl->json) {
		printf("%s%s\n", reply->text, about);
		return CTL_DONE;
	}
	mm_json_init(&json, stdout);
	mm_json_object(&json, NULL);
	mm_json_bool(&json, "done", done);
	mm_json_string(&json, "text", reply->text);
	mm_json_end(&json);
	if (mm_json_finish(&json) != 0)
		return ctl_fail(
		    ctl, EX_IOERR, "cannot write: %s", strerror(json.error));
	return done ? CTL_DONE : CTL_NO;
}

/* What a mail as described is known by; with no recipient, its client. */
static int
forget_described(const struct ctl *ctl)
{
	struct explain x;
	struct mm_greylist_mail mail = {0};
	struct ctl_reply reply;
	char about[96] = "";
	int code = explain_greylist(&x, ctl);

	if (code == 0) {
		mail.client = x.who;
		mail.sender = x.session.sender;
		mail.recipient = ctl->to != NULL ? x.session.recipient : NULL;
		code = ask_about(ctl, "greylist-forget", &mail, &reply);
	}
	if (code == 0) {
		if (mail.recipient != NULL && atoll(reply.body) > 0)
			snprintf(about, sizeof(about),
			    "; its client has %lld counted passes",
			    atoll(reply.body));
		code = tell(ctl, &reply, about);
		free(reply.data);
	}
	explain_clear(&x);
	return code;
}

int
ctl_greylist_forget(const struct ctl *ctl)
{
	struct mm_ip ip;

	if (ctl->argument != NULL && mm_ip_parse(ctl->argument, &ip))
		return forget_described(ctl);
	return do_to_waiting(ctl, "greylist-forget");
}

/* A window that is open, as it is listed. */
struct window_list {
	const struct ctl *ctl;
	struct mm_json json;
	bool recipients; /* those of expect; else of allow */
	int64_t now;
	size_t n;
};

static bool
see_window(
    void *ctx, const struct mm_store_note *note, const struct mm_record *record)
{
	struct window_list *list = ctx;
	const char *what = list->recipients ? note->recipient : note->client;
	char text[512], when[32];

	if (record->count <= 0 || *what == '\0' || list->now >= record->last)
		return true;
	list->n++;
	if (list->ctl->json) {
		mm_json_object(&list->json, NULL);
		mm_json_string(&list->json,
		    list->recipients ? "recipient" : "client", what);
		mm_json_int(&list->json, "since", record->first);
		mm_json_int(&list->json, "until", record->last);
		mm_json_end(&list->json);
		return true;
	}
	snprintf(text, sizeof(text), "%s", what);
	mm_str_printable(text, '?');
	printf("until %s  %s\n", greylist_when(record->last, when), text);
	return true;
}

static int
list_windows(const struct ctl *ctl, bool recipients)
{
	struct window_list list = {.ctl = ctl, .recipients = recipients};
	struct greylist greylist;
	int code = greylist_open(ctl, &greylist);
	struct mm_err err;

	list.now = greylist.now;
	if (ctl->json && code == 0) {
		mm_json_init(&list.json, stdout);
		mm_json_object(&list.json, NULL);
		mm_json_array(&list.json, recipients ? "expected" : "allowed");
	}
	if (code == 0 &&
	    mm_store_waiting(greylist.store, see_window, &list, &err) != 0)
		code = ctl_fail(ctl, EX_UNAVAILABLE, "%s", err.text);
	greylist_close(&greylist);
	if (ctl->json && code == 0) {
		mm_json_end(&list.json);
		mm_json_end(&list.json);
		if (mm_json_finish(&list.json) != 0)
			code = ctl_fail(ctl, EX_IOERR, "cannot write: %s",
			    strerror(list.json.error));
	} else if (code == 0 && list.n == 0) {
		puts("There are none.");
	}
	return code;
}

/* The two kinds of window. */
struct window {
	const char *open, *close, *argument, *missing;
	bool recipients;
};

static int
do_window(const struct ctl *ctl, const struct window *window)
{
	struct mm_request request = {
	    .word = ctl->remove ? window->close : window->open};
	char about[64] = "", span[32];
	struct ctl_reply reply;
	const char *rest;
	int code;

	if (ctl->list)
		return list_windows(ctl, window->recipients);
	if (ctl->argument == NULL)
		return ctl_fail(ctl, CTL_USAGE, "%s", window->missing);
	add(&request, window->argument, ctl->argument);
	if (ctl->second != NULL && ctl->remove)
		return ctl_fail(ctl, CTL_USAGE, "too many arguments");
	add(&request, "for", ctl->second);
	if ((code = greylist_ask(ctl, &request, &reply)) != 0)
		return code;
	if ((rest = strchr(reply.body, ' ')) != NULL && atoll(rest) > 0)
		snprintf(about, sizeof(about), " for %s",
		    greylist_span(atoll(rest), span));
	code = tell(ctl, &reply, about);
	free(reply.data);
	return code;
}

int
ctl_greylist_expect(const struct ctl *ctl)
{
	static const struct window window = {"greylist-expect",
	    "greylist-unexpect", "recipient",
	    "ADDRESS is missing; --list shows what is expected", true};

	return do_window(ctl, &window);
}

int
ctl_greylist_allow(const struct ctl *ctl)
{
	static const struct window window = {"greylist-allow",
	    "greylist-disallow", "who",
	    "WHO is missing; --list shows who is allowed", false};

	return do_window(ctl, &window);
}
