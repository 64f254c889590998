/* judge_greylist - a marked recipient's question to the greylist. */
#include "lib/judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/arena.h"
#include "lib/policy_spf.h"
#include "lib/str.h"

/*
 * A client that is known by its address alone has more to show; so has one by
 * an SPF record, in which the owner of a domain may write any addresses, while
 * a name takes the owner of the addresses as well.
 */
static unsigned
allow_count(const struct mm_settings *settings, enum mm_rung rung)
{
	if (settings->greylist_auto_allow_count == 0 ||
	    (rung != MM_RUNG_GROUP && rung != MM_RUNG_NAME))
		return settings->greylist_auto_allow_count;
	return settings->greylist_auto_allow_confirmed_count;
}

static struct mm_greylist_rules
rules_of(const struct mm_settings *settings, const struct mm_judge_mark *mark,
    enum mm_rung rung, bool null_sender)
{
	return (struct mm_greylist_rules){
	    .delay = mark->delay_ms / 1000,
	    .retry_window = settings->greylist_retry_window / 1000,
	    .triplet_max_age =
		(null_sender ? settings->greylist_null_sender_max_age
			     : settings->greylist_max_age) /
		1000,
	    .max_age = settings->greylist_max_age / 1000,
	    .allow_count = allow_count(settings, rung),
	    .host_allow_count = settings->greylist_auto_allow_count,
	    .allow_interval = settings->greylist_auto_allow_interval / 1000,
	    .waiting_limit = settings->greylist_waiting_limit,
	    .follow = mark->follow,
	};
}

/* Who sends to whom. */
static struct mm_greylist_mail
mail_of(const struct mm_session *session, const struct mm_judge_mark *mark)
{
	struct mm_greylist_mail mail = {.client = mm_policy_who(session),
	    .sender = session->sender,
	    .recipient = session->recipient,
	    .imports = &mark->imports};

	mail.client.spf_domain = mark->spf_domain;
	mail.client.spf_why = mark->spf_why;
	return mail;
}

bool
mm_judge_greylist(struct mm_judge_greylist *ret, const struct mm_policy *policy,
    const struct mm_session *session, const struct mm_judge_mark *mark,
    struct mm_arena *arena)
{
	struct mm_greylist_mail mail = mail_of(session, mark);
	struct mm_greylist_keys keys;
	const char *note;

	if (!mm_greylist_keys(mm_policy_scheme(policy), &mail, arena, &keys) ||
	    (note = mm_greylist_note(
		 arena, &mail.client, keys.identity.rung)) == NULL)
		return false;
	*ret = (struct mm_judge_greylist){
	    .identity = keys.identity,
	    .request = {.rules = rules_of(mm_policy_settings(policy), mark,
			    keys.identity.rung, *session->sender == '\0'),
		.now = mark->now},
	    .update =
		{
		    .n = keys.n,
		    .at_first = keys.at_first,
		    .note = {.client = note,
			.sender = session->sender,
			.recipient = session->recipient},
		    .change = mm_greylist_change,
		    .arg = &ret->request,
		},
	};
	memcpy(ret->update.key, keys.key, sizeof(keys.key));
	memcpy(ret->request.role, keys.role, sizeof(keys.role));
	mm_greylist_share(&ret->request.rules, ret->request.role, keys.n,
	    mark->now, &ret->sharing);
	ret->sharing.asks = mm_greylist_waits;
	ret->update.sharing = &ret->sharing;
	return true;
}

struct mm_reply
mm_judge_greylist_reply(
    const struct mm_session *session, int64_t seconds, struct mm_arena *arena)
{
	struct mm_reply reply = {.code = 451, .dsn = "4.7.1"};
	size_t room = MM_REPLY_MAX - strlen("451 4.7.1 ");
	char line[MM_REPLY_MAX + 1];
	struct mm_buf buf;

	mm_buf_init(&buf, line, room + 1);
	mm_buf_addf(&buf,
	    "<%s>: Recipient address rejected: Greylisted, come back in "
	    "%" PRId64 " second%s",
	    session->recipient, seconds, seconds == 1 ? "" : "s");
	mm_str_printable(line, ' ');
	reply.text = mm_arena_dup(arena, line);
	if (reply.text == NULL)
		reply.text = "Greylisted, come back later";
	return reply;
}

const char *
mm_judge_greylist_header(const struct mm_settings *settings, int64_t seconds,
    int64_t now, struct mm_arena *arena)
{
	static const char *const days[] = {
	    "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May",
	    "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t when = (time_t)now;
	struct tm tm = {.tm_mday = 1};

	gmtime_r(&when, &tm);
	return mm_arena_printf(arena,
	    "X-Greylist: delayed %" PRId64 " seconds by mailmum at %s; "
	    "%s, %02d %s %d %02d:%02d:%02d +0000",
	    seconds, settings->myhostname, days[tm.tm_wday], tm.tm_mday,
	    months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
	    tm.tm_sec);
}
