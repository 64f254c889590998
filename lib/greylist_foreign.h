/*
 * greylist_foreign - what other greylisting programs call a mail.
 *
 * What postgrey and sqlgrey have learned can be imported.  Their keys are
 * coarser than ours and have another idea of what stays the same in a sender,
 * so that a mail has to be looked up the way that they would have: under the
 * client's network, with the sender in their normal form.  What milter-greylist
 * keeps, and what still waits in sqlgrey, needs none of this: it is found under
 * a triplet's earlier key, see greylist_key.h.
 *
 * A record in the store itself, the mark, says that there was an import and how
 * long its prefixes are.  It ages with what was imported: who has never
 * imported anything, or long ago, does not look for it.
 * Threads: pure.
 */
#ifndef MM_GREYLIST_FOREIGN_H
#define MM_GREYLIST_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/ip.h"
#include "lib/store.h"

struct mm_arena;
struct mm_err;

enum mm_foreign {
	MM_FOREIGN_POSTGREY,
	MM_FOREIGN_SQLGREY,
	MM_NFOREIGN,
};

/* Prefix lengths that a program's clients were imported with. */
struct mm_foreign_prefix {
	unsigned char ipv4, ipv6; /* 0: nothing was imported */
};
struct mm_foreign_imports {
	struct mm_foreign_prefix of[MM_NFOREIGN];
};

struct mm_foreign_mail {
	struct mm_ip client;
	const char *sender; /* "": the null sender */
	const char *recipient;
};

#define MM_FOREIGN_KEYS 3 /* of one mail, at most */

/* The keys under which an import may have left something of this mail.  How
 * many; -1: out of memory. */
int mm_foreign_keys(const struct mm_foreign_imports *imports,
    const struct mm_foreign_mail *mail, struct mm_arena *arena,
    const char *key[MM_FOREIGN_KEYS]);

/*
 * One of them, for the import: what the program itself has, and the client's
 * network.  NULL: out of memory.
 */
/* postgrey's triplet; rest is "SENDER/RECIPIENT" in its normal form. */
const char *mm_foreign_postgrey_key(struct mm_arena *arena,
    const struct mm_ip *client, struct mm_foreign_prefix prefix,
    const char *rest);
/* sqlgrey's from_awl: a sender in its normal form, to anybody; user NULL:
 * domain_awl, whoever sends from the domain. */
const char *mm_foreign_sqlgrey_key(struct mm_arena *arena,
    const struct mm_ip *client, struct mm_foreign_prefix prefix,
    const char *user, const char *domain);

const char *mm_foreign_mark_key(enum mm_foreign program);
struct mm_record mm_foreign_mark(struct mm_foreign_prefix prefix, int64_t now);
/* All zero: there is no mark, or what is there is none. */
struct mm_foreign_prefix mm_foreign_mark_read(const struct mm_record *record);
/* All marks of a store.  -1: *err. */
int mm_foreign_imports_read(struct mm_store *store, int64_t wait_ms,
    struct mm_foreign_imports *ret, struct mm_err *err);

/* postgrey's normal form of a sender.  NULL: out of memory. */
const char *mm_foreign_postgrey_sender(
    struct mm_arena *arena, const char *sender);
/* sqlgrey's of a sender's local part, in mail to recipient; both are in lower
 * case.  NULL: out of memory. */
const char *mm_foreign_sqlgrey_user(
    struct mm_arena *arena, const char *user, const char *recipient);

#endif
