/* policy - see policy.h. */
#include "lib/policy.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/conf.h"
#include "lib/dnsxl.h"
#include "lib/err.h"
#include "lib/exempt.h"
#include "lib/footer.h"
#include "lib/greylist_identity.h"
#include "lib/map.h"
#include "lib/policy_spf.h"
#include "lib/policyd.h"
#include "lib/program.h"
#include "lib/rbl_reply.h"
#include "lib/site.h"
#include "lib/tokens.h"

#define REPLY_MAPS_MAX 16

struct mm_policy {
	atomic_uint refs;
	struct mm_conf *conf; /* lines borrow its file name */
	struct mm_settings *settings;
	struct mm_site *site;
	struct mm_exempt *exempt;
	struct mm_greylist_scheme *scheme;
	struct mm_map *reply_maps[REPLY_MAPS_MAX];
	size_t nreply_maps;
	struct mm_policyds services;
	struct mm_program program;
	struct mm_load load; /* what a list is parsed with, at run time too */
	unsigned effects;    /* MM_EFFECT_BIT */
};

static void
policy_free(struct mm_policy *policy)
{
	mm_program_clear(&policy->program);
	mm_policyds_clear(&policy->services);
	for (size_t i = 0; i < policy->nreply_maps; i++)
		mm_map_free(policy->reply_maps[i]);
	mm_exempt_free(policy->exempt);
	mm_site_free(policy->site);
	mm_greylist_scheme_free(policy->scheme);
	mm_settings_free(policy->settings);
	mm_conf_free(policy->conf);
	free(policy);
}

static void
open_reply_map(struct mm_policy *policy, const char *spec, unsigned line,
    struct mm_complaints *all)
{
	const char *file = mm_conf_file(policy->conf);
	struct mm_map *map;
	struct mm_err err;

	if (policy->nreply_maps == REPLY_MAPS_MAX)
		mm_err_set(&err, "more than %d tables", REPLY_MAPS_MAX);
	else if ((map = mm_map_open(spec, file, line, all, &err)) != NULL) {
		policy->reply_maps[policy->nreply_maps++] = map;
		if (!mm_map_remote(map))
			return;
		mm_err_set(&err,
		    "%.200s: a table that has to be asked cannot stand here",
		    spec);
	}
	mm_complain(all, MM_ERROR, file, line, "rbl_reply_maps: %s", err.text);
}

/* -1: out of memory. */
static int
open_reply_maps(struct mm_policy *policy, struct mm_complaints *all)
{
	const char *text = policy->settings->rbl_reply_maps;
	unsigned line = mm_conf_line_of(policy->conf, "rbl_reply_maps");
	size_t at = 0, len;

	while ((len = mm_token_next(text, &at)) > 0) {
		char *spec = strndup(text + at, len);

		if (spec == NULL)
			return -1;
		open_reply_map(policy, spec, line, all);
		free(spec);
		at += len;
	}
	return 0;
}

/* Templates and labels are wrong also where no list uses them. */
static void
check_settings(struct mm_policy *policy, struct mm_load *load)
{
	const char *file = mm_conf_file(policy->conf);
	struct mm_err err;

	if (mm_dnsxl_check_labels(policy->settings->dnsxl_labels, &err) != 0)
		mm_complain(load->all, MM_ERROR, file,
		    mm_conf_line_of(policy->conf, "dnsxl_labels"),
		    "dnsxl_labels: %s", err.text);
	if (mm_footer_check(policy->settings->smtpd_reject_footer, &err) != 0)
		mm_complain(load->all, MM_ERROR, file,
		    mm_conf_line_of(policy->conf, "smtpd_reject_footer"),
		    "smtpd_reject_footer: %s", err.text);
	if (mm_rbl_reply_check(policy->settings->default_rbl_reply, &err) != 0)
		mm_complain(load->all, MM_ERROR, file,
		    mm_conf_line_of(policy->conf, "default_rbl_reply"),
		    "default_rbl_reply: %s", err.text);
}

