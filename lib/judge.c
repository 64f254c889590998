/* judge - see judge.h. */
#include "lib/judge.h"

#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/dns.h"

/* Of one walk: more than any list of restrictions needs. */
#define WALK_MAX (4 * 1024 * 1024)
/* Each walk's open questions are missed at once: more rounds than a policy
 * has steps are due to memory that is out. */
#define MISSES_MAX 10000

int
mm_judge_init(struct mm_judge *judge, const struct mm_policy *policy,
    struct mm_dns *dns, const struct mm_clock *clock)
{
	*judge = (struct mm_judge){
	    .policy = policy,
	    .dns = dns,
	    .clock = clock,
	    .answers = mm_answers_new(),
	    .errands = mm_errands_new(),
	    .batch = mm_batch_new(),
	    .arena = mm_arena_new(WALK_MAX),
	};
	if (judge->answers != NULL && judge->errands != NULL &&
	    judge->batch != NULL && judge->arena != NULL)
		return 0;
	mm_judge_clear(judge);
	return -1;
}

void
mm_judge_clear(struct mm_judge *judge)
{
	if (judge->batch != NULL)
		mm_batch_close(judge->batch);
	mm_answers_free(judge->answers);
	mm_errands_free(judge->errands);
	mm_arena_free(judge->arena);
	*judge = (struct mm_judge){0};
}

int
mm_judge_end_mail(struct mm_judge *judge)
{
	struct mm_batch *batch = mm_batch_new();

	if (batch == NULL)
		return -1;
	mm_batch_close(judge->batch);
	judge->batch = batch;
	mm_answers_clear(judge->answers);
	mm_errands_clear(judge->errands);
	return 0;
}

/* Finished answers are drained before a walk and do not change in it. */
static void
walk(struct mm_judge *judge, const struct mm_session *session,
    struct mm_result *ret)
{
	const struct mm_given given = {
	    .session = session,
	    .answers = judge->answers,
	    .errands = judge->errands,
	    .now = mm_clock_wall(judge->clock),
	    .plain = judge->plain,
	    .carry = judge->carry,
	};

	mm_batch_drain(judge->batch, judge->answers);
	mm_arena_clear(judge->arena);
	mm_policy_walk(judge->policy, &given, judge->arena, ret);
}

void
mm_judge_ask(struct mm_judge *judge, const struct mm_session *session,
    struct mm_result *ret)
{
	walk(judge, session, ret);
	if (ret->nquestions > 0)
		mm_dns_ask(
		    judge->dns, judge->batch, ret->questions, ret->nquestions);
}

/* Until the first undecided step's question is answered, or until then. */
static bool
wait_for(struct mm_judge *judge, const struct mm_result *result, int64_t until)
{
	const struct mm_dns_question *first = &result->questions[0];

	return mm_batch_wait(
	    judge->batch, first->name, first->type, judge->clock, until);
}

/*
 * The errand that the walk has come to, and that is run once.  False: its
 * reply cannot be kept, so that the next walk would run it again.  *missed is
 * set if there is no time left for it.
 */
static bool
run_errand(struct mm_judge *judge, const struct mm_errand *errand,
    int64_t until, bool *missed)
{
	const struct mm_errand_runner *runner = &judge->runner;
	enum mm_errand_status status;
	char *text = NULL;

	if (runner->run == NULL)
		status = MM_ERRAND_UNASKED;
	else if (mm_clock_mono(judge->clock) >= until)
		status = MM_ERRAND_MISSED;
	else
		status = runner->run(runner->ctx, errand, until, &text);
	if (status == MM_ERRAND_MISSED && missed != NULL)
		*missed = true;
	return mm_errands_take(judge->errands, errand, status, text);
}

/* What came from the cache just now counts still. */
static void
miss(struct mm_judge *judge, const struct mm_result *result)
{
	mm_batch_drain(judge->batch, judge->answers);
	mm_result_miss(result, judge->answers);
}

int64_t
mm_judge_decide(struct mm_judge *judge, const struct mm_session *session,
    int64_t wait_us, struct mm_result *ret, bool *missed)
{
	int64_t began = mm_clock_mono(judge->clock), until = began + wait_us;
	bool late = wait_us <= 0, waited = false;
	/* a stranger's slow name must not cost a policy service its turn */
	int64_t dns_until = mm_policy_service(judge->policy, 0) != NULL
				? began + wait_us * 3 / 4
				: until;
	unsigned misses = 0;

	if (missed != NULL)
		*missed = false;
	for (;;) {
		mm_judge_ask(judge, session, ret);
		if (ret->done)
			break;
		if (ret->errand != NULL) {
			waited = true;
			if (!run_errand(judge, ret->errand, until, missed))
				break;
		} else if (ret->nquestions == 0) {
			break;
		} else if (!late) {
			waited = true;
			late = !wait_for(judge, ret, dns_until);
		} else {
			/* misses that cannot be remembered never end it */
			if (++misses > MISSES_MAX)
				break;
			miss(judge, ret);
			if (missed != NULL)
				*missed = true;
		}
	}
	return waited ? mm_clock_mono(judge->clock) - began : 0;
}
