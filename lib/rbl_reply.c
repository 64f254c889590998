/* rbl_reply - see rbl_reply.h. */
#include "lib/rbl_reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/address.h"
#include "lib/arena.h"
#include "lib/err.h"
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
	CLIENT,
	CLIENT_ADDRESS,
	CLIENT_NAME,
	CLIENT_PORT,
	REVERSE_CLIENT_NAME,
	HELO_NAME,
	SENDER,
	SENDER_NAME,
	SENDER_DOMAIN,
	RECIPIENT,
	RECIPIENT_NAME,
	RECIPIENT_DOMAIN,
	SASL_METHOD,
	SASL_USERNAME,
	SASL_SENDER,
	SERVER_NAME,
	LOCALTIME,
	UNTOLD, /* a milter is not told; empty */
};

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
    {"client", CLIENT},
    {"client_address", CLIENT_ADDRESS},
    {"client_name", CLIENT_NAME},
    {"client_port", CLIENT_PORT},
    {"reverse_client_name", REVERSE_CLIENT_NAME},
    {"helo_name", HELO_NAME},
    {"sender", SENDER},
    {"sender_name", SENDER_NAME},
    {"sender_domain", SENDER_DOMAIN},
    {"recipient", RECIPIENT},
    {"recipient_name", RECIPIENT_NAME},
    {"recipient_domain", RECIPIENT_DOMAIN},
    {"sasl_method", SASL_METHOD},
    {"sasl_username", SASL_USERNAME},
    {"sasl_sender", SASL_SENDER},
    {"server_name", SERVER_NAME},
    {"localtime", LOCALTIME},
    {"ccert_subject", UNTOLD},
    {"ccert_issuer", UNTOLD},
    {"ccert_fingerprint", UNTOLD},
    {"ccert_pubkey_fingerprint", UNTOLD},
    {"encryption_protocol", UNTOLD},
    {"encryption_cipher", UNTOLD},
    {"encryption_keysize", UNTOLD},
};

static const char *
or_empty(const char *text)
{
	return text != NULL ? text : "";
}

/* An address, its local part or its domain; the null sender is "<>", and so
 * is its local part. */
static const char *
address_part(struct mm_arena *arena, const char *address, enum macro part)
{
	const char *domain = mm_address_domain(or_empty(address));

	if (address == NULL)
		return "";
	if (part == SENDER_DOMAIN || part == RECIPIENT_DOMAIN)
		return or_empty(domain);
	if (*address == '\0')
		return "<>";
	if (part == SENDER || part == RECIPIENT || domain == NULL)
		return address;
	return or_empty(
	    mm_arena_dupn(arena, address, (size_t)(domain - address) - 1));
}

static const char *
local_time(struct mm_eval *ev)
{
	char text[64];
	time_t now = (time_t)ev->now;
	struct tm tm;

	if (localtime_r(&now, &tm) == NULL ||
	    strftime(text, sizeof(text), "%b %d %H:%M:%S", &tm) == 0)
		return "";
	return or_empty(mm_arena_dup(ev->arena, text));
}

static const char *
session_value(struct mm_eval *ev, enum macro macro)
{
	const struct mm_session *s = ev->session;

	switch (macro) {
	case CLIENT:
		return or_empty(mm_arena_printf(
		    ev->arena, "%s[%s]", s->client_name, s->client_address));
	case CLIENT_ADDRESS:
		return s->client_address;
	case CLIENT_NAME:
		return or_empty(s->client_name);
	case CLIENT_PORT:
		return or_empty(s->client_port);
	case REVERSE_CLIENT_NAME:
		return or_empty(s->reverse_name);
	case HELO_NAME:
		return or_empty(s->helo);
	case SENDER:
	case SENDER_NAME:
	case SENDER_DOMAIN:
		return address_part(ev->arena, s->sender, macro);
	case RECIPIENT:
	case RECIPIENT_NAME:
	case RECIPIENT_DOMAIN:
		return address_part(ev->arena, s->recipient, macro);
	case SASL_METHOD:
		return or_empty(s->sasl_method);
	case SASL_USERNAME:
		return or_empty(s->sasl_username);
	case SASL_SENDER:
		return or_empty(s->sasl_sender);
	case SERVER_NAME:
		return s->server_name != NULL && *s->server_name != '\0'
			   ? s->server_name
			   : ev->settings->myhostname;
	case LOCALTIME:
		return local_time(ev);
	default:
		return "";
	}
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
	default:
		return session_value(x->ev, macro);
	}
}

static const char *
value_of(void *ctx, const char *name)
{
	for (size_t i = 0; i < sizeof(macros) / sizeof(macros[0]); i++) {
		if (strcmp(macros[i].name, name) == 0)
			return macro_value(ctx, macros[i].macro);
	}
	return NULL;
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
