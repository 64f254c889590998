/*
 * shape - does a host name look made by a machine, for whoever dials in?
 *
 * "dsl-192-0-2-1.city" says nothing of who sends: such a name is an address
 * in other words.  What stands before the organisation's own domain is held
 * against a table of rules; a name that none of them fits was thought up by
 * somebody.
 * Threads: pure.
 */
#ifndef MM_SHAPE_H
#define MM_SHAPE_H

struct mm_ip;

/*
 * host: the name without the organisation's domain, "mx1.out" of
 * "mx1.out.example.org"; "" is a name that somebody thought up.  Case-blind.
 * What is wrong with it, a few words; NULL: nothing.
 */
const char *mm_shape_generic(const char *host, const struct mm_ip *ip);

#endif
