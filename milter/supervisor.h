/*
 * supervisor - the main thread once the configuration is read: starts the
 * rest, listens to signals and to the control socket, reloads, stops.
 *
 * Threads: confined to the main thread.
 */
#ifndef MM_MILTER_SUPERVISOR_H
#define MM_MILTER_SUPERVISOR_H

#include <stdbool.h>

struct mm_complaints;
struct mm_policy;

struct supervisor_options {
	const char *config; /* a path that stays right wherever we are */
	bool foreground;
};

/* Takes the policy; notices are what was said about it.  Returns when the
 * start fails, with an exit code, the reason said on stderr; otherwise it
 * ends the process. */
int supervisor_run(const struct supervisor_options *options,
    struct mm_policy *policy, const struct mm_complaints *notices);

#endif
