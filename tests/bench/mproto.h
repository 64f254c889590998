/*
 * mproto - the MTA's half of the milter protocol, version 6, up to RCPT.
 *
 * Builds packets and reads replies as Postfix does: macros before each
 * event, no reply awaited where the filter negotiated so, and what needs no
 * reply stays in the buffer until the next packet that does.  No I/O.
 * Threads: confined.
 */
#ifndef MM_MPROTO_H
#define MM_MPROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mproto_stage {
	MPROTO_NEGOTIATE,
	MPROTO_CONNECT,
	MPROTO_HELO,
	MPROTO_MAIL,
	MPROTO_RCPT,
	MPROTO_NSTAGES,
};

struct mproto_envelope {
	const char *client_name, *client_address; /* IPv4 */
	const char *helo;
	const char *sender, *recipient; /* without brackets */
};

struct mproto {
	uint32_t protocol;   /* SMFIP_*: what the filter wants */
	char macros[5][512]; /* names asked for, by SMFIM_*; "": the MTA's */
	char out[4096];
	size_t outlen;
	char in[4096];
	size_t inlen;
};

void mproto_reset(struct mproto *p); /* a new connection */
/* Queues one stage.  True: now the filter owes a reply. */
bool mproto_put(struct mproto *p, enum mproto_stage stage,
    const struct mproto_envelope *envelope);
void mproto_put_quit(struct mproto *p);
/*
 * Takes the next reply out of in[].  *code: its SMFIR_*; the first digit for
 * a reply text; SMFIC_OPTNEG where it negotiated.  1, 0: not all there yet,
 * -1: not the protocol.
 */
int mproto_get(struct mproto *p, char *code);

#endif