/* -1: out of memory. */
static int
name_class(struct mm_policy *policy, const char *name, struct mm_load *load)
{
	static const char where[] = "smtpd_restriction_classes";
	unsigned line = mm_conf_line_of(policy->conf, where);
	const char *standard, *row;
	bool at_restart;

	for (size_t i = 0; mm_settings_row(i, &row, &standard, &at_restart);
	     i++) {
		if (strcmp(row, name) == 0)
			mm_complain(load->all, MM_ERROR, load->file, line,
			    "%s: \"%s\" is a parameter", where, name);
	}
	if (mm_program_language.knows(load, name))
		mm_complain(load->all, MM_ERROR, load->file, line,
		    "%s: \"%s\" is %s already", where, name,
		    mm_program_find_class(&policy->program, name) != NULL
			? "a class"
			: "a restriction");
	return mm_program_class(
	    &policy->program, name, mm_conf_line_of(policy->conf, name));
}

/* All names first: a class, or a table, may name one that comes later. */
static int
name_classes(struct mm_policy *policy, struct mm_load *load)
{
	const char *text = policy->settings->smtpd_restriction_classes;
	size_t at = 0, len;
	int rc = 0;

	for (; rc == 0 && (len = mm_token_next(text, &at)) > 0; at += len) {
		char *name = strndup(text + at, len);

		rc = name != NULL ? name_class(policy, name, load) : -1;
		free(name);
	}
	return rc;
}

/* -1: out of memory. */
static int
parse_class(
    struct mm_policy *policy, struct mm_class *class, struct mm_load *load)
{
	struct mm_text text = {0};
	int rc;

	rc = mm_settings_text(
	    policy->settings, policy->conf, class->name, &text, load->all);
	if (rc == 0)
		mm_complain(load->all, MM_ERROR, load->file,
		    mm_conf_line_of(policy->conf, "smtpd_restriction_classes"),
		    "%s: this class is not defined: write \"%s = ...\"",
		    class->name, class->name);
	rc = rc > 0 ? mm_list_parse(&class->list, &text, load) : 0;
	mm_text_clear(&text);
	return rc;
}

/* Wrong also where no list asks a service; it may name a class. */
static void
check_default_action(struct mm_policy *policy, struct mm_load *load)
{
	static const char name[] = "smtpd_policy_service_default_action";
	struct mm_err err;

	load->line = mm_conf_line_of(policy->conf, name);
	if (load->line != 0 &&
	    mm_policyd_action_check(
		policy->settings->smtpd_policy_service_default_action, load,
		&err) != 0)
		mm_complain(load->all, MM_ERROR, load->file, load->line,
		    "%s: %s", name, err.text);
}

/* -1: out of memory. */
static int
parse_lists(struct mm_policy *policy, struct mm_load *load)
{
	struct mm_program *program = &policy->program;
	int rc = name_classes(policy, load);

	for (size_t i = 0; rc == 0 && i < program->nclasses; i++)
		rc = parse_class(policy, &program->classes[i], load);
	for (int c = 0; rc == 0 && c < MM_NCHAIN; c++)
		rc = mm_list_parse(&program->chain[c],
		    &policy->settings->restrictions[c], load);
	mm_program_check(program, load);
	if (rc == 0)
		check_default_action(policy, load);
	return rc;
}

/* -1: out of memory.  Everything else is a complaint. */
static int
compile(struct mm_policy *policy, struct mm_complaints *all)
{
	struct mm_load load;

	policy->settings = mm_settings_read(policy->conf, all);
	if (policy->settings == NULL || open_reply_maps(policy, all) != 0)
		return -1;
	policy->site = mm_site_read(policy->settings, policy->conf, all);
	policy->scheme =
	    mm_greylist_scheme_read(policy->settings, policy->conf, all);
	if (policy->site == NULL || policy->scheme == NULL)
		return -1;
	policy->exempt = mm_exempt_read(policy->settings, all);
	if (policy->exempt == NULL)
		return -1;
	policy->load = (struct mm_load){
	    .settings = policy->settings,
	    .site = policy->site,
	    .scheme = policy->scheme,
	    .language = &mm_program_language,
	    .program = &policy->program,
	    .conf = policy->conf,
	    .file = mm_conf_file(policy->conf),
	    .reply_maps = policy->reply_maps,
	    .nreply_maps = policy->nreply_maps,
	    .services = &policy->services,
	};
	load = policy->load;
	load.all = all;
	load.effects = &policy->effects;
	check_settings(policy, &load);
	if (parse_lists(policy, &load) != 0)
		return -1;
	if (policy->settings->greylist_header && mm_policy_greylists(policy))
		policy->effects |= MM_EFFECT_BIT(MM_EFFECT_PREPEND);
	return all->failed ? -1 : 0;
}

