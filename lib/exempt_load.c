/* exempt_load - the exceptions that the settings name, from their files. */
#include "lib/exempt_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/conf.h"
#include "lib/err.h"
#include "lib/map.h"
#include "lib/matchlist.h"
#include "lib/settings.h"
#include "lib/tokens.h"

#define FILES_MAX 100
#define FILE_MAX ((size_t)64 * 1024 * 1024)

static const char setting[] = "greylist_exceptions";

void
mm_exempt_use_unref(struct mm_exempt_use *use)
{
	if (use != NULL && atomic_fetch_sub(&use->refs, 1) == 1)
		free(use);
}

void
mm_exempt_free(struct mm_exempt *exempt)
{
	if (exempt == NULL)
		return;
	for (size_t i = 0; i < exempt->n; i++) {
		mm_exempt_use_unref(exempt->items[i].entry.use);
		mm_map_free(exempt->items[i].regex);
	}
	for (size_t i = 0; i < exempt->nfiles; i++) {
		free(exempt->files[i].path);
		free(exempt->files[i].text);
	}
	mm_matchlist_free(exempt->optin);
	mm_matchlist_free(exempt->optout);
	free(exempt->files);
	free(exempt->items);
	free(exempt->regexes);
	free(exempt->sorted);
	free(exempt);
}

void
mm_exempt_files(const struct mm_exempt *exempt, mm_file_each *each, void *ctx)
{
	for (size_t i = 0; i < exempt->nfiles; i++)
		each(ctx, exempt->files[i].path, &exempt->files[i].state);
	if (exempt->optin != NULL)
		mm_matchlist_files(exempt->optin, each, ctx);
	if (exempt->optout != NULL)
		mm_matchlist_files(exempt->optout, each, ctx);
}

const char *
mm_exempt_missing(const struct mm_exempt *exempt)
{
	return exempt->missing ? MAILMUM_EXCEPTIONS : NULL;
}

/* Equal ones stay in the order in which they were read. */
static int
by_order(const void *a, const void *b)
{
	const struct mm_exempt_item *x = *(struct mm_exempt_item *const *)a;
	const struct mm_exempt_item *y = *(struct mm_exempt_item *const *)b;
	int order = mm_exempt_compare(x, y);

	return order != 0 ? order : x < y ? -1 : x > y;
}

/* What stands in one file twice.  In two, they may not be one's own. */
static void
note_twice(const struct mm_exempt *exempt, struct mm_complaints *all)
{
	for (size_t i = 1; i < exempt->nsorted; i++) {
		const struct mm_exempt_item *first = exempt->sorted[i - 1],
					    *second = exempt->sorted[i];

		if (mm_exempt_compare(first, second) == 0 &&
		    first->entry.file == second->entry.file)
			mm_complain(all, MM_NOTICE, second->entry.file,
			    second->entry.line,
			    "\"%s\" stands in line %u already",
			    second->entry.pattern, first->entry.line);
	}
}

/* Everything is there.  -1: out of memory. */
static int
sort(struct mm_exempt *exempt, struct mm_complaints *all)
{
	size_t n = exempt->n + 1; /* never none */

	exempt->regexes = calloc(n, sizeof(*exempt->regexes));
	exempt->sorted = calloc(n, sizeof(*exempt->sorted));
	if (exempt->regexes == NULL || exempt->sorted == NULL)
		return -1;
	for (size_t i = 0; i < exempt->n; i++) {
		struct mm_exempt_item *item = &exempt->items[i];

		if (item->form == MM_EXEMPT_NETWORK)
			exempt->lengths[item->prefix.ip.family == MM_IP_V6]
				       [item->prefix.len] = true;
		if (item->form == MM_EXEMPT_REGEX)
			exempt->regexes[exempt->nregexes++] = item;
		else
			exempt->sorted[exempt->nsorted++] = item;
	}
	qsort(
	    exempt->sorted, exempt->nsorted, sizeof(*exempt->sorted), by_order);
	note_twice(exempt, all);
	return 0;
}

