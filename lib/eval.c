/* eval - see eval.h. */
#include "lib/eval.h"

#include <stdio.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/str.h"

static void
note_asked(struct mm_eval *ev, const char *name, enum mm_dns_type type,
    const struct mm_dns_answer *answer)
{
	struct mm_asked *asked, **end;

	if (ev->trace == NULL ||
	    (asked = mm_arena_alloc(ev->arena, sizeof(*asked))) == NULL)
		return;
	asked->name = asked->shown = name;
	asked->type = type;
	asked->answer = answer;
	for (end = &ev->trace->asked; *end != NULL; end = &(*end)->next)
		;
	*end = asked;
}

/* Room for one more question; doubled in the arena. */
static bool
grow_questions(struct mm_eval *ev)
{
	struct mm_result *r = ev->result;
	size_t size = ev->questions_size == 0 ? 32 : ev->questions_size * 2;
	struct mm_dns_question *more;

	if (r->nquestions < ev->questions_size)
		return true;
	more = mm_arena_alloc(ev->arena, size * sizeof(*more));
	if (more == NULL)
		return false;
	if (r->nquestions > 0)
		memcpy(more, r->questions, r->nquestions * sizeof(*more));
	r->questions = more;
	ev->questions_size = size;
	return true;
}

static void
note_question(struct mm_eval *ev, const struct mm_dns_question *question,
    const char *name)
{
	struct mm_result *r = ev->result;

	for (size_t i = 0; i < r->nquestions; i++) {
		if (r->questions[i].type == question->type &&
		    r->questions[i].next == question->next &&
		    r->questions[i].arg == question->arg &&
		    strcmp(r->questions[i].name, name) == 0)
			return;
	}
	if (!grow_questions(ev))
		return;
	r->questions[r->nquestions] = *question;
	r->questions[r->nquestions].name = name;
	r->nquestions++;
}

const struct mm_dns_answer *
mm_eval_ask(struct mm_eval *ev, const struct mm_dns_question *question)
{
	const struct mm_dns_answer *answer =
	    mm_answers_get(ev->answers, question->name, question->type);
	const char *name;

	if (answer != NULL && ev->trace == NULL)
		return answer;
	name = mm_arena_dup(ev->arena, question->name);
	if (name == NULL) /* the walk is then given up as a whole */
		return NULL;
	note_asked(ev, name, question->type, answer);
	if (answer == NULL)
		note_question(ev, question, name);
	return answer;
}

/*
 * An act is told apart by its place among the acts of its stage, which all
 * walks of a transaction reach the same way: what is before it is decided, and
 * answers do not change.  Steps have no name that would outlive a walk.
 */
const struct mm_errand_reply *
mm_eval_errand(struct mm_eval *ev, const struct mm_errand *errand)
{
	const struct mm_errand_reply *reply;
	struct mm_errand this = *errand, *noted;

	if (mm_errand_acts(errand)) {
		if (ev->pending)
			return NULL;
		this.nth = (unsigned)ev->session->stage << 24 | ev->nacts++;
	}
	if ((reply = mm_errands_get(ev->errands, &this)) != NULL)
		return reply;
	if (ev->pending || ev->result->errand != NULL)
		return NULL;
	if ((noted = mm_arena_alloc(ev->arena, sizeof(*noted))) != NULL) {
		*noted = this;
		ev->result->errand = noted;
	}
	return NULL;
}

struct mm_subject
mm_eval_subject(const struct mm_eval *ev)
{
	const struct mm_session *s = ev->session;
	const char *client;

	if (ev->subject.class != NULL)
		return ev->subject;
	switch (ev->chain) {
	case MM_CHAIN_HELO:
		return (struct mm_subject){
		    s->helo != NULL ? s->helo : "", "Helo command"};
	case MM_CHAIN_SENDER:
		return (struct mm_subject){s->sender, "Sender address"};
	case MM_CHAIN_RELAY:
	case MM_CHAIN_RECIPIENT:
		return (struct mm_subject){s->recipient, "Recipient address"};
	case MM_CHAIN_CLIENT:
	case MM_NCHAIN:
		break;
	}
	client = mm_arena_printf(
	    ev->arena, "%s[%s]", s->client_name, s->client_address);
	return (struct mm_subject){client, "Client host"};
}

