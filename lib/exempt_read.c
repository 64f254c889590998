/* exempt_read - the lines of a file of exceptions. */
#include "lib/exempt_read.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/conf.h"
#include "lib/err.h"
#include "lib/str.h"

#define ITEMS_MAX ((size_t)1000000)
#define BLANKS " \t\r\n\v\f"

/* Where in a file, and whose attributes come next. */
struct reader {
	struct mm_exempt *exempt;
	const struct mm_exempt_syntax *syntax;
	const char *file;
	unsigned line;
	bool entry;  /* the last entry of all is this file's, and was right */
	bool faulty; /* it was not: its attributes are passed over */
	bool failed; /* out of memory */
	struct mm_complaints *all;
};

/* clang-format off */
static const struct mm_exempt_syntax syntaxes[] = {
	{ "postgrey_clients:",    false, MM_EXEMPT_CLIENT },
	{ "postgrey_recipients:", false, MM_EXEMPT_RECIPIENT },
	{ "",                     true,  MM_EXEMPT_CLIENT },
};
/* clang-format on */

const struct mm_exempt_syntax *
mm_exempt_syntax(const char *word, const char **path)
{
	for (size_t i = 0; i < sizeof(syntaxes) / sizeof(syntaxes[0]); i++) {
		size_t len = strlen(syntaxes[i].word);

		if (strncmp(word, syntaxes[i].word, len) == 0 &&
		    word[len] == '/') {
			*path = word + len;
			return &syntaxes[i];
		}
	}
	return NULL;
}

static void
complain(const struct reader *r, const char *text)
{
	mm_complain(r->all, MM_ERROR, r->file, r->line, "%s", text);
}

/* Room for one more.  NULL: out of memory, or a complaint. */
static struct mm_exempt_item *
more(struct reader *r)
{
	struct mm_exempt *x = r->exempt;
	size_t size = x->size == 0 ? 64 : x->size * 2;
	struct mm_exempt_item *items;

	if (x->n == ITEMS_MAX) {
		complain(r, "too many exceptions");
		return NULL;
	}
	if (x->n == x->size) {
		items = reallocarray(x->items, size, sizeof(*items));
		if (items == NULL) {
			r->failed = true;
			return NULL;
		}
		x->items = items;
		x->size = size;
	}
	return &x->items[x->n];
}

/* pattern lives as long as the file's text. */
static void
add(struct reader *r, enum mm_exempt_kind kind, char *pattern)
{
	struct mm_exempt_item *item = more(r);
	struct mm_err err;

	r->faulty = true;
	if (item == NULL)
		return;
	*item = (struct mm_exempt_item){.entry = {.kind = kind,
					    .pattern = pattern,
					    .file = r->file,
					    .line = r->line}};
	if (mm_exempt_read_pattern(item, pattern, r->syntax->ours, &err) != 0) {
		complain(r, err.text);
		return;
	}
	item->entry.use = calloc(1, sizeof(*item->entry.use));
	if (item->entry.use != NULL)
		atomic_init(&item->entry.use->refs, 1);
	else
		r->failed = true;
	r->exempt->n++; /* to be freed, whatever comes */
	r->entry = true;
	r->faulty = false;
}

/* Cuts the first word off; what is behind it, without blanks around. */
static char *
cut_word(char *text)
{
	char *rest = text + strcspn(text, BLANKS);

	if (*rest == '\0')
		return rest;
	*rest++ = '\0';
	return rest + strspn(rest, BLANKS);
}

static void
trim(char *text)
{
	size_t len = strlen(text);

	while (len > 0 && strchr(BLANKS, text[len - 1]) != NULL)
		text[--len] = '\0';
}

/* "client PATTERN" */
static void
read_entry(struct reader *r, char *line)
{
	char *pattern = cut_word(line);
	struct mm_err err;

	r->entry = false;
	r->faulty = true;
	for (int k = 0; k < MM_NEXEMPT_KINDS; k++) {
		if (strcmp(line, mm_exempt_kind_word(k)) != 0)
			continue;
		if (*pattern == '\0') {
			mm_err_set(&err, "%s: which one?", line);
			complain(r, err.text);
			return;
		}
		add(r, k, pattern);
		return;
	}
	mm_err_set(&err,
	    "\"%.100s\": an exception begins with client, sender or recipient",
	    line);
	complain(r, err.text);
}

/* YYYY-MM-DD, as far as that says anything. */
static bool
is_date(const char *text)
{
	static const char form[] = "dddd-dd-dd";

	if (strlen(text) != sizeof(form) - 1)
		return false;
	for (size_t i = 0; i < sizeof(form) - 1; i++) {
		if (form[i] == 'd' ? !isdigit((unsigned char)text[i])
				   : text[i] != form[i])
			return false;
	}
	return true;
}

/* "  reason TEXT", of the entry above. */
static void
read_attribute(struct reader *r, char *line)
{
	char *text = cut_word(line);
	struct mm_exempt_entry *entry;
	const struct {
		const char *name;
		size_t at;
	} names[] = {
	    {"reason", offsetof(struct mm_exempt_entry, reason)},
	    {"source", offsetof(struct mm_exempt_entry, source)},
	    {"date", offsetof(struct mm_exempt_entry, date)},
	};
	struct mm_err err;

	if (r->faulty)
		return;
	if (!r->entry) {
		complain(r, "an exception begins at the start of its line");
		return;
	}
	entry = &r->exempt->items[r->exempt->n - 1].entry;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char **to = (void *)((char *)entry + names[i].at);

		if (strcmp(line, names[i].name) != 0)
			continue;
		mm_str_printable(text, '?');
		if (*to != NULL || *text == '\0')
			mm_err_set(&err, "%s: %s", line,
			    *to != NULL ? "has been said already" : "nothing?");
		else if (strcmp(line, "date") == 0 && !is_date(text))
			mm_err_set(&err,
			    "date: \"%.40s\" is not like 2026-12-31", text);
		else {
			*to = text;
			return;
		}
		complain(r, err.text);
		return;
	}
	mm_err_set(&err,
	    "\"%.100s\": what an exception may have is reason, source and date",
	    line);
	complain(r, err.text);
}

static void
read_line(struct reader *r, char *line)
{
	bool indented = strchr(BLANKS, *line) != NULL;

	if (!r->syntax->ours)
		line[strcspn(line, "#")] = '\0';
	line += strspn(line, BLANKS);
	trim(line);
	if (*line == '\0' || *line == '#')
		return;
	if (!r->syntax->ours)
		add(r, r->syntax->kind, line);
	else if (indented)
		read_attribute(r, line);
	else
		read_entry(r, line);
}

int
mm_exempt_read_text(struct mm_exempt *exempt,
    const struct mm_exempt_syntax *syntax, const struct mm_exempt_file *file,
    struct mm_complaints *all)
{
	struct reader r = {
	    .exempt = exempt, .syntax = syntax, .file = file->path, .all = all};

	for (char *line = file->text, *next; line != NULL && !r.failed;
	     line = next) {
		if ((next = strchr(line, '\n')) != NULL)
			*next++ = '\0';
		r.line++;
		read_line(&r, line);
	}
	return r.failed ? -1 : 0;
}
