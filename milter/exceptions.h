/*
 * exceptions - the exceptions from greylisting, and what each one was good
 * for, as one JSON document for the control socket.
 *
 * {"exceptions": [{"kind", "pattern", "file", "line", "reason", "source",
 *  "date", "used", "last"}]}
 * Threads: confined; reads what is shared.
 */
#ifndef MM_MILTER_EXCEPTIONS_H
#define MM_MILTER_EXCEPTIONS_H

#include <stdio.h>

struct service;

/* 0, or -1: it could not be written. */
int exceptions_write(struct service *service, FILE *out);

#endif
