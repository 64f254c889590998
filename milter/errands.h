/*
 * errands - what the daemon does outside for a walk.
 *
 * Threads: shared.
 */
#ifndef MM_MILTER_ERRANDS_H
#define MM_MILTER_ERRANDS_H

#include "lib/errand.h"

struct service;

/* A judge's runner; it serves as long as the service lives. */
struct mm_errand_runner errands_runner(struct service *service);

#endif
