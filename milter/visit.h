/*
 * visit - one SMTP session: what libmilter's callbacks tell becomes facts, and
 * at RCPT a verdict.
 *
 * Knows nothing of libmilter.  A session keeps the policy that it began with.
 * Where memory is out, mail passes without being judged, and that is said.
 * Threads: confined; a session belongs to one callback at a time.
 */
#ifndef MM_MILTER_VISIT_H
#define MM_MILTER_VISIT_H

#include <stdbool.h>

#include "lib/session.h"
#include "milter/outcome.h"

struct service;
struct visit;

/*
 * Begins at connect.  NULL: out of memory, nothing of it will be judged.
 * ret: what is answered at once, where stages are judged as they come
 * (smtpd_delay_reject = no); waits for answers then, as visit_mail does.
 */
struct visit *visit_new(struct service *service,
    const struct mm_session_client *told, struct outcome *ret);
void visit_free(struct visit *visit); /* NULL is fine */
/* Else everything passes; NULL does. */
bool visit_judges(const struct visit *visit);

/* Does not wait.  The strings are as the MTA has them; any but raw may be
 * NULL. */
void visit_helo(
    struct visit *visit, const char *raw, const struct mm_session_tls *tls);
struct visit_mail {
	const char *raw;		    /* as the client wrote it */
	char *const *parameters;	    /* behind it; NULL ends them */
	const char *key;		    /* {mail_addr} */
	const char *protocol;		    /* r */
	const char *type, *authen, *author; /* {auth_...} */
	struct mm_session_tls tls;
};
/* ret: as above, of HELO as well: the MTA would say yes to it in any case, and
 * hold the session to the first no. */
void visit_mail(
    struct visit *visit, const struct visit_mail *mail, struct outcome *ret);
/* Waits for answers and the store, each for a bounded time. */
void visit_rcpt(struct visit *visit, const char *raw, const char *key,
    const char *queue_id, struct outcome *ret);
/* What is to be done to the message, now that it has come; to be called once,
 * lives until the transaction ends. */
struct effects;
const struct effects *visit_effects(struct visit *visit);
/* The transaction is over, by whatever end; may come at any time. */
void visit_end_mail(struct visit *visit);

#endif
