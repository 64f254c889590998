/*
 * access - the right-hand side of an access table, access(5).
 *
 * Threads: immutable; pure.
 */
#ifndef MM_ACCESS_H
#define MM_ACCESS_H

struct mm_err;

enum mm_access_verb {
	MM_ACCESS_NONE = 0,
	MM_ACCESS_DUNNO,
	MM_ACCESS_OK, /* OK, RELAY, or digits only */
	MM_ACCESS_REJECT,
	MM_ACCESS_DEFER,
	MM_ACCESS_CODE, /* 4NN or 5NN text */
	MM_ACCESS_DEFER_IF_PERMIT,
	MM_ACCESS_DEFER_IF_REJECT,
	MM_ACCESS_WARN,
	MM_ACCESS_INFO,
	MM_ACCESS_LIST, /* restrictions, in text */
	MM_ACCESS_HANGUP,
	/* what is done to the message */
	MM_ACCESS_BCC,
	MM_ACCESS_DISCARD,
	MM_ACCESS_HOLD,
	MM_ACCESS_PREPEND,
	MM_ACCESS_REDIRECT,
};

#define MM_ACCESS_HEADER_MAX 998 /* bytes of a line, RFC 5322 2.1.1 */

struct mm_access {
	enum mm_access_verb verb;
	int code;	  /* of MM_ACCESS_CODE */
	char dsn[12];	  /* "" when none is given */
	const char *text; /* points into the parsed value; "" when none */
};

/* -1: *err says what is wrong with value: an action that a milter cannot
 * carry out, a table in a list, a code that is none.  What does not begin with
 * an action is taken for a list of restrictions. */
int mm_access_parse(
    const char *value, struct mm_access *ret, struct mm_err *err);
/* value turned out to be neither: *err says what may have been meant.  -1. */
int mm_access_unknown(const char *value, struct mm_err *err);
/* Is the text what the verb needs, a header for PREPEND, an address for
 * REDIRECT and BCC?  -1: *err. */
int mm_access_check(const struct mm_access *access, struct mm_err *err);

#endif
