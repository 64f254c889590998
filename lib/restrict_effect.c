/* restrict_effect - results of tables that do something to the message. */
#include "lib/restrict.h"

#include <string.h>

#include "lib/access.h"
#include "lib/arena.h"
#include "lib/err.h"

static const struct {
	enum mm_access_verb verb;
	enum mm_effect_kind kind;
} kinds[] = {
    {MM_ACCESS_PREPEND, MM_EFFECT_PREPEND},
    {MM_ACCESS_REDIRECT, MM_EFFECT_REDIRECT},
    {MM_ACCESS_BCC, MM_EFFECT_BCC},
    {MM_ACCESS_HOLD, MM_EFFECT_HOLD},
    {MM_ACCESS_DISCARD, MM_EFFECT_DISCARD},
};

static bool
kind_of(enum mm_access_verb verb, enum mm_effect_kind *ret)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].verb == verb) {
			*ret = kinds[i].kind;
			return true;
		}
	}
	return false;
}

void
mm_restrict_note_effects(struct mm_load *load, const struct mm_access *access)
{
	enum mm_effect_kind kind;

	if (load->effects == NULL)
		return;
	if (access == NULL)
		*load->effects = ~0u;
	else if (kind_of(access->verb, &kind))
		*load->effects |= MM_EFFECT_BIT(kind);
}

/* One line: what a stranger wrote may be part of it. */
static const char *
one_line(struct mm_eval *ev, const char *text)
{
	char *line =
	    mm_arena_dupn(ev->arena, text, strnlen(text, MM_ACCESS_HEADER_MAX));

	if (line == NULL) /* the walk is given up as a whole */
		return "";
	for (char *p = line; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	}
	return line;
}

enum mm_outcome
mm_restrict_effect(struct mm_eval *ev, const struct mm_access *access)
{
	enum mm_effect_kind kind;
	struct mm_err err;
	const char *why;

	if (!kind_of(access->verb, &kind))
		return MM_DUNNO;
	if (!ev->settings->smtpd_delay_reject && ev->chain <= MM_CHAIN_HELO) {
		mm_eval_note(ev, "nothing is done: there is no message yet");
		return MM_DUNNO;
	}
	if (mm_access_check(access, &err) != 0) {
		why = one_line(ev, err.text);
		mm_eval_note(ev, why);
		mm_eval_effect(ev, MM_EFFECT_WARN, why);
		return MM_DUNNO;
	}
	mm_eval_effect(ev, kind, one_line(ev, access->text));
	if (kind != MM_EFFECT_DISCARD)
		return MM_DUNNO;
	ev->discarded = true;
	return MM_OK;
}