/* Takes text.  -1: out of memory. */
static int
add_text(struct mm_exempt *exempt, const struct mm_exempt_syntax *syntax,
    const char *path, char *text, const struct mm_file_state *state,
    struct mm_complaints *all)
{
	struct mm_exempt_file *files =
	    reallocarray(exempt->files, exempt->nfiles + 1, sizeof(*files));
	struct mm_exempt_file *file;

	if (files == NULL) {
		free(text);
		return -1;
	}
	exempt->files = files;
	file = &files[exempt->nfiles++];
	*file = (struct mm_exempt_file){strdup(path), text, *state};
	if (file->path == NULL)
		return -1;
	return mm_exempt_read_text(exempt, syntax, file, all);
}

struct mm_exempt *
mm_exempt_parse(const char *form, const char *text, const char *file,
    struct mm_complaints *all)
{
	struct mm_exempt *exempt = calloc(1, sizeof(*exempt));
	const struct mm_file_state none = {0};
	const struct mm_exempt_syntax *syntax;
	char word[64], *copy = strdup(text);
	const char *path;

	snprintf(word, sizeof(word), "%s/", form);
	syntax = mm_exempt_syntax(word, &path);
	if (exempt == NULL || copy == NULL || syntax == NULL) {
		free(copy);
		goto fail;
	}
	if (add_text(exempt, syntax, file, copy, &none, all) == 0 &&
	    sort(exempt, all) == 0)
		return exempt;

fail:
	mm_exempt_free(exempt);
	return NULL;
}

/* Where in the configuration the setting's words stand. */
struct place {
	const char *file;
	unsigned line;
	struct mm_complaints *all;
};

/* -1: out of memory. */
static int
add_file(struct mm_exempt *exempt, const char *word, const struct place *at)
{
	bool standard = strcmp(word, "standard") == 0;
	const char *path;
	const struct mm_exempt_syntax *syntax =
	    mm_exempt_syntax(standard ? MAILMUM_EXCEPTIONS : word, &path);
	struct mm_file_state state;
	struct mm_err err;
	char *text;

	if (syntax == NULL)
		mm_err_set(&err,
		    "\"%.200s\": not \"standard\", nor a file's name that "
		    "begins with \"/\", nor one behind postgrey_clients: or "
		    "postgrey_recipients:",
		    word);
	else if (exempt->nfiles == FILES_MAX)
		mm_err_set(&err, "more than %d files", FILES_MAX);
	else if ((text = mm_file_read(path, FILE_MAX, &state, &err)) != NULL)
		return add_text(exempt, syntax, path, text, &state, at->all);
	else if (standard && at->file == NULL) {
		exempt->missing = true;
		return 0;
	}
	mm_complain(
	    at->all, MM_ERROR, at->file, at->line, "%s: %s", setting, err.text);
	return 0;
}

/* -1: out of memory. */
static int
add_files(struct mm_exempt *exempt, const struct mm_text *text,
    struct mm_complaints *all)
{
	size_t at = 0, len;
	int rc = 0;

	for (; rc == 0 && (len = mm_token_next(text->data, &at)) > 0;
	     at += len) {
		const struct place place = {
		    text->file, mm_text_line(text, at), all};
		char *word = strndup(text->data + at, len);

		rc = word != NULL ? add_file(exempt, word, &place) : -1;
		free(word);
	}
	return rc;
}

static struct mm_matchlist *
read_recipients(
    const char *name, const struct mm_text *text, struct mm_complaints *all)
{
	const struct mm_matchlist_how how = {
	    .kind = MM_MATCH_ADDRESS, .parents = true, .name = name};

	return mm_matchlist_read(text, &how, all);
}

struct mm_exempt *
mm_exempt_read(const struct mm_settings *settings, struct mm_complaints *all)
{
	struct mm_exempt *exempt = calloc(1, sizeof(*exempt));

	if (exempt == NULL)
		return NULL;
	exempt->optin =
	    read_recipients("greylist_optin", &settings->greylist_optin, all);
	exempt->optout =
	    read_recipients("greylist_optout", &settings->greylist_optout, all);
	if (exempt->optin != NULL && exempt->optout != NULL &&
	    add_files(exempt, &settings->greylist_exceptions, all) == 0 &&
	    sort(exempt, all) == 0)
		return exempt;
	mm_exempt_free(exempt);
	return NULL;
}
