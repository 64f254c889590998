/*
 * privileges - from root to the user that the daemon works as, once what only
 * root may open is open.
 *
 * Threads: confined; before the first thread is started.
 */
#ifndef MM_MILTER_PRIVILEGES_H
#define MM_MILTER_PRIVILEGES_H

#include <stdbool.h>
#include <sys/types.h>

struct mm_err;
struct mm_settings;

struct privileges {
	bool change; /* else everything stays as it is */
	char user[64];
	uid_t uid;
	gid_t gid;
	gid_t socket_group; /* what the MTA's socket is to belong to */
};

/* Looks the names up.  -1: *err says which one does not exist. */
int privileges_find(const struct mm_settings *settings, struct privileges *ret,
    struct mm_err *err);
/* Makes a directory for the user, where root may and there is none yet.
 * What fails here fails again, and is said, when the directory is used. */
void privileges_make_directory(
    const struct privileges *who, const char *path, mode_t mode);
/*
 * Between these two, what is created has exactly this mode and the socket
 * group, if we may: never a moment with others, as after a chgrp.
 */
struct privileges_were {
	mode_t mask;
	gid_t group;
};
struct privileges_were privileges_for_socket(
    const struct privileges *who, unsigned mode);
void privileges_restore(struct privileges_were were);
/* For good. */
int privileges_drop(const struct privileges *who, struct mm_err *err);

#endif
