/*
 * foreign_source - opens what an operator names: a file, a directory, "-".
 *
 * Whatever it is, text comes out, from where it can be read twice.  A program's
 * own files are only ever read: of Berkeley DB's a copy is made, with its log,
 * and recovered, so that it does not matter whether the program is running or
 * how it ended.
 * Threads: confined.
 */
#ifndef MM_CTL_FOREIGN_SOURCE_H
#define MM_CTL_FOREIGN_SOURCE_H

#include <stdbool.h>
#include <stdio.h>

struct foreign_program;
struct mm_err;

struct foreign_source {
	FILE *text;	  /* at its beginning */
	const char *name; /* for complaints; borrowed */
	bool in_use;	  /* the program holds its files open */
};

/* -1: *err. */
int foreign_source_open(struct foreign_source *ret, const char *path,
    const struct foreign_program *program, struct mm_err *err);
void foreign_source_close(struct foreign_source *source);

/* For its own files: each writes text to out. */

/* A Berkeley DB, or a directory with postgrey's two. */
int foreign_source_berkeley(
    const char *path, FILE *out, bool *in_use, struct mm_err *err);
/* sqlgrey's tables from an SQLite database. */
int foreign_source_sqlite(const char *path, FILE *out, struct mm_err *err);

#endif
