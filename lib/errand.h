/*
 * errand - what a walk needs done outside, beside DNS questions: a policy
 * service asked, a while slept, a key looked up in a remote table.
 *
 * A walk does none of it.  It notes the first errand that it cannot do
 * without; whoever waits for the verdict has it run, keeps the reply, and
 * walks again.  Replies do not change while a transaction lasts.
 * Threads: confined; a runner says for itself.
 */
#ifndef MM_ERRAND_H
#define MM_ERRAND_H

#include <stdbool.h>
#include <stdint.h>

enum mm_errand_kind {
	/* acts: run only with nothing pending before, and once */
	MM_ERRAND_POLICY, /* ask the policy service "what" by text */
	MM_ERRAND_SLEEP,  /* for ms, or what is left of the wait */
	/* a question like any other */
	MM_ERRAND_LOOKUP, /* look up key in the remote table "what" */
};

struct mm_errand {
	enum mm_errand_kind kind;
	const void *what; /* the policy snapshot's, or NULL */
	const char *key;  /* of an act: whose turn it is, a recipient */
	unsigned nth;	  /* of an act: stage and place; eval's to set */

	/* these tell nothing apart */
	const char *text; /* what a policy service is sent */
	int64_t ms;
};

enum mm_errand_status {
	MM_ERRAND_FOUND,   /* text: what came back, "" of a sleep */
	MM_ERRAND_NOTHING, /* the table has no such key */
	MM_ERRAND_FAILED,  /* text: why */
	MM_ERRAND_MISSED,  /* there was no time left for it */
	MM_ERRAND_UNASKED, /* nobody runs errands here */
};

struct mm_errand_reply {
	enum mm_errand_status status;
	const char *text; /* never NULL */
};

/* Who carries errands out. */
struct mm_errand_runner {
	/*
	 * Blocks, but not beyond until_us, which is monotonic time.  *text,
	 * NULL on entry, is set to the reply's text or left; it is the
	 * caller's to free.
	 */
	enum mm_errand_status (*run)(void *ctx, const struct mm_errand *errand,
	    int64_t until_us, char **text);
	void *ctx;
};

/* Only with nothing undecided before it, and at most once. */
bool mm_errand_acts(const struct mm_errand *errand);

/* A transaction's frozen replies. */
struct mm_errands;

struct mm_errands *mm_errands_new(void);      /* NULL: out of memory */
void mm_errands_free(struct mm_errands *set); /* NULL is fine */
void mm_errands_clear(struct mm_errands *set);
/* NULL: it has not been run.  set may be NULL: nothing was. */
const struct mm_errand_reply *mm_errands_get(
    const struct mm_errands *set, const struct mm_errand *errand);
/* Takes text, which may be NULL.  A reply that is there already stays.
 * False: out of memory. */
bool mm_errands_take(struct mm_errands *set, const struct mm_errand *errand,
    enum mm_errand_status status, char *text);

#endif
