/*
 * nameserver - a small DNS server on loopback, for the demonstration.
 *
 * It has an answer to every question: what the world holds, or that there is
 * nothing.  UDP only, one question in a packet (RFC 1035 4).
 * Threads: starts one of its own, which has the world while it runs.
 */
#ifndef DEMO_NAMESERVER_H
#define DEMO_NAMESERVER_H

#include <stdint.h>

struct world;

struct nameserver;

/* NULL: errno says why. */
struct nameserver *nameserver_start(const struct world *world);
uint16_t nameserver_port(const struct nameserver *ns);
void nameserver_stop(struct nameserver *ns); /* NULL is fine */

#endif
