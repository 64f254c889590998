/* restrict_relay - do we take mail for this address?  Says nothing as long as
 * no setting names a domain: then only the MTA knows. */
#include "lib/restrict.h"

#include "lib/arena.h"
#include "lib/site.h"

struct mm_destination
mm_restrict_destination(struct mm_eval *ev, const char *key)
{
	return mm_site_resolve(ev->load->site, key, ev->arena);
}

static struct mm_destination
recipient(struct mm_eval *ev)
{
	static const char *const notes[] = {
	    [MM_CLASS_UNKNOWN] = "the MTA's own: nothing is done here",
	    [MM_CLASS_LOCAL] = "a local domain",
	    [MM_CLASS_ALIAS] = "a virtual alias domain",
	    [MM_CLASS_MAILBOX] = "a virtual mailbox domain",
	    [MM_CLASS_RELAY] = "a relay domain",
	    [MM_CLASS_OTHER] = "not one of our domains",
	    [MM_CLASS_FAILED] = "a table of domains failed",
	};
	struct mm_destination to =
	    mm_restrict_destination(ev, ev->session->recipient_key);

	mm_eval_note(
	    ev, to.routed ? "sent on to a further host" : notes[to.class]);
	return to;
}

enum mm_outcome
mm_restrict_ours(struct mm_eval *ev)
{
	struct mm_destination to;

	if (((ev->not_yet | ev->absent) & MM_NEEDS(MM_FACT_RECIPIENT)) != 0)
		return MM_OK;
	to = mm_restrict_destination(ev, ev->session->recipient_key);
	if (to.class == MM_CLASS_FAILED)
		return mm_eval_lookup_failed(ev, ev->session->recipient);
	if (to.class == MM_CLASS_UNKNOWN || mm_destination_authorised(&to))
		return MM_OK;
	mm_eval_note(ev, "does not apply: the recipient is none of ours");
	return MM_DUNNO;
}

enum mm_outcome
mm_check_auth_destination(const void *arg, struct mm_eval *ev)
{
	struct mm_destination to = recipient(ev);

	(void)arg;
	if (to.class == MM_CLASS_FAILED)
		return mm_eval_lookup_failed(ev, ev->session->recipient);
	return mm_destination_authorised(&to) ? MM_OK : MM_DUNNO;
}

static enum mm_outcome
refuse_others(struct mm_eval *ev, unsigned code, const char *dsn)
{
	struct mm_destination to = recipient(ev);
	char *text;

	if (to.class == MM_CLASS_FAILED)
		return mm_eval_lookup_failed(ev, ev->session->recipient);
	if (to.class == MM_CLASS_UNKNOWN || mm_destination_authorised(&to))
		return MM_DUNNO;
	text = mm_arena_printf(
	    ev->arena, "<%s>: Relay access denied", ev->session->recipient);
	return mm_eval_refuse(ev, code, dsn, text != NULL ? text : "");
}

enum mm_outcome
mm_check_reject_unauth_destination(const void *arg, struct mm_eval *ev)
{
	(void)arg;
	return refuse_others(
	    ev, ev->settings->relay_domains_reject_code, "5.7.1");
}

enum mm_outcome
mm_check_defer_unauth_destination(const void *arg, struct mm_eval *ev)
{
	(void)arg;
	return refuse_others(
	    ev, ev->settings->relay_domains_reject_code - 100, "4.7.1");
}
