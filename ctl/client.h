/*
 * client - one request to the running daemon, over its control socket.
 *
 * The request is one line.  The reply is a line "NNN text" (2NN done, else
 * not), then a body, until the daemon closes.
 * Threads: confined.
 */
#ifndef MM_CTL_CLIENT_H
#define MM_CTL_CLIENT_H

struct ctl;

struct ctl_reply {
	int status;	  /* 200: done */
	const char *text; /* behind it */
	const char *body; /* may be empty, ends in NUL */
	char *data;	  /* where both are; the caller frees it */
};

/* 0, or the exit code when there is no reply: the reason has been said. */
int ctl_client_ask(
    const struct ctl *ctl, const char *request, struct ctl_reply *ret);

#endif
