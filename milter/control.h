/*
 * control - the socket on which mailmumctl finds the daemon.
 *
 * A request is one line, a word of a table of commands with its arguments, see
 * lib/request.h.  The reply is a line "NNN text", 200 for done, then a body,
 * then the end.  Peers may be hostile: few at a time, little from each, and
 * not for long; nothing here blocks.  Who may ask is decided by the socket's
 * mode; the kernel says who it is that does.
 * Threads: confined to the supervisor.
 */
#ifndef MM_MILTER_CONTROL_H
#define MM_MILTER_CONTROL_H

#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include "lib/request.h"

#define CONTROL_CLIENTS 8
#define CONTROL_FDS (CONTROL_CLIENTS + 1)

#define CONTROL_DONE 200
#define CONTROL_UNKNOWN 400 /* the request makes no sense */
#define CONTROL_NOTHING 404 /* there was nothing to do it to */
#define CONTROL_FAILED 500

struct control;
struct mm_err;

/* What is asked, and by whom. */
struct control_ask {
	struct mm_request request; /* only arguments that the command takes */
	uid_t uid;
};

struct control_reply {
	int code;
	char text[512]; /* one line */
	FILE *body;	/* to be written to */
};

struct control_command {
	const char *word;
	void (*run)(void *ctx, const struct control_ask *ask,
	    struct control_reply *reply);
	const char *takes; /* names of arguments, a blank behind each; or "" */
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
