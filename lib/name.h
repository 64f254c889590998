/*
 * name - tables of (code, word), searched both ways.
 *
 * Every enumeration that is read or printed goes through one of these.
 * Threads: immutable.
 */
#ifndef MM_NAME_H
#define MM_NAME_H

#include <stddef.h>

struct mm_name {
	int code;
	const char *word;
};

/* Case-blind.  other: what to return when word is not in the table. */
int mm_name_code(
    const struct mm_name *table, size_t n, const char *word, int other);
/* NULL: no such code. */
const char *mm_name_word(const struct mm_name *table, size_t n, int code);

#endif
