/* restrict_tls - is the session encrypted, and who is at the other end? */
#include "lib/restrict.h"

/* At connect the MTA has not said anything of it. */
static bool
given(const char *text)
{
	return text != NULL && *text != '\0';
}

enum mm_outcome
mm_check_plaintext_session(const void *arg, struct mm_eval *ev)
{
	(void)arg;
	if (given(ev->session->tls_version))
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
	if (!given(s->cert_subject) && !given(s->cert_issuer))
		return MM_DUNNO;
	mm_eval_note(ev, s->cert_subject);
	return MM_OK;
}
