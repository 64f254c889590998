/* hand - see hand.h. */
#include "milter/hand.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdbool.h>
#include <string.h>

#include "lib/address.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/decision.h"
#include "lib/err.h"
#include "lib/greylist_hand.h"
#include "lib/policy.h"
#include "lib/store.h"
#include "lib/str.h"
#include "milter/control.h"
#include "milter/logger.h"
#include "milter/service.h"

#define TEXTS_MAX (64 * 1024)
#define WAIT_MS 2000		   /* for the commit */
#define EXPECT_DEFAULT (15 * 60)   /* seconds */
#define FOR_MAX (10 * 366 * 86400) /* likewise */

/* One request at work. */
struct work {
	struct service *service;
	const struct control_ask *ask;
	struct control_reply *reply;
	struct mm_policy *policy;
	const struct mm_settings *settings; /* the policy's */
	struct mm_arena *arena;
	int64_t now;
	struct mm_hand hand;
	const char *identity; /* whose it is, or NULL */
};

static void
answer(const struct work *w, int code, const char *text)
{
	w->reply->code = code;
	snprintf(w->reply->text, sizeof(w->reply->text), "%s", text);
}

static const char *
value(const struct work *w, const char *name)
{
	return mm_request_value(&w->ask->request, name);
}

static void
add_field(struct mm_buf *line, const char *name, const char *text)
{
	if (text == NULL)
		return;
	if (*text == '\0')
		text = "<>"; /* the null sender */
	mm_buf_addf(line, " %s=", name);
	mm_field_quote(line, text);
}

/* By the system's own list of users; it may have none of that number. */
static void
add_user(struct mm_buf *line, const struct control_ask *ask)
{
	struct passwd entry, *found = NULL;
	char mem[4096];

	if (getpwuid_r(ask->uid, &entry, mem, sizeof(mem), &found) == 0 &&
	    found != NULL)
		add_field(line, "by", found->pw_name);
	mm_buf_addf(line, " uid=%lu", (unsigned long)ask->uid);
	/* what sudo told mailmumctl: nobody has checked it */
	add_field(
	    line, "sudo_user", mm_request_value(&ask->request, "sudo-user"));
}

/* Who did what to whom, on one line that nobody can forge. */
static void
say_done(const struct work *w)
{
	const struct mm_request *request = &w->ask->request;
	char text[MM_LINE_MAX];
	struct mm_buf line;

	mm_buf_init(&line, text, sizeof(text));
	mm_buf_add(&line, request->word);
	add_user(&line, w->ask);
	for (size_t i = 0; i < request->n; i++)
		if (strcmp(request->arg[i].name, "sudo-user") != 0)
			add_field(
			    &line, request->arg[i].name, request->arg[i].value);
	add_field(&line, "identity", w->identity);
	if (w->hand.request.until != 0)
		mm_buf_addf(
		    &line, " seconds=%" PRId64, w->hand.request.until - w->now);
	logger_say(
	    service_logger(w->service), MM_EVENT_OPERATOR, "%s", line.data);
}

/* Carries it out; nothing is what to say if there was nothing to do. */
static void
do_it(struct work *w, const char *done, const char *nothing)
{
	struct mm_store *store = service_store(w->service);
	struct mm_err err;

	if (store == NULL) {
		answer(w, CONTROL_FAILED, "the greylist's store is not open");
		return;
	}
	if (mm_store_update(store, &w->hand.update, sizeof(w->hand.request),
		WAIT_MS, &err) != MM_STORE_DONE) {
		answer(w, CONTROL_FAILED, err.text);
		return;
	}
	answer(w, w->hand.request.done ? CONTROL_DONE : CONTROL_NOTHING,
	    w->hand.request.done ? done : nothing);
	fprintf(w->reply->body, "%" PRId64 " %" PRId64 "\n",
	    w->hand.request.passes,
	    w->hand.request.until != 0 ? w->hand.request.until - w->now : 0);
	if (w->hand.request.done)
		say_done(w);
}

static bool
no_memory(struct work *w)
{
	answer(w, CONTROL_FAILED, "out of memory");
	return false;
}

/* The mail that the arguments tell of. */
static bool
find_mail(struct work *w, struct mm_greylist_keys *ret)
{
	struct mm_foreign_imports imports = service_imports(w->service);
	const char *client = value(w, "client"), *name = value(w, "name");
	const char *sender = value(w, "sender");
	const char *recipient = value(w, "recipient");
	struct mm_greylist_mail mail = {.client = {.address = client,
					    .name = name,
					    .spf_domain = value(w, "spf")},
	    .sender = sender != NULL ? sender : "",
	    .recipient = recipient != NULL ? recipient : "",
	    .imports = &imports};

	if (client == NULL || !mm_ip_parse(client, &mail.client.ip)) {
		answer(w, CONTROL_UNKNOWN, "the client is no address");
		return false;
	}
	if (!mm_greylist_keys(
		mm_policy_scheme(w->policy), &mail, w->arena, ret))
		return no_memory(w);
	w->identity = ret->identity.text;
	return true;
}

static void
do_to_mail(struct work *w, enum mm_hand_deed deed, const char *done,
    const char *nothing)
{
	int64_t window = w->settings->greylist_retry_window / 1000;
	struct mm_hand_request what = {
	    .deed = deed, .now = w->now, .retry_window = window};
	struct mm_greylist_keys keys;

	if (deed == MM_HAND_RELEASE)
		what.until = w->now + window;
	if (!find_mail(w, &keys))
		return;
	mm_hand_mail(&w->hand, &keys, &what);
	do_it(w, done, nothing);
}

