/* restrict_generic - words that look at nothing. */
#include "lib/restrict.h"

enum mm_outcome
mm_check_permit(const void *arg, struct mm_eval *ev)
{
	(void)arg;
	(void)ev;
	return MM_OK;
}

enum mm_outcome
mm_check_reject(const void *arg, struct mm_eval *ev)
{
	(void)arg;
	return mm_eval_reject(ev, ev->settings->reject_code, "5.7.1",
	    mm_eval_subject(ev), "Access denied");
}

enum mm_outcome
mm_check_defer(const void *arg, struct mm_eval *ev)
{
	(void)arg;
	return mm_eval_reject(ev, ev->settings->defer_code, "4.3.2",
	    mm_eval_subject(ev), "Try again later");
}

enum mm_outcome
mm_check_defer_if_permit(const void *arg, struct mm_eval *ev)
{
	(void)arg;
	return mm_eval_defer_if_permit(
	    ev, 450, "4.7.0", mm_eval_subject(ev), "defer_if_permit requested");
}

enum mm_outcome
mm_check_defer_if_reject(const void *arg, struct mm_eval *ev)
{
	(void)arg;
	return mm_eval_defer_if_reject(
	    ev, 450, "4.7.0", mm_eval_subject(ev), "defer_if_reject requested");
}

enum mm_outcome
mm_check_greylist(const void *arg, struct mm_eval *ev)
{
	(void)arg;
	return mm_eval_greylist(ev);
}

/* A word that the MTA carries out itself. */
enum mm_outcome
mm_check_nothing(const void *arg, struct mm_eval *ev)
{
	(void)arg;
	mm_eval_note(ev, "the MTA's own: nothing is done here");
	return MM_DUNNO;
}
