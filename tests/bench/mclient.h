/*
 * mclient - the parts of the MTA's client: its command line, and times.
 *
 * Threads: confined.
 */
#ifndef MM_MCLIENT_H
#define MM_MCLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/un.h>

struct options {
	struct sockaddr_un socket;
	unsigned active, idle;
	uint64_t sessions, warm;
	double seconds, wait;
	int64_t pause; /* us */
	bool flush;
	uint32_t address;
	uint64_t naddresses, nnumbers, base;
	const char *sender, *recipient;
};

/* Ends the program, with what to say, where they make no sense. */
void options_read(struct options *o, int argc, char **argv);

struct times {
	uint32_t *us;
	size_t n, size;
};

void times_add(struct times *t, int64_t us);
/* " NAME_p50=US NAME_p90=US NAME_p99=US"; sorts. */
void times_print(struct times *t, const char *name);

#endif
