/*
 * outcome - what a verdict leads to: the greylist is asked, records are
 * written, verdicts are counted, and the reply is made.
 *
 * Once per recipient.
 * Threads: confined.
 */
#ifndef MM_MILTER_OUTCOME_H
#define MM_MILTER_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/footer.h"
#include "lib/verdict.h"

struct effects;
struct mm_arena;
struct mm_policy;
struct mm_result;
struct mm_session;
struct mm_settings;
struct service;

/* What the greylist has said to a transaction's recipients so far. */
struct outcome_greylist {
	bool passed;	/* one of them has passed it: the others follow */
	int64_t waited; /* the longest that one of them did, in seconds */
};

/* Whose verdict it is. */
struct outcome_case {
	const struct mm_policy *policy;
	const struct mm_settings *settings;
	const struct mm_session *facts;
	const char *session;		   /* its id */
	int64_t wait_us;		   /* spent waiting for answers */
	const struct effects *effects;	   /* of the transaction so far */
	struct outcome_greylist *greylist; /* likewise */
	struct mm_arena *arena;
};

/* The reply; code 0: let it go on. */
struct outcome {
	int code;
	char dsn[12];
	char text[MM_REPLY_MAX + 1]; /* one line, printable */
	/* the lines that follow, likewise */
	char more[MM_FOOTER_LINES][MM_REPLY_MAX + 1];
	size_t nmore;
};

/* May wait for the store, for a bounded time. */
void outcome_carry_out(struct service *service, const struct outcome_case *mail,
    const struct mm_result *result, struct outcome *ret);
/* The same for a stage before that.  Only what refuses has a record. */
void outcome_carry_out_stage(struct service *service,
    const struct outcome_case *mail, const struct mm_result *result,
    struct outcome *ret);
/* Accepted without being judged, for this reason; or, where the message is
 * thrown away, for that one. */
void outcome_let_pass(struct service *service, const struct outcome_case *mail,
    const char *reason);

#endif
