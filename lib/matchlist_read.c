/* matchlist_read - from a list's text, and the files that it names, to its
 * entries. */
#include "lib/matchlist_read.h"

#include <stdlib.h>
#include <string.h>

#include "lib/conf.h"
#include "lib/err.h"
#include "lib/hostname.h"
#include "lib/map.h"
#include "lib/str.h"
#include "lib/tokens.h"

#define ENTRIES_MAX ((size_t)1000000)
#define DEPTH_MAX 8 /* files named in files */
#define FILES_MAX 1000
#define FILE_MAX ((size_t)256 * 1024 * 1024) /* as of tables */

/* Where an entry stands. */
struct place {
	const char *file;
	unsigned line;
	unsigned depth; /* of files in files */
};

struct reader {
	const struct mm_matchlist_how *how;
	struct mm_complaints *all;
	struct mm_matchlist *list;
	unsigned files; /* read so far */
	bool failed;	/* out of memory */
};

static void
complain(const struct reader *r, const struct place *at,
    enum mm_severity severity, const char *text)
{
	mm_complain(
	    r->all, severity, at->file, at->line, "%s: %s", r->how->name, text);
}

/* entry is the list's from here on. */
static void
add(struct reader *r, const struct place *at, struct mm_match_entry *entry)
{
	struct mm_matchlist *list = r->list;
	size_t size = list->size == 0 ? 16 : list->size * 2;
	struct mm_match_entry *more;

	if (list->n == ENTRIES_MAX) {
		complain(r, at, MM_ERROR, "too many entries: use a table");
		goto fail;
	}
	if (list->n == list->size) {
		more = reallocarray(list->entries, size, sizeof(*more));
		if (more == NULL) {
			r->failed = true;
			goto fail;
		}
		list->entries = more;
		list->size = size;
	}
	entry->file = at->file;
	entry->line = at->line;
	list->entries[list->n++] = *entry;
	return;

fail:
	free(entry->name);
	mm_map_free(entry->table);
}

/* Postfix takes what has a colon for a table; an IPv6 address without its
 * brackets is understood here. */
static bool
is_table(const struct reader *r, const char *word)
{
	struct mm_prefix prefix;
	struct mm_err err;

	if (*word == '[' || strchr(word, ':') == NULL)
		return false;
	return r->how->kind != MM_MATCH_CLIENT ||
	       mm_prefix_parse(word, &prefix, &err) != 0;
}

static void
add_table(struct reader *r, const struct place *at, const char *word,
    struct mm_match_entry *entry)
{
	struct mm_err err;

	entry->form = MM_MATCH_TABLE;
	entry->table = mm_map_open(word, at->file, at->line, r->all, &err);
	if (entry->table != NULL && mm_map_remote(entry->table)) {
		mm_err_set(&err,
		    "%.200s: a table that has to be asked cannot stand here",
		    word);
		mm_map_free(entry->table);
		entry->table = NULL;
	}
	if (entry->table != NULL)
		add(r, at, entry);
	else
		complain(r, at, MM_ERROR, err.text);
}

/* Legal, and never what was meant. */
static void
doubt(const struct reader *r, const struct place *at, const char *name)
{
	struct mm_err err;

	if (*name != '.')
		return;
	if (r->how->kind == MM_MATCH_WHOLE)
		mm_err_set(&err,
		    "\"%.200s\" never matches: only whole domains do here, "
		    "each has to be named",
		    name);
	else if (r->how->parents)
		mm_err_set(&err,
		    "\"%.200s\" never matches: \"%.200s\" has what is below "
		    "it, by parent_domain_matches_subdomains",
		    name, name + 1);
	else
		return;
	complain(r, at, MM_NOTICE, err.text);
}

/* "user@domain", "user@". */
static bool
is_mail_address(const char *word)
{
	const char *at = strrchr(word, '@');

	return at != NULL && at > word &&
	       (at[1] == '\0' || at[1] == '[' || mm_hostname_valid(at + 1));
}

/* A name, as far as one can tell.  Bytes beyond ASCII are somebody's. */
static bool
is_name(const char *word)
{
	for (const char *p = word; *p != '\0'; p++) {
		if ((unsigned char)*p >= 0x80)
			return true;
	}
	return mm_hostname_valid(*word == '.' ? word + 1 : word);
}

static void
add_name(struct reader *r, const struct place *at, const char *word,
    struct mm_match_entry *entry)
{
	entry->form = MM_MATCH_NAME;
	if ((entry->name = strdup(word)) == NULL) {
		r->failed = true;
		return;
	}
	mm_str_fold(entry->name);
	doubt(r, at, word);
	add(r, at, entry);
}

