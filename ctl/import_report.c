/* import_report - what an import says: to a reader, and to programs. */
#include "ctl/import.h"

#include <string.h>

#include "ctl/policy.h"
#include "lib/json.h"
#include "lib/program.h"

/* Where the reason names another restriction, it stands in the same list. */
struct why {
	const char *text, *other;
};

static struct why
why_of(const struct import_element *e)
{
	if (e->why != NULL)
		return (struct why){e->why, NULL};
	if (e->behind != NULL)
		return (struct why){
		    "it stands behind one that stays and may let mail past it",
		    e->behind->text};
	return (struct why){
	    "mailmum has it, too; it may let mail past what stays behind it",
	    NULL};
}

static void
print_lines(FILE *out, const struct import_lines *lines)
{
	for (const struct import_line *l = lines->first; l != NULL; l = l->next)
		fprintf(out, "%s\n", l->text);
}

void
import_print_commands(const struct import *im, FILE *out)
{
	print_lines(out, &im->prepare);
	print_lines(out, &im->commands);
}

static void
print_stay(const struct import *im, const struct import_list *list,
    const struct import_element *e, FILE *out)
{
	struct why why = why_of(e);

	fprintf(out, "%s:%u: %s: %s\n    %s%s%s\n", im->main, e->line,
	    list->name, e->text, why.text, why.other != NULL ? ": " : "",
	    why.other != NULL ? why.other : "");
}

static void
print_stays(const struct import *im, FILE *out)
{
	bool any = false;

	for (size_t i = 0; i < im->nlists; i++) {
		const struct import_list *list = &im->lists[i];

		for (const struct import_element *e = list->first; e != NULL;
		     e = e->next) {
			if (!import_stays(e) && !(e->both && list->moves))
				continue;
			if (!any)
				fputs("\nStays in Postfix:\n", out);
			any = true;
			print_stay(im, list, e, out);
		}
	}
	if (any)
		fputs("What stays is asked before mailmum is.\n", out);
}

static void
print_complaints(FILE *out, const char *title, const struct mm_complaints *all)
{
	if (all->n > 0)
		fprintf(out, "\n%s\n", title);
	for (size_t i = 0; i < all->n; i++) {
		struct mm_complaint c = all->list[i];

		c.severity = MM_ERROR; /* the title says what it is */
		ctl_complaint_print(out, &c);
	}
}

/* The lines of main.cf that the commands are about. */
static void
print_old(const struct import *im, FILE *out)
{
	for (size_t c = 0; c < MM_NCHAIN; c++) {
		const struct import_list *list = &im->lists[c];
		const struct mm_text *text = mm_conf_text(im->conf, list->name);
		unsigned last = list->line;

		if (!list->moves || text == NULL)
			continue;
		last = mm_text_line(text, strlen(text->data));
		if (last > list->line)
			fprintf(out, "#   lines %u to %u, %s\n", list->line,
			    last, list->name);
		else
			fprintf(
			    out, "#   line %u, %s\n", list->line, list->name);
	}
}

static void
print_todo(const struct import *im, FILE *out)
{
	if (im->commands.first == NULL)
		return;
	if (im->prepare.first != NULL) {
		fputs("\n# Before mailmum starts, unless its systemd socket "
		      "does that:\n",
		    out);
		print_lines(out, &im->prepare);
	}
	fprintf(out,
	    "\n# With mailmum running, for %s; they take out or "
	    "shorten\n",
	    im->main);
	print_old(im, out);
	fputs("# and put mailmum in.  Keep copies of main.cf and master.cf.\n",
	    out);
	print_lines(out, &im->commands);
	fprintf(out, "%s\n", im->reload);
}

void
import_print(
    const struct import *im, FILE *out, const char *written, const char *script)
{
	size_t errors = im->mistakes.errors;

	if (written == NULL)
		fputs(im->policy, out);
	else
		fprintf(out, "%s: written%s.\n", written,
		    errors == 0 ? ", and valid" : "");
	if (script != NULL)
		fprintf(out, "%s: written, the commands below.\n", script);
	print_stays(im, out);
	print_complaints(out, "Worth knowing:", &im->notes);
	print_complaints(out, "Mistakes:", &im->mistakes);
	if (im->master == NULL)
		fputs("\nThere was no master.cf to read: services that "
		      "override restrictions, and\nwhether smtpd is chrooted, "
		      "are not known.\n",
		    out);
	print_todo(im, out);
	if (errors > 0)
		fprintf(out,
		    "\n%zu mistake%s: nothing of it should be done "
		    "before %s right.\n",
		    errors, errors == 1 ? "" : "s",
		    errors == 1 ? "it is" : "they are");
}

static void
json_stays(const struct import *im, struct mm_json *json)
{
	mm_json_array(json, "stays");
	for (size_t i = 0; i < im->nlists; i++) {
		const struct import_list *list = &im->lists[i];

		for (const struct import_element *e = list->first; e != NULL;
		     e = e->next) {
			if (!import_stays(e) && !(e->both && list->moves))
				continue;
			mm_json_object(json, NULL);
			mm_json_string(json, "list", list->name);
			mm_json_uint(json, "line", e->line);
			mm_json_string(json, "restriction", e->text);
			mm_json_bool(json, "both", e->both);
			mm_json_string(json, "why", why_of(e).text);
			mm_json_string(json, "behind", why_of(e).other);
			mm_json_end(json);
		}
	}
	mm_json_end(json);
}

static void
json_complaints(
    struct mm_json *json, const char *key, const struct mm_complaints *all)
{
	mm_json_array(json, key);
	for (size_t i = 0; i < all->n; i++) {
		mm_json_object(json, NULL);
		mm_json_string(json, "file", all->list[i].file);
		mm_json_uint(json, "line", all->list[i].line);
		mm_json_string(json, "text", all->list[i].text);
		mm_json_end(json);
	}
	mm_json_end(json);
}

static void
json_lines(
    struct mm_json *json, const char *key, const struct import_lines *lines)
{
	mm_json_array(json, key);
	for (const struct import_line *l = lines->first; l != NULL; l = l->next)
		mm_json_string(json, NULL, l->text);
	mm_json_end(json);
}

int
import_print_json(const struct import *im, FILE *out, const char *written)
{
	struct mm_json json;

	mm_json_init(&json, out);
	mm_json_object(&json, NULL);
	mm_json_string(&json, "main", im->main);
	mm_json_string(&json, "master", im->master);
	mm_json_string(&json, "written", written);
	mm_json_bool(&json, "valid", im->mistakes.errors == 0);
	mm_json_string(&json, "policy", im->policy);
	json_stays(im, &json);
	json_complaints(&json, "notes", &im->notes);
	json_complaints(&json, "mistakes", &im->mistakes);
	json_lines(&json, "prepare", &im->prepare);
	json_lines(&json, "commands", &im->commands);
	mm_json_end(&json);
	return mm_json_finish(&json);
}
