/* session - see session.h. */
#include "lib/session.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/address.h"
#include "lib/arena.h"
#include "lib/hostname.h"
#include "lib/str.h"

static const char unknown[] = "unknown";

void
mm_session_init(struct mm_session *session)
{
	memset(session, 0, sizeof(*session));
}

void
mm_session_clear(struct mm_session *session)
{
	free(session->client_name);
	free(session->reverse_name);
	free(session->client_port);
	free(session->server_name);
	free(session->daemon_name);
	free(session->server_address);
	free(session->server_port);
	free(session->domain);
	free(session->protocol);
	free(session->helo);
	free(session->sasl_method);
	free(session->sasl_username);
	free(session->sasl_sender);
	free(session->tls_version);
	free(session->tls_cipher);
	free(session->tls_bits);
	free(session->cert_subject);
	free(session->cert_issuer);
	mm_session_init(session);
}

/* Replaces *at by a copy of text, "" for NULL. */
static bool
keep(char **at, const char *text)
{
	char *copy = strdup(text != NULL ? text : "");

	if (copy == NULL)
		return false;
	free(*at);
	*at = copy;
	return true;
}

/* A name as the MTA tells it: Sendmail puts the address in brackets where
 * Postfix says "unknown". */
static const char *
told_name(const char *name)
{
	return name == NULL || *name == '\0' || *name == '[' ? unknown : name;
}

/*
 * The lookup states from {client_resolve} and {client_ptr}, Postfix's table
 * in XFORWARD_README terms: OK and FORGED speak for themselves, FAIL is no
 * PTR, TEMP with a PTR name is a failed forward lookup.
 */
static void
name_states(struct mm_session *session, const char *resolve, bool unsure)
{
	bool ptr = strcmp(session->reverse_name, unknown) != 0;
	enum mm_name_status name = MM_NAME_PERM;

	if (resolve == NULL)
		name = strcmp(session->client_name, unknown) != 0
			   ? MM_NAME_OK
			   : MM_NAME_PERM;
	else if (strcmp(resolve, "OK") == 0)
		name = MM_NAME_OK;
	else if (strcmp(resolve, "FORGED") == 0)
		name = unsure ? MM_NAME_UNSURE : MM_NAME_FORGED;
	else if (strcmp(resolve, "TEMP") == 0)
		name = MM_NAME_TEMP;

	session->name_status = name;
	session->reverse_status = ptr			 ? MM_NAME_OK
				  : name == MM_NAME_TEMP ? MM_NAME_TEMP
							 : MM_NAME_PERM;
}

bool
mm_session_connect(
    struct mm_session *session, const struct mm_session_client *told)
{
	const char *name = told->client_name, *ptr = told->client_ptr;

	if (name == NULL && told->hostname != NULL)
		name = told->hostname;
	name = told_name(name);
	ptr =
	    ptr == NULL && told->client_resolve == NULL ? name : told_name(ptr);
	if (!keep(&session->client_name, name) ||
	    !keep(&session->reverse_name, ptr) ||
	    !keep(&session->client_port, told->client_port) ||
	    !keep(&session->server_name, told->server_name) ||
	    !keep(&session->daemon_name, told->daemon_name) ||
	    !keep(&session->server_address, told->server_address) ||
	    !keep(&session->server_port, told->server_port) ||
	    !keep(&session->domain, told->domain))
		return false;
	name_states(session, told->client_resolve, told->unsure);

	session->stage = MM_STAGE_CONNECT;
	session->known[MM_FACT_CLIENT] = MM_ABSENT;
	if (told->address != NULL &&
	    mm_ip_from_sockaddr(told->address, &session->client)) {
		session->known[MM_FACT_CLIENT] = MM_KNOWN;
		mm_ip_format(&session->client, session->client_address);
		mm_ip_reverse(&session->client, session->client_reversed);
	}
	return true;
}

/* Postfix's neutering of HELO: what could hurt a log or a reply is "?". */
static void
neuter(char *text)
{
	static const char bad[] = "` <>()\\\";@";

	mm_str_printable(text, '?');
	for (; *text != '\0'; text++) {
		if (strchr(bad, *text) != NULL)
			*text = '?';
	}
}

bool
mm_session_helo(struct mm_session *session, const char *raw)
{
	if (!keep(&session->helo, raw))
		return false;
	neuter(session->helo);
	session->known[MM_FACT_HELO] = MM_KNOWN;
	session->stage = MM_STAGE_HELO;
	return true;
}

bool
mm_session_auth(struct mm_session *session, const char *type,
    const char *authen, const char *author)
{
	if (!keep(&session->sasl_method, type) ||
	    !keep(&session->sasl_username, authen) ||
	    !keep(&session->sasl_sender, author))
		return false;
	session->known[MM_FACT_AUTH] =
	    authen != NULL && *authen != '\0' ? MM_KNOWN : MM_ABSENT;
	return true;
}

/* What the MTA has let through is a number; what it has not is none here. */
static uint64_t
announced(const char *digits)
{
	unsigned long n;

	return mm_str_to_uint(digits, 0, ULONG_MAX, &n) ? n : 0;
}

