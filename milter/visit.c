/* visit - see visit.h. */
#include "milter/visit.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/judge.h"
#include "milter/effects.h"
#include "milter/errands.h"
#include "milter/service.h"
#include "milter/stages.h"

/* Of a transaction's sender, or of one recipient: eight times what the milter
 * protocol carries, so that no long address passes for want of memory. */
#define MAIL_MAX (512 * 1024)
/* What was asked at connect serves a first MAIL that comes within this. */
#define FRESH_US (60 * INT64_C(1000000))

struct visit {
	struct service *service;
	struct mm_policy *policy; /* NULL: let pass, above the limit */
	struct mm_session facts;
	struct mm_judge judge;
	struct mm_arena *mail; /* the sender's; NULL between transactions */
	struct mm_arena *rcpt; /* the recipient's; likewise */
	unsigned lacks;	       /* facts that the last walk waits for */
	int64_t asked_us;      /* when the transaction's first walk was */
	unsigned mails;
	bool used;		/* a transaction has begun with these answers */
	struct effects effects; /* on the transaction's message */
	struct outcome_greylist greylist; /* of its recipients so far */
	bool staged;			  /* stages are judged as they come */
	struct stages stages;
	char id[24];
};

static void
out_of_memory(struct service *service)
{
	service_count(service, MM_OUT_OF_MEMORY, 1);
	service_trouble(service, TROUBLE_MEMORY, true, "in a session");
}

/* From here on everything passes. */
static void
give_up(struct visit *visit)
{
	out_of_memory(visit->service);
	mm_judge_clear(&visit->judge);
	mm_policy_unref(visit->policy);
	visit->policy = NULL;
}

/* Sends the questions on their way.  An idle session keeps no walk. */
static void
look_ahead(struct visit *visit)
{
	struct mm_result result;

	if (visit->asked_us == 0)
		visit->asked_us = mm_clock_mono(visit->judge.clock);
	mm_judge_ask(&visit->judge, &visit->facts, &result);
	visit->lacks = result.done ? 0 : result.lacks;
	mm_arena_clear(visit->judge.arena);
}

static unsigned
facts_known(const struct visit *visit)
{
	unsigned known = 0;

	for (enum mm_fact f = 0; f < MM_NFACTS; f++)
		if (visit->facts.known[f] != MM_NOT_YET)
			known |= MM_NEEDS(f);
	return known;
}

static bool
begin(struct visit *visit, const struct mm_session_client *told)
{
	if (!mm_session_connect(&visit->facts, told))
		return false;
	visit->policy = service_policy(visit->service);
	if (mm_judge_init(&visit->judge, visit->policy,
		service_dns(visit->service),
		service_clock(visit->service)) != 0)
		return false;
	visit->staged = !mm_policy_settings(visit->policy)->smtpd_delay_reject;
	visit->judge.plain = true;
	visit->judge.runner = errands_runner(visit->service);
	return true;
}

/* For policy services: one mail's recipients belong together. */
static void
number_instance(struct visit *visit)
{
	snprintf(visit->facts.instance, sizeof(visit->facts.instance), "%s.%x",
	    visit->id, visit->mails++);
}

/* The verdict, with the waiting that it takes.  How long that was. */
static int64_t
decide(struct visit *visit, struct mm_result *ret)
{
	const struct mm_settings *settings = mm_policy_settings(visit->policy);
	bool may_wait = service_may_wait(visit->service, settings);
	int64_t waited;
	bool missed;

	waited = mm_judge_decide(&visit->judge, &visit->facts,
	    may_wait ? settings->dns_deadline * 1000 : 0, ret, &missed);
	service_waited(visit->service);
	if (missed && may_wait)
		service_count(visit->service, MM_DEADLINES, 1);
	return waited;
}

static struct outcome_case
case_of(struct visit *visit)
{
	return (struct outcome_case){
	    .policy = visit->policy,
	    .settings = mm_policy_settings(visit->policy),
	    .facts = &visit->facts,
	    .session = visit->id,
	    .effects = &visit->effects,
	    .greylist = &visit->greylist,
	    .arena = visit->judge.arena,
	};
}

/* The walk has come to an end; what it wants done is not lost. */
static void
note_memory(struct visit *visit, bool enough)
{
	if (enough)
		service_trouble(visit->service, TROUBLE_MEMORY, false, NULL);
	else
		out_of_memory(visit->service);
}

