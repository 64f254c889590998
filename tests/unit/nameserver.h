/*
 * nameserver - a DNS server on loopback UDP in a thread, for tests.
 *
 * The test says what it answers, how late, and how often it was asked what.
 * Threads: shared, one lock; answer() is called from its thread.
 */
#ifndef MM_TEST_NAMESERVER_H
#define MM_TEST_NAMESERVER_H

#include <stdbool.h>

#include "tests/unit/packet.h"

struct nameserver;

/*
 * Fills in the packet.  False: silence.  answer() may be called by several
 * servers' threads.  port 0: any.  NULL: the address cannot be had.
 */
struct nameserver *nameserver_start(const char *address, unsigned port,
    bool (*answer)(const char *name, unsigned type, struct packet *ret));
void nameserver_stop(struct nameserver *ns);

/* "address@port", borrowed. */
const char *nameserver_address(const struct nameserver *ns);
void nameserver_delay(struct nameserver *ns, int ms);
/* No answers at all, but what is asked is counted. */
void nameserver_silence(struct nameserver *ns, bool silent);
/* How often a question for exactly this came; "" with type 0: for anything. */
unsigned nameserver_asked(
    struct nameserver *ns, const char *name, unsigned type);

#endif
