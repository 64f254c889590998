/*
 * file - a file's state, whether it has become another one, and its text.
 *
 * Threads: immutable; looking is the only thing done.
 */
#ifndef MM_FILE_H
#define MM_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mm_err;
struct stat;

/* Zeros: there is no such file. */
struct mm_file_state {
	uint64_t device, inode;
	int64_t size, changed_s, changed_ns;
};

struct mm_file_state mm_file_state_of(const struct stat *st);
/* As it is now. */
struct mm_file_state mm_file_look(const char *path);
bool mm_file_same(const struct mm_file_state *a, const struct mm_file_state *b);

/* The text of a regular file of at most so many bytes, as it is now; the caller
 * frees it.  NULL: *err; among others because it is no text. */
char *mm_file_read(const char *path, size_t most, struct mm_file_state *state,
    struct mm_err *err);

/* For those who are made from files: each one, as it was when it was read. */
typedef void mm_file_each(
    void *ctx, const char *path, const struct mm_file_state *state);

#endif
