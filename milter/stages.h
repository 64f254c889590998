/*
 * stages - what stands from stage to stage of a session whose stages are
 * judged as they come (smtpd_delay_reject = no).
 *
 * Threads: confined.
 */
#ifndef MM_MILTER_STAGES_H
#define MM_MILTER_STAGES_H

#include <stdbool.h>

#include "lib/eval.h"

struct mm_arena;

/* All zero: nothing has been judged. */
struct stages {
	struct mm_carry after[MM_STAGE_RCPT];
	struct mm_arena *arena[MM_STAGE_RCPT]; /* NULL where nothing stands */
	bool helo_accepted;
};

/* The session's stage is over.  False: out of memory, nothing is kept. */
bool stages_keep(struct stages *stages, const struct mm_session *facts,
    const struct mm_carry *carry);
void stages_clear(struct stages *stages);

#endif
