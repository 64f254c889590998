/*
 * listener - answers HTTP on metrics_listen: /metrics and /healthz.
 *
 * A thread of its own, few connections at a time, and none for long: mail is
 * not in its way, nor it in mail's.  It only reads.
 * Threads: confined to the supervisor; its thread reads what is shared.
 */
#ifndef MM_MILTER_LISTENER_H
#define MM_MILTER_LISTENER_H

struct mm_err;
struct listener;
struct service;

/* at: as in metrics_listen.  service outlives it.  NULL: *err. */
struct listener *listener_new(
    const char *at, struct service *service, struct mm_err *err);
/* Waits for what is being answered.  NULL is fine. */
void listener_free(struct listener *listener);

#endif
