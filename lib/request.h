/*
 * request - what is asked over the control socket: a word, and arguments.
 *
 * One line, "word name=value name=value"; in a value every byte that is no
 * letter, digit or one of "-._~@:/" is written "%XX".  So blanks, line ends
 * and whatever else is in a stranger's address go through, and reading it is
 * one pass over the line, in place: no depth, no escapes within escapes, no
 * memory, nothing that a reader of JSON would have to be bounded in.
 * Threads: confined.
 */
#ifndef MM_REQUEST_H
#define MM_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

struct mm_buf;
struct mm_err;

#define MM_REQUEST_ARGS 8     /* at most */
#define MM_REQUEST_MAX 8192   /* bytes of a line, at most */
#define MM_REQUEST_VALUE 1024 /* bytes of a value, decoded, at most */

struct mm_request {
	const char *word;
	size_t n;
	struct mm_request_arg {
		const char *name, *value; /* values have no NUL within */
	} arg[MM_REQUEST_ARGS];
};

/* Cuts line up, which the result points into.  -1: *err. */
int mm_request_parse(char *line, struct mm_request *ret, struct mm_err *err);
/* NULL: there is none of that name. */
const char *mm_request_value(
    const struct mm_request *request, const char *name);
/* Writes the line, with its end.  -1: a value is too long, or buf is. */
int mm_request_write(
    const struct mm_request *request, struct mm_buf *buf, struct mm_err *err);

#endif
