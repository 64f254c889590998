/* restrict_generic - words that look at nothing. */
#include "lib/restrict.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/str.h"

#define GREYLIST_DELAY_MAX INT64_C(86400000) /* ms, as greylist_delay */
#define SLEEP_MAX 86400			     /* seconds: nobody waits so long */

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

/* "delay=TIME", as text and in ms.  -1: *err. */
static int
read_delay(const char *arg, int64_t window, int64_t *ret, struct mm_err *err)
{
	static const char name[] = "delay=";
	int64_t ms;

	if (!mm_str_begins(arg, name))
		return mm_err_set(
		    err, "unknown option \"%s\": delay=TIME is one", arg);
	if (!mm_str_to_ms(arg + strlen(name), &ms) || ms > GREYLIST_DELAY_MAX)
		return mm_err_set(err,
		    "\"%s\": not a time of at most 1d, as in delay=15m", arg);
	if (ms >= window)
		return mm_err_set(err,
		    "\"%s\": greylist_retry_window must be longer: nothing "
		    "would ever pass",
		    arg);
	*ret = ms;
	return 0;
}

void *
mm_parse_greylist(const char *arg, struct mm_load *load, struct mm_err *err)
{
	int64_t delay = load->settings->greylist_delay, *ms;

	if (arg != NULL &&
	    read_delay(
		arg, load->settings->greylist_retry_window, &delay, err) != 0)
		return NULL;
	if ((ms = malloc(sizeof(*ms))) == NULL)
		mm_err_set(err, "out of memory");
	else
		*ms = delay;
	return ms;
}

void
mm_free_greylist(void *delay)
{
	free(delay);
}

enum mm_outcome
mm_check_greylist(const void *arg, struct mm_eval *ev)
{
	return mm_eval_greylist(ev, *(const int64_t *)arg);
}

/* A word that nobody knows, in a list that came with a mail. */
enum mm_outcome
mm_check_wrong(const void *arg, struct mm_eval *ev)
{
	(void)arg;
	mm_eval_note(ev, "no restriction: a mistake of who wrote it");
	return mm_eval_misconfigured(ev, "Server configuration error");
}

/* A word that the MTA carries out itself. */
enum mm_outcome
mm_check_nothing(const void *arg, struct mm_eval *ev)
{
	(void)arg;
	mm_eval_note(ev, "the MTA's own: nothing is done here");
	return MM_DUNNO;
}

void *
mm_parse_sleep(const char *arg, struct mm_load *load, struct mm_err *err)
{
	int64_t wait = load->settings->dns_deadline;
	unsigned long seconds;
	int64_t *ms;

	if (!mm_str_to_uint(arg, 0, SLEEP_MAX, &seconds)) {
		mm_err_set(err, "\"%s\" is not a number of seconds", arg);
		return NULL;
	}
	if ((ms = malloc(sizeof(*ms))) == NULL) {
		mm_err_set(err, "out of memory");
		return NULL;
	}
	*ms = (int64_t)seconds * 1000;
	if (*ms >= wait)
		mm_complain(load->all, MM_NOTICE, load->file, load->line,
		    "sleep %lu: no recipient waits longer than dns_deadline, "
		    "which is %" PRId64 " ms",
		    seconds, wait);
	return ms;
}

void
mm_free_sleep(void *ms)
{
	free(ms);
}

/* Once for each recipient, and without a say in the verdict. */
enum mm_outcome
mm_check_sleep(const void *arg, struct mm_eval *ev)
{
	const char *recipient = ev->session->recipient;
	const struct mm_errand errand = {
	    .kind = MM_ERRAND_SLEEP,
	    .key = recipient != NULL ? recipient : "",
	    .ms = *(const int64_t *)arg,
	};
	const struct mm_errand_reply *reply = mm_eval_errand(ev, &errand);

	if (reply == NULL)
		return MM_PENDING;
	mm_eval_note(
	    ev, reply->status == MM_ERRAND_FOUND ? "slept" : "not slept");
	return MM_DUNNO;
}
