/* import_load - the loader's word on what was written: what it cannot carry
 * out goes back to Postfix. */
#include "ctl/import.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/arena.h"
#include "lib/err.h"
#include "lib/policy.h"
#include "lib/program.h"

#define NAME "mailmum.conf" /* in complaints */
#define ROUNDS 100

/* A table that is not on this machine: nothing is known of it here. */
static bool
is_missing(const struct import_element *e, const struct mm_complaint *c)
{
	const char *spec = e->arg != NULL ? e->arg : e->word;
	const char *path = strchr(spec, ':');

	return c->severity == MM_ERROR && path != NULL && path[1] == '/' &&
	       access(path + 1, F_OK) != 0 && errno == ENOENT &&
	       strstr(c->text, strerror(ENOENT)) != NULL;
}

/* Is it about this element: its line, or its table? */
static bool
is_about(const struct import_element *e, const struct mm_complaint *c)
{
	const char *spec = e->arg != NULL ? e->arg : e->word;

	if (e->at == 0 || c->file == NULL)
		return false;
	if (strcmp(c->file, NAME) == 0)
		return c->line == e->at;
	return strstr(spec, c->file) != NULL;
}

static const char *
reason(struct import *im, const struct import_element *e,
    const struct mm_complaint *c)
{
	size_t len = strlen(e->word);
	const char *text = c->text;

	if (strcmp(c->file, NAME) != 0)
		return import_printf(im, "%s:%u: %s", c->file, c->line, text);
	if (e->what != NULL && e->what->stays != NULL)
		return e->what->stays;
	if (strncmp(text, e->word, len) == 0 &&
	    strncmp(text + len, ": ", 2) == 0)
		text += len + 2;
	return import_printf(im, "%s", text);
}

/* The elements that c is about stay.  True: there was one. */
static bool
send_back(struct import *im, const struct mm_complaint *c)
{
	bool found = false;

	for (size_t i = 0; i < im->nlists; i++) {
		for (struct import_element *e = im->lists[i].first; e != NULL;
		     e = e->next) {
			if (e->why != NULL || !is_about(e, c) ||
			    is_missing(e, c))
				continue;
			e->why = reason(im, e, c);
			found = true;
		}
	}
	return found;
}

/* Who is local cannot be said here: then nothing of it is. */
static bool
give_up_domains(struct import *im, const struct mm_complaint *c)
{
	for (const struct import_param *p = im->params; p != NULL;
	     p = p->next) {
		if (p->at == 0 || p->at != c->line ||
		    strcmp(c->file, NAME) != 0 || !import_is_domains(p->name))
			continue;
		mm_complain(&im->notes, MM_NOTICE, im->main, p->line,
		    "the local domains are not taken along: %s", c->text);
		im->no_domains = true;
		return true;
	}
	return false;
}

/* One round.  True: something has to be written anew. */
static bool
mend(struct import *im, const struct mm_complaints *all)
{
	bool changed = false;

	for (size_t i = 0; i < all->n; i++) {
		const struct mm_complaint *c = &all->list[i];

		if (c->severity == MM_NOTICE || c->file == NULL)
			continue;
		changed |= send_back(im, c);
		if (c->severity == MM_ERROR && !im->no_domains)
			changed |= give_up_domains(im, c);
	}
	return changed;
}

int
import_load(struct import *im)
{
	bool again = true;

	for (int i = 0; again; i++) {
		struct mm_complaints all = {0};
		struct mm_policy *policy;
		struct mm_err err;

		import_sort(im);
		import_write(im);
		policy = mm_policy_parse(im->policy, NAME, &all, &err);
		again = mend(im, &all) && i + 1 < ROUNDS;
		if (policy == NULL && all.errors == 0)
			all.failed = true;
		if (!again)
			import_keep(im, &all);
		mm_policy_unref(policy);
		im->mistakes.failed |= all.failed;
		mm_complaints_clear(&all);
	}
	return im->mistakes.failed || mm_arena_failed(im->arena) ? -1 : 0;
}
