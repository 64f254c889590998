/*
 * hand - what operators ask over the control socket to be done to the
 * greylist, done in the one store and said in the log: who did what to whom.
 *
 * What comes in is an operator's, but names that it holds are strangers'.
 * Threads: confined to the supervisor.
 */
#ifndef MM_MILTER_HAND_H
#define MM_MILTER_HAND_H

struct control_ask;
struct control_reply;
struct service;

/* The commands that the table in hand.c has. */
void hand_run(struct service *service, const struct control_ask *ask,
    struct control_reply *reply);

#endif
