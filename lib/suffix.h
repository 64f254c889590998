/*
 * suffix - the public suffix list, and whose domain a host name is in.
 *
 * libpsl reads it.  "mx1.out.example.co.uk" is in example.co.uk, which
 * somebody has registered; co.uk is everybody's.
 * Threads: immutable once open.
 */
#ifndef MM_SUFFIX_H
#define MM_SUFFIX_H

#include "lib/file.h"

struct mm_err;
struct mm_suffixes;

/* path "": the system's list, or libpsl's own if that is newer.  NULL: *err. */
struct mm_suffixes *mm_suffixes_open(const char *path, struct mm_err *err);
void mm_suffixes_free(struct mm_suffixes *suffixes); /* NULL is fine */
void mm_suffixes_files(
    const struct mm_suffixes *suffixes, mm_file_each *each, void *ctx);
/* Where in name, which is folded, the domain that is somebody's begins.  NULL:
 * the name is not in one. */
const char *mm_suffixes_domain(
    const struct mm_suffixes *suffixes, const char *name);

#endif
