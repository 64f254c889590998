/*
 * import - from a Postfix policy to mailmum's: what is read, what is made of
 * it, and what it says to the operator.
 *
 * Nothing of Postfix is ever changed here: what has to be done there comes
 * out as commands.  The loader itself decides which words mailmum can carry
 * out, so a word that it learns is imported without a change here.
 * Threads: confined.
 */
#ifndef MM_CTL_IMPORT_H
#define MM_CTL_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "ctl/import_master.h"
#include "lib/conf.h"
#include "lib/settings.h"

struct mm_arena;
struct mm_restriction;

#define IMPORT_CLASSES 200
#define IMPORT_LISTS (MM_NCHAIN + IMPORT_CLASSES)
#define IMPORT_FILE_MAX ((size_t)4 << 20)

/* One restriction, as the reader of a list takes it: its prefixes, its word
 * and its argument belong together. */
struct import_element {
	struct import_element *next;
	const char *text, *word, *arg;	   /* arg: or NULL */
	const struct mm_restriction *what; /* NULL: no word of the table */
	unsigned line;			   /* in main.cf */
	unsigned at;			   /* in what was written */
	const char *why;   /* it stays in Postfix, and why; or NULL */
	const char *label; /* the class it names, or NULL */
	const struct import_element *behind; /* and this is why */
	bool both; /* also in main.cf, for what stays behind it */
};

/* One of the five lists, or a class. */
struct import_list {
	const char *name;
	unsigned line;
	bool moves; /* mailmum has some of it from now on */
	struct import_element *first;
};

/* A parameter that mailmum takes along. */
struct import_param {
	struct import_param *next;
	const char *name, *value;
	bool raw;      /* "$name" in it is still to be expanded */
	unsigned line; /* in main.cf; 0: Postfix's own default */
	unsigned at;   /* in what was written */
};

/* Lines of text, in order. */
struct import_lines {
	struct import_line {
		struct import_line *next;
		const char *text;
	} * first, *last;
};

struct import {
	struct mm_arena *arena;	   /* all that is pointed to lives in it */
	const char *main, *master; /* the files' names; master may be NULL */
	const char *text;	   /* main.cf, whole */
	struct mm_conf *conf;
	struct import_master services;

	struct import_list lists[IMPORT_LISTS]; /* the five first */
	size_t nlists;
	struct import_param *params;
	bool no_domains; /* the local domains could not be taken along */

	bool chrooted, unchrooted; /* smtpd services that will ask mailmum */
	const char *whole;  /* all that moves, to compare services with */
	const char *policy; /* the text of mailmum.conf */
	struct mm_complaints mistakes; /* why it does not load, and what main.cf
					  and master.cf have wrong */
	struct mm_complaints notes;
	struct import_lines prepare; /* shell commands, before mailmum starts */
	struct import_lines commands; /* and afterwards: postconf */
	const char *reload;	      /* the last of them; NULL: no commands */
};

/* All of it, from text to commands.  -1: out of memory. */
int import_make(
    struct import *im, const char *main_text, const char *master_text);
void import_clear(struct import *im);

/* Never NULL; where memory is out, "", and the arena knows. */
const char *import_printf(struct import *im, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* What has been expanded, for a file where it will be once more. */
const char *import_undollared(struct import *im, const char *text);
const char *import_dupn(struct import *im, const char *text, size_t len);
void import_say(struct import *im, struct import_lines *lines, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

/* Complaints of others: errors are mistakes, the rest is worth knowing. */
void import_keep(struct import *im, const struct mm_complaints *all);

/*
 * import_values: what main.cf says.  A value is one line; NULL: not set, or
 * it does not expand, which has been said.
 */
const char *import_value(
    struct import *im, const struct mm_conf *conf, const char *name);
/* The same unexpanded, as one line. */
const char *import_raw(
    struct import *im, const struct mm_conf *conf, const char *name);
/* The same with its lines.  False: see import_value. */
bool import_text(struct import *im, const char *name, struct mm_text *ret);
/* compatibility_level is below this. */
bool import_below(struct import *im, unsigned major, unsigned minor);
const char *import_queue_directory(struct import *im);
/* The parameters to take along, in main.cf's order. */
void import_params(struct import *im);
/* It says which recipients are local. */
bool import_is_domains(const char *name);

/* import_lists: reads the lists and classes of main.cf. */
void import_lists(struct import *im);

/* import_sort: what goes, what stays, what is in both. */
void import_sort(struct import *im);
bool import_stays(const struct import_element *e);
/* Does the text of its table have this word? */
bool import_table_has(const struct import_element *e, const char *word);
bool import_is_relay_word(const char *word);
bool import_is_postgrey(const struct import_element *e);
bool import_is_table(const struct import_element *e);
bool import_is_service(const struct import_element *e);

/* import_write: the text of mailmum.conf; import_load: has the loader read
 * it until what it cannot carry out is back in Postfix.  -1: out of memory. */
void import_write(struct import *im);
int import_load(struct import *im);

/* import_services: what master.cf's services need; import_commands: what
 * main.cf does.  The former first: it finds out who is chrooted. */
void import_services(struct import *im);
void import_commands(struct import *im);
/* A program of Postfix, with the directory it is about. */
const char *import_program(struct import *im, const char *program);
/* In single quotes for the shell. */
const char *import_quoted(struct import *im, const char *text);
/* The milter as main.cf names it, with nothing beside it. */
const char *import_milter(struct import *im, const char *path);

/* import_report */
void import_print(const struct import *im, FILE *out, const char *written,
    const char *script);
int import_print_json(const struct import *im, FILE *out, const char *written);
/* The commands as a file. */
void import_print_commands(const struct import *im, FILE *out);

#endif
