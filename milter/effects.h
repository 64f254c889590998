/*
 * effects - what is to be done to a transaction's message: gathered from each
 * recipient's final walk, carried out when the message has come.
 *
 * They belong to the message: those of a recipient that was refused too stay,
 * as in Postfix.
 * Threads: confined.
 */
#ifndef MM_MILTER_EFFECTS_H
#define MM_MILTER_EFFECTS_H

#include <stdbool.h>

#include "lib/eval.h"

struct mm_arena;

struct effects_text {
	const char *text;
	struct effects_text *next;
};

/* A list that grows at its end. */
struct effects_list {
	struct effects_text *first, *last;
};

/* All zero: nothing is to be done. */
struct effects {
	struct effects_text *headers; /* the last one first */
	struct effects_list bcc;
	struct effects_list recipients; /* accepted; kept for redirect */
	const char *redirect;		/* NULL: nowhere else */
	const char *hold;		/* why; NULL: it is not held */
	struct mm_why held, discarded;	/* reason NULL: it is not */
	struct mm_arena *arena;		/* NULL while nothing is kept */
};

/* False: out of memory; what could be kept is. */
bool effects_add(struct effects *effects, const struct mm_effect *list);
/* An accepted recipient, as the client wrote it.  False: out of memory. */
bool effects_recipient(struct effects *effects, const char *raw);
/* The transaction is over: nothing is to be done any more. */
void effects_clear(struct effects *effects);

#endif
