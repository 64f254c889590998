/*
 * restrict_result - what the right-hand side of an access table does, be it
 * an action or a list of restrictions (access(5)).
 */
#include "lib/restrict.h"

#include <stdlib.h>
#include <string.h>

#include "lib/access.h"
#include "lib/arena.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/tokens.h"

#define BLANKS " \t\r\n"

/* One list, and the value that it stands for. */
struct result {
	char *value;
	struct mm_list *list;
	void (*free)(void *list);
};
struct mm_results {
	size_t n;
	struct result *sorted; /* by value */
};

struct mm_results *
mm_results_new(void)
{
	return calloc(1, sizeof(struct mm_results));
}

void
mm_results_free(struct mm_results *results)
{
	if (results == NULL)
		return;
	for (size_t i = 0; i < results->n; i++) {
		free(results->sorted[i].value);
		results->sorted[i].free(results->sorted[i].list);
	}
	free(results->sorted);
	free(results);
}

/* The first one that is not less than value. */
static size_t
position(const struct mm_results *results, const char *value)
{
	size_t low = 0, high = results->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(results->sorted[mid].value, value) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static const struct mm_list *
find(const struct mm_results *results, const char *value)
{
	size_t at;

	if (results == NULL)
		return NULL;
	at = position(results, value);
	return at < results->n && strcmp(results->sorted[at].value, value) == 0
		   ? results->sorted[at].list
		   : NULL;
}

/* Takes the list, whatever comes of it. */
static int
keep(struct mm_results *results, const char *value, struct mm_list *list,
    struct mm_load *load, struct mm_err *err)
{
	size_t at = position(results, value);
	struct result *more = reallocarray(
	    results->sorted, results->n + 1, sizeof(*results->sorted));
	char *copy = strdup(value);

	if (more != NULL)
		results->sorted = more;
	if (more == NULL || copy == NULL) {
		free(copy);
		load->language->free(list);
		return mm_err_set(err, "out of memory");
	}
	memmove(more + at + 1, more + at, (results->n - at) * sizeof(*more));
	more[at] = (struct result){copy, list, load->language->free};
	results->n++;
	return 0;
}

/* Does it begin with a word of the language? */
static bool
begins_known(const struct mm_load *load, const char *text)
{
	size_t at = 0, len = mm_token_next(text, &at);
	char *word = strndup(text + at, len);
	bool known = word != NULL && load->language->knows(load, word);

	free(word);
	return known;
}

int
mm_results_add(struct mm_results *results, const char *value,
    struct mm_load *load, struct mm_err *err)
{
	struct mm_access access;
	struct mm_list *list;

	if (mm_access_parse(value, &access, err) != 0)
		return -1;
	/* a "$1" may become anything */
	if (strchr(access.text, '$') == NULL &&
	    mm_access_check(&access, err) != 0)
		return -1;
	mm_restrict_note_effects(load, &access);
	if (access.verb != MM_ACCESS_LIST || find(results, access.text) != NULL)
		return 0;
	if (!begins_known(load, access.text))
		return mm_access_unknown(value, err);
	if ((list = load->language->parse(access.text, load)) == NULL)
		return mm_err_set(err, "out of memory");
	return keep(results, access.text, list, load, err);
}

const struct mm_list *
mm_results_list(const struct mm_results *results, size_t i)
{
	return i < results->n ? results->sorted[i].list : NULL;
}

enum mm_outcome
mm_restrict_misconfigured(struct mm_eval *ev, struct mm_subject subject)
{
	char *text = mm_arena_printf(ev->arena,
	    "<%s>: %s rejected: Server configuration error", subject.name,
	    subject.class);

	return mm_eval_misconfigured(ev, text != NULL ? text : "");
}

/* The table's own DSN, mended to fit what is refused, or the usual one. */
static const char *
dsn_of(struct mm_eval *ev, const struct mm_access *access, const char *usual,
    struct mm_subject subject)
{
	return *access->dsn != '\0'
		   ? mm_eval_dsn_fix(ev, access->dsn, subject.class)
		   : usual;
}

static const char *
text_of(const struct mm_access *access, const char *usual)
{
	return *access->text != '\0' ? access->text : usual;
}

/* Parsed now: it goes with the walk.  NULL: memory is out. */
static const struct mm_list *
parse_now(struct mm_eval *ev, const char *text)
{
	struct mm_complaints unheard = {0};
	struct mm_load load = *ev->load;
	struct mm_list *list;

	load.at_run_time = true;
	load.all = &unheard;
	list = load.language->parse(text, &load);
	mm_complaints_clear(&unheard);
	if (!mm_arena_defer(ev->arena, load.language->free, list))
		return NULL;
	return list;
}

/* The generic words in it speak of what the table was asked about. */
static enum mm_outcome
walk(struct mm_eval *ev, const char *text, const struct mm_results *results,
    struct mm_subject subject)
{
	const struct mm_list *list = find(results, text);
	struct mm_subject outer = ev->subject;
	enum mm_outcome outcome;

	if (list == NULL && (list = parse_now(ev, text)) == NULL)
		return mm_eval_misconfigured(ev, "Server configuration error");
	ev->subject = subject;
	outcome = ev->load->language->walk(list, ev);
	ev->subject = outer;
	return outcome;
}

static enum mm_outcome
act(struct mm_eval *ev, const struct mm_access *access,
    const struct mm_results *results, struct mm_subject subject)
{
	const struct mm_settings *set = ev->settings;

	switch (access->verb) {
	case MM_ACCESS_OK:
		return MM_OK;
	case MM_ACCESS_REJECT:
		return mm_eval_reject(ev, set->access_map_reject_code,
		    dsn_of(ev, access, "5.7.1", subject), subject,
		    text_of(access, "Access denied"));
	case MM_ACCESS_DEFER:
		return mm_eval_reject(ev, set->access_map_defer_code,
		    dsn_of(ev, access, "4.7.1", subject), subject,
		    text_of(access, "Access denied"));
	case MM_ACCESS_CODE:
		return mm_eval_reject(ev, (unsigned)access->code,
		    dsn_of(ev, access,
			access->code / 100 == 4 ? "4.7.1" : "5.7.1", subject),
		    subject, text_of(access, "Access denied"));
	case MM_ACCESS_DEFER_IF_PERMIT:
		return mm_eval_defer_if_permit(ev, set->access_map_defer_code,
		    dsn_of(ev, access, "4.7.1", subject), subject,
		    text_of(access, "Service unavailable"));
	case MM_ACCESS_DEFER_IF_REJECT:
		return mm_eval_defer_if_reject(ev, set->access_map_defer_code,
		    dsn_of(ev, access, "4.7.1", subject), subject,
		    text_of(access, "Service unavailable"));
	case MM_ACCESS_WARN:
		mm_eval_effect(ev, MM_EFFECT_WARN, access->text);
		return MM_DUNNO;
	case MM_ACCESS_INFO:
		mm_eval_effect(ev, MM_EFFECT_INFO, access->text);
		return MM_DUNNO;
	case MM_ACCESS_HANGUP:
		return mm_eval_reject(ev, 421, "4.7.0", subject,
		    text_of(access, "Service unavailable"));
	case MM_ACCESS_BCC:
	case MM_ACCESS_DISCARD:
	case MM_ACCESS_HOLD:
	case MM_ACCESS_PREPEND:
	case MM_ACCESS_REDIRECT:
		return mm_restrict_effect(ev, access);
	case MM_ACCESS_LIST:
		return walk(ev, access->text, results, subject);
	case MM_ACCESS_DUNNO:
	case MM_ACCESS_NONE:
		break;
	}
	return MM_DUNNO;
}

enum mm_outcome
mm_restrict_result(struct mm_eval *ev, const char *value,
    const struct mm_results *results, struct mm_subject subject)
{
	struct mm_access access;
	struct mm_err err;

	/* no restrictions at all, as Postfix sees it; and none but
	 * restrictions may have a blank before it */
	if (value[strspn(value, BLANKS)] == '\0')
		return MM_DUNNO;
	if (mm_access_parse(value, &access, &err) != 0)
		return mm_eval_misconfigured(ev, "Server configuration error");
	if (strchr(BLANKS, *value) != NULL)
		return walk(ev, value, results, subject);
	return act(ev, &access, results, subject);
}
