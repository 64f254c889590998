/*
 * macros - the names that reply texts know of a session: $client_address and
 * its like (postconf(5), default_rbl_reply and smtpd_reject_footer).
 *
 * Threads: pure.
 */
#ifndef MM_MACROS_H
#define MM_MACROS_H

#include <stdint.h>

struct mm_arena;
struct mm_session;
struct mm_settings;

/* Whose names; session NULL: at load, any value will do. */
struct mm_macros {
	const struct mm_settings *settings;
	const struct mm_session *session;
	int64_t now;
	struct mm_arena *arena; /* for values that are put together */
};

/* "" where the session or the MTA does not say.  NULL: no such name. */
const char *mm_macro_value(const struct mm_macros *macros, const char *name);

#endif
