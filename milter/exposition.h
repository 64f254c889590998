/*
 * exposition - the daemon's numbers for Prometheus.
 *
 * Labels come from bounded sets: the lists and restrictions of the policies
 * that were in force, and our own words; never what strangers send.
 * Threads: confined; reads what is shared.
 */
#ifndef MM_MILTER_EXPOSITION_H
#define MM_MILTER_EXPOSITION_H

#include <stdbool.h>
#include <stdio.h>

struct service;

/* classic: see lib/openmetrics.h.  0, or -1: it could not be written. */
int exposition_write(struct service *service, bool classic, FILE *out);

#endif
