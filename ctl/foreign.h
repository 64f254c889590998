/*
 * foreign - reads what other greylisting programs have learned.
 *
 * A source is text: db_dump's of postgrey's databases, rows of sqlgrey's
 * tables with tabs between the columns, milter-greylist's own file.  Each
 * record becomes an entry, in which client, sender and recipient are as they
 * are there; what does not become one is said, record by record.  Nothing here
 * knows of files or of the store.
 * Threads: confined.
 */
#ifndef MM_CTL_FOREIGN_H
#define MM_CTL_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/ip.h"

struct mm_err;

/* What an entry is about. */
enum foreign_kind {
	FOREIGN_TRIPLET, /* as postgrey writes it: rest */
	FOREIGN_MAIL,	 /* sender and recipient as they were */
	FOREIGN_SENDER,	 /* to anybody; sqlgrey's from_awl */
	FOREIGN_DOMAIN,	 /* whoever sends from there, to anybody */
	FOREIGN_CLIENT,	 /* whatever it sends */
};

/* Texts live until the next one is read. */
struct foreign_entry {
	enum foreign_kind kind;
	struct mm_ip ip;       /* the client; bits behind its prefix are 0 */
	unsigned prefix;       /* so much of ip is known */
	const char *user;      /* SENDER: in sqlgrey's normal form */
	const char *domain;    /* SENDER, DOMAIN */
	const char *sender;    /* MAIL, TRIPLET; "": the null sender */
	const char *recipient; /* MAIL, TRIPLET */
	const char *rest;      /* TRIPLET: sender and recipient as one text */
	int64_t first, last;   /* seconds, 1970 */
	int64_t count;	       /* of passes; 0: it still waits */
};

/* What became of a record. */
enum foreign_got {
	FOREIGN_END, /* there is none any more */
	FOREIGN_ENTRY,
	FOREIGN_HASHED,	 /* of postgrey with --privacy: nobody can tell whose */
	FOREIGN_TARPIT,	 /* of milter-greylist: it was never to pass */
	FOREIGN_UNKNOWN, /* not understood: *err says why and where */
	FOREIGN_BROKEN,	 /* the source itself is: *err; nothing follows */
};

#define FOREIGN_LINE_MAX 8192 /* bytes of a line; longer is not understood */
#define FOREIGN_RECORD_MAX (FOREIGN_LINE_MAX / 2)
#define FOREIGN_FIELDS 7

/* All of it is the reader's, but what foreign_open() sets. */
struct foreign_reader {
	FILE *in;
	const char *name; /* for complaints */
	const struct foreign_program *program;
	int64_t delay;	     /* its own, in seconds */
	size_t line, record; /* so many were read */
	bool in_data, plain; /* of a dump: records; not in hex */
	char text[FOREIGN_LINE_MAX + 1];
	size_t len; /* of text */
	char key[FOREIGN_RECORD_MAX + 1], value[FOREIGN_RECORD_MAX + 1];
};

/* A program whose state can be read. */
struct foreign_program {
	const char *name;
	int64_t delay; /* its default; 0: it makes no difference */
	/* Of one record; *err without a place. */
	enum foreign_got (*next)(struct foreign_reader *reader,
	    struct foreign_entry *ret, struct mm_err *err);
};

/* NULL: there is none of that name. */
const struct foreign_program *foreign_program_find(const char *name);
extern const struct foreign_program foreign_postgrey, foreign_sqlgrey,
    foreign_milter;

/* in and name are borrowed; in is read from where it is. */
void foreign_open(struct foreign_reader *reader, FILE *in, const char *name,
    const struct foreign_program *program);
enum foreign_got foreign_next(struct foreign_reader *reader,
    struct foreign_entry *ret, struct mm_err *err);

/* For the programs' own files. */

/* A line, without its end.  1; 0: there is none any more; -1: *err, it cannot
 * be read as one, and the next call is about the next line. */
int foreign_line(struct foreign_reader *reader, struct mm_err *err);
/* key and value of a dump's next record.  As above; -2: the dump is broken. */
int foreign_dump(struct foreign_reader *reader, struct mm_err *err);
/* A number of seconds since 1970, and nothing else in text. */
bool foreign_time(const char *text, int64_t *ret);

#endif
