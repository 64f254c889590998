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
};

struct mm_access {
	enum mm_access_verb verb;
	int code;	  /* of MM_ACCESS_CODE */
	char dsn[12];	  /* "" when none is given */
	const char *text; /* points into the parsed value; "" when none */
};

/* -1: *err says what is wrong with value: an action that is not supported
 * yet, an unknown word, a code without text. */
int mm_access_parse(
    const char *value, struct mm_access *ret, struct mm_err *err);

#endif
