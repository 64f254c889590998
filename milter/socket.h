/*
 * socket - looks before libmilter opens a socket: does somebody listen there
 * already, whose socket it would silently take over?
 *
 * Threads: confined.
 */
#ifndef MM_MILTER_SOCKET_H
#define MM_MILTER_SOCKET_H

struct mm_err;

/* Handed over by systemd (sd_listen_fds(3)): the first one, or -1. */
int socket_inherited(void);
/* milter_socket is free, or the descriptor is a listening socket.  -1: *err;
 * something answers there, or it cannot be told. */
int socket_probe(const char *text, struct mm_err *err);
/* Does somebody listen on the unix socket at path?  0: no, 1: yes; -1:
 * *err. */
int socket_answers(const char *path, struct mm_err *err);

#endif
