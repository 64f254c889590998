/*
 * program_walk - one evaluation: client, HELO, sender, relay and recipient
 * lists as one chain.
 *
 * Behind a pending step the walk goes on, taking that step for MM_DUNNO, only
 * to note questions; it ends where it would end if all pending steps said so.
 */
#include "lib/program.h"

#include <string.h>

#include "lib/arena.h"

static unsigned
facts_that_are(const struct mm_session *session, enum mm_known known)
{
	unsigned facts = 0;

	for (unsigned f = 0; f < MM_NFACTS; f++) {
		if (session->known[f] == known)
			facts |= MM_NEEDS(f);
	}
	return facts;
}

unsigned
mm_chain_knows(enum mm_chain chain)
{
	static const unsigned known[MM_NCHAIN] = {
	    [MM_CHAIN_CLIENT] =
		MM_NEEDS(MM_FACT_CLIENT) | MM_NEEDS(MM_FACT_TLS),
	    [MM_CHAIN_HELO] = MM_NEEDS(MM_FACT_CLIENT) | MM_NEEDS(MM_FACT_TLS) |
			      MM_NEEDS(MM_FACT_HELO),
	    [MM_CHAIN_SENDER] = ~MM_NEEDS(MM_FACT_RECIPIENT),
	    [MM_CHAIN_RELAY] = ~0u,
	    [MM_CHAIN_RECIPIENT] = ~0u,
	};

	return known[chain];
}

/*
 * With smtpd_delay_reject = no a list knows what was known at its stage, and
 * what comes later is not there.  Of TLS it is known at each stage whether
 * there is any.
 */
static void
see_facts(struct mm_eval *ev)
{
	unsigned hidden = 0;

	ev->not_yet = facts_that_are(ev->session, MM_NOT_YET);
	ev->absent = facts_that_are(ev->session, MM_ABSENT);
	if (ev->settings->smtpd_delay_reject)
		return;
	hidden = ~mm_chain_knows(ev->chain);
	if (ev->carry != NULL)
		hidden |= ev->not_yet;
	ev->not_yet &= ~hidden;
	ev->absent |= hidden & ~MM_NEEDS(MM_FACT_TLS);
}

static void
begin_step(struct mm_eval *ev, const struct mm_step *step)
{
	struct mm_trace *trace;

	ev->why = (struct mm_why){.reason = step->text, .chain = ev->chain};
	ev->trace = NULL;
	if (ev->plain ||
	    (trace = mm_arena_alloc(ev->arena, sizeof(*trace))) == NULL)
		return;
	ev->trace = trace;
	trace->chain = ev->chain;
	trace->depth = ev->depth - 1;
	trace->step = step->text;
	trace->line = step->line;
	*ev->trail_end = trace;
	ev->trail_end = &trace->next;
}

/* The look-ahead stops where it is not known who sends: submission clients
 * would otherwise be looked up in the blocklists. */
static bool
waits_for_auth(const struct mm_eval *ev, unsigned lacks)
{
	unsigned late = MM_NEEDS(MM_FACT_AUTH) | MM_NEEDS(MM_FACT_TLS);

	return (lacks & late) != 0 && !ev->settings->ask_before_auth;
}

/* A bare table is looked at in the way of the chain's list. */
static const struct mm_restriction *
word_of(const struct mm_eval *ev, const struct mm_step *step)
{
	return step->what == &mm_word_table ? mm_program_table_word(ev->chain)
					    : step->what;
}

static enum mm_outcome
run_step(struct mm_eval *ev, const struct mm_step *step)
{
	const struct mm_restriction *what = word_of(ev, step);
	unsigned lacks = what->needs & ev->not_yet;
	enum mm_outcome outcome;
	struct mm_trace *trace;

	begin_step(ev, step);
	trace = ev->trace;
	if (lacks != 0) {
		ev->result->lacks |= lacks;
		ev->halted = waits_for_auth(ev, lacks);
		if (what->check == mm_check_greylist &&
		    (ev->soften & MM_SOFTEN_WARN) == 0)
			ev->may_mark = true;
		mm_eval_note(ev, "waits for more of the session");
		outcome = MM_PENDING;
	} else if ((lacks = what->needs & ev->absent) != 0) {
		mm_eval_note(ev, lacks & MM_NEEDS(MM_FACT_AUTH)
				     ? "does not apply: not logged in"
				     : "does not apply: the client gave none");
		outcome = MM_DUNNO;
	} else {
		outcome = what->check(step->arg, ev);
	}
	if (trace != NULL)
		trace->outcome = outcome;
	return outcome;
}

