/*
 * stats - the daemon's numbers as one JSON document, for the control socket.
 *
 * {"version", "uptime", "policy_age", "counters": {...}, "resolver": {...},
 *  "store": {...} or null, "shared": {...}, "lists": [{...}],
 *  "restrictions": [{...}], "tables": [{...}]}
 * Threads: confined; reads what is shared.
 */
#ifndef MM_MILTER_STATS_H
#define MM_MILTER_STATS_H

#include <stdio.h>

struct service;

/* 0, or -1: it could not be written. */
int stats_write(struct service *service, FILE *out);
/* {"greylist_delay", "begun", "delays": [{"delay", "back", "median",
 *  "percent95", "longest", "unknown", "away"}]}, times in seconds. */
int stats_write_delays(struct service *service, FILE *out);

#endif
