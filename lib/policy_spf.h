/*
 * policy_spf - whose SPF record names the network of a client that the
 * greylist is about to have wait.
 *
 * Asked only if nothing else says who the client is; it groups the addresses
 * of one sender and lets nothing pass.
 * Threads: pure.
 */
#ifndef MM_POLICY_SPF_H
#define MM_POLICY_SPF_H

#include "lib/greylist_identity.h"

struct mm_eval;
struct mm_session;

/* A name counts only where it leads back to the address. */
struct mm_greylist_who mm_policy_who(const struct mm_session *session);

/* Into ev's result, which is undone if there are questions first. */
void mm_policy_spf(const struct mm_greylist_scheme *scheme, struct mm_eval *ev);

#endif
