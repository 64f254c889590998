/* outcome - see outcome.h. */
#include "milter/outcome.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/decision.h"
#include "lib/delays.h"
#include "lib/err.h"
#include "lib/exempt.h"
#include "lib/judge.h"
#include "lib/str.h"
#include "milter/effects.h"
#include "milter/logger.h"
#include "milter/service.h"

/* A commit takes milliseconds.  A disk that takes longer than this must not
 * hold up all mail, nor come near the MTA's own patience (Sendmail: 10 s).
 * Once it is in trouble no mail waits long: callbacks that block make
 * libmilter serve the other sessions one after the other. */
#define STORE_WAIT_MS 2000
#define STORE_WAIT_TROUBLED_MS 500

static const enum mm_metric verdict_metrics[] = {
    [MM_ACCEPT] = MM_ACCEPTS,
    [MM_REJECTED] = MM_REJECTS,
    [MM_DEFERRED] = MM_DEFERS,
    [MM_GREYLISTED] = MM_GREYLISTS,
    [MM_DISCARDED] = MM_DISCARDS,
    [MM_QUARANTINED] = MM_QUARANTINES,
};

static const struct {
	enum mm_greylist_state state;
	enum mm_metric metric;
} greylist_metrics[] = {
    {MM_GREYLIST_FIRST, MM_GREYLIST_NEW},
    {MM_GREYLIST_SOON, MM_GREYLIST_EARLY},
    {MM_GREYLIST_FLOOD, MM_GREYLIST_FLOODS},
    {MM_GREYLIST_PASS, MM_GREYLIST_PASSED},
    {MM_GREYLIST_FOLLOWS, MM_GREYLIST_FOLLOWED},
    {MM_GREYLIST_KNOWN_TRIPLET, MM_GREYLIST_KNOWN},
    {MM_GREYLIST_ALLOWED_CLIENT, MM_GREYLIST_ALLOWED},
    {MM_GREYLIST_RELEASED, MM_GREYLIST_RELEASES},
    {MM_GREYLIST_EXPECTED, MM_GREYLIST_EXPECTS},
    {MM_GREYLIST_GRANTED, MM_GREYLIST_GRANTS},
};

/* NULL: no list has refused, or others have not said. */
static const char *
also_listed(const struct mm_result *result)
{
	if (result->also != NULL)
		return result->also;
	return result->surveyed && !result->also_open ? "none" : NULL;
}

/* What all records of one recipient have in common. */
static struct mm_decision
describe(const struct outcome_case *mail, const struct mm_why *why)
{
	const struct mm_session *facts = mail->facts;
	const char *sender = facts->sender;

	return (struct mm_decision){
	    .reason = why->reason,
	    .stage = mm_stage_word(facts->stage),
	    .client_name = facts->client_name,
	    .client_address = facts->client_address,
	    .helo = facts->helo,
	    .sender = sender != NULL && sender[0] == '\0' ? "<>" : sender,
	    .recipient = facts->recipient,
	    .list = why->list,
	    .answer = why->answer,
	    .delay = -1,
	    .wait_us = mail->wait_us,
	    .session = mail->session,
	    .queue_id = facts->queue_id,
	};
}

static void
count_warning(struct service *service, const char *reason,
    const struct outcome_case *mail)
{
	service_count(service, MM_WARNINGS, 1);
	service_count_verdict(service, reason, mail->facts->stage, MM_WARNED);
}

static void
record_effects(struct service *service, const struct outcome_case *mail,
    const struct mm_effect *effects)
{
	for (const struct mm_effect *e = effects; e != NULL; e = e->next) {
		struct mm_decision decision = describe(mail, &e->why);
		char done[MM_FIELD_VALUE_MAX];

		decision.action =
		    e->kind == MM_EFFECT_WARN ? MM_WARNED : MM_INFORMED;
		decision.reply = e->text;
		if (e->kind != MM_EFFECT_WARN && e->kind != MM_EFFECT_INFO) {
			snprintf(done, sizeof(done), "%s%s%s",
			    mm_effect_word(e->kind),
			    *e->text != '\0' ? " " : "", e->text);
			decision.reply = done;
		}
		if (e->kind == MM_EFFECT_WARN)
			count_warning(service, decision.reason, mail);
		logger_decision(service_logger(service), &decision);
	}
}

static void
count_greylist(struct service *service, enum mm_greylist_state state)
{
	for (size_t i = 0;
	     i < sizeof(greylist_metrics) / sizeof(greylist_metrics[0]); i++)
		if (greylist_metrics[i].state == state)
			service_count(service, greylist_metrics[i].metric, 1);
}

