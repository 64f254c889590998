/*
 * control - the socket on which mailmumctl finds the daemon.
 *
 * A request is one line, a word of a table of commands.  The reply is a line
 * "NNN text", 200 for done, then a body, then the end.  Peers may be hostile:
 * few at a time, little from each, and not for long; nothing here blocks.
 * Threads: confined to the supervisor.
 */
#ifndef MM_MILTER_CONTROL_H
#define MM_MILTER_CONTROL_H

#include <poll.h>
#include <stddef.h>
#include <stdio.h>

#define CONTROL_CLIENTS 8
#define CONTROL_FDS (CONTROL_CLIENTS + 1)

#define CONTROL_DONE 200
#define CONTROL_UNKNOWN 400 /* the request makes no sense */
#define CONTROL_FAILED 500

struct control;
struct mm_err;

struct control_reply {
	int code;
	char text[128]; /* a few words */
	FILE *body;	/* to be written to */
};

struct control_command {
	const char *word;
	void (*run)(void *ctx, struct control_reply *reply);
};

/* path: as in control_socket.  The commands and ctx outlive it.  NULL: *err;
 * among others because somebody listens there. */
struct control *control_new(const char *path,
    const struct control_command *commands, size_t ncommands, void *ctx,
    struct mm_err *err);
void control_free(struct control *control); /* NULL is fine */

/* What to poll for, CONTROL_FDS of them; how long at the most, in ms; -1: no
 * matter. */
int control_prepare(struct control *control, struct pollfd *fds);
/* Does what there is to do. */
void control_serve(struct control *control, const struct pollfd *fds);

#endif
