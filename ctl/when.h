/*
 * when - times as operators write them: "yesterday", "2026-11-27",
 * "2026-11-27 18:30", "-12h".
 *
 * Threads: confined.
 */
#ifndef MM_CTL_WHEN_H
#define MM_CTL_WHEN_H

#include <stdbool.h>
#include <stdint.h>

/* In the local time zone, unless text names one.  False: it is no time. */
bool ctl_when(const char *text, int64_t now, int64_t *ret);

#endif
