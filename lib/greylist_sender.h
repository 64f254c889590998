/*
 * greylist_sender - the part of a sender's address that stays the same from
 * one mail to the next.
 *
 * Lists, forwarders and signers write into the local part what is different
 * for each mail or each recipient; with that in its key a mail would be a
 * stranger's each time.
 * Threads: pure.
 */
#ifndef MM_GREYLIST_SENDER_H
#define MM_GREYLIST_SENDER_H

struct mm_arena;

/*
 * Case folded; BATV's tag, SRS's forwarder and a "+extension" taken off; the
 * recipient that VERP names, numbers and long runs of hex written as "#".
 * Never longer than sender, and the null sender stays what it is.  NULL: out
 * of memory.
 */
const char *mm_greylist_sender(struct mm_arena *arena, const char *sender);

#endif