/* The stage that has come, where they are judged as they come.  False: it is
 * refused. */
static bool
judge_stage(struct visit *visit, struct outcome *ret)
{
	struct outcome_case mail = case_of(visit);
	struct mm_result result;
	bool kept, added;

	if (visit->asked_us == 0)
		visit->asked_us = mm_clock_mono(visit->judge.clock);
	visit->judge.carry =
	    mm_carry_before(visit->stages.after, &visit->facts);
	mail.wait_us = decide(visit, &result);
	/* without memory as well: what an earlier HELO or MAIL left goes */
	kept = stages_keep(&visit->stages, &visit->facts, &result.carry);
	added = result.done && effects_add(&visit->effects, result.effects);
	note_memory(visit, added && !result.failed && kept);
	if (result.done)
		outcome_carry_out_stage(visit->service, &mail, &result, ret);
	mm_arena_clear(visit->judge.arena);
	return ret->code == 0;
}

struct visit *
visit_new(struct service *service, const struct mm_session_client *told,
    struct outcome *ret)
{
	struct visit *visit = calloc(1, sizeof(*visit));
	bool admitted = service_admit(service);

	ret->code = 0;
	if (visit == NULL) {
		service_dismiss(service);
		out_of_memory(service);
		return NULL;
	}
	visit->service = service;
	service_session_id(service, visit->id);
	mm_session_init(&visit->facts);
	number_instance(visit);
	if (!admitted)
		return visit;
	if (!begin(visit, told))
		give_up(visit);
	else if (visit->staged)
		judge_stage(visit, ret);
	else
		look_ahead(visit);
	return visit;
}

static void
drop_arenas(struct visit *visit)
{
	mm_arena_free(visit->mail);
	mm_arena_free(visit->rcpt);
	visit->mail = visit->rcpt = NULL;
}

void
visit_free(struct visit *visit)
{
	if (visit == NULL)
		return;
	mm_judge_clear(&visit->judge);
	mm_policy_unref(visit->policy);
	mm_session_clear(&visit->facts);
	effects_clear(&visit->effects);
	stages_clear(&visit->stages);
	drop_arenas(visit);
	service_dismiss(visit->service);
	free(visit);
}

bool
visit_judges(const struct visit *visit)
{
	return visit != NULL && visit->policy != NULL;
}

/* A second HELO, as after STARTTLS, is a fact that has come, too. */
void
visit_helo(
    struct visit *visit, const char *raw, const struct mm_session_tls *tls)
{
	bool again = visit->facts.known[MM_FACT_HELO] == MM_KNOWN;

	if (visit->policy == NULL)
		return;
	if (!mm_session_tls(&visit->facts, tls) ||
	    !mm_session_helo(&visit->facts, raw)) {
		give_up(visit);
		return;
	}
	visit->stages.helo_accepted = false;
	/* what services have said was said of another HELO */
	mm_errands_clear(visit->judge.errands);
	if (visit->staged)
		visit->judge.carry =
		    mm_carry_before(visit->stages.after, &visit->facts);
	if (visit->staged || again || (visit->lacks & facts_known(visit)) != 0)
		look_ahead(visit);
}

/* Answers and misses belong to one transaction. */
static bool
forget_answers(struct visit *visit)
{
	int64_t now = mm_clock_mono(visit->judge.clock);

	if (!visit->used && now - visit->asked_us < FRESH_US)
		return true;
	visit->asked_us = 0;
	return mm_judge_end_mail(&visit->judge) == 0;
}

static bool
begin_mail(struct visit *visit, const struct visit_mail *mail)
{
	if (!forget_answers(visit))
		return false;
	visit->used = true;
	number_instance(visit);
	visit->mail = mm_arena_new(MAIL_MAX);
	visit->rcpt = mm_arena_new(MAIL_MAX);
	return visit->mail != NULL && visit->rcpt != NULL &&
	       mm_session_auth(
		   &visit->facts, mail->type, mail->authen, mail->author) &&
	       mm_session_tls(&visit->facts, &mail->tls) &&
	       mm_session_parameters(
		   &visit->facts, mail->protocol, mail->parameters) &&
	       mm_session_mail(
		   &visit->facts, visit->mail, mail->raw, mail->key);
}

