/* macros - see macros.h. */
#include "lib/macros.h"

#include <string.h>
#include <time.h>

#include "lib/address.h"
#include "lib/arena.h"
#include "lib/session.h"
#include "lib/settings.h"

enum macro {
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
	SERVER_NAME,
	LOCALTIME,
	UNTOLD, /* documented, yet Postfix has them empty */
};

static const struct {
	const char *name;
	enum macro macro;
} names[] = {
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
    {"sasl_method", UNTOLD},
    {"sasl_username", UNTOLD},
    {"sasl_sender", UNTOLD},
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
local_time(const struct mm_macros *m)
{
	char text[64];
	time_t now = (time_t)m->now;
	struct tm tm;

	if (localtime_r(&now, &tm) == NULL ||
	    strftime(text, sizeof(text), "%b %d %H:%M:%S", &tm) == 0)
		return "";
	return or_empty(mm_arena_dup(m->arena, text));
}

static const char *
session_value(const struct mm_macros *m, enum macro macro)
{
	const struct mm_session *s = m->session;

	switch (macro) {
	case CLIENT:
		return or_empty(mm_arena_printf(
		    m->arena, "%s[%s]", s->client_name, s->client_address));
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
		return address_part(m->arena, s->sender, macro);
	case RECIPIENT:
	case RECIPIENT_NAME:
	case RECIPIENT_DOMAIN:
		return address_part(m->arena, s->recipient, macro);
	case SERVER_NAME:
		return s->server_name != NULL && *s->server_name != '\0'
			   ? s->server_name
			   : m->settings->myhostname;
	case LOCALTIME:
		return local_time(m);
	case UNTOLD:
		break;
	}
	return "";
}

const char *
mm_macro_value(const struct mm_macros *macros, const char *name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i].name, name) == 0)
			return macros->session != NULL
				   ? session_value(macros, names[i].macro)
				   : "x";
	}
	return NULL;
}
