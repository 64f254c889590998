/*
 * pattern - the address filter behind "=" in a DNS list restriction:
 * 127.0.0.2, 127.0.[0..255].[1..3], 127.0.0.[1;5], [127.0.0.[1;2]].
 *
 * The grammar is Postfix's ip_match(3); blanks inside brackets are our own.
 * Threads: immutable once parsed.
 */
#ifndef MM_PATTERN_H
#define MM_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

struct mm_err;
struct mm_pattern;

/* The caller frees the result.  NULL: *err says what is wrong with text and
 * what would be right. */
struct mm_pattern *mm_pattern_parse(const char *text, struct mm_err *err);
void mm_pattern_free(struct mm_pattern *pattern); /* NULL is fine */
bool mm_pattern_match(
    const struct mm_pattern *pattern, const uint8_t address[4]);
/* The address is written out as numbers: a range does not name. */
bool mm_pattern_names(
    const struct mm_pattern *pattern, const uint8_t address[4]);

#endif
