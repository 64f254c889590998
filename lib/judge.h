/*
 * judge - one transaction's way from facts to a verdict: walk, ask, wait.
 *
 * The daemon's callbacks and mailmumctl explain go the same way: at each
 * stage mm_judge_ask() sends the questions out and does not wait; at RCPT
 * mm_judge_decide() waits for the first undecided step, and has the errands
 * run that the walk comes to.  A marked verdict is
 * then the greylist's: what it is asked, and what the client is told, is said
 * here too; asking the store, the log and the reply itself are the caller's.
 * Threads: confined; the resolver completes from its own.
 */
#ifndef MM_JUDGE_H
#define MM_JUDGE_H

#include "lib/greylist_key.h"
#include "lib/policy.h"

struct mm_arena;
struct mm_clock;

struct mm_judge {
	/* borrowed, for as long as the judge lives */
	const struct mm_policy *policy;
	struct mm_dns *dns;
	const struct mm_clock *clock;
	/* its own; answers are the transaction's, arena is one walk's */
	struct mm_answers *answers;
	struct mm_errands *errands;
	struct mm_batch *batch;
	struct mm_arena *arena;
	/* the caller's to set */
	const struct mm_carry *carry;	/* not NULL: a stage is judged */
	bool plain;			/* results come without a trail */
	struct mm_errand_runner runner; /* without run, none is run */
};

/* -1: out of memory; nothing is to be cleared then. */
int mm_judge_init(struct mm_judge *judge, const struct mm_policy *policy,
    struct mm_dns *dns, const struct mm_clock *clock);
void mm_judge_clear(struct mm_judge *judge);
/* The transaction is over: its answers and misses are forgotten, and what is
 * still under way is no longer ours.  -1: out of memory. */
int mm_judge_end_mail(struct mm_judge *judge);

/* *ret of these lives until the next call of any of them. */

/* One walk with what is known; its questions are on their way. */
void mm_judge_ask(struct mm_judge *judge, const struct mm_session *session,
    struct mm_result *ret);
/*
 * The verdict on the session's recipient: ret->done, unless a fact is not
 * known yet (ret->lacks), or memory is out.  Waits for wait_us at the most,
 * errands included; with 0, not at all.  What has not come by then is missed,
 * until the transaction ends.
 * Returns the microseconds that it waited; *missed, if not NULL: the time ran
 * out.
 */
int64_t mm_judge_decide(struct mm_judge *judge,
    const struct mm_session *session, int64_t wait_us, struct mm_result *ret,
    bool *missed);

/*
 * What the greylist is asked of the session's recipient: an update of the
 * store, with request as its arg.  Do not copy it: update points into it.
 */
struct mm_judge_greylist {
	struct mm_store_update update;
	struct mm_store_sharing sharing;
	struct mm_greylist_request request;
	struct mm_identity identity;
};
/* What a mark comes with. */
struct mm_judge_mark {
	int64_t delay_ms, now;
	bool follow; /* another recipient of the mail has passed */
	struct mm_foreign_imports imports; /* what is in the store of others */
	const char *spf_domain, *spf_why;  /* the walk's */
};
/* False: out of memory.  Texts are in arena and borrowed from session. */
bool mm_judge_greylist(struct mm_judge_greylist *ret,
    const struct mm_policy *policy, const struct mm_session *session,
    const struct mm_judge_mark *mark, struct mm_arena *arena);
/* "451 4.7.1 ...", with the seconds left; its text in arena. */
struct mm_reply mm_judge_greylist_reply(
    const struct mm_session *session, int64_t seconds, struct mm_arena *arena);

/* "X-Greylist: ...", for a mail that waited so long.  NULL: out of memory. */
const char *mm_judge_greylist_header(const struct mm_settings *settings,
    int64_t seconds, int64_t now, struct mm_arena *arena);

#endif