/* What may follow "x." for a class of texts (RFC 3463 3.2). */
static const char *
fixed_detail(const char *class, const char *detail)
{
	static const char *const sender[] = {
	    "1.7", "1.8", "1.7", "1.7", "1.0", "1.7", "1.7", "1.8"};
	static const char *const recipient[] = {
	    "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.3", "1.2"};
	bool is_sender = strcmp(class, "Sender address") == 0;

	if (!is_sender && strcmp(class, "Recipient address") != 0)
		return "0.0";
	if (detail[0] < '1' || detail[0] > '8' || detail[1] != '\0')
		return "1.0";
	return (is_sender ? sender : recipient)[detail[0] - '1'];
}

const char *
mm_eval_dsn_fix(struct mm_eval *ev, const char *dsn, const char *class)
{
	char *fixed;

	if (mm_dsn_len(dsn) == 0 || !mm_str_begins(dsn + 1, ".1."))
		return dsn;
	fixed = mm_arena_printf(
	    ev->arena, "%c.%s", dsn[0], fixed_detail(class, dsn + 4));
	return fixed != NULL ? fixed : dsn;
}

/*
 * Postfix's smtpd_check_reject(): what is not a reply becomes a plain one,
 * printable, first digits equal; and, of our own, 510 bytes and no more.
 */
static struct mm_reply
make_reply(struct mm_eval *ev, unsigned code, const char *dsn, const char *text)
{
	struct mm_reply reply = {0};
	size_t room;
	char *copy;

	if (code < 400 || code > 599 || mm_dsn_len(dsn) == 0) {
		code = 450;
		dsn = "4.7.1";
		text = "Service unavailable";
	}
	reply.code = (int)code;
	snprintf(reply.dsn, sizeof(reply.dsn), "%s", dsn);
	reply.dsn[0] = (char)('0' + code / 100);
	room = MM_REPLY_MAX - strlen("554 ") - strlen(reply.dsn) - 1;
	copy = mm_arena_dupn(
	    ev->arena, text, strnlen(text, room)); /* NULL: walk given up */
	if (copy != NULL)
		mm_str_printable(copy, ' ');
	reply.text = copy != NULL ? copy : "";
	return reply;
}

static const char *
reply_line(struct mm_eval *ev, const struct mm_reply *reply)
{
	return mm_arena_printf(
	    ev->arena, "%d %s %s", reply->code, reply->dsn, reply->text);
}

void
mm_eval_note(struct mm_eval *ev, const char *text)
{
	if (ev->trace != NULL)
		ev->trace->note = text;
}

/* Is it one of those that stand in list, "a,b"? */
static bool
among(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (list != NULL) {
		if (strncmp(list, word, len) == 0 &&
		    (list[len] == ',' || list[len] == '\0'))
			return true;
		if ((list = strchr(list, ',')) != NULL)
			list++;
	}
	return false;
}

/* labels, "a,b", and one more that is not among them yet. */
static const char *
with_label(struct mm_eval *ev, const char *labels, const char *label)
{
	if (labels == NULL)
		return label;
	if (among(labels, label))
		return labels;
	return mm_arena_printf(ev->arena, "%s,%s", labels, label);
}

void
mm_eval_missed(struct mm_eval *ev, const char *label)
{
	ev->result->missed = with_label(ev, ev->result->missed, label);
}

void
mm_eval_survey(struct mm_eval *ev, const char *label, bool listed)
{
	if (!listed)
		ev->result->also_open = true;
	else if (strcmp(label, ev->why.list) != 0)
		ev->result->also = with_label(ev, ev->result->also, label);
}

enum mm_outcome
mm_eval_greylist(struct mm_eval *ev, int64_t delay)
{
	struct mm_why *mark;

	if (ev->soften & MM_SOFTEN_WARN) {
		mm_eval_effect(ev, MM_EFFECT_WARN, "would be greylisted");
		mm_eval_note(ev, "only recorded: would be greylisted");
		return MM_DUNNO;
	}
	mm_eval_note(ev, "marked for the greylist");
	if (ev->result->mark != NULL)
		return MM_DUNNO;
	if ((mark = mm_arena_alloc(ev->arena, sizeof(*mark))) != NULL) {
		*mark = ev->why;
		ev->result->mark = mark;
		ev->result->mark_delay = delay;
	}
	return MM_DUNNO;
}

