/*
 * eval - one evaluation: facts, answers, now, and what the walk collects.
 *
 * This is all that a check sees.  It holds no service: a check that needs the
 * world notes a question and is pending.  Replies are built here by the rules
 * of Postfix's smtpd_check_reject(), prefixes soften here.
 * Threads: confined; pure.
 */
#ifndef MM_EVAL_H
#define MM_EVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/dns.h"
#include "lib/errand.h"
#include "lib/session.h"
#include "lib/settings.h"
#include "lib/verdict.h"

struct mm_arena;
struct mm_exempt_why;
struct mm_load;

/* A list in a list in a list: no deeper, as in Postfix. */
#define MM_DEPTH_MAX 100

enum mm_outcome {
	MM_DUNNO = 0,
	MM_OK,
	MM_REJECT,
	MM_PENDING,
};

/* Which step said something, and on what evidence. */
struct mm_why {
	const char *reason;  /* the restriction as written, keys hidden */
	enum mm_chain chain; /* the list it stands in */
	const char *list;    /* label of the DNS list, or NULL */
	const char *answer;  /* its code, or the table's key; or NULL */
};

enum mm_effect_kind {
	MM_EFFECT_WARN, /* a softened step, or a table's WARN */
	MM_EFFECT_INFO, /* a table's INFO */
	/* what is done to the message once it is there */
	MM_EFFECT_PREPEND,  /* text: the header */
	MM_EFFECT_REDIRECT, /* text: the address */
	MM_EFFECT_BCC,	    /* text: the address */
	MM_EFFECT_HOLD,
	MM_EFFECT_DISCARD,
	MM_NEFFECTS,
};
#define MM_EFFECT_BIT(kind) (1u << (kind))
struct mm_effect {
	enum mm_effect_kind kind;
	struct mm_why why;
	const char *text; /* the reply it would have been, or the text */
	struct mm_effect *next;
};

/* A question that a step looked at. */
struct mm_asked {
	const char *name;
	enum mm_dns_type type;
	const struct mm_dns_answer *answer; /* NULL: not there */
	const char *shown;		    /* name with keys hidden */
	struct mm_asked *next;
};

/* What one step of the walk did. */
struct mm_trace {
	enum mm_chain chain;
	unsigned depth;	  /* 0: in the chain's own list; else in a class, or
			     in what a table gave */
	const char *step; /* as written, keys hidden */
	unsigned line;	  /* in the configuration file */
	enum mm_outcome outcome;
	const char *note; /* a few words: "not listed", "no HELO"; or NULL */
	struct mm_asked *asked;
	struct mm_trace *next;
};

struct mm_deferral {
	bool up;
	struct mm_reply reply;
	struct mm_why why;
};

/*
 * What stands from one stage to the next where each of them is judged as it
 * comes (smtpd_delay_reject = no).  All zero: nothing.
 */
struct mm_carry {
	struct mm_deferral put_off; /* defer_if_permit */
	struct mm_why mark;	    /* of the greylist; reason NULL: none */
	int64_t mark_delay;	    /* its ms */
	bool discarded;		    /* DISCARD: no list is walked any more */
};
/* What the session's stage begins with, of what stood after each one. */
const struct mm_carry *mm_carry_before(
    const struct mm_carry after[MM_STAGE_RCPT],
    const struct mm_session *session);
/* The texts go into arena.  False: out of memory. */
bool mm_carry_copy(
    struct mm_carry *to, const struct mm_carry *from, struct mm_arena *arena);

/* What an evaluation comes to.  All in the arena. */
struct mm_result {
	bool done;	/* else questions or facts are missing */
	unsigned lacks; /* facts that a step waits for, MM_NEEDS bits */
	/* not answered yet, in the order of the steps; the first one is what
	 * the first undecided step waits for */
	struct mm_dns_question *questions;
	size_t nquestions;
	/* the first undecided step waits for this, not for a question; or
	 * NULL */
	const struct mm_errand *errand;
	/* if done */
	enum mm_verdict verdict; /* MM_ACCEPT, MM_REJECTED, MM_DEFERRED */
	struct mm_reply reply;
	struct mm_why why;
	const struct mm_why *mark; /* ask the greylist; NULL: do not */
	int64_t mark_delay;	   /* ms that the mark has mail wait */
	/* whose SPF record names the client's network, by which terms; NULL:
	 * nobody's, or the greylist need not know */
	const char *spf_domain, *spf_why;
	/* why there is none though a step has set it; or NULL */
	const struct mm_exempt_why *exempt;
	struct mm_effect *effects; /* in order */
	struct mm_trace *trail;	   /* in order */
	/* labels of the lists that could not be asked, "a,b"; NULL: none */
	const char *missed;
	/* refused by a list: the others behind it that have the client or
	 * name as well, "a,b", as far as they have answered */
	const char *also;
	bool surveyed;	       /* that is so, and also is known */
	bool also_open;	       /* one of them has not answered */
	bool failed;	       /* out of memory: accepted unjudged */
	struct mm_carry carry; /* to the next stage, if stages are judged */
};

/* How a step's refusal is softened, by the prefixes before it. */
enum mm_soften {
	MM_SOFTEN_NOT = 0,
	MM_SOFTEN_WARN = 1,
	MM_SOFTEN_GREYLIST = 2,
};