static void
run_release(struct work *w)
{
	if (value(w, "sender") == NULL || value(w, "recipient") == NULL) {
		answer(
		    w, CONTROL_UNKNOWN, "a sender and a recipient are needed");
		return;
	}
	do_to_mail(w, MM_HAND_RELEASE, "passes at its next attempt",
	    "no such mail is waiting");
}

/* With a recipient it is a mail, without one the client. */
static void
run_forget(struct work *w)
{
	if (value(w, "recipient") != NULL)
		do_to_mail(w, MM_HAND_FORGET, "forgotten",
		    "no such mail has been seen");
	else
		do_to_mail(w, MM_HAND_DISOWN, "forgotten",
		    "this client has not passed before");
}

/* How long a window is to be open, in seconds; -1: it has been answered. */
static int64_t
read_for(const struct work *w, int64_t otherwise)
{
	const char *text = value(w, "for");
	int64_t ms;

	if (text == NULL)
		return otherwise;
	if (*text != '\0' && text[strspn(text, "0123456789")] == '\0')
		answer(w, CONTROL_UNKNOWN,
		    "a time has a unit: 15m are minutes, 15s seconds");
	else if (mm_str_to_ms(text, &ms) && ms >= 1000 && ms / 1000 <= FOR_MAX)
		return ms / 1000;
	else
		answer(w, CONTROL_UNKNOWN, "that is no time from 1s on");
	return -1;
}

static void
open_window(struct work *w, const char *key, const struct mm_store_note *note,
    int64_t otherwise)
{
	struct mm_hand_request what = {.deed = MM_HAND_OPEN, .now = w->now};
	int64_t seconds = read_for(w, otherwise);

	if (seconds < 0)
		return;
	what.until = w->now + seconds;
	if (key == NULL) {
		no_memory(w);
		return;
	}
	mm_hand_window(&w->hand, key, note, &what);
	do_it(w, "open", "");
}

static void
close_window(struct work *w, const char *key, const char *nothing)
{
	const struct mm_hand_request what = {
	    .deed = MM_HAND_CLOSE, .now = w->now};
	const struct mm_store_note none = {0};

	if (key == NULL) {
		no_memory(w);
		return;
	}
	mm_hand_window(&w->hand, key, &none, &what);
	do_it(w, "taken back", nothing);
}

/* The recipient as a mail to it will have it; NULL: it has been answered. */
static const char *
read_recipient(struct work *w)
{
	const char *text = value(w, "recipient"), *recipient;

	if (text == NULL || strchr(text, '@') == NULL) {
		answer(w, CONTROL_UNKNOWN, "the recipient is no mail address");
		return NULL;
	}
	recipient = mm_address_internal(w->arena,
	    *text == '<' ? text : mm_arena_printf(w->arena, "<%s>", text));
	if (recipient == NULL)
		no_memory(w);
	return recipient;
}

static void
run_expect(struct work *w)
{
	struct mm_store_note note = {.recipient = read_recipient(w)};

	if (note.recipient != NULL)
		open_window(w, mm_greylist_expect_key(w->arena, note.recipient),
		    &note, EXPECT_DEFAULT);
}

static void
run_unexpect(struct work *w)
{
	const char *recipient = read_recipient(w);

	if (recipient != NULL)
		close_window(w, mm_greylist_expect_key(w->arena, recipient),
		    "nothing is expected for this recipient");
}

/* NULL: it has been answered. */
static const char *
read_who(struct work *w)
{
	const char *text = value(w, "who");
	struct mm_err err;

	if (text == NULL)
		text = "";
	w->identity =
	    mm_hand_identity(mm_policy_scheme(w->policy), text, w->arena, &err);
	if (w->identity == NULL)
		answer(w, CONTROL_UNKNOWN, err.text);
	return w->identity;
}

static void
run_allow(struct work *w)
{
	struct mm_store_note note = {.client = read_who(w)};

	if (note.client != NULL)
		open_window(w, mm_greylist_grant_key(w->arena, note.client),
		    &note, w->settings->greylist_max_age / 1000);
}

static void
run_disallow(struct work *w)
{
	const char *who = read_who(w);

	if (who != NULL)
		close_window(w, mm_greylist_grant_key(w->arena, who),
		    "this client was not allowed by hand");
}

static const struct {
	const char *word;
	void (*run)(struct work *w);
} words[] = {
    {"greylist-release", run_release},
    {"greylist-forget", run_forget},
    {"greylist-expect", run_expect},
    {"greylist-unexpect", run_unexpect},
    {"greylist-allow", run_allow},
    {"greylist-disallow", run_disallow},
};

void
hand_run(struct service *service, const struct control_ask *ask,
    struct control_reply *reply)
{
	struct work w = {.service = service,
	    .ask = ask,
	    .reply = reply,
	    .policy = service_policy(service),
	    .arena = mm_arena_new(TEXTS_MAX),
	    .now = mm_clock_wall(service_clock(service))};

	w.settings = mm_policy_settings(w.policy);
	if (w.arena == NULL)
		no_memory(&w);
	for (size_t i = 0;
	     i < sizeof(words) / sizeof(words[0]) && w.arena != NULL; i++)
		if (strcmp(words[i].word, ask->request.word) == 0)
			words[i].run(&w);
	mm_arena_free(w.arena);
	mm_policy_unref(w.policy);
}