/*
 * HELO is judged when MAIL comes: the MTA has said yes to it already, and a
 * refusal then would be for the whole session, another HELO included.
 */
static bool
judge_helo(struct visit *visit, struct outcome *ret)
{
	if (visit->facts.known[MM_FACT_HELO] == MM_KNOWN &&
	    !visit->stages.helo_accepted)
		visit->stages.helo_accepted = judge_stage(visit, ret);
	return ret->code == 0;
}

void
visit_mail(
    struct visit *visit, const struct visit_mail *mail, struct outcome *ret)
{
	unsigned before;

	ret->code = 0;
	if (visit->policy == NULL)
		return;
	visit_end_mail(visit);
	before = facts_known(visit);
	service_count(visit->service, MM_TRANSACTIONS, 1);
	if (visit->staged && !judge_helo(visit, ret))
		return;
	if (!begin_mail(visit, mail)) {
		give_up(visit);
		return;
	}
	if (visit->staged) {
		if (!judge_stage(visit, ret))
			visit_end_mail(visit);
	} else if (visit->asked_us == 0 ||
		   (visit->lacks & facts_known(visit) & ~before) != 0) {
		look_ahead(visit);
	}
}

static void
judge(struct visit *visit, struct outcome_case *mail, struct outcome *ret)
{
	struct mm_carry carry = visit->stages.after[MM_STAGE_MAIL];
	struct mm_result result;

	carry.discarded = visit->effects.discarded.reason != NULL;
	visit->judge.carry = visit->staged ? &carry : NULL;
	mail->wait_us = decide(visit, &result);
	note_memory(visit, result.done && !result.failed &&
			       effects_add(&visit->effects, result.effects));
	if (result.done)
		outcome_carry_out(visit->service, mail, &result, ret);
	visit->judge.carry = NULL;
	mm_arena_clear(visit->judge.arena);
}

/* The message will be thrown away, and nothing has been put off before. */
static bool
accepts_all(const struct visit *visit)
{
	return visit->effects.discarded.reason != NULL &&
	       !visit->stages.after[MM_STAGE_MAIL].put_off.up;
}

/* Who would have to be taken out if the message goes somewhere else. */
static void
keep_recipient(struct visit *visit, const char *raw)
{
	unsigned may = mm_policy_effects(visit->policy);

	if ((may & MM_EFFECT_BIT(MM_EFFECT_REDIRECT)) != 0 &&
	    !effects_recipient(&visit->effects, raw))
		out_of_memory(visit->service);
}

void
visit_rcpt(struct visit *visit, const char *raw, const char *key,
    const char *queue_id, struct outcome *ret)
{
	struct outcome_case mail;

	ret->code = 0;
	if (visit->policy == NULL || visit->rcpt == NULL)
		return;
	mm_arena_clear(visit->rcpt);
	if (!mm_session_rcpt(&visit->facts, visit->rcpt, raw, key, queue_id)) {
		out_of_memory(visit->service);
		return;
	}
	mail = case_of(visit);
	if (visit->facts.postmaster || accepts_all(visit))
		outcome_let_pass(visit->service, &mail, "postmaster");
	else
		judge(visit, &mail, ret);
	if (ret->code == 0) {
		mm_session_accept(&visit->facts);
		keep_recipient(visit, raw);
	}
}

/* Mail that the greylist had wait says how long that was. */
static void
add_header(struct visit *visit)
{
	const struct mm_settings *settings;
	struct mm_effect effect = {.kind = MM_EFFECT_PREPEND};

	if (visit->policy == NULL || visit->greylist.waited == 0)
		return;
	settings = mm_policy_settings(visit->policy);
	if (!settings->greylist_header)
		return;
	effect.text = mm_judge_greylist_header(settings, visit->greylist.waited,
	    mm_clock_wall(visit->judge.clock), visit->judge.arena);
	if (effect.text == NULL || !effects_add(&visit->effects, &effect))
		out_of_memory(visit->service);
	mm_arena_clear(visit->judge.arena);
}

const struct effects *
visit_effects(struct visit *visit)
{
	add_header(visit);
	return &visit->effects;
}

void
visit_end_mail(struct visit *visit)
{
	mm_session_end_mail(&visit->facts);
	effects_clear(&visit->effects);
	visit->greylist = (struct outcome_greylist){0};
	drop_arenas(visit);
}
