/*
 * check - reads a configuration the way the daemon would, shows what is wrong
 * with it, and says in plain words what it does.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/policy.h"
#include "lib/conf.h"
#include "lib/dnsxl.h"
#include "lib/err.h"
#include "lib/exempt.h"
#include "lib/json.h"
#include "lib/policy.h"
#include "lib/policyd.h"
#include "lib/program.h"

#define WIDTH 78 /* of the summary's lines */

/* Words, each once; borrowed from the policy. */
struct words {
	const char **list;
	size_t n;
};

static bool
add_word(struct words *words, const char *word)
{
	const char **more;

	for (size_t i = 0; i < words->n; i++)
		if (strcmp(words->list[i], word) == 0)
			return true;
	more = reallocarray(words->list, words->n + 1, sizeof(*more));
	if (more == NULL)
		return false;
	words->list = more;
	words->list[words->n++] = word;
	return true;
}

/* What the summary is made of. */
struct summary {
	size_t steps[MM_NCHAIN], all, chains, tables;
	size_t more;	    /* steps in classes, and in what tables may give */
	bool failed;	    /* out of memory */
	struct words lists; /* labels of DNS lists */
	struct words asked; /* policy services */
	struct words stay;  /* words that the MTA carries out */
};

static bool
count_step(void *ctx, const struct mm_step *step)
{
	const struct mm_dnsxl *list = mm_step_dnsxl(step);
	struct summary *s = ctx;

	s->more++;
	s->tables += step->what->takes == MM_TAKES_TABLE;
	s->failed =
	    (list != NULL && !add_word(&s->lists, mm_dnsxl_label(list))) ||
	    (step->stays && !add_word(&s->stay, step->what->word));
	return !s->failed;
}

/* False: out of memory. */
static bool
summarize(const struct mm_policy *policy, struct summary *s)
{
	const struct mm_policyd *service;

	for (size_t i = 0; (service = mm_policy_service(policy, i)) != NULL;
	     i++)
		if (!add_word(&s->asked, service->endpoint))
			return false;
	mm_policy_each(policy, count_step, s);
	for (int c = 0; c < MM_NCHAIN; c++) {
		while (mm_policy_step(policy, (enum mm_chain)c, s->steps[c]) !=
		       NULL)
			s->steps[c]++;
		s->all += s->steps[c];
		s->chains += s->steps[c] > 0;
	}
	s->more -= s->all;
	return !s->failed;
}

static const char *
plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* "a, b and c" */
static void
say_words(FILE *out, const struct words *words)
{
	for (size_t i = 0; i < words->n; i++)
		fprintf(out, "%s%s",
		    i == 0	       ? ""
		    : i + 1 < words->n ? ", "
				       : " and ",
		    words->list[i]);
}

static void
say_chains(FILE *out, const struct summary *s)
{
	if (s->all == 0) {
		fputs("There is no restriction: all mail is let in. ", out);
		return;
	}
	fprintf(out, "For each recipient the policy takes %zu step%s", s->all,
	    plural(s->all));
	for (size_t c = 0, said = 0; c < MM_NCHAIN; c++) {
		if (s->steps[c] == 0)
			continue;
		fputs(s->chains == 1	     ? " "
		      : said == 0	     ? ": "
		      : said + 1 < s->chains ? ", "
					     : " and ",
		    out);
		if (s->chains > 1)
			fprintf(out, "%zu ", s->steps[c]);
		fprintf(out, "in %s", mm_chain_name((enum mm_chain)c));
		said++;
	}
	if (s->more > 0)
		fprintf(out, ", and %zu more where a class or a table leads",
		    s->more);
	fputs(". ", out);
}

static void
say_dns(FILE *out, const struct mm_settings *settings)
{
	if (*settings->dns_forward != '\0')
		fprintf(out, "Questions go to %s", settings->dns_forward);
	else
		fputs("mailmum resolves names itself, from the root", out);
	if (*settings->dns_stub != '\0')
		fprintf(out, ", except for %s", settings->dns_stub);
	fprintf(out, "; a recipient waits %g seconds for answers at most. ",
	    (double)settings->dns_deadline / 1000);
}

static void
say_exceptions(FILE *out, const struct mm_exempt *exempt)
{
	const char *missing = mm_exempt_missing(exempt);
	size_t n = mm_exempt_size(exempt);

	if (missing != NULL)
		fprintf(out,
		    "Whom greylisting would harm is not known: %s is not "
		    "there. ",
		    missing);
	if (n > 0)
		fprintf(out, "%zu exception%s from greylisting %s known. ", n,
		    n == 1 ? "" : "s", n == 1 ? "is" : "are");
}

/* The summary in plain words, one long line. */
static void
say_summary(FILE *out, const struct mm_policy *policy, const struct summary *s)
{
	const struct mm_settings *settings = mm_policy_settings(policy);

	say_chains(out, s);
	if (s->lists.n > 0) {
		fprintf(out, "%zu DNS list%s asked: ", s->lists.n,
		    s->lists.n == 1 ? " is" : "s are");
		say_words(out, &s->lists);
		fputs(". ", out);
		say_dns(out, settings);
	}
	if (s->tables > 0)
		fprintf(out, "%zu access table%s read. ", s->tables,
		    s->tables == 1 ? " is" : "s are");
	if (s->asked.n > 0) {
		fprintf(out, "%zu policy service%s asked: ", s->asked.n,
		    s->asked.n == 1 ? " is" : "s are");
		say_words(out, &s->asked);
		fputs(". ", out);
	}
	if (s->all > 0)
		fputs("What no step refuses is let in. ", out);
	if (mm_policy_greylists(policy))
		fprintf(out,
		    "Who is greylisted may come back after %" PRId64
		    " seconds. ",
		    settings->greylist_delay / 1000);
	if (mm_policy_greylists(policy))
		say_exceptions(out, mm_policy_exempt(policy));
	if (s->stay.n > 0) {
		fputs("Keep in main.cf, where alone they work: ", out);
		say_words(out, &s->stay);
		fputs(". ", out);
	}
}

