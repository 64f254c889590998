/*
 * file - a file's state, and whether it has become another one.
 *
 * Threads: immutable; looking is the only thing done.
 */
#ifndef MM_FILE_H
#define MM_FILE_H

#include <stdbool.h>
#include <stdint.h>

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

/* For those who are made from files: each one, as it was when it was read. */
typedef void mm_file_each(
    void *ctx, const char *path, const struct mm_file_state *state);

#endif