/* The CLASS of Postfix's texts, "Client host", and the name before it. */
struct mm_subject {
	const char *name;  /* NULL: no "<name>: " in the text */
	const char *class; /* "Client host" */
};

struct mm_eval {
	const struct mm_settings *settings;
	const struct mm_load *load; /* for restrictions that arrive now */
	const struct mm_session *session;
	const struct mm_answers *answers;
	/* Not NULL: only the lists of the session's stage are walked, from
	 * what stood after the stage before. */
	const struct mm_carry *carry;
	const struct mm_errands *errands; /* NULL: none has been run */
	int64_t now;			  /* seconds, 1970 */
	bool plain;			  /* no trail is wanted */
	struct mm_arena *arena;
	struct mm_result *result;

	/* the walk */
	unsigned not_yet, absent; /* facts, MM_NEEDS bits */
	bool pending;		  /* a step before was */
	bool may_mark;		  /* once the recipient is known */
	bool halted;	/* the look-ahead stops: AUTH or TLS is not known */
	bool discarded; /* DISCARD: all lists end */
	bool surveys;	/* the verdict stands; what else is listed? */
	unsigned survey_needs; /* by the same facts */
	enum mm_chain chain;
	unsigned depth;		   /* of the list at work */
	struct mm_subject subject; /* of its generic words; class NULL: the
				      chain's list says */
	unsigned soften;	   /* MM_SOFTEN bits */
	struct mm_why why;	   /* of the step at work */
	struct mm_trace *trace;	   /* of the step at work; NULL: none wanted */
	struct mm_deferral defer_if_permit, defer_if_reject;
	unsigned nacts;	 /* steps that act, so far */
	bool by_default; /* in a policy service's default action */

	/* tails of result's lists */
	size_t questions_size;
	struct mm_effect **effects_end;
	struct mm_trace **trail_end;
};

/*
 * The answer to a question.  NULL: it is not there; the question has been
 * noted and the check returns MM_PENDING.  name is folded; it is copied.
 */
const struct mm_dns_answer *mm_eval_ask(
    struct mm_eval *ev, const struct mm_dns_question *question);

/*
 * The reply to an errand.  NULL: it is not there; the errand has been noted, if
 * nothing before it is undecided, and the check returns MM_PENDING.  What it
 * points to is the policy's or the arena's; nth need not be set.
 */
const struct mm_errand_reply *mm_eval_errand(
    struct mm_eval *ev, const struct mm_errand *errand);

/* The subject of a generic word: that of the list it stands in, or of the
 * table whose result it is. */
struct mm_subject mm_eval_subject(const struct mm_eval *ev);

/*
 * "CODE DSN <name>: CLASS rejected: text".  The DSN's first digit follows the
 * code.  What the outcome is depends on prefixes and flags: return it.
 */
enum mm_outcome mm_eval_reject(struct mm_eval *ev, unsigned code,
    const char *dsn, struct mm_subject subject, const char *text);
/* The whole text after the DSN as it is. */
enum mm_outcome mm_eval_refuse(
    struct mm_eval *ev, unsigned code, const char *dsn, const char *text);
/* "451 4.3.5 ...": never softened. */
enum mm_outcome mm_eval_misconfigured(struct mm_eval *ev, const char *text);
/* "451 4.3.0 <name>: Temporary lookup failure": never softened. */
enum mm_outcome mm_eval_lookup_failed(struct mm_eval *ev, const char *name);
/* Raise a flag; the first one stands.  MM_DUNNO. */
enum mm_outcome mm_eval_defer_if_permit(struct mm_eval *ev, unsigned code,
    const char *dsn, struct mm_subject subject, const char *text);
enum mm_outcome mm_eval_defer_if_reject(struct mm_eval *ev, unsigned code,
    const char *dsn, struct mm_subject subject, const char *text);
/* The chain has ended with defer_if_permit up: its reply is the verdict. */
void mm_eval_put_off(struct mm_eval *ev);
/* Marks the walk for the greylist, with a delay in ms; the first mark stands.
 * MM_DUNNO. */
enum mm_outcome mm_eval_greylist(struct mm_eval *ev, int64_t delay);
void mm_eval_effect(
    struct mm_eval *ev, enum mm_effect_kind kind, const char *text);
/* The word of access(5): "HOLD". */
const char *mm_effect_word(enum mm_effect_kind kind);
/* The first one of a kind; NULL: none. */
const struct mm_effect *mm_effect_find(
    const struct mm_effect *effects, enum mm_effect_kind kind);
/* The verdict is taken without this list's answer. */
void mm_eval_missed(struct mm_eval *ev, const char *label);
/* After the verdict: this list has it as well, or (false) has not said. */
void mm_eval_survey(struct mm_eval *ev, const char *label, bool listed);
/* A few words for the trail; text is borrowed for the arena's life. */
void mm_eval_note(struct mm_eval *ev, const char *text);
/* DSNs of the kind d.1.n depend on what is refused (RFC 3463 3.2). */
const char *mm_eval_dsn_fix(
    struct mm_eval *ev, const char *dsn, const char *class);

#endif
