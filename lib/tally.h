/*
 * tally - who came most often, in memory that does not grow.
 *
 * Space-Saving (Metwally, Agrawal, El Abbadi 2005): where there is no row
 * left, the one with the least takes the newcomer's name and goes on counting
 * from where it stood.  Whoever came more often than total / rows times is in
 * the table for sure; a count is too high by slack at the most.
 * Threads: confined.
 */
#ifndef MM_TALLY_H
#define MM_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MM_TALLY_KEY_MAX 200 /* bytes with the NUL; longer keys are cut */
#define MM_TALLY_NOTE_MAX 72
#define MM_TALLY_KINDS 8

struct mm_tally;
struct mm_tally_row {
	char key[MM_TALLY_KEY_MAX];
	char note[MM_TALLY_NOTE_MAX]; /* of the first time */
	uint64_t count, slack;
	uint64_t by[MM_TALLY_KINDS]; /* by kind, since it has the row */
};

struct mm_tally *mm_tally_new(size_t rows); /* NULL: out of memory */
void mm_tally_free(struct mm_tally *tally); /* NULL is fine */
/* Once more; kind < MM_TALLY_KINDS.  An empty key is not counted. */
void mm_tally_add(
    struct mm_tally *tally, const char *key, const char *note, unsigned kind);
/*
 * The most frequent ones, most first and then by name; how many of top are
 * filled.  Those that a newcomer's luck may have lifted above others, with
 * more slack than certain count, are left out.  Borrowed until the next add.
 */
size_t mm_tally_top(
    const struct mm_tally *tally, const struct mm_tally_row **top, size_t n);
bool mm_tally_full(const struct mm_tally *tally); /* a row has been taken */

#endif
