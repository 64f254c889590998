/*
 * address - mail addresses as SMTP carries them (RFC 5321 4.1.2).
 *
 * Threads: immutable; pure functions.
 */
#ifndef MM_ADDRESS_H
#define MM_ADDRESS_H

#include <stdbool.h>

struct mm_arena;

/*
 * The internal form that Postfix prints and looks up, from a MAIL or RCPT
 * argument: angle brackets, source route and quotes go, case and a trailing
 * dot stay.  "<>" gives "".  NULL: out of memory.
 */
const char *mm_address_internal(struct mm_arena *arena, const char *raw);
/* The argument has its angle brackets and no comments or phrases
 * (strict_rfc821_envelopes). */
bool mm_address_strict(const char *raw);
/*
 * The other way round: a local part that needs quotes has them, as Postfix
 * writes it; it may be followed by "@" alone.  address itself where nothing
 * changes.  NULL: out of memory.
 */
const char *mm_address_external(struct mm_arena *arena, const char *address);
/* The local part names a further hop: "%", "!" or "@" in it. */
bool mm_address_routed(const char *address);
/* What stands behind the last "@"; NULL without one. */
const char *mm_address_domain(const char *address);

#endif