/* A refusal under a prefix: recorded, or marked.  False: it stands. */
static bool
soften(struct mm_eval *ev, const struct mm_reply *reply)
{
	if (ev->soften & MM_SOFTEN_WARN) {
		mm_eval_effect(ev, MM_EFFECT_WARN, reply_line(ev, reply));
		mm_eval_note(ev, "only recorded: warn_if_reject");
		return true;
	}
	if (ev->soften & MM_SOFTEN_GREYLIST) {
		mm_eval_greylist(ev, ev->settings->greylist_delay);
		return true;
	}
	return false;
}

static enum mm_outcome
issue(struct mm_eval *ev, struct mm_reply reply, struct mm_why why)
{
	struct mm_result *r = ev->result;

	if (ev->settings->soft_bounce && reply.code / 100 == 5) {
		reply.code -= 100;
		reply.dsn[0] = '4';
	}
	r->reply = reply;
	r->why = why;
	r->verdict = reply.code / 100 == 5 ? MM_REJECTED : MM_DEFERRED;
	return MM_REJECT;
}

enum mm_outcome
mm_eval_refuse(
    struct mm_eval *ev, unsigned code, const char *dsn, const char *text)
{
	struct mm_reply reply = make_reply(ev, code, dsn, text);

	if (soften(ev, &reply))
		return MM_DUNNO;
	if (reply.code / 100 == 5 && ev->defer_if_reject.up) {
		ev->defer_if_reject.up = false;
		mm_eval_note(ev, "refused, but put off: an allowance could "
				 "not be looked up before");
		return issue(
		    ev, ev->defer_if_reject.reply, ev->defer_if_reject.why);
	}
	return issue(ev, reply, ev->why);
}

/* "<name>: CLASS rejected: text", or without the name. */
static const char *
rejected(struct mm_eval *ev, struct mm_subject subject, const char *text)
{
	const char *whole =
	    subject.name != NULL
		? mm_arena_printf(ev->arena, "<%s>: %s rejected: %s",
		      subject.name, subject.class, text)
		: mm_arena_printf(
		      ev->arena, "%s rejected: %s", subject.class, text);

	return whole != NULL ? whole : "";
}

enum mm_outcome
mm_eval_reject(struct mm_eval *ev, unsigned code, const char *dsn,
    struct mm_subject subject, const char *text)
{
	return mm_eval_refuse(ev, code, dsn, rejected(ev, subject, text));
}

enum mm_outcome
mm_eval_misconfigured(struct mm_eval *ev, const char *text)
{
	return issue(ev, make_reply(ev, 451, "4.3.5", text), ev->why);
}

enum mm_outcome
mm_eval_lookup_failed(struct mm_eval *ev, const char *name)
{
	char *text =
	    mm_arena_printf(ev->arena, "<%s>: Temporary lookup failure", name);

	return issue(ev, make_reply(ev, 451, "4.3.0", text != NULL ? text : ""),
	    ev->why);
}

static void
raise_flag(struct mm_eval *ev, struct mm_deferral *flag, unsigned code,
    const char *dsn, const char *text)
{
	if (flag->up)
		return;
	flag->up = true;
	flag->reply = make_reply(ev, code, dsn, text);
	flag->why = ev->why;
}

enum mm_outcome
mm_eval_defer_if_permit(struct mm_eval *ev, unsigned code, const char *dsn,
    struct mm_subject subject, const char *text)
{
	const char *whole = rejected(ev, subject, text);

	if (ev->soften & MM_SOFTEN_WARN) {
		struct mm_reply reply = make_reply(ev, code, dsn, whole);

		soften(ev, &reply);
	} else if (ev->soften & MM_SOFTEN_GREYLIST) {
		mm_eval_note(ev, "could not find out: greylist_if_reject");
	} else {
		mm_eval_note(ev, "put off if nothing else refuses");
		raise_flag(ev, &ev->defer_if_permit, code, dsn, whole);
	}
	return MM_DUNNO;
}

enum mm_outcome
mm_eval_defer_if_reject(struct mm_eval *ev, unsigned code, const char *dsn,
    struct mm_subject subject, const char *text)
{
	mm_eval_note(ev, "a refusal that follows is put off");
	raise_flag(
	    ev, &ev->defer_if_reject, code, dsn, rejected(ev, subject, text));
	return MM_DUNNO;
}

/* access_map_defer_code may make it one that refuses for good. */
void
mm_eval_put_off(struct mm_eval *ev)
{
	const struct mm_deferral *flag = &ev->defer_if_permit;

	if (flag->reply.code / 100 == 5 && ev->defer_if_reject.up)
		flag = &ev->defer_if_reject;
	issue(ev, flag->reply, flag->why);
}
