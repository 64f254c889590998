/* rbl_reply - see rbl_reply.h. */
#include "lib/rbl_reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/err.h"
#include "lib/macros.h"
#include "lib/template.h"

/* One expansion at work; ev is NULL when only syntax is checked. */
struct expansion {
	struct mm_eval *ev;
	const struct mm_rbl_reply *reply;
};

enum macro {
	RBL_CODE,
	RBL_DOMAIN,
	RBL_REASON,
	RBL_WHAT,
	RBL_CLASS,
};

/* Those that a listing has beside the session's. */
static const struct {
	const char *name;
	enum macro macro;
} macros[] = {
    {"rbl_code", RBL_CODE},
    {"rbl_domain", RBL_DOMAIN},
    {"rbl_reason", RBL_REASON},
    {"rbl_txt", RBL_REASON},
    {"rbl_what", RBL_WHAT},
    {"rbl_class", RBL_CLASS},
};

static const char *
or_empty(const char *text)
{
	return text != NULL ? text : "";
}

static const char *
macro_value(const struct expansion *x, enum macro macro)
{
	if (x->ev == NULL)
		return macro == RBL_CODE ? "554" : "x";
	switch (macro) {
	case RBL_CODE:
		return or_empty(mm_arena_printf(
		    x->ev->arena, "%u", x->ev->settings->maps_rbl_reject_code));
	case RBL_DOMAIN:
		return x->reply->domain;
	case RBL_REASON:
		return x->reply->reason;
	case RBL_WHAT:
		return x->reply->what;
	case RBL_CLASS:
		return x->reply->class;
	}
	return "";
}

static const char *
value_of(void *ctx, const char *name)
{
	const struct expansion *x = ctx;
	struct mm_macros session = {0};

	for (size_t i = 0; i < sizeof(macros) / sizeof(macros[0]); i++) {
		if (strcmp(macros[i].name, name) == 0)
			return macro_value(x, macros[i].macro);
	}
	if (x->ev != NULL)
		session = (struct mm_macros){.settings = x->ev->settings,
		    .session = x->ev->session,
		    .now = x->ev->now,
		    .arena = x->ev->arena};
	return mm_macro_value(&session, name);
}

static const char *
skip_spaces(const char *text)
{
	return text + strspn(text, " ");
}

/* "CODE [DSN] text".  False: no reply begins like this. */
static bool
split(const char *text, unsigned *code, char dsn[12], const char **rest)
{
	size_t digits = strspn(text, "0123456789"), len;

	if ((*text != '4' && *text != '5') || digits != 3 || text[3] != ' ')
		return false;
	*code = (unsigned)strtoul(text, NULL, 10);
	snprintf(dsn, 12, "%c.7.1", *text);
	text = skip_spaces(text + 3);
	len = mm_dsn_len(text);
	if (len > 0)
		snprintf(dsn, 12, "%.*s", (int)len, text);
	text = skip_spaces(text + len);
	*rest = *text != '\0' ? text : "Service unavailable";
	return true;
}

int
mm_rbl_reply_check(const char *text, struct mm_err *err)
{
	struct expansion x = {NULL, NULL};
	struct mm_arena *arena;
	const char *expanded, *rest;
	char dsn[12];
	unsigned code;
	int rc = 0;

	if (mm_template_check(text, value_of, &x, err) != 0)
		return -1;
	if ((arena = mm_arena_new(65536)) == NULL)
		return mm_err_set(err, "out of memory");
	expanded = mm_template_expand(arena, text, value_of, &x);
	if (expanded == NULL || !split(expanded, &code, dsn, &rest))
		rc = mm_err_set(err,
		    "\"%s\" does not begin with a 4NN or 5NN code and a blank",
		    text);
	mm_arena_free(arena);
	return rc;
}

enum mm_outcome
mm_rbl_reply_refuse(struct mm_eval *ev, const struct mm_rbl_reply *reply)
{
	struct expansion x = {ev, reply};
	const char *text, *rest;
	char dsn[12];
	unsigned code;

	text = mm_template_expand(ev->arena, reply->text, value_of, &x);
	if (text == NULL)
		text = mm_template_expand(
		    ev->arena, reply->standard, value_of, &x);
	if (text == NULL || !split(text, &code, dsn, &rest))
		return mm_eval_refuse(ev, 450, "4.7.1", "Service unavailable");
	return mm_eval_refuse(
	    ev, code, mm_eval_dsn_fix(ev, dsn, reply->class), rest);
}
