/*
 * explain - judges a session that the command line describes, the way the
 * daemon would: a real resolver, the daemon's own loop, the greylist peeked
 * at.  Nothing is written anywhere.
 */
#include "ctl/explain.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "ctl/policy.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/map.h"
#include "lib/policy_spf.h"
#include "lib/policyd.h"
#include "lib/settings_dns.h"
#include "lib/store.h"

#define FACTS_MAX (1024 * 1024) /* bytes */
#define READ_MS 2000		/* nobody else uses this store */

static int
no_memory(const struct explain *x)
{
	return ctl_fail(x->ctl, EX_OSERR, "out of memory");
}

static int
open_resolver(struct explain *x)
{
	struct mm_dns_watch watch = {.ended = times_ended};
	struct mm_settings_dns config;
	struct mm_err err;

	if ((x->times = times_new()) == NULL)
		return no_memory(x);
	watch.ctx = x->times;
	if (mm_settings_dns_read(x->settings, &config, &err) != 0)
		return ctl_fail(x->ctl, EX_CONFIG, "%s", err.text);
	x->dns =
	    mm_dns_unbound_new(&config.config, &mm_clock_system, &watch, &err);
	mm_settings_dns_clear(&config);
	if (x->dns == NULL)
		return ctl_fail(x->ctl, EX_CONFIG, "resolver: %s", err.text);
	return 0;
}

/* "address" as SMTP has it: with its brackets. */
static const char *
bracketed(struct explain *x, const char *address)
{
	return *address == '<' ? address
			       : mm_arena_printf(x->arena, "<%s>", address);
}

/* HELO, sender and recipient: given, or what is likely. */
static int
find_facts(struct explain *x)
{
	const struct ctl *ctl = x->ctl;
	char address[MM_IP_TEXT_MAX];

	if (explain_names(x) != 0)
		return no_memory(x);
	x->helo = ctl->helo;
	if (x->helo == NULL) {
		x->assumed |= ASSUMED_HELO;
		x->helo = strcmp(x->ptr, "unknown") != 0
			      ? x->ptr
			      : mm_arena_printf(x->arena, "[%s%s]",
				    x->client.family == MM_IP_V6 ? "IPv6:" : "",
				    mm_ip_format(&x->client, address));
	}
	if (ctl->from == NULL)
		x->assumed |= ASSUMED_FROM;
	x->from = bracketed(x, ctl->from != NULL ? ctl->from : "");
	if (ctl->to == NULL) {
		x->assumed |= ASSUMED_TO;
		x->to = mm_arena_printf(
		    x->arena, "<postmaster@%s>", x->settings->myhostname);
	} else {
		x->to = bracketed(x, ctl->to);
	}
	return x->helo == NULL || x->from == NULL || x->to == NULL
		   ? no_memory(x)
		   : 0;
}

static bool
connect_client(struct explain *x)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct mm_session_client told = {
	    .address = (struct sockaddr *)&v4,
	    .hostname = x->name,
	    .client_name = x->name,
	    .client_ptr = x->ptr,
	    .client_resolve = x->resolve,
	    .server_name = x->settings->myhostname,
	};

	memcpy(&v4.sin_addr, x->client.bytes, sizeof(v4.sin_addr));
	if (x->client.family == MM_IP_V6) {
		memcpy(&v6.sin6_addr, x->client.bytes, sizeof(v6.sin6_addr));
		told.address = (struct sockaddr *)&v6;
	}
	return mm_session_connect(&x->session, &told);
}

/*
 * The dialogue, stage by stage: what the daemon does in its callbacks, with a
 * client that pauses nowhere.
 */
static int
hold_session(struct explain *x)
{
	const struct ctl *ctl = x->ctl;
	struct mm_session *s = &x->session;
	struct mm_result ahead;

	if (!connect_client(x))
		return no_memory(x);
	mm_judge_ask(&x->judge, s, &ahead);
	if (!mm_session_helo(s, x->helo))
		return no_memory(x);
	mm_judge_ask(&x->judge, s, &ahead);
	if (!mm_session_auth(
		s, ctl->auth != NULL ? "PLAIN" : NULL, ctl->auth, NULL) ||
	    !mm_session_parameters(s, NULL, NULL) ||
	    !mm_session_mail(s, x->arena, x->from, NULL))
		return no_memory(x);
	mm_judge_ask(&x->judge, s, &ahead);
	if (!mm_session_rcpt(s, x->arena, x->to, NULL, NULL))
		return no_memory(x);
	if (s->postmaster) {
		x->result.done = true;
		return 0;
	}
	x->waited_us = mm_judge_decide(&x->judge, s,
	    x->settings->dns_deadline * 1000, &x->result, &x->missed);
	return x->result.failed ? no_memory(x) : 0;
}

