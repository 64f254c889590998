/*
 * callbacks_eom - carries out, with libmilter, what is to be done to a
 * message.
 *
 * Threads: confined.
 */
#ifndef MM_MILTER_CALLBACKS_EOM_H
#define MM_MILTER_CALLBACKS_EOM_H

#include <libmilter/mfapi.h>

struct effects;
struct service;

/* SMFIF_ flags of what the policy in force may want done. */
unsigned long callbacks_changes(struct service *service);
/* In xxfi_eom only; its return is that callback's. */
sfsistat callbacks_change(
    SMFICTX *ctx, struct service *service, const struct effects *effects);

#endif