static bool
is_blocklist(const struct mm_restriction *what)
{
	return what->parse == mm_parse_rbl &&
	       strncmp(what->word, "reject", 6) == 0;
}

/*
 * A list has refused: which of those behind it would have, too?  Those that
 * look at other facts are no match for it: at its time they may not have been
 * known, and nothing been asked.
 */
static void
survey(struct mm_eval *ev, const struct mm_list *list, size_t from)
{
	struct mm_trace *trace = ev->trace;
	unsigned needs = list->steps[from - 1].what->needs;

	if (ev->result->surveyed)
		needs = ev->survey_needs; /* it was in a class of this one */
	ev->survey_needs = needs;

	ev->trace = NULL;
	ev->surveys = true;
	ev->result->surveyed = true;
	for (size_t i = from; i < list->nsteps; i++) {
		const struct mm_step *step = &list->steps[i];

		if (is_blocklist(step->what) && step->what->needs == needs)
			step->what->check(step->arg, ev);
	}
	ev->surveys = false;
	ev->trace = trace;
}

/*
 * The first step that is not MM_DUNNO decides, as far as nothing before it
 * is pending.  Both flags up end the list, as in Postfix.  A prefix covers
 * all that its step leads to.
 */
static enum mm_outcome
walk_steps(struct mm_eval *ev, const struct mm_list *list)
{
	unsigned prefix = ev->soften;

	for (size_t i = 0; i < list->nsteps; i++) {
		enum mm_outcome outcome;

		ev->soften = prefix | list->steps[i].soften;
		outcome = run_step(ev, &list->steps[i]);
		ev->soften = prefix;

		if (outcome == MM_PENDING)
			ev->pending = true;
		else if (outcome != MM_DUNNO) {
			if (outcome == MM_REJECT && !ev->pending &&
			    ev->why.list != NULL)
				survey(ev, list, i + 1);
			return outcome;
		}
		if (ev->halted || ev->discarded ||
		    (ev->defer_if_permit.up && ev->defer_if_reject.up))
			break;
	}
	return MM_DUNNO;
}

enum mm_outcome
mm_list_walk(const struct mm_list *list, struct mm_eval *ev)
{
	enum mm_outcome outcome;

	if (ev->depth >= MM_DEPTH_MAX)
		return mm_eval_misconfigured(ev, "Server configuration error");
	ev->depth++;
	outcome = walk_steps(ev, list);
	ev->depth--;
	return outcome;
}

/* What holds for every session before any list, for an MTA that has not
 * answered it itself (postconf(5)). */
static enum mm_outcome
envelope(struct mm_eval *ev)
{
	const struct mm_settings *set = ev->settings;
	const struct mm_session *s = ev->session;

	if (set->smtpd_helo_required && s->known[MM_FACT_HELO] == MM_ABSENT) {
		ev->why.reason = "smtpd_helo_required";
		return mm_eval_refuse(
		    ev, 503, "5.5.1", "Error: send HELO/EHLO first");
	}
	if (!set->strict_rfc821_envelopes)
		return MM_DUNNO;
	ev->why.reason = "strict_rfc821_envelopes";
	if (s->known[MM_FACT_SENDER] == MM_KNOWN && !s->sender_strict)
		return mm_eval_refuse(
		    ev, 501, "5.1.7", "Bad sender address syntax");
	if (s->known[MM_FACT_RECIPIENT] == MM_KNOWN && !s->recipient_strict)
		return mm_eval_refuse(
		    ev, 501, "5.1.3", "Bad recipient address syntax");
	return MM_DUNNO;
}

/* Without HELO there is no HELO list, as in Postfix. */
static bool
passed_over(const struct mm_eval *ev, const struct mm_list *list)
{
	return list->nsteps == 0 ||
	       (ev->chain == MM_CHAIN_HELO &&
		   ev->session->known[MM_FACT_HELO] == MM_ABSENT);
}

