/*
 * session - the facts of one SMTP session, as they become known.
 *
 * A fact is not yet known, absent, or a value.  Facts enter here, from the
 * MTA's arguments and macros, and only flow down; what the two MTAs say
 * differently is the same here.
 * Threads: confined.
 */
#ifndef MM_SESSION_H
#define MM_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/ip.h"

struct mm_arena;
struct sockaddr;

enum mm_known {
	MM_NOT_YET = 0,
	MM_ABSENT,
	MM_KNOWN,
};

/* What checks need, as bits: 1u << MM_FACT_HELO. */
enum mm_fact {
	MM_FACT_CLIENT, /* address; names are always something */
	MM_FACT_HELO,
	MM_FACT_AUTH,
	MM_FACT_TLS, /* is the session encrypted: never absent */
	MM_FACT_SENDER,
	MM_FACT_RECIPIENT,
	MM_NFACTS,
};
#define MM_NEEDS(fact) (1u << (fact))

/* The lookup states of the client's names, as Postfix has them. */
enum mm_name_status {
	MM_NAME_OK = 0,
	MM_NAME_PERM,	/* there is none */
	MM_NAME_FORGED, /* PTR and address do not agree */
	MM_NAME_TEMP,	/* could not find out */
	MM_NAME_UNSURE, /* one of the last two: the MTA does not tell which */
};

enum mm_stage {
	MM_STAGE_CONNECT,
	MM_STAGE_HELO,
	MM_STAGE_MAIL,
	MM_STAGE_RCPT,
};

struct mm_session {
	enum mm_stage stage;
	enum mm_known known[MM_NFACTS];
	/* CLIENT */
	struct mm_ip client;
	char client_address[MM_IP_TEXT_MAX];
	char client_reversed[MM_IP_REVERSED_MAX];
	char *client_name;  /* verified, or "unknown" */
	char *reverse_name; /* of the PTR, or "unknown" */
	enum mm_name_status name_status, reverse_status;
	char *client_port, *server_name, *daemon_name; /* "" if untold */
	char *server_address, *server_port;	       /* likewise */
	char *domain; /* of addresses that have none; "" if untold */
	/* HELO: as Postfix stores it, see mm_session_helo; NULL if none */
	char *helo;
	/* AUTH; "" where the MTA did not say */
	char *sasl_method, *sasl_username, *sasl_sender;
	/* TLS; "" in plaintext.  The names of a certificate only if it is one
	 * that the MTA trusts. */
	char *tls_version, *tls_cipher, *tls_bits;
	char *cert_subject, *cert_issuer;
	/* SENDER, RECIPIENT: internal form for texts; key: what the MTA made
	 * of it, for tables.  strict: well-formed by RFC 5321 */
	const char *sender, *sender_key, *recipient, *recipient_key;
	bool sender_strict, recipient_strict;
	bool postmaster;      /* the recipient is a bare postmaster */
	const char *queue_id; /* "" while there is none */
	unsigned accepted;    /* recipients that this transaction has so far */
	char *protocol;	      /* "ESMTP", unless the MTA says otherwise */
	uint64_t size;	      /* as MAIL announced it; 0: it did not */
	char instance[40];    /* the transaction's, unlike any other's */
};

/* What an MTA tells at connect; any pointer may be NULL. */
struct mm_session_client {
	const struct sockaddr *address;
	const char *hostname; /* xxfi_connect's argument */
	const char *client_name, *client_ptr, *client_resolve, *client_port;
	const char *server_name, *daemon_name;	  /* macros j, {daemon_name} */
	const char *server_address, *server_port; /* {daemon_addr}, ..._port */
	/* What the MTA puts behind an address without a domain, where it does
	 * not tell the whole of it as a key. */
	const char *domain;
	bool unsure; /* it calls a failed forward lookup FORGED as well */
};

/* {tls_version}, {cipher}, {cipher_bits}, {cert_subject}, {cert_issuer}; any
 * pointer may be NULL. */
struct mm_session_tls {
	const char *version, *cipher, *bits, *subject, *issuer;
};

void mm_session_init(struct mm_session *session);
void mm_session_clear(struct mm_session *session);

/* Each returns false when memory is out; the facts are then unchanged. */
bool mm_session_connect(
    struct mm_session *session, const struct mm_session_client *told);
/* raw as sent; stored with Postfix's neutering: what could hurt a log or a
 * reply becomes "?". */
bool mm_session_helo(struct mm_session *session, const char *raw);
/* Begins a transaction: sender facts live in arena.  HELO and AUTH are
 * absent from here on if they have not come.  key: {mail_addr} or NULL. */
bool mm_session_mail(struct mm_session *session, struct mm_arena *arena,
    const char *raw, const char *key);
/* {auth_type}, {auth_authen}, {auth_author}; call before mm_session_mail. */
bool mm_session_auth(struct mm_session *session, const char *type,
    const char *authen, const char *author);
/* The parameters of MAIL, as "SIZE=1000", the last one followed by NULL, and
 * the macro r; either may be NULL.  Call before mm_session_mail. */
bool mm_session_parameters(
    struct mm_session *session, const char *protocol, char *const *parameters);
/*
 * Call before mm_session_helo and before mm_session_mail; without a call the
 * session is in plaintext.  Encryption is known as soon as there is one; that
 * there is none, only once MAIL has come.  A HELO from before the encryption
 * began is forgotten (RFC 3207 4.2).
 */
bool mm_session_tls(
    struct mm_session *session, const struct mm_session_tls *told);
/* One recipient, in arena; replaces the one before.  key: {rcpt_addr}. */
bool mm_session_rcpt(struct mm_session *session, struct mm_arena *arena,
    const char *raw, const char *key, const char *queue_id);
/* The recipient that was judged last is let in. */
void mm_session_accept(struct mm_session *session);
/* The transaction is over: sender and recipient are not yet known again. */
void mm_session_end_mail(struct mm_session *session);

const char *mm_stage_word(enum mm_stage stage); /* CONNECT, HELO, ... */

#endif
