/* greylist - see greylist.h. */
#include "ctl/greylist.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/ctl.h"
#include "ctl/policy.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/policy.h"
#include "lib/request.h"
#include "lib/str.h"

#define TEXTS_MAX (64 * 1024)
#define READ_MS 2000

int
greylist_open(const struct ctl *ctl, struct greylist *ret)
{
	struct mm_store_config config = {.read_only = true};
	struct mm_err err;
	int code;

	*ret = (struct greylist){.ctl = ctl};
	if ((code = ctl_policy_load(ctl, &ret->policy)) != 0)
		return code;
	ret->settings = mm_policy_settings(ret->policy);
	ret->now = mm_clock_wall(&mm_clock_system);
	ret->arena = mm_arena_new(TEXTS_MAX);
	if (ret->arena == NULL)
		return ctl_fail(ctl, EX_OSERR, "out of memory");
	config.directory = ret->settings->state_directory;
	ret->store = mm_store_sqlite_new(&config, &mm_clock_system, &err);
	if (ret->store == NULL)
		return ctl_fail(ctl, EX_UNAVAILABLE, "%s", err.text);
	return 0;
}

void
greylist_close(struct greylist *greylist)
{
	mm_store_free(greylist->store);
	mm_arena_free(greylist->arena);
	mm_policy_unref(greylist->policy);
}

bool
greylist_fits(const char *pattern, const char *text)
{
	if (pattern == NULL)
		return true;
	if (strpbrk(pattern, "*?[") != NULL)
		return fnmatch(pattern, text, FNM_CASEFOLD | FNM_NOESCAPE) == 0;
	/* the null sender is written as it is shown */
	if (strcmp(pattern, "<>") == 0)
		return *text == '\0';
	return strcasestr(text, pattern) != NULL;
}

/* A walk over what waits. */
struct walk {
	struct greylist *greylist;
	const char *id;
	greylist_each *each;
	void *ctx;
};

/* The lengths keep two mails apart that read the same in a row. */
static void
make_id(struct greylist *g, const struct mm_store_note *note, char id[11])
{
	const char *text = mm_arena_printf(g->arena, "%zu %zu %s %s %s",
	    strlen(note->client), strlen(note->sender), note->client,
	    note->sender, note->recipient);

	snprintf(id, 11, "%010" PRIx64,
	    mm_str_hash(text != NULL ? text : "") & 0xffffffffff);
}

static bool
is_selected(const struct walk *walk, const struct greylist_waiting *mail)
{
	const struct ctl *ctl = walk->greylist->ctl;

	if (walk->id != NULL)
		return strcmp(walk->id, mail->id) == 0;
	return (greylist_fits(ctl->client, mail->client.address) ||
		   (mail->client.name != NULL &&
		       greylist_fits(ctl->client, mail->client.name))) &&
	       greylist_fits(ctl->sender, mail->sender) &&
	       greylist_fits(ctl->recipient, mail->recipient);
}

/* Has it been released?  What cannot be read has not. */
static bool
is_released(struct greylist *g, const struct greylist_waiting *mail)
{
	const struct mm_greylist_mail of = {.client = mail->client,
	    .sender = mail->sender,
	    .recipient = mail->recipient};
	struct mm_greylist_keys keys;
	struct mm_record window;
	struct mm_err err;

	if (!mm_greylist_keys(
		mm_policy_scheme(g->policy), &of, g->arena, &keys))
		return false;
	for (size_t i = 0; i < keys.n; i++)
		if (keys.role[i] == MM_GREYLIST_RELEASE &&
		    mm_store_read(
			g->store, &keys.key[i], 1, READ_MS, &window, &err) == 0)
			return window.count > 0 && g->now < window.last;
	return false;
}

static bool
see_note(
    void *ctx, const struct mm_store_note *note, const struct mm_record *record)
{
	struct walk *walk = ctx;
	struct greylist *g = walk->greylist;
	struct greylist_waiting mail = {.sender = note->sender,
	    .recipient = note->recipient,
	    .record = *record,
	    .left =
		g->settings->greylist_delay / 1000 - (g->now - record->first)};
	char *client;

	/* a window, or one that nobody has looked at since it was too old */
	if (record->count != 0 ||
	    record->first < g->now - g->settings->greylist_retry_window / 1000)
		return true;
	mm_arena_clear(g->arena);
	make_id(g, note, mail.id);
	if ((client = mm_arena_dup(g->arena, note->client)) == NULL)
		return false;
	if (!mm_greylist_note_read(client, &mail.client))
		return true;
	if (mail.left < 0)
		mail.left = 0;
	if (!is_selected(walk, &mail))
		return true;
	mail.released = is_released(g, &mail);
	return walk->each(walk->ctx, &mail);
}

int
greylist_walk(
    struct greylist *greylist, const char *id, greylist_each *each, void *ctx)
{
	struct walk walk = {greylist, id, each, ctx};
	struct mm_err err;

	if (mm_store_waiting(greylist->store, see_note, &walk, &err) != 0)
		return ctl_fail(greylist->ctl, EX_UNAVAILABLE, "%s", err.text);
	if (mm_arena_failed(greylist->arena))
		return ctl_fail(greylist->ctl, EX_OSERR, "out of memory");
	return 0;
}

int
greylist_ask(const struct ctl *ctl, const struct mm_request *request,
    struct ctl_reply *ret)
{
	struct mm_request with = *request;
	const char *sudo_user = getenv("SUDO_USER");
	char line[MM_REQUEST_MAX];
	struct mm_buf buf;
	struct mm_err err;

	/* for the log: the kernel knows only that it is root then */
	if (sudo_user != NULL && with.n < MM_REQUEST_ARGS)
		with.arg[with.n++] =
		    (struct mm_request_arg){"sudo-user", sudo_user};
	mm_buf_init(&buf, line, sizeof(line));
	if (mm_request_write(&with, &buf, &err) != 0)
		return ctl_fail(ctl, CTL_USAGE, "%s", err.text);
	return ctl_client_ask(ctl, line, ret);
}

const char *
greylist_when(int64_t when, char text[32])
{
	time_t seconds = (time_t)when;
	struct tm tm;

	if (localtime_r(&seconds, &tm) == NULL ||
	    strftime(text, 32, "%F %T", &tm) == 0)
		text[0] = '\0';
	return text;
}

const char *
greylist_span(int64_t seconds, char text[32])
{
	static const struct {
		int64_t unit, below;
		const char *name, *below_name;
	} units[] = {
	    {86400, 3600, "d", "h"}, {3600, 60, "h", "m"}, {60, 1, "m", "s"}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		int64_t rest = seconds % units[i].unit / units[i].below;

		if (seconds < units[i].unit)
			continue;
		if (rest == 0)
			snprintf(text, 32, "%" PRId64 "%s",
			    seconds / units[i].unit, units[i].name);
		else
			snprintf(text, 32, "%" PRId64 "%s%02" PRId64 "%s",
			    seconds / units[i].unit, units[i].name, rest,
			    units[i].below_name);
		return text;
	}
	snprintf(text, 32, "%" PRId64 "s", seconds);
	return text;
}

const char *
greylist_address(const char *address, char text[512])
{
	snprintf(text, 512, "<%s>", address);
	mm_str_printable(text, '?');
	return text;
}