/* The i-th list of the chain: the last two may change places. */
static enum mm_chain
in_turn(const struct mm_settings *settings, int i)
{
	if (settings->smtpd_relay_before_recipient_restrictions)
		return (enum mm_chain)i;
	return i == MM_CHAIN_RELAY	 ? MM_CHAIN_RECIPIENT
	       : i == MM_CHAIN_RECIPIENT ? MM_CHAIN_RELAY
					 : (enum mm_chain)i;
}

/* Is it for now?  One by one the stages have their lists. */
static bool
has_come(const struct mm_eval *ev)
{
	static const enum mm_stage stages[MM_NCHAIN] = {
	    [MM_CHAIN_CLIENT] = MM_STAGE_CONNECT,
	    [MM_CHAIN_HELO] = MM_STAGE_HELO,
	    [MM_CHAIN_SENDER] = MM_STAGE_MAIL,
	    [MM_CHAIN_RELAY] = MM_STAGE_RCPT,
	    [MM_CHAIN_RECIPIENT] = MM_STAGE_RCPT,
	};

	return ev->carry == NULL || stages[ev->chain] == ev->session->stage;
}

static enum mm_outcome
walk_chain(const struct mm_program *program, struct mm_eval *ev)
{
	struct mm_why why = {.reason = "end of list"};
	enum mm_outcome outcome = envelope(ev);

	for (int c = 0; c < MM_NCHAIN && outcome != MM_REJECT; c++) {
		const struct mm_list *list;

		ev->chain = in_turn(ev->settings, c);
		list = &program->chain[ev->chain];
		/* relay and recipient lists share one state */
		if (c + 1 < MM_NCHAIN)
			ev->defer_if_reject.up = false;
		if (ev->discarded)
			break;
		if (!has_come(ev) || passed_over(ev, list))
			continue;
		see_facts(ev);
		outcome = mm_list_walk(list, ev);
		why = outcome == MM_OK
			  ? ev->why
			  : (struct mm_why){
				.reason = "end of list", .chain = ev->chain};
		if (ev->halted || ev->discarded)
			break;
	}
	if (outcome != MM_REJECT)
		ev->result->why = why;
	return outcome;
}

/* The verdict of a walk with nothing pending before its deciding step. */
static void
conclude(struct mm_eval *ev, enum mm_outcome outcome)
{
	struct mm_result *r = ev->result;

	r->done = true;
	r->nquestions = 0;
	r->errand = NULL;
	if (outcome == MM_REJECT) {
		r->mark = NULL;
	} else if (ev->carry != NULL && ev->session->stage != MM_STAGE_RCPT) {
		r->verdict = MM_ACCEPT;
		r->carry.put_off = ev->defer_if_permit;
		r->carry.discarded = ev->discarded;
		if (r->mark != NULL) {
			r->carry.mark = *r->mark;
			r->carry.mark_delay = r->mark_delay;
		}
		r->mark = NULL;
	} else if (ev->defer_if_permit.up) {
		r->mark = NULL;
		mm_eval_put_off(ev);
	} else {
		r->verdict = MM_ACCEPT;
	}
}

void
mm_program_give_up(struct mm_result *result)
{
	*result = (struct mm_result){
	    .done = true, .failed = true, .why = {.reason = "out of memory"}};
}

void
mm_program_walk(const struct mm_program *program, struct mm_eval *ev)
{
	struct mm_result *r = ev->result;
	enum mm_outcome outcome;

	if (ev->carry != NULL) {
		ev->defer_if_permit = ev->carry->put_off;
		ev->discarded = ev->carry->discarded;
		if (ev->carry->mark.reason != NULL) {
			r->mark = &ev->carry->mark;
			r->mark_delay = ev->carry->mark_delay;
		}
	}
	ev->effects_end = &r->effects;
	ev->trail_end = &r->trail;
	outcome = walk_chain(program, ev);
	if (mm_arena_failed(ev->arena)) {
		mm_program_give_up(r);
		return;
	}
	if (!ev->pending) {
		conclude(ev, outcome);
	} else if (outcome == MM_REJECT || ev->defer_if_permit.up) {
		r->mark = NULL; /* it will hardly be of use */
		ev->may_mark = false;
	}
}
