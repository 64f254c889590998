/* judge_greylist - a marked recipient's question to the greylist. */
#include "lib/judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/str.h"

static struct mm_greylist_rules
rules_of(const struct mm_settings *settings)
{
	return (struct mm_greylist_rules){
	    .retry_window = settings->greylist_retry_window / 1000,
	    .max_age = settings->greylist_max_age / 1000,
	    .ipv4_prefix = settings->greylist_ipv4_prefix,
	    .ipv6_prefix = settings->greylist_ipv6_prefix,
	    .auto_allow_count = settings->greylist_auto_allow_count,
	};
}

bool
mm_judge_greylist(struct mm_judge_greylist *ret,
    const struct mm_settings *settings, const struct mm_session *session,
    int64_t delay_ms, int64_t now, struct mm_arena *arena)
{
	struct mm_greylist_rules rules = rules_of(settings);

	rules.delay = delay_ms / 1000;
	*ret = (struct mm_judge_greylist){
	    .request = {.rules = rules, .now = now},
	    .update =
		{
		    .n = 2,
		    .key = {mm_greylist_triplet_key(arena, &rules,
				&session->client, session->sender,
				session->recipient),
			mm_greylist_client_key(
			    arena, &rules, &session->client)},
		    .note = {.client = session->client_address,
			.sender = session->sender,
			.recipient = session->recipient},
		    .change = mm_greylist_change,
		    .arg = &ret->request,
		},
	};
	return ret->update.key[0] != NULL && ret->update.key[1] != NULL;
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
