/* replay_greylist - see replay_greylist.h. */
#include "tests/replay/replay_greylist.h"

#include <stdio.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/err.h"
#include "lib/judge.h"
#include "lib/name.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool
ask(struct mm_judge_greylist *ret, const struct mm_policy *policy,
    const struct mm_session *session, const struct mm_result *result,
    int64_t now, struct mm_arena *arena)
{
	const struct mm_judge_mark mark = {.delay_ms = result->mark_delay,
	    .now = now,
	    .spf_domain = result->spf_domain,
	    .spf_why = result->spf_why};

	return mm_judge_greylist(ret, policy, session, &mark, arena);
}

const char *
replay_identity(const struct mm_policy *policy,
    const struct mm_session *session, const struct mm_result *result,
    char *text, size_t size)
{
	struct mm_arena *arena = mm_arena_new(1 << 16);
	struct mm_judge_greylist question;

	snprintf(text, size, "none");
	if (result->mark != NULL &&
	    ask(&question, policy, session, result, 0, arena))
		snprintf(text, size, "%s", question.identity.text);
	mm_arena_free(arena);
	return text;
}

const char *
replay_greylist(struct mm_store *store, const struct mm_policy *policy,
    const struct mm_session *session, const struct mm_result *result,
    int64_t now)
{
	static const struct mm_name words[] = {
	    {MM_GREYLIST_NONE, "none"},
	    {MM_GREYLIST_FIRST, "first"},
	    {MM_GREYLIST_SOON, "soon"},
	    {MM_GREYLIST_FLOOD, "flood"},
	    {MM_GREYLIST_PASS, "pass"},
	    {MM_GREYLIST_FOLLOWS, "follows"},
	    {MM_GREYLIST_KNOWN_TRIPLET, "known"},
	    {MM_GREYLIST_ALLOWED_CLIENT, "allowed"},
	};
	struct mm_arena *arena = mm_arena_new(1 << 16);
	enum mm_greylist_state state = MM_GREYLIST_NONE;
	struct mm_judge_greylist question;
	struct mm_err err;

	if (result->mark != NULL &&
	    ask(&question, policy, session, result, now, arena) &&
	    mm_store_update(store, &question.update, sizeof(question.request),
		0, &err) == MM_STORE_DONE)
		state = question.request.answer.state;
	mm_arena_free(arena);
	return mm_name_word(words, COUNT(words), (int)state);
}
