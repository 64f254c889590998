/* eval_carry - what stands from stage to stage. */
#include "lib/eval.h"

#include "lib/arena.h"

static bool
copy(const char **at, struct mm_arena *arena)
{
	return *at == NULL || (*at = mm_arena_dup(arena, *at)) != NULL;
}

static bool
copy_why(struct mm_why *why, struct mm_arena *arena)
{
	return copy(&why->reason, arena) && copy(&why->list, arena) &&
	       copy(&why->answer, arena);
}

bool
mm_carry_copy(
    struct mm_carry *to, const struct mm_carry *from, struct mm_arena *arena)
{
	struct mm_carry new = *from;

	if (!copy_why(&new.mark, arena) || !copy_why(&new.put_off.why, arena) ||
	    !copy(&new.put_off.reply.text, arena))
		return false;
	*to = new;
	return true;
}

const struct mm_carry *
mm_carry_before(const struct mm_carry after[MM_STAGE_RCPT],
    const struct mm_session *session)
{
	static const struct mm_carry nothing;

	switch (session->stage) {
	case MM_STAGE_CONNECT:
		break;
	case MM_STAGE_HELO:
		return &after[MM_STAGE_CONNECT];
	case MM_STAGE_MAIL:
		return session->known[MM_FACT_HELO] == MM_KNOWN
			   ? &after[MM_STAGE_HELO]
			   : &after[MM_STAGE_CONNECT];
	case MM_STAGE_RCPT:
		return &after[MM_STAGE_MAIL];
	}
	return &nothing;
}
