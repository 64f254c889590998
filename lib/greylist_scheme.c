/* greylist_scheme - from the settings to how clients are told apart; see
 * greylist_identity.h. */
#include "lib/greylist_scheme.h"

#include <stdlib.h>
#include <string.h>

#include "lib/conf.h"
#include "lib/err.h"
#include "lib/matchlist.h"
#include "lib/name.h"
#include "lib/settings.h"
#include "lib/str.h"
#include "lib/suffix.h"
#include "lib/tokens.h"

#define GROUPS_MAX 10000
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct reader {
	const struct mm_settings *settings;
	const struct mm_conf *conf;
	struct mm_complaints *all;
	struct mm_greylist_scheme *scheme;
};

static void
complain(const struct reader *r, const char *name, const char *text)
{
	mm_complain(r->all, MM_ERROR, mm_conf_file(r->conf),
	    mm_conf_line_of(r->conf, name), "%s: %s", name, text);
}

static const char *
all_words(const struct mm_name *words, size_t n, char *mem, size_t size)
{
	struct mm_buf buf;

	mm_buf_init(&buf, mem, size);
	for (size_t i = 0; i < n; i++)
		mm_buf_addf(&buf, "%s%s", i > 0 ? ", " : "", words[i].word);
	return mem;
}

/* The words of a list, as their codes, in order.  How many; -1: no memory. */
static int
read_words(const struct reader *r, const char *name, const char *text,
    const struct mm_name *words, size_t nwords, int *ret)
{
	size_t at = 0, len;
	struct mm_err err;
	int n = 0;

	for (; (len = mm_token_next(text, &at)) > 0; at += len) {
		char *word = strndup(text + at, len), all[128];
		int code, i = 0;

		if (word == NULL)
			return -1;
		code = mm_name_code(words, nwords, word, -1);
		while (i < n && ret[i] != code)
			i++;
		if (code == -1) {
			mm_err_set(&err, "\"%.100s\" is none of: %s", word,
			    all_words(words, nwords, all, sizeof(all)));
			complain(r, name, err.text);
		} else if (i < n) {
			mm_err_set(&err, "\"%.100s\" stands there twice", word);
			complain(r, name, err.text);
		} else {
			ret[n++] = code;
		}
		free(word);
	}
	return n;
}

/* -1: out of memory. */
static int
read_ladder(const struct reader *r)
{
	static const struct mm_name words[] = {
	    {MM_RUNG_GROUP, "group"},
	    {MM_RUNG_NAME, "name"},
	    {MM_RUNG_SPF, "spf"},
	    {MM_RUNG_NETWORK, "network"},
	};
	int codes[COUNT(words)];
	int n = read_words(r, "greylist_identity",
	    r->settings->greylist_identity, words, COUNT(words), codes);

	for (int i = 0; i < n; i++)
		r->scheme->ladder[r->scheme->nrungs++] = (enum mm_rung)codes[i];
	return n < 0 ? -1 : 0;
}

/* -1: out of memory. */
static int
read_parts(const struct reader *r)
{
	static const struct mm_name words[] = {
	    {MM_PART_CLIENT, "client"},
	    {MM_PART_SENDER, "sender"},
	    {MM_PART_RECIPIENT, "recipient"},
	};
	int codes[COUNT(words)];
	int n = read_words(r, "greylist_key", r->settings->greylist_key, words,
	    COUNT(words), codes);

	for (int i = 0; i < n; i++)
		r->scheme->parts |= (unsigned)codes[i];
	if (n == 0)
		complain(r, "greylist_key",
		    "empty: all mail would be one, and pass when it is "
		    "repeated");
	return n < 0 ? -1 : 0;
}

/* All of text but what stands from..to becomes blanks, so that what is left
 * knows its lines. */
static char *
copy_part(const struct mm_text *text, size_t from, size_t to)
{
	char *copy = strdup(text->data);

	if (copy == NULL)
		return NULL;
	memset(copy, ' ', from);
	memset(copy + to, ' ', strlen(copy) - to);
	return copy;
}

static bool
is_known(const struct mm_greylist_scheme *scheme, const char *name, size_t len)
{
	for (size_t i = 0; i < scheme->ngroups; i++) {
		if (strlen(scheme->groups[i].name) == len &&
		    memcmp(scheme->groups[i].name, name, len) == 0)
			return true;
	}
	return false;
}

