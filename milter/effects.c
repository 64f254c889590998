/* effects - see effects.h. */
#include "milter/effects.h"

#include <string.h>

#include "lib/arena.h"

/* Of a transaction: a thousand recipients, each with the longest address that
 * an SMTP line has room for, and what tables add to that. */
#define KEPT_MAX (8 * 1024 * 1024)

static bool
ready(struct effects *effects)
{
	if (effects->arena == NULL)
		effects->arena = mm_arena_new(KEPT_MAX);
	return effects->arena != NULL;
}

static struct effects_text *
new_text(struct effects *effects, const char *text)
{
	struct effects_text *new = NULL;

	if (ready(effects))
		new = mm_arena_alloc(effects->arena, sizeof(*new));
	if (new == NULL ||
	    (new->text = mm_arena_dup(effects->arena, text)) == NULL)
		return NULL;
	new->next = NULL;
	return new;
}

static bool
append(struct effects *effects, struct effects_list *list, const char *text)
{
	struct effects_text *new = new_text(effects, text);

	if (new == NULL)
		return false;
	if (list->last != NULL)
		list->last->next = new;
	else
		list->first = new;
	list->last = new;
	return true;
}

static const char *
copy(struct effects *effects, const char *text)
{
	return text != NULL && ready(effects)
		   ? mm_arena_dup(effects->arena, text)
		   : NULL;
}

/* What decides about the whole message stands, even where memory is out. */
static void
mark(struct effects *effects, struct mm_why *at, const struct mm_effect *e)
{
	if (at->reason != NULL)
		return; /* the first one says why */
	at->chain = e->why.chain;
	at->list = copy(effects, e->why.list);
	at->answer = copy(effects, e->why.answer);
	if ((at->reason = copy(effects, e->why.reason)) == NULL)
		at->reason = mm_effect_word(e->kind);
}

static bool
add(struct effects *effects, const struct mm_effect *e)
{
	struct effects_text *header;
	const char *text;

	switch (e->kind) {
	case MM_EFFECT_PREPEND:
		if ((header = new_text(effects, e->text)) == NULL)
			return false;
		header->next = effects->headers;
		effects->headers = header;
		return true;
	case MM_EFFECT_REDIRECT: /* the last one counts, as in Postfix */
		if ((text = copy(effects, e->text)) != NULL)
			effects->redirect = text;
		return text != NULL;
	case MM_EFFECT_BCC:
		return append(effects, &effects->bcc, e->text);
	case MM_EFFECT_HOLD:
		mark(effects, &effects->held, e);
		text = *e->text != '\0' ? copy(effects, e->text) : NULL;
		if (effects->hold == NULL)
			effects->hold = text != NULL ? text : "HOLD";
		return true;
	case MM_EFFECT_DISCARD:
		mark(effects, &effects->discarded, e);
		return true;
	case MM_EFFECT_WARN:
	case MM_EFFECT_INFO:
	case MM_NEFFECTS:
		break;
	}
	return true;
}

bool
effects_add(struct effects *effects, const struct mm_effect *list)
{
	bool all = true;

	for (; list != NULL; list = list->next)
		all = add(effects, list) && all;
	return all;
}

bool
effects_recipient(struct effects *effects, const char *raw)
{
	return append(effects, &effects->recipients, raw);
}

void
effects_clear(struct effects *effects)
{
	mm_arena_free(effects->arena);
	memset(effects, 0, sizeof(*effects));
}
