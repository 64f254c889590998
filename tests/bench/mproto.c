/* mproto - the MTA's half of the milter protocol. */
#include "tests/bench/mproto.h"

#include <arpa/inet.h>
#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>
#include <stdio.h>
#include <string.h>

/* What Postfix 3.7 offers. */
#define OFFER_ACTIONS SMFI_CURR_ACTS
#define OFFER_PROTOCOL SMFI_CURR_PROT

/* clang-format off */
static const struct {
	char command;
	uint32_t skip, silent; /* SMFIP_NO*, SMFIP_NR_* */
	int place;             /* SMFIM_* */
	const char *macros;    /* milter_*_macros of Postfix 3.7 */
} stages[MPROTO_NSTAGES] = {
	[MPROTO_CONNECT] = { SMFIC_CONNECT, SMFIP_NOCONNECT, SMFIP_NR_CONN,
	    SMFIM_CONNECT, "j {daemon_name} {daemon_addr} v _" },
	[MPROTO_HELO] = { SMFIC_HELO, SMFIP_NOHELO, SMFIP_NR_HELO, SMFIM_HELO,
	    "{tls_version} {cipher} {cipher_bits} {cert_subject} {cert_issuer}" },
	[MPROTO_MAIL] = { SMFIC_MAIL, SMFIP_NOMAIL, SMFIP_NR_MAIL, SMFIM_ENVFROM,
	    "i {auth_type} {auth_authen} {auth_author} {mail_addr} {mail_host} "
	    "{mail_mailer}" },
	[MPROTO_RCPT] = { SMFIC_RCPT, SMFIP_NORCPT, SMFIP_NR_RCPT, SMFIM_ENVRCPT,
	    "i {rcpt_addr} {rcpt_host} {rcpt_mailer}" },
};
/* clang-format on */

/* One packet: room for its length first, filled in by end(). */
static size_t
begin(struct mproto *p, char command)
{
	size_t at = p->outlen;

	p->out[at + 4] = command;
	p->outlen += 5;
	return at;
}

static void
end(struct mproto *p, size_t at)
{
	uint32_t len = htonl((uint32_t)(p->outlen - at - 4));

	memcpy(p->out + at, &len, 4);
}

static void
put(struct mproto *p, const void *data, size_t len)
{
	if (len > sizeof(p->out) - p->outlen - 5) /* the next begin() fits */
		len = sizeof(p->out) - p->outlen - 5;
	memcpy(p->out + p->outlen, data, len);
	p->outlen += len;
}

static void
put_string(struct mproto *p, const char *s)
{
	put(p, s, strlen(s) + 1);
}

static void
put_bracketed(struct mproto *p, const char *address)
{
	put(p, "<", 1);
	put(p, address, strlen(address));
	put(p, ">", 2);
}

static const char *
domain_of(const char *address)
{
	const char *at = strrchr(address, '@');

	return at != NULL ? at + 1 : "";
}

/* A macro's value; NULL: this session has none, and it is not sent. */
static const char *
macro(const struct mproto_envelope *e, const char *name, size_t len, char *buf,
    size_t size)
{
	bool named = strcmp(e->client_name, "unknown") != 0;
	const struct {
		const char *name, *value;
	} table[] = {
	    {"j", "mx.example.net"},
	    {"v", "Postfix 3.7.11"},
	    {"_", buf},
	    {"{daemon_name}", "mx.example.net"},
	    {"{daemon_addr}", "192.0.2.25"},
	    {"{daemon_port}", "25"},
	    {"{client_addr}", e->client_address},
	    {"{client_name}", e->client_name},
	    {"{client_ptr}", e->client_name},
	    {"{client_resolve}", named ? "OK" : "FAIL"},
	    {"{client_port}", "40000"},
	    {"{client_connections}", "0"},
	    {"{mail_addr}", e->sender},
	    {"{mail_host}", domain_of(e->sender)},
	    {"{mail_mailer}", "smtp"},
	    {"{rcpt_addr}", e->recipient},
	    {"{rcpt_host}", domain_of(e->recipient)},
	    {"{rcpt_mailer}", "local"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strlen(table[i].name) != len ||
		    memcmp(table[i].name, name, len) != 0)
			continue;
		if (table[i].value == buf)
			snprintf(buf, size, "%s [%s]", e->client_name,
			    e->client_address);
		return table[i].value;
	}
	return NULL;
}