/* What it tells of how long mail stays away. */
static void
count_delays(struct mm_delays *delays, const struct mm_greylist_answer *answer)
{
	if (answer->state == MM_GREYLIST_FIRST)
		mm_delays_began(delays);
	else if (answer->after > 0)
		mm_delays_came(
		    delays, answer->before, answer->after, answer->wait == 0);
}

/* -1: *why the store could not be asked. */
static int
ask_store(struct service *service, const struct outcome_case *mail,
    const struct mm_result *result, struct mm_greylist_answer *ret,
    struct mm_err *why)
{
	struct mm_store *store = service_store(service);
	int64_t wait_ms = service_troubled(service, TROUBLE_STORE)
			      ? STORE_WAIT_TROUBLED_MS
			      : STORE_WAIT_MS;
	const struct mm_judge_mark mark = {.delay_ms = result->mark_delay,
	    .now = mm_clock_wall(service_clock(service)),
	    .follow = mail->greylist->passed,
	    .imports = service_imports(service),
	    .spf_domain = result->spf_domain,
	    .spf_why = result->spf_why};
	struct mm_judge_greylist ask;

	if (store == NULL)
		return mm_err_set(why, "it is not open");
	if (!mm_judge_greylist(
		&ask, mail->policy, mail->facts, &mark, mail->arena))
		return mm_err_set(why, "out of memory");
	if (mm_store_update(store, &ask.update, sizeof(ask.request), wait_ms,
		why) != MM_STORE_DONE)
		return -1;
	/* mail that is known tells nothing of a full disk */
	if (!ask.update.looked)
		service_trouble(service, TROUBLE_STORE, false, NULL);
	*ret = ask.request.answer;
	return 0;
}

/*
 * Wait or pass.  Mail that has no client's address has no network to be
 * remembered, and mail passes where the store does not answer.
 */
static struct mm_greylist_answer
ask_greylist(struct service *service, const struct outcome_case *mail,
    const struct mm_result *result)
{
	struct mm_greylist_answer answer = {.state = MM_GREYLIST_NONE};
	struct mm_err why;

	if (mail->facts->known[MM_FACT_CLIENT] != MM_KNOWN)
		return answer;
	if (ask_store(service, mail, result, &answer, &why) != 0) {
		service_count(service, MM_STORE_ERRORS, 1);
		service_trouble(service, TROUBLE_STORE, true, why.text);
		return answer;
	}
	count_greylist(service, answer.state);
	count_delays(service_delays(service), &answer);
	if (answer.state == MM_GREYLIST_PASS)
		service_count_wait(service, answer.delay);
	return answer;
}

/* The exception was of use. */
static void
count_exempt(struct service *service, const struct mm_exempt_why *why)
{
	if (why == NULL)
		return;
	service_count(service, MM_GREYLIST_EXEMPT, 1);
	if (why->entry != NULL)
		mm_exempt_count(
		    why->entry, mm_clock_wall(service_clock(service)));
}

static void
set_line(char line[MM_REPLY_MAX + 1], const char *text)
{
	snprintf(line, MM_REPLY_MAX + 1, "%s", text);
	mm_str_printable(line, ' ');
}

/* facts: what Postfix's footer would know. */
static void
set_reply(struct service *service, const struct outcome_case *mail,
    const struct mm_session *facts, const struct mm_reply *reply,
    struct outcome *ret)
{
	const struct mm_macros macros = {.settings = mail->settings,
	    .session = facts,
	    .now = mm_clock_wall(service_clock(service)),
	    .arena = mail->arena};
	struct mm_footer footer;

	ret->code = reply->code;
	memcpy(ret->dsn, reply->dsn, sizeof(ret->dsn));
	ret->dsn[0] = reply->code >= 500 ? '5' : '4';
	mm_footer_add(
	    &macros, mail->settings->smtpd_reject_footer, reply, &footer);
	set_line(ret->text, footer.lines[0]);
	ret->nmore = footer.n - 1;
	for (size_t i = 0; i < ret->nmore; i++)
		set_line(ret->more[i], footer.lines[i + 1]);
}

/* What is accepted may be thrown away or held with the whole message. */
static void
take_fate(struct mm_decision *decision, const struct effects *effects)
{
	const struct mm_why *why = &effects->discarded;

	if (decision->action != MM_ACCEPT)
		return;
	if (why->reason != NULL)
		decision->action = MM_DISCARDED;
	else if ((why = &effects->held)->reason != NULL)
		decision->action = MM_QUARANTINED;
	else
		return;
	decision->reason = why->reason;
	decision->list = why->list;
	decision->answer = why->answer;
}