bool
mm_session_parameters(
    struct mm_session *session, const char *protocol, char *const *parameters)
{
	static const char esmtp[] = "ESMTP";

	if (!keep(&session->protocol,
		protocol != NULL && *protocol != '\0' ? protocol : esmtp))
		return false;
	session->size = 0;
	for (; parameters != NULL && *parameters != NULL; parameters++) {
		if (mm_str_begins(*parameters, "SIZE="))
			session->size = announced(*parameters + 5);
	}
	return true;
}

static bool
encrypted(const struct mm_session *session)
{
	return session->tls_version != NULL && *session->tls_version != '\0';
}

bool
mm_session_tls(struct mm_session *session, const struct mm_session_tls *told)
{
	bool before = encrypted(session);

	if (!keep(&session->tls_version, told->version) ||
	    !keep(&session->tls_cipher, told->cipher) ||
	    !keep(&session->tls_bits, told->bits) ||
	    !keep(&session->cert_subject, told->subject) ||
	    !keep(&session->cert_issuer, told->issuer))
		return false;
	session->known[MM_FACT_TLS] =
	    encrypted(session) ? MM_KNOWN : MM_NOT_YET;
	if (encrypted(session) && !before) {
		free(session->helo);
		session->helo = NULL;
		session->known[MM_FACT_HELO] = MM_NOT_YET;
	}
	return true;
}

/* What tables look up: the MTA's own form of an address if it told one. */
static const char *
lookup_key(const struct mm_session *session, struct mm_arena *arena,
    const char *address, const char *told)
{
	const char *domain = session->domain;

	if (*address == '\0')
		return address;
	if (told != NULL && *told != '\0')
		return mm_address_internal(arena, told);
	if (domain == NULL || *domain == '\0' ||
	    mm_address_domain(address) != NULL)
		return address;
	return mm_arena_printf(arena, "%s@%s", address, domain);
}

bool
mm_session_mail(struct mm_session *session, struct mm_arena *arena,
    const char *raw, const char *key)
{
	if (session->tls_version == NULL &&
	    !mm_session_tls(session, &(const struct mm_session_tls){0}))
		return false;
	session->sender = mm_address_internal(arena, raw);
	if (session->sender == NULL)
		return false;
	session->sender_key = lookup_key(session, arena, session->sender, key);
	if (session->sender_key == NULL)
		return false;
	session->sender_strict = mm_address_strict(raw);
	session->known[MM_FACT_SENDER] = MM_KNOWN;
	if (session->known[MM_FACT_HELO] == MM_NOT_YET)
		session->known[MM_FACT_HELO] = MM_ABSENT;
	if (session->known[MM_FACT_AUTH] == MM_NOT_YET)
		session->known[MM_FACT_AUTH] = MM_ABSENT;
	session->known[MM_FACT_TLS] = MM_KNOWN;
	session->known[MM_FACT_RECIPIENT] = MM_NOT_YET;
	session->queue_id = "";
	session->accepted = 0;
	session->stage = MM_STAGE_MAIL;
	return true;
}

bool
mm_session_rcpt(struct mm_session *session, struct mm_arena *arena,
    const char *raw, const char *key, const char *queue_id)
{
	session->recipient = mm_address_internal(arena, raw);
	session->queue_id =
	    mm_arena_dup(arena, queue_id != NULL ? queue_id : "");
	if (session->recipient == NULL || session->queue_id == NULL)
		return false;
	session->recipient_key =
	    lookup_key(session, arena, session->recipient, key);
	if (session->recipient_key == NULL)
		return false;
	session->recipient_strict = mm_address_strict(raw);
	session->postmaster = strcasecmp(session->recipient, "postmaster") == 0;
	session->known[MM_FACT_RECIPIENT] = MM_KNOWN;
	session->stage = MM_STAGE_RCPT;
	return true;
}

void
mm_session_accept(struct mm_session *session)
{
	session->accepted++;
}

void
mm_session_end_mail(struct mm_session *session)
{
	session->sender = session->sender_key = NULL;
	session->recipient = session->recipient_key = NULL;
	session->queue_id = "";
	session->known[MM_FACT_SENDER] = MM_NOT_YET;
	session->known[MM_FACT_RECIPIENT] = MM_NOT_YET;
	/* known for good only once MAIL has come: it may still be given */
	session->known[MM_FACT_AUTH] = MM_NOT_YET;
	if (!encrypted(session))
		session->known[MM_FACT_TLS] = MM_NOT_YET;
	if (session->known[MM_FACT_HELO] == MM_ABSENT)
		session->known[MM_FACT_HELO] = MM_NOT_YET;
	session->stage = session->known[MM_FACT_HELO] == MM_KNOWN
			     ? MM_STAGE_HELO
			     : MM_STAGE_CONNECT;
}

const char *
mm_stage_word(enum mm_stage stage)
{
	static const char *const words[] = {
	    [MM_STAGE_CONNECT] = "CONNECT",
	    [MM_STAGE_HELO] = "HELO",
	    [MM_STAGE_MAIL] = "MAIL",
	    [MM_STAGE_RCPT] = "RCPT",
	};

	return words[stage];
}