/* Where there is no store yet, nothing was ever seen. */
static struct mm_store *
open_store(const struct explain *x, struct mm_err *err)
{
	const struct mm_store_config config = {
	    .directory = x->settings->state_directory, .read_only = true};

	return mm_store_sqlite_new(&config, &mm_clock_system, err);
}

static int
ask_greylist(struct explain *x)
{
	struct mm_record record[MM_STORE_KEYS] = {0};
	struct mm_judge_mark mark = {.delay_ms = x->result.mark_delay,
	    .now = mm_clock_wall(&mm_clock_system),
	    .spf_domain = x->result.spf_domain,
	    .spf_why = x->result.spf_why};
	struct mm_judge_greylist question;
	struct mm_err err;
	struct mm_store *store = open_store(x, &err);
	int rc = store != NULL ? mm_foreign_imports_read(
				     store, READ_MS, &mark.imports, &err)
			       : -1;
	bool noted;

	if (!mm_judge_greylist(
		&question, x->policy, &x->session, &mark, x->arena)) {
		mm_store_free(store);
		return no_memory(x);
	}
	if (rc == 0)
		rc = mm_store_read(store, question.update.key,
		    question.update.n, READ_MS, record, &err);
	mm_store_free(store);
	x->greylist_asked = true;
	x->identity = question.identity;
	x->who = mm_policy_who(&x->session);
	x->who.spf_domain = mark.spf_domain;
	x->rules = question.request.rules;
	for (size_t i = 0; i < question.update.n && rc == 0; i++)
		x->record[question.request.role[i]] = record[i];
	if (rc != 0) {
		x->greylist_trouble = mm_arena_dup(x->arena, err.text);
		if (x->greylist_trouble == NULL)
			return no_memory(x);
	}
	x->triplet = record[0];
	question.update.nread = question.update.n;
	question.update.change(&question.update, record, &noted);
	x->greylist = question.request.answer;
	if (x->triplet.first == 0 && x->greylist.state != MM_GREYLIST_FIRST)
		x->triplet = record[0]; /* it had an earlier key */
	if (x->greylist.wait > 0) {
		x->verdict = MM_GREYLISTED;
		x->reply = mm_judge_greylist_reply(
		    &x->session, x->greylist.wait, x->arena);
	}
	return 0;
}

/* Services remember what they are asked, so they are only if that is wanted;
 * tables do not; and nobody has to wait for a sleep. */
static enum mm_errand_status
run_errand(
    void *ctx, const struct mm_errand *errand, int64_t until_us, char **text)
{
	struct explain *x = ctx;
	const struct mm_map_wait wait = {&mm_clock_system, until_us};
	struct mm_err err;

	if (errand->kind == MM_ERRAND_LOOKUP)
		return mm_map_errand(errand, &wait, text);
	if (errand->kind != MM_ERRAND_POLICY || !x->ctl->ask)
		return MM_ERRAND_UNASKED;
	*text = mm_policyd_ask(
	    x->policyds, errand->what, errand->text, until_us, &err);
	if (*text != NULL)
		return MM_ERRAND_FOUND;
	*text = strdup(err.text);
	return MM_ERRAND_FAILED;
}

/* What is accepted may be thrown away or held all the same. */
static void
see_effects(struct explain *x)
{
	static const struct {
		enum mm_effect_kind kind;
		enum mm_verdict verdict;
	} fates[] = {
	    {MM_EFFECT_HOLD, MM_QUARANTINED},
	    {MM_EFFECT_DISCARD, MM_DISCARDED}, /* the last one wins */
	};

	for (size_t i = 0; i < sizeof(fates) / sizeof(fates[0]); i++) {
		const struct mm_effect *e =
		    mm_effect_find(x->result.effects, fates[i].kind);

		if (e == NULL)
			continue;
		x->verdict = fates[i].verdict;
		x->result.why = e->why;
	}
}