/* Takes conf, whatever comes of it. */
static struct mm_policy *
build(struct mm_conf *conf, struct mm_complaints *all, struct mm_err *err)
{
	struct mm_policy *policy;
	int rc;

	if (conf == NULL)
		return NULL;
	if ((policy = calloc(1, sizeof(*policy))) == NULL) {
		mm_conf_free(conf);
		mm_err_set(err, "out of memory");
		return NULL;
	}
	policy->conf = conf;
	atomic_init(&policy->refs, 1);
	rc = compile(policy, all);
	mm_complaints_sort(all);
	if (rc != 0)
		mm_err_set(err, "out of memory");
	else if (all->errors > 0)
		mm_err_set(err, "%zu error%s in the configuration", all->errors,
		    all->errors == 1 ? "" : "s");
	else
		return policy;
	policy_free(policy);
	return NULL;
}

struct mm_policy *
mm_policy_load(const char *path, struct mm_complaints *all, struct mm_err *err)
{
	return build(mm_conf_read(path, all, err), all, err);
}

struct mm_policy *
mm_policy_parse(const char *text, const char *file, struct mm_complaints *all,
    struct mm_err *err)
{
	return build(mm_conf_parse(text, file, all, err), all, err);
}

struct mm_policy *
mm_policy_ref(struct mm_policy *policy)
{
	atomic_fetch_add(&policy->refs, 1);
	return policy;
}

void
mm_policy_unref(struct mm_policy *policy)
{
	if (policy != NULL && atomic_fetch_sub(&policy->refs, 1) == 1)
		policy_free(policy);
}

const struct mm_settings *
mm_policy_settings(const struct mm_policy *policy)
{
	return policy->settings;
}

/* What is looked for among the steps, and what was found. */
struct search {
	size_t skip; /* so many that fit, first */
	const struct mm_step *found;
};

static bool
is_dnsxl(void *ctx, const struct mm_step *step)
{
	struct search *search = ctx;

	if (mm_step_dnsxl(step) == NULL || search->skip-- > 0)
		return true;
	search->found = step;
	return false;
}

static bool
marks(void *ctx, const struct mm_step *step)
{
	struct search *search = ctx;

	if (step->what->check != mm_check_greylist &&
	    (step->soften & MM_SOFTEN_GREYLIST) == 0)
		return true;
	search->found = step;
	return false;
}

const struct mm_dnsxl *
mm_policy_dnsxl(const struct mm_policy *policy, size_t i)
{
	struct search search = {.skip = i};

	mm_program_each(&policy->program, is_dnsxl, &search);
	return search.found != NULL ? mm_step_dnsxl(search.found) : NULL;
}

void
mm_policy_each(const struct mm_policy *policy, mm_step_each *each, void *ctx)
{
	mm_program_each(&policy->program, each, ctx);
}

struct files {
	mm_file_each *each;
	void *ctx;
};

static bool
step_files(void *ctx, const struct mm_step *step)
{
	const struct files *files = ctx;
	const struct mm_map *map = mm_step_map(step);

	if (map != NULL)
		mm_map_files(map, files->each, files->ctx);
	return true;
}

void
mm_policy_files(const struct mm_policy *policy, mm_file_each *each, void *ctx)
{
	struct files files = {each, ctx};

	mm_policy_each(policy, step_files, &files);
	for (size_t i = 0; i < policy->nreply_maps; i++)
		mm_map_files(policy->reply_maps[i], each, ctx);
	mm_site_files(policy->site, each, ctx);
	mm_exempt_files(policy->exempt, each, ctx);
	mm_greylist_scheme_files(policy->scheme, each, ctx);
}

