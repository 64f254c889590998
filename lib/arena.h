/*
 * arena - memory that goes all at once: a transaction's, a walk's.
 *
 * Bounded: an arena that reached its limit, like a heap that is empty, gives
 * NULL from then on and remembers it, so that callers may test once.
 * Threads: confined.
 */
#ifndef MM_ARENA_H
#define MM_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct mm_arena;

struct mm_arena *mm_arena_new(size_t limit); /* NULL: out of memory */
void mm_arena_free(struct mm_arena *arena);  /* NULL is fine */
/* Forgets everything in it, keeps a first block for the next use. */
void mm_arena_clear(struct mm_arena *arena);
bool mm_arena_failed(const struct mm_arena *arena); /* since new or clear */

/* Zeroed, aligned for anything.  NULL: see above. */
void *mm_arena_alloc(struct mm_arena *arena, size_t size);
char *mm_arena_dup(struct mm_arena *arena, const char *text);
char *mm_arena_dupn(struct mm_arena *arena, const char *text, size_t len);
char *mm_arena_printf(struct mm_arena *arena, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Calls release(what) when the arena is cleared or freed, the last one first.
 * NULL for what is fine.  False: out of memory; it has been called already. */
bool mm_arena_defer(
    struct mm_arena *arena, void (*release)(void *what), void *what);

#endif