static void
put_macros(
    struct mproto *p, enum mproto_stage stage, const struct mproto_envelope *e)
{
	const char *names = p->macros[stages[stage].place];
	size_t at = begin(p, SMFIC_MACRO);
	char buf[256];

	if (*names == '\0')
		names = stages[stage].macros;
	put(p, &stages[stage].command, 1);
	while (*(names += strspn(names, " ,\t")) != '\0') {
		size_t len = strcspn(names, " ,\t");
		const char *value = macro(e, names, len, buf, sizeof(buf));

		if (value != NULL) {
			put(p, names, len);
			put(p, "", 1);
			put_string(p, value);
		}
		names += len;
	}
	end(p, at);
}

static void
put_arguments(
    struct mproto *p, enum mproto_stage stage, const struct mproto_envelope *e)
{
	uint16_t port = htons(40000);

	switch (stage) {
	case MPROTO_CONNECT:
		put_string(p, e->client_name);
		put(p, "4", 1);
		put(p, &port, 2);
		put_string(p, e->client_address);
		break;
	case MPROTO_HELO:
		put_string(p, e->helo);
		break;
	case MPROTO_MAIL:
		put_bracketed(p, e->sender);
		put_string(p, "SIZE=2345");
		put_string(p, "BODY=8BITMIME");
		break;
	case MPROTO_RCPT:
		put_bracketed(p, e->recipient);
		break;
	default:
		break;
	}
}

void
mproto_reset(struct mproto *p)
{
	p->protocol = 0;
	for (size_t i = 0; i < sizeof(p->macros) / sizeof(p->macros[0]); i++)
		p->macros[i][0] = '\0';
	p->outlen = p->inlen = 0;
}

bool
mproto_put(struct mproto *p, enum mproto_stage stage,
    const struct mproto_envelope *envelope)
{
	const uint32_t offer[3] = {htonl(SMFI_PROT_VERSION),
	    htonl(OFFER_ACTIONS), htonl(OFFER_PROTOCOL)};
	size_t at;

	if (stage == MPROTO_NEGOTIATE) {
		at = begin(p, SMFIC_OPTNEG);
		put(p, offer, sizeof(offer));
		end(p, at);
		return true;
	}
	put_macros(p, stage, envelope); /* sent even where the event is not */
	if (p->protocol & stages[stage].skip)
		return false;
	at = begin(p, stages[stage].command);
	put_arguments(p, stage, envelope);
	end(p, at);
	return (p->protocol & stages[stage].silent) == 0;
}

/* Postfix ends an open transaction first; neither is answered. */
void
mproto_put_quit(struct mproto *p)
{
	end(p, begin(p, SMFIC_ABORT));
	end(p, begin(p, SMFIC_QUIT));
}

/* The filter's wishes: three numbers, then lists of macros by stage. */
static int
read_negotiation(struct mproto *p, const char *data, size_t len)
{
	uint32_t word[3], place;

	if (len < sizeof(word))
		return -1;
	memcpy(word, data, sizeof(word));
	p->protocol = ntohl(word[2]);
	data += sizeof(word), len -= sizeof(word);
	while (len > sizeof(place)) {
		size_t n = strnlen(data + 4, len - 4);

		memcpy(&place, data, sizeof(place));
		place = ntohl(place);
		if (n == len - 4)
			return -1;
		if (place < sizeof(p->macros) / sizeof(p->macros[0]))
			snprintf(p->macros[place], sizeof(p->macros[place]),
			    "%s", data + 4);
		data += 4 + n + 1, len -= 4 + n + 1;
	}
	return 1;
}

int
mproto_get(struct mproto *p, char *code)
{
	uint32_t len;
	int ret = 1;

	if (p->inlen < 5)
		return 0;
	memcpy(&len, p->in, 4);
	len = ntohl(len);
	if (len == 0 || len > sizeof(p->in) - 4)
		return -1;
	if (p->inlen < 4 + (size_t)len)
		return 0;
	*code = p->in[4];
	if (*code == SMFIC_OPTNEG)
		ret = read_negotiation(p, p->in + 5, len - 1);
	else if (*code == SMFIR_REPLYCODE && len > 1)
		*code = p->in[5];
	p->inlen -= 4 + (size_t)len;
	memmove(p->in, p->in + 4 + len, p->inlen);
	return ret;
}
