/*
 * settings_daemon - the daemon's own settings taken apart and checked: where
 * it listens, where it logs to.
 *
 * milter_socket is spelled as for libmilter: "unix:/path" or "local:/path",
 * "inet:port@host", "inet6:port@host", "fd:N"; control_socket "unix:/path".
 * A bare path is a unix socket.
 * Threads: immutable; pure functions.
 */
#ifndef MM_SETTINGS_DAEMON_H
#define MM_SETTINGS_DAEMON_H

#include <stdbool.h>
#include <sys/socket.h>

struct mm_err;

enum mm_socket_kind {
	MM_SOCKET_UNKNOWN = 0,
	MM_SOCKET_UNIX,
	MM_SOCKET_INET,
	MM_SOCKET_INET6,
	MM_SOCKET_FD,
};

/* *rest: what stands behind the kind, in text. */
enum mm_socket_kind mm_socket_kind(const char *text, const char **rest);
/* Each: -1 and *err says what is wrong with text. */
int mm_socket_check(const char *text, struct mm_err *err);
int mm_control_socket_check(const char *text, struct mm_err *err);
/* "inet:port@address", or inet6: or localhost.  -1: *err. */
int mm_metrics_listen_read(const char *text, struct sockaddr_storage *ret,
    socklen_t *len, struct mm_err *err);
/* "" is fine.  Everybody may ask there: so it is on this machine only, unless
 * it is said to be meant. */
int mm_metrics_listen_check(const char *text, bool meant, struct mm_err *err);
/* "" is fine: the daemon chooses. */
int mm_log_to_check(const char *text, struct mm_err *err);

#endif
