/*
 * verdicts - how often each restriction has been the reason of what.
 *
 * A rule is a restriction as the policy has it, known before it counts; so
 * there are as many as the operator has written, whatever strangers send.
 * A reason that is not known counts for its first word, and if that is not
 * known either, for MM_VERDICTS_OTHER.
 * Threads: shared, atomics; making rules known confined to one.
 */
#ifndef MM_VERDICTS_H
#define MM_VERDICTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/session.h"
#include "lib/verdict.h"

#define MM_VERDICTS_OTHER "other"
#define MM_VERDICTS_MAX 1024 /* rules; what is above counts for its word */
#define MM_NSTAGES (MM_STAGE_RCPT + 1)

struct mm_verdicts;

struct mm_verdicts_row {
	const char *rule; /* lives as long as the verdicts */
	bool expected;	  /* it stands in a policy: worth showing if all 0 */
	uint64_t n[MM_NSTAGES][MM_NVERDICTS];
};

struct mm_verdicts *mm_verdicts_new(void);	     /* NULL: out of memory */
void mm_verdicts_free(struct mm_verdicts *verdicts); /* NULL is fine */
/* expected: it stands in a policy; else it is one of the words to fall back
 * on.  Those known keep their numbers.  False: out of memory. */
bool mm_verdicts_know(
    struct mm_verdicts *verdicts, const char *rule, bool expected);
/* reason NULL: there was none. */
void mm_verdicts_count(struct mm_verdicts *verdicts, const char *reason,
    enum mm_stage stage, enum mm_verdict verdict);
/* Copies the i-th rule's numbers; false: there is none. */
bool mm_verdicts_row(
    const struct mm_verdicts *verdicts, size_t i, struct mm_verdicts_row *ret);

#endif
