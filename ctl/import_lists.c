/* import_lists - the lists of main.cf, taken apart into elements. */
#include "ctl/import.h"

#include <string.h>

#include "lib/arena.h"
#include "lib/program.h"
#include "lib/str.h"
#include "lib/tokens.h"

/* The text of a list, one token at a time. */
struct tokens {
	struct import *im;
	const struct mm_text *text;
	size_t at;
	unsigned line; /* of the last token */
};

/* The next token; NULL: there is none. */
static const char *
next_token(struct tokens *t)
{
	size_t len = mm_token_next(t->text->data, &t->at);
	char *copy;

	if (len == 0)
		return NULL;
	t->line = mm_text_line(t->text, t->at);
	copy = mm_arena_dupn(t->im->arena, t->text->data + t->at, len);
	t->at += len;
	for (char *p = copy; p != NULL && *p != '\0'; p++) {
		if (*p == '\n' || *p == '\r' || *p == '\t')
			*p = ' ';
	}
	return copy;
}

static const struct mm_restriction *
find_word(const char *word)
{
	const struct mm_restriction *row;

	for (size_t i = 0; (row = mm_program_word(i)) != NULL; i++) {
		if (mm_str_same(row->word, word))
			return row;
	}
	return NULL;
}

/* The name as it was declared: class names are not case-blind. */
static const char *
find_class(const struct import *im, const char *word)
{
	for (size_t i = MM_NCHAIN; i < im->nlists; i++) {
		if (strcmp(im->lists[i].name, word) == 0)
			return im->lists[i].name;
	}
	return NULL;
}

/* Does word take the token that follows it?  Of a word that mailmum does not
 * have only the looks of the token tell. */
static bool
takes(const struct import *im, const struct import_element *e, const char *arg)
{
	if (find_word(arg) != NULL || find_class(im, arg) != NULL)
		return false;
	if (e->what != NULL)
		return e->what->takes != MM_TAKES_NOTHING &&
		       e->what->takes != MM_TAKES_LISTS;
	if (e->label != NULL || strchr(e->word, ':') != NULL)
		return false;
	return strpbrk(arg, ":./{") != NULL ||
	       arg[strspn(arg, "0123456789")] == '\0';
}

/* Blanks in the brackets of a filter are not for Postfix. */
static const char *
unblank(struct import *im, const char *arg)
{
	char *copy = mm_arena_dup(im->arena, arg), *to = copy;

	for (; to != NULL && *arg != '\0'; arg++) {
		if (*arg != ' ')
			*to++ = *arg;
	}
	if (to != NULL)
		*to = '\0';
	return copy != NULL ? copy : "";
}

/* From its first prefix to its argument.  NULL: there is none. */
static struct import_element *
read_element(struct tokens *t)
{
	struct import_element *e;
	const char *word, *prefixes = "", *arg;
	size_t before;

	while ((word = next_token(t)) != NULL) {
		const struct mm_restriction *row = find_word(word);

		if (row == NULL || row->takes != MM_TAKES_CHECK)
			break;
		prefixes = import_printf(t->im, "%s%s ", prefixes, word);
	}
	if (word == NULL ||
	    (e = mm_arena_alloc(t->im->arena, sizeof(*e))) == NULL)
		return NULL;
	e->word = word;
	e->line = t->line;
	if ((e->what = find_word(word)) == NULL)
		e->label = find_class(t->im, word);
	before = t->at;
	arg = next_token(t);
	if (arg != NULL && takes(t->im, e, arg))
		e->arg = e->what != NULL && e->what->takes == MM_TAKES_DNSXL
			     ? unblank(t->im, arg)
			     : arg;
	else
		t->at = before;
	e->text = import_printf(t->im, "%s%s%s%s", prefixes, word,
	    e->arg != NULL ? " " : "", e->arg != NULL ? e->arg : "");
	return e;
}

static void
read_list(struct import *im, struct import_list *list)
{
	struct import_element **end = &list->first;
	struct mm_text text = {0};
	struct tokens t = {.im = im, .text = &text};

	list->line = mm_conf_line_of(im->conf, list->name);
	if (!import_text(im, list->name, &text))
		return;
	while ((*end = read_element(&t)) != NULL)
		end = &(*end)->next;
	mm_text_clear(&text);
}

static void
declare_classes(struct import *im)
{
	static const char classes[] = "smtpd_restriction_classes";
	struct mm_text text = {0};
	struct tokens t = {.im = im, .text = &text};
	const char *name;

	if (!import_text(im, classes, &text))
		return;
	while ((name = next_token(&t)) != NULL) {
		if (im->nlists == IMPORT_LISTS) {
			mm_complain(&im->mistakes, MM_ERROR, im->main, t.line,
			    "%s: more than %d", classes, IMPORT_CLASSES);
			break;
		}
		if (find_class(im, name) == NULL)
			im->lists[im->nlists++].name = name;
	}
	mm_text_clear(&text);
}

void
import_lists(struct import *im)
{
	for (int c = 0; c < MM_NCHAIN; c++)
		im->lists[im->nlists++].name = mm_chain_name((enum mm_chain)c);
	declare_classes(im);
	for (size_t i = 0; i < im->nlists; i++)
		read_list(im, &im->lists[i]);
}
