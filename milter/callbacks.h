/*
 * callbacks - libmilter, and all there is of it: its callbacks, its socket,
 * its thread.
 *
 * Each callback takes arguments and macros to a visit and returns what that
 * says.  At connect, HELO and MAIL the answer is always to go on, but at
 * connect and MAIL it is given: what needs no answer (SMFIP_NR_CONN and its
 * kin) Postfix holds back until it sends something that does, and then our
 * questions would set out only at RCPT.  HELO may come with MAIL: few
 * policies ask about it before they know about AUTH, and a round trip in four
 * is saved.
 * Threads: confined to the supervisor; the callbacks run in libmilter's.
 */
#ifndef MM_MILTER_CALLBACKS_H
#define MM_MILTER_CALLBACKS_H

#include <stdbool.h>

struct mm_err;
struct service;

/* Opens milter_socket, with the umask and group of the moment.  Nobody
 * listens there: that was probed. */
int callbacks_open(const char *milter_socket, struct mm_err *err);
/* Serves in a thread of its own, which wakes the signals when it ends. */
int callbacks_start(struct service *service, struct mm_err *err);
/* It has ended, without having been told to. */
bool callbacks_ended(void);
/* No new sessions; returns within about a second. */
void callbacks_stop(void);

#endif