static int
judge(struct explain *x)
{
	int code;

	if (mm_judge_init(&x->judge, x->policy, x->dns, &mm_clock_system) != 0)
		return no_memory(x);
	x->judge.runner = (struct mm_errand_runner){run_errand, x};
	snprintf(x->session.instance, sizeof(x->session.instance),
	    "explain.%lld", (long long)mm_clock_wall(&mm_clock_system));
	if ((code = find_facts(x)) != 0 || (code = hold_session(x)) != 0)
		return code;
	x->verdict = x->result.verdict;
	x->reply = x->result.reply;
	if (x->verdict == MM_ACCEPT && x->result.mark != NULL)
		code = ask_greylist(x);
	if (x->verdict == MM_ACCEPT)
		see_effects(x);
	return code;
}

void
explain_clear(struct explain *x)
{
	mm_session_clear(&x->session);
	mm_judge_clear(&x->judge);
	mm_dns_free(x->dns);
	times_free(x->times);
	mm_policyd_pool_free(x->policyds);
	mm_answers_free(x->name_answers);
	mm_arena_free(x->arena);
	mm_policy_unref(x->policy);
}

static int
prepare(struct explain *x)
{
	int code;

	x->arena = mm_arena_new(FACTS_MAX);
	x->name_answers = mm_answers_new();
	x->policyds = mm_policyd_pool_new(&mm_clock_system);
	if (x->arena == NULL || x->name_answers == NULL || x->policyds == NULL)
		return no_memory(x);
	if ((code = ctl_policy_load(x->ctl, &x->policy)) != 0)
		return code;
	x->settings = mm_policy_settings(x->policy);
	return open_resolver(x);
}

static int
run(struct explain *x)
{
	int code;

	if ((code = prepare(x)) != 0 || (code = judge(x)) != 0)
		return code;
	mm_dns_stats(x->dns, &x->stats);
	mm_dns_free(x->dns); /* all times are known from here on */
	x->dns = NULL;
	if (!x->ctl->json)
		explain_text(x);
	else if (explain_json(x) != 0)
		return ctl_fail(x->ctl, EX_IOERR, "cannot write: %m");
	return x->verdict == MM_ACCEPT ? CTL_DONE : CTL_NO;
}

int
explain_greylist(struct explain *x, const struct ctl *ctl)
{
	int code;

	*x = (struct explain){.ctl = ctl};
	mm_session_init(&x->session);
	if (!mm_ip_parse(ctl->argument, &x->client))
		return ctl_fail(ctl, CTL_USAGE,
		    "\"%s\" is not an IPv4 or IPv6 address", ctl->argument);
	if ((code = prepare(x)) != 0 || (code = judge(x)) != 0 ||
	    x->greylist_asked)
		return code;
	if (x->session.recipient == NULL)
		return no_memory(x);
	/* nothing marked it: then it is what the word alone would ask */
	if (x->result.mark == NULL)
		x->result.mark_delay = x->settings->greylist_delay;
	return ask_greylist(x);
}

const struct mm_trace *
explain_decider(const struct explain *x)
{
	const struct mm_why *why =
	    x->verdict == MM_GREYLISTED ? x->result.mark : &x->result.why;

	for (const struct mm_trace *t = x->result.trail; t != NULL; t = t->next)
		if (t->step == why->reason && t->chain == why->chain)
			return t;
	return NULL;
}

/* Has another one stood before it in this list? */
static bool
seen_before(const struct mm_asked *list, const struct mm_asked *asked)
{
	for (; list != NULL && list != asked; list = list->next)
		if (list->type == asked->type &&
		    strcmp(list->name, asked->name) == 0)
			return true;
	return false;
}

static bool
seen_by_step_before(const struct explain *x, const struct mm_trace *step,
    const struct mm_asked *asked)
{
	for (const struct mm_trace *t = x->result.trail; t != step; t = t->next)
		if (seen_before(t->asked, asked))
			return true;
	return seen_before(step->asked, asked) ||
	       seen_before(x->name_asked, asked);
}

size_t
explain_needed(const struct explain *x)
{
	size_t n = 0;

	for (const struct mm_asked *a = x->name_asked; a != NULL; a = a->next)
		n++;
	for (const struct mm_trace *t = x->result.trail; t != NULL; t = t->next)
		for (const struct mm_asked *a = t->asked; a != NULL;
		     a = a->next)
			n += !seen_by_step_before(x, t, a);
	return n;
}

int
ctl_explain(const struct ctl *ctl)
{
	struct explain x = {.ctl = ctl};
	int code;

	if (!mm_ip_parse(ctl->argument, &x.client))
		return ctl_fail(ctl, CTL_USAGE,
		    "\"%s\" is not an IPv4 or IPv6 address", ctl->argument);
	mm_session_init(&x.session);
	code = run(&x);
	explain_clear(&x);
	return code;
}
