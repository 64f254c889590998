/* import_write - the text of mailmum.conf. */
#include "ctl/import.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* What is being written, and the number of the line at hand. */
struct writing {
	struct import *im;
	FILE *out;
	unsigned line;
};

static void put(struct writing *w, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
put(struct writing *w, const char *fmt, ...)
{
	char *text;
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (rc < 0)
		return; /* what is missing does not load */
	for (const char *p = text; *p != '\0'; p++)
		w->line += *p == '\n';
	fputs(text, w->out);
	free(text);
}

/* A socket of Postfix's queue directory, as everybody else sees it. */
static const char *
absolute(struct import *im, const char *text)
{
	const char *at = strstr(text, "unix:");

	if (at == NULL || at[5] == '/')
		return text;
	return import_printf(im, "%.*s%s/%s", (int)(at + 5 - text), text,
	    import_queue_directory(im), at + 5);
}

static void
put_element(struct writing *w, struct import_element *e)
{
	const char *text = e->text;

	if (e->why != NULL) {
		put(w, "  # stays in main.cf: %s\n", text);
		return;
	}
	if (e->behind != NULL) {
		put(w, "  # stays in main.cf, behind %s: %s\n", e->behind->word,
		    text);
		return;
	}
	if (import_is_postgrey(e))
		put(w, "  # postgrey, it seems.  \"greylist\" in place of the "
		       "next line does without it.\n");
	if (import_is_service(e))
		text = absolute(w->im, text);
	e->at = w->line;
	put(w, "  %s\n", import_undollared(w->im, text));
}

static void
put_list(struct writing *w, struct import_list *list)
{
	put(w, "\n# %s:%u\n%s =\n", w->im->main, list->line, list->name);
	for (struct import_element *e = list->first; e != NULL; e = e->next)
		put_element(w, e);
}

/* Does anything lead to a class? */
static bool
needs_classes(const struct import *im)
{
	for (size_t c = 0; c < MM_NCHAIN; c++) {
		for (const struct import_element *e = im->lists[c].first;
		     e != NULL && im->lists[c].moves; e = e->next) {
			if (!import_stays(e) &&
			    (e->label != NULL || import_is_table(e) ||
				import_is_service(e)))
				return true;
		}
	}
	return false;
}

static void
put_classes(struct writing *w)
{
	struct import *im = w->im;
	const char *row, *value;
	bool at_restart, known = false;

	for (size_t i = 0; mm_settings_row(i, &row, &value, &at_restart); i++)
		known |= strcmp(row, "smtpd_restriction_classes") == 0;
	if (!known || im->nlists == MM_NCHAIN || !needs_classes(im))
		return;
	put(w, "\nsmtpd_restriction_classes =");
	for (size_t i = MM_NCHAIN; i < im->nlists; i++)
		put(w, "%s %s", i > MM_NCHAIN ? "," : "", im->lists[i].name);
	put(w, "\n");
	for (size_t i = MM_NCHAIN; i < im->nlists; i++)
		put_list(w, &im->lists[i]);
}

static void
put_params(struct writing *w)
{
	for (struct import_param *p = w->im->params; p != NULL; p = p->next) {
		if (w->im->no_domains && import_is_domains(p->name))
			continue;
		if (p->line > 0)
			put(w, "\n# %s:%u\n", w->im->main, p->line);
		else
			put(w, "\n# Postfix's default\n");
		p->at = w->line;
		put(w, "%s = %s\n", p->name,
		    p->raw ? p->value : import_undollared(w->im, p->value));
	}
}

static void
put_socket(struct writing *w)
{
	if (!w->im->chrooted)
		return;
	put(w,
	    "\n# a chrooted smtpd finds it as /run/mailmum.sock\n"
	    "milter_socket = unix:%s/run/mailmum.sock\n",
	    import_queue_directory(w->im));
}

static void
forget_lines(struct import *im)
{
	for (struct import_param *p = im->params; p != NULL; p = p->next)
		p->at = 0;
	for (size_t i = 0; i < im->nlists; i++) {
		for (struct import_element *e = im->lists[i].first; e != NULL;
		     e = e->next)
			e->at = 0;
	}
}

void
import_write(struct import *im)
{
	char *text = NULL;
	size_t size;
	struct writing w = {im, open_memstream(&text, &size), 1};

	forget_lines(im);
	im->policy = "";
	if (w.out == NULL)
		return;
	put(&w,
	    "# mailmum.conf(5): the policy of %s.\n"
	    "# Written by mailmumctl import; each part names the line that it "
	    "is from.\n",
	    im->main);
	put_socket(&w);
	put_params(&w);
	put_classes(&w);
	for (size_t c = 0; c < MM_NCHAIN; c++) {
		if (im->lists[c].moves)
			put_list(&w, &im->lists[c]);
	}
	if (fclose(w.out) == 0)
		im->policy = import_printf(im, "%s", text);
	free(text);
}
