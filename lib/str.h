/*
 * str - bounded text: building it, reading numbers and times, spelling.
 *
 * Threads: confined; nothing here keeps state of its own.
 */
#ifndef MM_STR_H
#define MM_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Text being built in the caller's memory.  Always ends in NUL. */
struct mm_buf {
	char *data;
	size_t size;
	size_t len;
	bool cut; /* something did not fit and was left out */
};

void mm_buf_init(struct mm_buf *buf, char *mem, size_t size); /* size > 0 */
void mm_buf_add(struct mm_buf *buf, const char *text);
void mm_buf_addn(struct mm_buf *buf, const char *text, size_t len);
void mm_buf_addc(struct mm_buf *buf, char c);
void mm_buf_addf(struct mm_buf *buf, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* A whole decimal number within low..high and nothing else. */
bool mm_str_to_uint(const char *text, unsigned long low, unsigned long high,
    unsigned long *ret);
/*
 * A time as in postconf(5): digits and a unit of s, m, h, d, w, and ms as our
 * own addition; no unit means seconds.  In milliseconds.
 */
bool mm_str_to_ms(const char *text, int64_t *ret);
/* ASCII only: never the locale's idea of letters. */
void mm_str_fold(char *text);
bool mm_str_same(const char *a, const char *b);		  /* case-blind */
bool mm_str_begins(const char *text, const char *prefix); /* case-blind */
/* A line's end, with the blanks around it, becomes one blank. */
void mm_str_unfold(char *text);
/* Every byte that is not printable ASCII becomes with. */
void mm_str_printable(char *text, char with);
/* Well-formed, by RFC 3629. */
bool mm_str_is_utf8(const char *text);
/* FNV-1a; the same in every process. */
uint64_t mm_str_hash(const char *text);
/* Edits (insert, delete, replace, swap) from a to b, case-blind; limit where
 * there are as many or more.  At most 64 bytes of each are looked at. */
unsigned mm_str_distance(const char *a, const char *b, unsigned limit);

#endif
