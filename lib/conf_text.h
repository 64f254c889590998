/*
 * conf_text - building a struct mm_text; for conf's own files.
 *
 * Threads: confined.
 */
#ifndef MM_CONF_TEXT_H
#define MM_CONF_TEXT_H

#include "lib/conf.h"

struct mm_text_builder {
	struct mm_text text; /* data has no NUL at its end yet */
	size_t len, size;
	size_t marks_size;
	size_t limit; /* of len */
};

/* All three: -1 is out of memory, or over the limit. */
int mm_text_add(struct mm_text_builder *b, char c, unsigned line);
int mm_text_addn(
    struct mm_text_builder *b, const char *data, size_t len, unsigned line);
/* Moves the text out, with its NUL and at least one mark, so that even empty
 * text has a line.  The builder is empty afterwards in either case. */
int mm_text_finish(
    struct mm_text_builder *b, unsigned line, struct mm_text *ret);
/* For when it is not finished. */
void mm_text_builder_clear(struct mm_text_builder *b);

#endif
