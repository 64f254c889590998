/*
 * callbacks_facts - what an MTA tells, in arguments and macros, as the facts
 * that it means.
 *
 * Here the difference between Postfix and Sendmail ends: an address, a login or
 * a certificate that both have seen is the same behind this.
 * Threads: confined; a session belongs to one callback at a time.
 */
#ifndef MM_MILTER_CALLBACKS_FACTS_H
#define MM_MILTER_CALLBACKS_FACTS_H

#include <libmilter/mfapi.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/ip.h"
#include "lib/session.h"

struct visit_mail;

/* Asks the MTA for the macros that are read here; within negotiation. */
void callbacks_want(SMFICTX *ctx);

/* A name as Sendmail may tell it; longer ones stay as they are told. */
#define CALLBACKS_NAME_MAX 512

/* Where texts are that had to be made; lives as long as what points there. */
struct callbacks_texts {
	char server_address[MM_IP_TEXT_MAX];
	char authen[CALLBACKS_NAME_MAX], author[CALLBACKS_NAME_MAX];
	char subject[CALLBACKS_NAME_MAX], issuer[CALLBACKS_NAME_MAX];
};

/* Somebody of this machine who runs sendmail -bs: no client at all. */
bool callbacks_local(SMFICTX *ctx, const char *hostname, const void *address);
void callbacks_client(SMFICTX *ctx, const char *hostname, const void *address,
    struct callbacks_texts *texts, struct mm_session_client *ret);
void callbacks_tls(
    SMFICTX *ctx, struct callbacks_texts *texts, struct mm_session_tls *ret);
/* argv: of xxfi_envfrom. */
void callbacks_mail(SMFICTX *ctx, char *const *argv,
    struct callbacks_texts *texts, struct visit_mail *ret);
/* The recipient as the MTA looks it up; NULL: as it was sent. */
const char *callbacks_recipient(SMFICTX *ctx);
/* "" while there is none. */
const char *callbacks_queue_id(SMFICTX *ctx);

#endif
