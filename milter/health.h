/*
 * health - is all well, in words for people and a status for programs?
 *
 * Threads: confined; reads what is shared.
 */
#ifndef MM_MILTER_HEALTH_H
#define MM_MILTER_HEALTH_H

#include <stdbool.h>
#include <stdio.h>

struct service;

/* A line "ok", or one for each thing that is wrong, and false. */
bool health_write(struct service *service, FILE *out);

#endif
