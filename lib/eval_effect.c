/* eval_effect - what a walk wants done beside its verdict. */
#include "lib/eval.h"

#include "lib/arena.h"
#include "lib/name.h"

void
mm_eval_effect(struct mm_eval *ev, enum mm_effect_kind kind, const char *text)
{
	struct mm_effect *effect = mm_arena_alloc(ev->arena, sizeof(*effect));

	if (effect == NULL)
		return;
	effect->kind = kind;
	effect->why = ev->why;
	effect->text = text;
	*ev->effects_end = effect;
	ev->effects_end = &effect->next;
}

const char *
mm_effect_word(enum mm_effect_kind kind)
{
	static const struct mm_name words[] = {
	    {MM_EFFECT_WARN, "WARN"},
	    {MM_EFFECT_INFO, "INFO"},
	    {MM_EFFECT_PREPEND, "PREPEND"},
	    {MM_EFFECT_REDIRECT, "REDIRECT"},
	    {MM_EFFECT_BCC, "BCC"},
	    {MM_EFFECT_HOLD, "HOLD"},
	    {MM_EFFECT_DISCARD, "DISCARD"},
	};

	return mm_name_word(words, sizeof(words) / sizeof(words[0]), kind);
}

const struct mm_effect *
mm_effect_find(const struct mm_effect *effects, enum mm_effect_kind kind)
{
	for (; effects != NULL; effects = effects->next) {
		if (effects->kind == kind)
			return effects;
	}
	return NULL;
}
