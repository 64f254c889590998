/* import_make - from the texts of main.cf and master.cf to all that is to be
 * said and done. */
#include "ctl/import.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/err.h"

#define MEMORY ((size_t)256 << 20)

const char *
import_printf(struct import *im, const char *fmt, ...)
{
	const char *copy = NULL;
	char *text;
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (rc >= 0) {
		copy = mm_arena_dupn(im->arena, text, (size_t)rc);
		free(text);
	}
	return copy != NULL ? copy : "";
}

const char *
import_dupn(struct import *im, const char *text, size_t len)
{
	const char *copy = mm_arena_dupn(im->arena, text, len);

	return copy != NULL ? copy : "";
}

const char *
import_undollared(struct import *im, const char *text)
{
	char *copy, *to;

	if (strchr(text, '$') == NULL)
		return text;
	copy = mm_arena_alloc(im->arena, strlen(text) * 2 + 1);
	for (to = copy; to != NULL && *text != '\0'; text++) {
		if (*text == '$')
			*to++ = '$';
		*to++ = *text;
	}
	return copy != NULL ? copy : "";
}

void
import_say(struct import *im, struct import_lines *lines, const char *fmt, ...)
{
	struct import_line *line = mm_arena_alloc(im->arena, sizeof(*line));
	char *text;
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (rc < 0 || line == NULL) {
		im->mistakes.failed = true;
		if (rc >= 0)
			free(text);
		return;
	}
	line->text = import_dupn(im, text, (size_t)rc);
	free(text);
	if (lines->last != NULL)
		lines->last->next = line;
	else
		lines->first = line;
	lines->last = line;
}

/* Two words for one list: the second does nothing. */
static void
note_twins(struct import *im, const struct import_list *list)
{
	for (const struct import_element *e = list->first; e != NULL;
	     e = e->next) {
		for (const struct import_element *f = e->next;
		     e->arg != NULL && list->moves && f != NULL; f = f->next) {
			if (strcmp(e->text, f->text) != 0 || import_stays(f))
				continue;
			mm_complain(&im->notes, MM_NOTICE, im->main, f->line,
			    "%s: stands in line %u already", f->text, e->line);
			break;
		}
	}
}

/* In Postfix it comes before anything that mailmum could refuse. */
static void
note_discards(struct import *im, const struct import_list *list)
{
	for (const struct import_element *e = list->first; e != NULL;
	     e = e->next) {
		if ((import_stays(e) || e->both) &&
		    (import_table_has(e, "DISCARD") ||
			import_table_has(e, "discard")))
			mm_complain(&im->notes, MM_NOTICE, im->main, e->line,
			    "%s: what its DISCARD takes is gone before "
			    "mailmum could refuse it",
			    e->text);
	}
}

/* What main.cf has wrong, and what is only odd. */
static int
read_main(struct import *im, const char *text)
{
	struct mm_complaints all = {0};
	struct mm_err err;

	im->text = text;
	im->conf = mm_conf_parse(text, im->main, &all, &err);
	im->mistakes.failed |= all.failed;
	import_keep(im, &all);
	mm_complaints_clear(&all);
	return im->conf != NULL ? 0 : -1;
}

void
import_keep(struct import *im, const struct mm_complaints *all)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct mm_complaint *c = &all->list[i];

		mm_complain(
		    c->severity == MM_ERROR ? &im->mistakes : &im->notes,
		    c->severity, c->file, c->line, "%s", c->text);
	}
}

int
import_make(struct import *im, const char *main_text, const char *master_text)
{
	if ((im->arena = mm_arena_new(MEMORY)) == NULL)
		return -1;
	if (read_main(im, main_text) != 0)
		return -1;
	if (master_text != NULL &&
	    import_master_parse(master_text, im->master, im->arena,
		&im->mistakes, &im->services) != 0)
		return -1;
	import_params(im);
	import_lists(im);
	if (import_load(im) != 0)
		return -1;
	for (int c = 0; c < MM_NCHAIN; c++) {
		note_twins(im, &im->lists[c]);
		note_discards(im, &im->lists[c]);
	}
	import_services(im);
	import_commands(im);
	import_write(im); /* who is chrooted is known now */
	return im->mistakes.failed || im->notes.failed ||
		       mm_arena_failed(im->arena)
		   ? -1
		   : 0;
}

void
import_clear(struct import *im)
{
	mm_conf_free(im->conf);
	mm_arena_free(im->arena);
	mm_complaints_clear(&im->mistakes);
	mm_complaints_clear(&im->notes);
}
