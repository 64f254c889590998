/*
 * html - text and attributes of a page, whatever is in them.
 *
 * Threads: confined.
 */
#ifndef MM_CTL_HTML_H
#define MM_CTL_HTML_H

#include <stddef.h>
#include <stdio.h>

/* Safe between tags and within quotes.  Bytes that are not UTF-8 come out as
 * "?", and so do control characters. */
void html_text(FILE *out, const char *text);
/* The same, at most so many characters: "…" tells that there is more. */
void html_cut(FILE *out, const char *text, size_t max);

#endif
