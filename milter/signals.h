/*
 * signals - what the main thread is told from outside, as a descriptor to
 * poll.
 *
 * HUP and USR1 ask for a reload, TERM and INT for the end.  The handlers run
 * in the main thread, the only one that does not block them; libmilter's own
 * thread for signals, which would take a HUP for the end, is kept out.
 * Threads: shared; the state is a flag and a descriptor of the process.
 */
#ifndef MM_MILTER_SIGNALS_H
#define MM_MILTER_SIGNALS_H

#include <stdbool.h>

struct mm_err;

/* Until signals_unblock() a reload waits: without a handler it would be the
 * end of a process that is still reading its configuration. */
void signals_hold_reload(void);
int signals_install(struct mm_err *err);
int signals_fd(void); /* readable: there is something to take */
/* What has come since the last call. */
void signals_take(bool *reload, bool *stop);
/* Makes the descriptor readable; from any thread. */
void signals_wake(void);
/* Threads that are started between the two get no signals. */
void signals_block(void);
void signals_unblock(void);

#endif
