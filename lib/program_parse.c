/* program_parse - from a list's text to its steps. */
#include "lib/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/conf.h"
#include "lib/dnsxl.h"
#include "lib/err.h"
#include "lib/settings.h"
#include "lib/str.h"
#include "lib/tokens.h"

/* Of a longer word no more letters may be wrong: a stranger's text of any
 * length is near to nothing, and that is found at once. */
#define NEAR_LEN 48

static const struct mm_restriction *
lookup(const char *word)
{
	const struct mm_restriction *r;

	for (size_t i = 0; (r = mm_program_word(i)) != NULL; i++) {
		if (mm_str_same(r->word, word))
			return r;
	}
	return NULL;
}

static const char *
nearest(const char *word)
{
	const struct mm_restriction *r;
	size_t len = strlen(word);
	unsigned least = 4 + (unsigned)(len < NEAR_LEN ? len : NEAR_LEN) / 8;
	const char *best = NULL;

	for (size_t i = 0; (r = mm_program_word(i)) != NULL; i++) {
		unsigned d = mm_str_distance(word, r->word, least);

		/* a word left unfinished is near, however much is missing */
		if (d >= least && len >= 10 && mm_str_begins(r->word, word))
			d = least - 1;
		if (d < least) {
			least = d;
			best = r->word;
		}
	}
	return best;
}

/* A DNS list without the word that would ask it. */
static bool
complain_lone_list(struct mm_load *load, const char *word)
{
	struct mm_dnsxl *list = NULL;
	struct mm_err err;

	if (strchr(word, '.') != NULL)
		list = mm_dnsxl_parse(word, load->settings->dnsxl_labels, &err);
	if (list == NULL)
		return false;
	mm_complain(load->all, MM_ERROR, load->file, load->line,
	    "\"%s\" stands alone: write reject_rbl_client or another word "
	    "for a DNS list before it",
	    mm_dnsxl_shown(list));
	mm_dnsxl_free(list);
	return true;
}

/* A name that the file sets without calling it a class: often it was meant to
 * be one. */
static bool
complain_nameless_class(struct mm_load *load, const char *word)
{
	const char *row, *standard;
	bool at_restart;
	unsigned line;

	if (load->conf == NULL ||
	    (line = mm_conf_line_of(load->conf, word)) == 0)
		return false;
	for (size_t i = 0; mm_settings_row(i, &row, &standard, &at_restart);
	     i++) {
		if (strcmp(row, word) == 0)
			return false;
	}
	mm_complain(load->all, MM_ERROR, load->file, load->line,
	    "unknown restriction \"%s\": if line %u makes it a class, name it "
	    "in smtpd_restriction_classes",
	    word, line);
	return true;
}

static void
complain_unknown(struct mm_load *load, const char *word)
{
	const char *near;

	if (complain_lone_list(load, word) ||
	    complain_nameless_class(load, word))
		return;
	if ((near = nearest(word)) != NULL) {
		mm_complain(load->all, MM_ERROR, load->file, load->line,
		    "unknown restriction \"%s\": did you mean \"%s\"?", word,
		    near);
	} else {
		mm_complain(load->all, MM_ERROR, load->file, load->line,
		    "unknown restriction \"%s\"", word);
	}
}

/* The text of a list, one token at a time. */
struct tokens {
	const struct mm_text *text;
	size_t at;
	unsigned line; /* of the last token */
};

/* The next token, the caller's to free; NULL: no more, or no memory. */
static char *
next_token(struct tokens *t)
{
	const char *text = t->text->data;
	size_t len = mm_token_next(text, &t->at);

	if (len == 0)
		return NULL;
	t->line = mm_text_line(t->text, t->at);
	t->at += len;
	return strndup(text + t->at - len, len);
}

static const char *
argument_name(enum mm_takes takes)
{
	static const char *const names[] = {
	    [MM_TAKES_DNSXL] = "a list's domain, as in zen.spamhaus.org",
	    [MM_TAKES_TABLE] = "a table, as in hash:/etc/mailmum/access",
	    [MM_TAKES_SERVICE] = "a policy service, as in inet:127.0.0.1:10023",
	    [MM_TAKES_SECONDS] = "a number of seconds, as in 1",
	};

	return names[takes];
}