const struct mm_step *
mm_policy_step(const struct mm_policy *policy, enum mm_chain chain, size_t i)
{
	const struct mm_list *list = &policy->program.chain[chain];

	return i < list->nsteps ? &list->steps[i] : NULL;
}

bool
mm_policy_empty(const struct mm_policy *policy)
{
	for (int c = 0; c < MM_NCHAIN; c++) {
		if (policy->program.chain[c].nsteps > 0)
			return false;
	}
	return true;
}

const struct mm_policyd *
mm_policy_service(const struct mm_policy *policy, size_t i)
{
	return i < policy->services.n ? policy->services.service[i] : NULL;
}

bool
mm_policy_greylists(const struct mm_policy *policy)
{
	struct search search = {0};

	mm_program_each(&policy->program, marks, &search);
	return search.found != NULL;
}

const struct mm_exempt *
mm_policy_exempt(const struct mm_policy *policy)
{
	return policy->exempt;
}

void
mm_policy_inherit(struct mm_policy *policy, const struct mm_policy *from)
{
	mm_exempt_inherit(policy->exempt, from->exempt);
}

const struct mm_greylist_scheme *
mm_policy_scheme(const struct mm_policy *policy)
{
	return policy->scheme;
}

unsigned
mm_policy_effects(const struct mm_policy *policy)
{
	return policy->effects;
}

/* An exception takes the mark off, and is what the verdict is based on. */
static void
excuse(const struct mm_policy *policy, const struct mm_given *given,
    struct mm_arena *arena, struct mm_result *ret)
{
	const struct mm_exempt_why *why;

	if (!ret->done || ret->mark == NULL)
		return;
	why = mm_exempt_find(policy->exempt, given->session, arena);
	if (why == NULL)
		return;
	ret->mark = NULL;
	ret->exempt = why;
	ret->why = (struct mm_why){.reason = why->setting,
	    .chain = MM_CHAIN_RECIPIENT,
	    .answer = why->pattern};
}

/* Whom the greylist will take the client for may take questions, too. */
static void
ask_spf(const struct mm_policy *policy, struct mm_eval *ev)
{
	struct mm_result *r = ev->result;

	if ((r->mark == NULL && !ev->may_mark) || ev->halted ||
	    (!r->done &&
		mm_exempt_find(policy->exempt, ev->session, ev->arena) != NULL))
		return;
	mm_policy_spf(policy->scheme, ev);
	if (mm_arena_failed(ev->arena))
		mm_program_give_up(r);
}

void
mm_policy_walk(const struct mm_policy *policy, const struct mm_given *given,
    struct mm_arena *arena, struct mm_result *ret)
{
	struct mm_eval ev = {.settings = policy->settings,
	    .load = &policy->load,
	    .session = given->session,
	    .answers = given->answers,
	    .errands = given->errands,
	    .now = given->now,
	    .plain = given->plain,
	    .carry = given->carry,
	    .arena = arena,
	    .result = ret};

	*ret = (struct mm_result){0};
	mm_program_walk(&policy->program, &ev);
	excuse(policy, given, arena, ret);
	ask_spf(policy, &ev);
}

void
mm_policy_evaluate(const struct mm_policy *policy,
    const struct mm_session *session, const struct mm_answers *answers,
    int64_t now, struct mm_arena *arena, struct mm_result *ret)
{
	const struct mm_given given = {
	    .session = session, .answers = answers, .now = now};

	mm_policy_walk(policy, &given, arena, ret);
}

void
mm_policy_evaluate_plain(const struct mm_policy *policy,
    const struct mm_session *session, const struct mm_answers *answers,
    int64_t now, struct mm_arena *arena, struct mm_result *ret)
{
	const struct mm_given given = {
	    .session = session, .answers = answers, .now = now, .plain = true};

	mm_policy_walk(policy, &given, arena, ret);
}

void
mm_result_miss(const struct mm_result *result, struct mm_answers *answers)
{
	for (size_t i = 0; i < result->nquestions; i++)
		mm_answers_add(answers, result->questions[i].name,
		    result->questions[i].type,
		    mm_dns_answer_retry(MM_DNS_MISSED));
}
