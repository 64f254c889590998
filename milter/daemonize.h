/*
 * daemonize - goes into the background, and lets the one who started us know
 * how the start went.
 *
 * Threads: confined; before the first thread is started.
 */
#ifndef MM_MILTER_DAEMONIZE_H
#define MM_MILTER_DAEMONIZE_H

struct mm_err;

/* Returns in the background process only, with a descriptor for
 * daemonize_ready().  The one in front waits and exits with 0, or with the
 * code that the start ended with.  -1: *err. */
int daemonize(struct mm_err *err);
/* Lets the terminal go; what failed until now was said there. */
void daemonize_ready(int fd);

#endif
