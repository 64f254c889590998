/*
 * json - writes JSON (RFC 8259), compact, one document per line.
 *
 * Writes only.  Strings may hold anything: bytes that are not UTF-8 come out
 * as U+FFFD and control characters escaped, so the result is always valid
 * and safe on a terminal.  The first write error is remembered, and nothing
 * is written after it: look once, at the end.
 * Threads: confined.
 */
#ifndef MM_JSON_H
#define MM_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define MM_JSON_DEPTH 16 /* objects and arrays within each other */

struct mm_json {
	FILE *out;
	int error; /* errno of the first write that failed, or 0 */
	unsigned depth;
	char end[MM_JSON_DEPTH]; /* what closes each level */
	bool more;		 /* a value stands before in this level */
};

void mm_json_init(struct mm_json *json, FILE *out);
/* key: NULL in an array and at the top, never within an object. */
void mm_json_object(struct mm_json *json, const char *key);
void mm_json_array(struct mm_json *json, const char *key);
void mm_json_end(struct mm_json *json); /* of the innermost of the two */
/* text NULL: null */
void mm_json_string(struct mm_json *json, const char *key, const char *text);
void mm_json_int(struct mm_json *json, const char *key, int64_t value);
void mm_json_uint(struct mm_json *json, const char *key, uint64_t value);
/* digits: a number as JSON writes it, "0.031"; the caller's promise. */
void mm_json_number(struct mm_json *json, const char *key, const char *digits);
void mm_json_bool(struct mm_json *json, const char *key, bool value);
/* After the last mm_json_end: ends the line and flushes; another document
 * may follow.  0, or -1 with json->error set. */
int mm_json_finish(struct mm_json *json);

#endif