/* "NAME={...}" at that place.  -1: out of memory. */
static int
add_group(const struct reader *r, size_t at, size_t len)
{
	static const struct mm_matchlist_how how = {.kind = MM_MATCH_CLIENT,
	    .parents = true,
	    .name = "greylist_groups"};
	const struct mm_text *all = &r->settings->greylist_groups;
	struct mm_greylist_scheme *s = r->scheme;
	size_t named = strcspn(all->data + at, "=");
	struct mm_text part = *all;
	struct mm_greylist_group *groups;

	groups = reallocarray(s->groups, s->ngroups + 1, sizeof(*groups));
	if (groups == NULL)
		return -1;
	s->groups = groups;
	part.data = copy_part(all, at + named + 2, at + len - 1);
	groups += s->ngroups;
	groups->name = strndup(all->data + at, named);
	groups->clients =
	    part.data != NULL ? mm_matchlist_read(&part, &how, r->all) : NULL;
	free(part.data);
	if (groups->name != NULL && groups->clients != NULL) {
		s->ngroups++;
		return 0;
	}
	free(groups->name);
	mm_matchlist_free(groups->clients);
	return -1;
}

static const char *
wrong_group(
    const struct mm_greylist_scheme *scheme, const char *text, size_t len)
{
	size_t named =
	    strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789_-");

	if (named == 0 || named + 3 > len || text[named] != '=' ||
	    text[named + 1] != '{' || text[len - 1] != '}')
		return "is not NAME={NETWORKS AND DOMAINS}";
	if (is_known(scheme, text, named))
		return "has the name of a group before it";
	if (scheme->ngroups == GROUPS_MAX)
		return "is one group too many";
	return NULL;
}

/* -1: out of memory. */
static int
read_groups(const struct reader *r)
{
	const struct mm_text *text = &r->settings->greylist_groups;
	size_t at = 0, len;

	for (; (len = mm_token_next(text->data, &at)) > 0; at += len) {
		const char *wrong =
		    wrong_group(r->scheme, text->data + at, len);

		if (wrong != NULL)
			mm_complain(r->all, MM_ERROR, text->file,
			    mm_text_line(text, at),
			    "greylist_groups: \"%.*s\" %s",
			    len < 100 ? (int)len : 100, text->data + at, wrong);
		else if (add_group(r, at, len) != 0)
			return -1;
	}
	return 0;
}

static void
read_suffixes(const struct reader *r)
{
	struct mm_greylist_scheme *s = r->scheme;
	struct mm_err err;

	s->suffixes = mm_suffixes_open(r->settings->public_suffix_list, &err);
	if (s->suffixes == NULL)
		complain(r, "public_suffix_list", err.text);
}

struct mm_greylist_scheme *
mm_greylist_scheme_read(const struct mm_settings *settings,
    const struct mm_conf *conf, struct mm_complaints *all)
{
	struct mm_greylist_scheme *scheme = calloc(1, sizeof(*scheme));
	const struct reader r = {settings, conf, all, scheme};

	if (scheme == NULL)
		return NULL;
	scheme->ipv4_prefix = settings->greylist_ipv4_prefix;
	scheme->ipv6_prefix = settings->greylist_ipv6_prefix;
	if (read_ladder(&r) != 0 || read_parts(&r) != 0 ||
	    read_groups(&r) != 0) {
		mm_greylist_scheme_free(scheme);
		return NULL;
	}
	read_suffixes(&r);
	return scheme;
}

void
mm_greylist_scheme_free(struct mm_greylist_scheme *scheme)
{
	if (scheme == NULL)
		return;
	for (size_t i = 0; i < scheme->ngroups; i++) {
		free(scheme->groups[i].name);
		mm_matchlist_free(scheme->groups[i].clients);
	}
	free(scheme->groups);
	mm_suffixes_free(scheme->suffixes);
	free(scheme);
}

void
mm_greylist_scheme_files(
    const struct mm_greylist_scheme *scheme, mm_file_each *each, void *ctx)
{
	for (size_t i = 0; i < scheme->ngroups; i++)
		mm_matchlist_files(scheme->groups[i].clients, each, ctx);
	if (scheme->suffixes != NULL)
		mm_suffixes_files(scheme->suffixes, each, ctx);
}

unsigned
mm_greylist_scheme_parts(const struct mm_greylist_scheme *scheme)
{
	return scheme->parts;
}