/* reply NULL: none.  The record has it without its footer. */
static void
finish(struct service *service, const struct outcome_case *mail,
    struct mm_decision *decision, const struct mm_reply *reply)
{
	char line[MM_REPLY_MAX + 32];

	if (reply != NULL) {
		snprintf(line, sizeof(line), "%d %c%s %s", reply->code,
		    reply->code >= 500 ? '5' : '4', reply->dsn + 1,
		    reply->text);
		mm_str_printable(line, ' ');
		decision->reply = line;
	}
	service_count(service, verdict_metrics[decision->action], 1);
	service_count_verdict(
	    service, decision->reason, mail->facts->stage, decision->action);
	logger_decision(service_logger(service), decision);
}

/* The command that let it in; NULL: none did. */
static const char *
by_hand(enum mm_greylist_state state)
{
	static const struct {
		enum mm_greylist_state state;
		const char *command;
	} hands[] = {
	    {MM_GREYLIST_RELEASED, "greylist release"},
	    {MM_GREYLIST_EXPECTED, "greylist expect"},
	    {MM_GREYLIST_GRANTED, "greylist allow"},
	};

	for (size_t i = 0; i < sizeof(hands) / sizeof(hands[0]); i++)
		if (hands[i].state == state)
			return hands[i].command;
	return NULL;
}

/* Mail that has waited says so, and mail that did not have to any longer. */
static void
pass_greylist(struct outcome_greylist *greylist,
    const struct mm_greylist_answer *answer, struct mm_decision *decision)
{
	/* what is expected for one recipient is for that one only */
	if (answer->state != MM_GREYLIST_EXPECTED)
		greylist->passed = true;
	if (answer->delay > greylist->waited)
		greylist->waited = answer->delay;
	if (answer->state == MM_GREYLIST_PASS || answer->delay > 0)
		decision->delay = answer->delay;
	if (by_hand(answer->state) != NULL)
		decision->reason = by_hand(answer->state);
}

void
outcome_carry_out(struct service *service, const struct outcome_case *mail,
    const struct mm_result *result, struct outcome *ret)
{
	struct mm_decision decision = describe(mail, &result->why);
	struct mm_greylist_answer answer;
	struct mm_reply reply = result->reply;

	record_effects(service, mail, result->effects);
	count_exempt(service, result->exempt);
	decision.action = result->verdict;
	ret->code = 0;
	if (result->verdict == MM_ACCEPT && result->mark != NULL) {
		answer = ask_greylist(service, mail, result);
		if (answer.wait > 0) {
			decision = describe(mail, result->mark);
			decision.action = MM_GREYLISTED;
			reply = mm_judge_greylist_reply(
			    mail->facts, answer.wait, mail->arena);
		} else if (answer.state != MM_GREYLIST_NONE)
			pass_greylist(mail->greylist, &answer, &decision);
	}
	decision.missed = result->missed;
	decision.also = also_listed(result);
	if (decision.action != MM_ACCEPT)
		set_reply(service, mail, mail->facts, &reply, ret);
	take_fate(&decision, mail->effects);
	finish(service, mail, &decision, ret->code != 0 ? &reply : NULL);
}

void
outcome_carry_out_stage(struct service *service,
    const struct outcome_case *mail, const struct mm_result *result,
    struct outcome *ret)
{
	struct mm_decision decision = describe(mail, &result->why);
	struct mm_session before = *mail->facts;

	record_effects(service, mail, result->effects);
	ret->code = 0;
	if (result->verdict == MM_ACCEPT)
		return;
	/* a footer does not know what is being refused */
	before.sender = NULL;
	if (result->why.chain == MM_CHAIN_HELO)
		before.helo = NULL;
	decision.action = result->verdict;
	decision.missed = result->missed;
	decision.also = also_listed(result);
	set_reply(service, mail, &before, &result->reply, ret);
	finish(service, mail, &decision, &result->reply);
}

void
outcome_let_pass(struct service *service, const struct outcome_case *mail,
    const char *reason)
{
	const struct mm_why why = {.reason = reason};
	struct mm_decision decision = describe(mail, &why);

	decision.action = MM_ACCEPT;
	take_fate(&decision, mail->effects);
	finish(service, mail, &decision, NULL);
}