static void
add_plain(struct reader *r, const struct place *at, const char *word,
    struct mm_match_entry *entry)
{
	struct mm_err err;

	if (r->how->kind == MM_MATCH_CLIENT &&
	    mm_prefix_parse(word, &entry->prefix, &err) == 0) {
		entry->form = MM_MATCH_PREFIX;
		add(r, at, entry);
	} else if ((r->how->kind == MM_MATCH_ADDRESS &&
		       is_mail_address(word)) ||
		   is_name(word) ||
		   (r->how->kind != MM_MATCH_CLIENT && *word == '[')) {
		add_name(r, at, word, entry);
	} else if (r->how->kind == MM_MATCH_CLIENT) {
		complain(r, at, MM_ERROR, err.text);
	} else {
		mm_err_set(&err, "\"%.200s\" is %s", word,
		    r->how->kind == MM_MATCH_ADDRESS
			? "neither an address nor a domain"
			: "not a domain");
		complain(r, at, MM_ERROR, err.text);
	}
}

static void read_file(
    struct reader *r, const struct place *at, const char *path, bool except);

static void
read_word(
    struct reader *r, const struct place *at, const char *word, bool except)
{
	struct mm_match_entry entry = {.except = except};

	for (; *word == '!'; word++)
		entry.except = !entry.except;
	if (*word == '\0')
		complain(r, at, MM_ERROR, "nothing behind \"!\"");
	else if (*word == '/')
		read_file(r, at, word, entry.except);
	else if (is_table(r, word))
		add_table(r, at, word, &entry);
	else
		add_plain(r, at, word, &entry);
}

/* lines: knows each byte's line; NULL: all of it is at where. */
static void
read_words(struct reader *r, const struct place *where, const char *text,
    const struct mm_text *lines, bool except)
{
	size_t at = 0, len;

	while (!r->failed && (len = mm_token_next(text, &at)) > 0) {
		struct place place = *where;
		char *word;

		if (lines != NULL)
			place.line = mm_text_line(lines, at);
		if (text[at] == '#') {
			complain(r, &place, MM_NOTICE,
			    "a comment cannot stand behind an entry: the rest "
			    "is left out");
			return;
		}
		if ((word = strndup(text + at, len)) == NULL)
			r->failed = true;
		else
			read_word(r, &place, word, except);
		free(word);
		at += len;
	}
}

/* Each line that is no comment, as if it stood in the list. */
static void
read_lines(struct reader *r, struct place *in, char *text, bool except)
{
	for (char *line = text, *next; !r->failed && line != NULL;
	     line = next) {
		if ((next = strchr(line, '\n')) != NULL)
			*next++ = '\0';
		in->line++;
		if (*line != '#')
			read_words(r, in, line, NULL, except);
	}
}

/* Its name, for as long as the list lives. */
static const char *
note_file(struct reader *r, const char *path, const struct mm_file_state *state)
{
	struct mm_matchlist *list = r->list;
	struct mm_match_file *files =
	    reallocarray(list->files, list->nfiles + 1, sizeof(*files));

	r->failed |= files == NULL;
	if (files == NULL)
		return path;
	list->files = files;
	files[list->nfiles] = (struct mm_match_file){strdup(path), *state};
	if (files[list->nfiles].path != NULL)
		return files[list->nfiles++].path;
	r->failed = true;
	return path;
}

static void
read_file(
    struct reader *r, const struct place *at, const char *path, bool except)
{
	struct place in = {.file = path, .depth = at->depth + 1};
	struct mm_file_state state;
	struct mm_err err;
	char *text;

	if (in.depth > DEPTH_MAX || ++r->files > FILES_MAX) {
		complain(r, at, MM_ERROR, "too many files that name files");
		return;
	}
	if ((text = mm_file_read(path, FILE_MAX, &state, &err)) == NULL) {
		complain(r, at, MM_ERROR, err.text);
		return;
	}
	in.file = note_file(r, path, &state);
	read_lines(r, &in, text, except);
	free(text);
}

struct mm_matchlist *
mm_matchlist_read(const struct mm_text *text,
    const struct mm_matchlist_how *how, struct mm_complaints *all)
{
	struct reader r = {.how = how, .all = all};
	struct place where = {.file = text->file};

	if ((r.list = calloc(1, sizeof(*r.list))) == NULL)
		return NULL;
	r.list->kind = how->kind;
	r.list->parents = how->parents;
	if (text->data != NULL)
		read_words(&r, &where, text->data, text, false);
	if (r.failed) {
		mm_matchlist_free(r.list);
		return NULL;
	}
	return r.list;
}
