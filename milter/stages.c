/* stages - see stages.h. */
#include "milter/stages.h"

#include <string.h>

#include "lib/arena.h"

#define KEPT_MAX (64 * 1024) /* two replies, and why */

bool
stages_keep(struct stages *stages, const struct mm_session *facts,
    const struct mm_carry *carry)
{
	enum mm_stage stage = facts->stage;
	struct mm_arena *arena = NULL;
	struct mm_carry kept = {0};
	bool all = true;

	if (stage == MM_STAGE_RCPT)
		return true; /* the last one */
	if (carry->put_off.up || carry->mark.reason != NULL) {
		arena = mm_arena_new(KEPT_MAX);
		all = arena != NULL && mm_carry_copy(&kept, carry, arena);
	}
	/* the old one may be where carry's texts are */
	mm_arena_free(stages->arena[stage]);
	stages->arena[stage] = arena;
	stages->after[stage] = kept;
	return all;
}

void
stages_clear(struct stages *stages)
{
	for (size_t i = 0; i < MM_STAGE_RCPT; i++)
		mm_arena_free(stages->arena[i]);
	memset(stages, 0, sizeof(*stages));
}
