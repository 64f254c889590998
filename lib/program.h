/*
 * program - the words of the restriction language, and the walk.
 *
 * Lists are parsed once, with file and line in every complaint; the walk
 * starts over whenever something new is known, which is simpler than going on
 * and costs microseconds.
 * Threads: immutable once parsed; the walk is pure.
 */
#ifndef MM_PROGRAM_H
#define MM_PROGRAM_H

#include "lib/eval.h"
#include "lib/restrict.h"

struct mm_dnsxl;
struct mm_map;

enum mm_takes {
	MM_TAKES_NOTHING,
	MM_TAKES_DNSXL, /* domain[=filter] */
	MM_TAKES_TABLE, /* type:name */
	MM_TAKES_SECONDS,
	MM_TAKES_OPTION,  /* perhaps name=value */
	MM_TAKES_SERVICE, /* unix:path, inet:host:port, { ... } */
	MM_TAKES_CHECK,	  /* the word that follows: a prefix */
	MM_TAKES_LISTS,	  /* nothing, but as many steps as maps_rbl_domains */
};

/* One word of the language. */
struct mm_restriction {
	const char *word;
	enum mm_takes takes;
	unsigned needs; /* facts it reads, MM_NEEDS; legal in every list */
	mm_parse *parse;
	void (*free)(void *arg);
	mm_check *check;
	/* why its work stays with the MTA, or NULL; one with a check of its own
	 * stays as long as the settings name no domains */
	const char *stays;
	unsigned soften; /* of a prefix */
};

struct mm_step {
	const struct mm_restriction *what;
	void *arg;
	unsigned soften;  /* the prefixes before it */
	const char *text; /* as written but on one line, keys hidden */
	unsigned line;
	bool stays; /* its work is the MTA's: it says nothing here */
};

struct mm_list {
	struct mm_step *steps;
	size_t nsteps;
};

/* A list with a name, for other lists and for tables
 * (smtpd_restriction_classes). */
struct mm_class {
	const char *name;
	unsigned line; /* where it is defined */
	struct mm_list list;
};

struct mm_program {
	struct mm_list chain[MM_NCHAIN];
	struct mm_class *classes;
	size_t nclasses;
};

/* Steps without a word: a class by its name, a table by itself, a mistake. */
extern const struct mm_restriction mm_word_class, mm_word_table, mm_word_wrong;

/* What tables are told of the language. */
extern const struct mm_language mm_program_language;

/* Makes a class known; its list comes later.  -1: out of memory. */
int mm_program_class(
    struct mm_program *program, const char *name, unsigned line);
/* A class's name keeps its case.  NULL: there is none. */
const struct mm_class *mm_program_find_class(
    const struct mm_program *program, const char *name);
/* The facts, as MM_NEEDS, that a list has at the stage of its name. */
unsigned mm_chain_knows(enum mm_chain chain);
/* After all lists: classes that lead to themselves are complained about, and
 * words that stand before what they ask about. */
void mm_program_check(const struct mm_program *program, struct mm_load *load);
/*
 * Adds the list text to list, which is one of program's.  Complaints go to
 * load->all; what is wrong is left out, so that one run finds all mistakes.
 * -1: out of memory.
 */
int mm_list_parse(
    struct mm_list *list, const struct mm_text *text, struct mm_load *load);
void mm_list_clear(struct mm_list *list);
/* Walks a list in the middle of a walk; as a step's outcome. */
enum mm_outcome mm_list_walk(const struct mm_list *list, struct mm_eval *ev);
mm_check mm_check_class;

void mm_program_clear(struct mm_program *program);
/*
 * One walk over the chain.  ev comes with settings, session, answers, now,
 * arena and an empty result.
 */
void mm_program_walk(const struct mm_program *program, struct mm_eval *ev);

/* A walk without memory proves nothing: mail flows. */
void mm_program_give_up(struct mm_result *result);

/* The i-th word, NULL behind the last one: for manuals and suggestions. */
const struct mm_restriction *mm_program_word(size_t i);
/* What a bare table stands for in a list of this chain. */
const struct mm_restriction *mm_program_table_word(enum mm_chain chain);
/* Each step of the chain, then of the classes, and behind each table the
 * lists that it may give; until each says false. */
typedef bool mm_step_each(void *ctx, const struct mm_step *step);
void mm_program_each(
    const struct mm_program *program, mm_step_each *each, void *ctx);
/* The DNS list or the table of a step, NULL if it has none. */
const struct mm_dnsxl *mm_step_dnsxl(const struct mm_step *step);
const struct mm_map *mm_step_map(const struct mm_step *step);

#endif
