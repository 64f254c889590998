/* restrict_tls - is the session encrypted, and who is at the other end? */
#include "lib/restrict.h"

enum mm_outcome
mm_check_plaintext_session(const void *arg, struct mm_eval *ev)
{
	(void)arg;
	if (*ev->session->tls_version != '\0')
		return MM_DUNNO;
	return mm_eval_refuse(ev, ev->settings->plaintext_reject_code, "4.7.1",
	    "Session encryption is required");
}

/* The MTA names no certificate but one that it trusts. */
enum mm_outcome
mm_check_tls_all_clientcerts(const void *arg, struct mm_eval *ev)
{
	const struct mm_session *s = ev->session;

	(void)arg;
	if (*s->cert_subject == '\0' && *s->cert_issuer == '\0')
		return MM_DUNNO;
	mm_eval_note(ev, s->cert_subject);
	return MM_OK;
}