/* What the trail and the record call it. */
static char *
shown_text(const struct mm_step *step, const char *arg)
{
	const struct mm_dnsxl *list = mm_step_dnsxl(step);
	bool alone = step->what == &mm_word_class ||
		     step->what == &mm_word_table ||
		     step->what == &mm_word_wrong;
	char *text;
	int rc;

	rc = asprintf(&text, "%s%s%s%s%s",
	    step->soften & MM_SOFTEN_WARN ? "warn_if_reject " : "",
	    step->soften & MM_SOFTEN_GREYLIST ? "greylist_if_reject " : "",
	    alone ? "" : step->what->word, alone || arg == NULL ? "" : " ",
	    list != NULL  ? mm_dnsxl_shown(list)
	    : arg != NULL ? arg
			  : "");
	if (rc < 0)
		return NULL;
	mm_str_unfold(text);
	return text;
}

static int
add_step(struct mm_list *list, struct mm_step *step, const char *arg)
{
	struct mm_step *steps =
	    reallocarray(list->steps, list->nsteps + 1, sizeof(*list->steps));

	if (steps == NULL)
		return -1;
	list->steps = steps;
	if ((step->text = shown_text(step, arg)) == NULL)
		return -1;
	steps[list->nsteps++] = *step;
	return 0;
}

/* Blanks inside brackets are for the reader: they go. */
static void
unblank(char *text)
{
	char *to = text;

	for (; *text != '\0'; text++) {
		if (*text != ' ' && *text != '\t')
			*to++ = *text;
	}
	*to = '\0';
}

/* A mistake: at load it is said, at run time it is a step of its own. */
static int
wrong(struct mm_list *list, const char *word, struct mm_load *load)
{
	struct mm_step step = {.what = &mm_word_wrong, .line = load->line};

	return load->at_run_time ? add_step(list, &step, word) : 0;
}

/* A step that stands without a word of ours.  -1: no memory. */
static int
parse_alone(struct mm_list *list, struct mm_step *step, const char *word,
    struct mm_load *load)
{
	struct mm_err err;
	int rc;

	step->line = load->line;
	if (step->what == &mm_word_class) {
		step->arg = (void *)(uintptr_t)mm_program_find_class(
		    load->program, word);
		return add_step(list, step, word);
	}
	if ((step->arg = mm_parse_access(word, load, &err)) == NULL) {
		mm_complain(load->all, MM_ERROR, load->file, load->line, "%s",
		    err.text);
		return 0;
	}
	if ((rc = add_step(list, step, word)) != 0)
		mm_free_access(step->arg);
	return rc;
}

static bool
stays(const struct mm_restriction *what, const struct mm_load *load)
{
	return what->stays != NULL && (what->check == mm_check_nothing ||
					  !mm_site_has_domains(load->site));
}

/* "name=value": nothing else in a list looks like that. */
static bool
is_option(const char *token)
{
	size_t len = strspn(token, "abcdefghijklmnopqrstuvwxyz_");

	return len > 0 && token[len] == '=';
}

/* The token behind a word, the caller's to free.  NULL: it is no argument of
 * this word, and is left where it is. */
static char *
next_argument(struct tokens *t, enum mm_takes takes)
{
	struct tokens before = *t;
	char *arg = takes == MM_TAKES_NOTHING ? NULL : next_token(t);

	if (arg != NULL &&
	    (takes == MM_TAKES_OPTION ? is_option(arg) : lookup(arg) == NULL))
		return arg;
	*t = before; /* that word has its own argument */
	free(arg);
	return NULL;
}

/* The word's argument, if it takes one, and the step.  -1: no memory. */
static int
parse_step(struct mm_list *list, struct mm_step *step, struct tokens *t,
    struct mm_load *load)
{
	const struct mm_restriction *what = step->what;
	char *arg = next_argument(t, what->takes);
	struct mm_err err;
	int rc = 0;

	step->line = load->line;
	if (arg == NULL && what->takes != MM_TAKES_NOTHING &&
	    what->takes != MM_TAKES_OPTION) {
		mm_complain(load->all, MM_ERROR, load->file, load->line,
		    "%s: needs %s", what->word, argument_name(what->takes));
		return wrong(list, what->word, load);
	}
	if (what->takes == MM_TAKES_DNSXL)
		unblank(arg);
	if ((step->stays = stays(what, load)))
		mm_complain(load->all, MM_STAYS, load->file, load->line,
		    "%s: keep it in main.cf: %s", what->word, what->stays);
	if (what->parse != NULL &&
	    (step->arg = what->parse(arg, load, &err)) == NULL) {
		mm_complain(load->all, MM_ERROR, load->file, load->line,
		    "%s: %s", what->word, err.text);
		rc = wrong(list, what->word, load);
	} else if ((rc = add_step(list, step, arg)) != 0 && what->free != NULL)
		what->free(step->arg);
	free(arg);
	return rc;
}

