/*
 * fakeredis - a server on 127.0.0.1 that reads commands as Redis does, and
 * answers as a test says.
 *
 * Threads: shared; answer() is called by threads of the server's own, one call
 * at a time.
 */
#ifndef MM_FAKEREDIS_H
#define MM_FAKEREDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct fakeredis;

/* Writes to out what is sent back, anything.  False: then it hangs up. */
typedef bool fakeredis_answer(
    void *ctx, size_t argc, char *const argv[], FILE *out);

struct fakeredis *fakeredis_start(fakeredis_answer *answer, void *ctx);
void fakeredis_stop(struct fakeredis *fake);
const char *fakeredis_port(const struct fakeredis *fake);
/* Frozen, it reads and answers nothing, but the kernel takes connections and
 * data for it; thawed, it answers all that. */
void fakeredis_freeze(struct fakeredis *fake, bool frozen);
/* Gone, it has no connections, and new ones are refused. */
void fakeredis_go(struct fakeredis *fake);
void fakeredis_come_back(struct fakeredis *fake);

#endif
