/*
 * tokens - the words of a list: commas and white space separate them, braces
 * group (postconf(5)), and blanks inside brackets do not separate.
 *
 * Threads: pure.
 */
#ifndef MM_TOKENS_H
#define MM_TOKENS_H

#include <stddef.h>

/*
 * Moves *at, an offset into text, to the next word.  Its length; 0: there is
 * none.
 */
size_t mm_token_next(const char *text, size_t *at);

#endif