/* A word for several lists is as many steps.  -1: no memory. */
static int
parse_lists(struct mm_list *list, struct mm_step *step, struct mm_load *load)
{
	const char *text = load->settings->maps_rbl_domains;
	size_t at = 0, len;
	struct mm_err err;
	int rc = 0;

	step->line = load->line;
	for (; rc == 0 && (len = mm_token_next(text, &at)) > 0; at += len) {
		char *domain = strndup(text + at, len);

		if (domain == NULL)
			return -1;
		unblank(domain);
		step->arg = step->what->parse(domain, load, &err);
		if (step->arg == NULL)
			mm_complain(load->all, MM_ERROR, load->file, load->line,
			    "%s: maps_rbl_domains: %s", step->what->word,
			    err.text);
		else if ((rc = add_step(list, step, domain)) != 0)
			step->what->free(step->arg);
		free(domain);
	}
	return rc;
}

/* Steps behind an unconditional word are never reached. */
static void
complain_unreachable(const struct mm_list *list, struct mm_load *load)
{
	for (size_t i = 0; i + 1 < list->nsteps; i++) {
		const struct mm_step *s = &list->steps[i];

		if (s->soften != 0 || (s->what->check != mm_check_permit &&
					  s->what->check != mm_check_reject &&
					  s->what->check != mm_check_defer))
			continue;
		mm_complain(load->all, MM_NOTICE, load->file,
		    list->steps[i + 1].line, "%s: never reached behind \"%s\"",
		    list->steps[i + 1].text, s->text);
		return;
	}
}

/* A word that is no row of the table. */
static int
parse_other(struct mm_list *list, struct mm_step *step, const char *word,
    struct mm_load *load)
{
	if (mm_program_find_class(load->program, word) != NULL)
		step->what = &mm_word_class;
	else if (strchr(word, ':') != NULL && !load->at_run_time)
		step->what = &mm_word_table;
	if (step->what != NULL)
		return parse_alone(list, step, word, load);
	complain_unknown(load, word);
	return wrong(list, word, load);
}

int
mm_list_parse(
    struct mm_list *list, const struct mm_text *text, struct mm_load *load)
{
	struct tokens t = {.text = text};
	struct mm_step step = {0};
	int rc = 0;
	char *word;

	if (text->data == NULL)
		return 0;
	while (rc == 0 && (word = next_token(&t)) != NULL) {
		load->line = t.line;
		step.what = lookup(word);
		if (step.what != NULL && step.what->takes == MM_TAKES_CHECK) {
			step.soften |= step.what->soften;
			free(word);
			continue;
		}
		if (step.what == NULL)
			rc = parse_other(list, &step, word, load);
		else if (step.what->takes == MM_TAKES_LISTS)
			rc = parse_lists(list, &step, load);
		else
			rc = parse_step(list, &step, &t, load);
		free(word);
		step = (struct mm_step){0};
	}
	if (step.soften != 0)
		mm_complain(load->all, MM_ERROR, load->file, load->line,
		    "%s: the list ends where a restriction should follow",
		    step.soften & MM_SOFTEN_WARN ? "warn_if_reject"
						 : "greylist_if_reject");
	complain_unreachable(list, load);
	return rc;
}

/* As a table's result: all of it stands where the table's row does. */
static struct mm_list *
parse_result(const char *text, struct mm_load *load)
{
	struct mm_text_mark mark = {.line = load->line};
	const struct mm_text whole = {.data = (char *)(uintptr_t)text,
	    .nmarks = 1,
	    .marks = &mark,
	    .file = load->file};
	struct mm_list *list = calloc(1, sizeof(*list));
	struct mm_load own = *load;

	if (list == NULL || mm_list_parse(list, &whole, &own) == 0)
		return list;
	mm_list_clear(list);
	free(list);
	return NULL;
}

static void
free_result(void *list)
{
	if (list != NULL)
		mm_list_clear(list);
	free(list);
}

static bool
knows(const struct mm_load *load, const char *word)
{
	return lookup(word) != NULL ||
	       mm_program_find_class(load->program, word) != NULL;
}

const struct mm_language mm_program_language = {
    .parse = parse_result,
    .free = free_result,
    .walk = mm_list_walk,
    .knows = knows,
};