static void
print_wrapped(char *text)
{
	size_t at = 0;
	char *rest = NULL;

	for (char *word = strtok_r(text, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest)) {
		size_t len = strlen(word);

		if (at > 0 && at + 1 + len > WIDTH) {
			putchar('\n');
			at = 0;
		}
		at += (size_t)printf("%s%s", at > 0 ? " " : "", word);
	}
	putchar('\n');
}

/* False: out of memory. */
static bool
print_summary(const struct mm_policy *policy, const struct summary *s)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	bool fine;

	if (out == NULL)
		return false;
	say_summary(out, policy, s);
	fine = fclose(out) == 0;
	if (fine)
		print_wrapped(text);
	free(text);
	return fine;
}

static void
write_words(struct mm_json *json, const char *key, const struct words *words)
{
	mm_json_array(json, key);
	for (size_t i = 0; i < words->n; i++)
		mm_json_string(json, NULL, words->list[i]);
	mm_json_end(json);
}

static void
write_summary(struct mm_json *json, const struct mm_policy *policy,
    const struct summary *s)
{
	mm_json_object(json, "summary");
	mm_json_object(json, "steps");
	for (int c = 0; c < MM_NCHAIN; c++)
		mm_json_uint(
		    json, mm_chain_name((enum mm_chain)c), s->steps[c]);
	mm_json_end(json);
	mm_json_uint(json, "more_steps", s->more);
	write_words(json, "dns_lists", &s->lists);
	mm_json_uint(json, "access_tables", s->tables);
	write_words(json, "policy_services", &s->asked);
	mm_json_bool(json, "greylists", mm_policy_greylists(policy));
	mm_json_uint(json, "greylist_exceptions",
	    mm_exempt_size(mm_policy_exempt(policy)));
	write_words(json, "keep_in_main_cf", &s->stay);
	mm_json_end(json);
}

/* policy NULL: it has errors. */
static int
print_json(const char *file, const struct mm_policy *policy,
    const struct mm_complaints *all, const struct summary *s)
{
	struct mm_json json;

	mm_json_init(&json, stdout);
	mm_json_object(&json, NULL);
	mm_json_string(&json, "file", file);
	mm_json_bool(&json, "valid", policy != NULL && all->errors == 0);
	mm_json_array(&json, "complaints");
	for (size_t i = 0; i < all->n; i++) {
		const struct mm_complaint *c = &all->list[i];

		mm_json_object(&json, NULL);
		mm_json_string(&json, "severity",
		    c->severity != MM_ERROR ? "notice" : "error");
		mm_json_string(&json, "file", c->file);
		mm_json_uint(&json, "line", c->line);
		mm_json_string(&json, "text", c->text);
		mm_json_end(&json);
	}
	mm_json_end(&json);
	if (policy != NULL)
		write_summary(&json, policy, s);
	mm_json_end(&json);
	return mm_json_finish(&json);
}

static bool
print_text(const char *file, const struct mm_policy *policy,
    const struct mm_complaints *all, const struct summary *s)
{
	for (size_t i = 0; i < all->n; i++)
		ctl_complaint_print(stdout, &all->list[i]);
	if (all->errors > 0) {
		printf("%s: %zu error%s: it would %s.\n", file, all->errors,
		    plural(all->errors),
		    policy == NULL ? "be refused"
				   : "load, and leave that to the MTA");
		return true;
	}
	printf("%s%s: valid.\n\n", all->n > 0 ? "\n" : "", file);
	return print_summary(policy, s);
}

/* The sentence without "FILE: ", which is said anyway. */
static const char *
why(const char *file, const struct mm_err *err)
{
	size_t len = strlen(file);
	bool named = strncmp(err->text, file, len) == 0 &&
		     strncmp(err->text + len, ": ", 2) == 0;

	return named ? err->text + len + 2 : err->text;
}

/* What only the MTA can carry out is as wrong here as what nobody can. */
static void
be_strict(struct mm_complaints *all)
{
	for (size_t i = 0; i < all->n; i++) {
		if (all->list[i].severity != MM_STAYS)
			continue;
		all->list[i].severity = MM_ERROR;
		all->errors++;
	}
}

int
ctl_check(const struct ctl *ctl)
{
	const char *file = ctl->argument != NULL ? ctl->argument : ctl->config;
	struct mm_complaints all = {0};
	struct summary s = {0};
	struct mm_err err;
	struct mm_policy *policy = mm_policy_load(file, &all, &err);
	int code;

	if (ctl->strict)
		be_strict(&all);
	code = policy != NULL && all.errors == 0 ? CTL_DONE : EX_CONFIG;
	if (policy == NULL && all.errors == 0) /* it could not be read */
		mm_complain(&all, MM_ERROR, file, 0, "%s", why(file, &err));
	if (all.failed || (policy != NULL && !summarize(policy, &s)))
		code = ctl_fail(ctl, EX_OSERR, "out of memory");
	else if (ctl->json && print_json(file, policy, &all, &s) != 0)
		code = ctl_fail(ctl, EX_IOERR, "cannot write: %m");
	else if (!ctl->json && !print_text(file, policy, &all, &s))
		code = ctl_fail(ctl, EX_OSERR, "out of memory");
	free(s.lists.list);
	free(s.asked.list);
	free(s.stay.list);
	mm_complaints_clear(&all);
	mm_policy_unref(policy);
	return code;
}
