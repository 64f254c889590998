/*
 * redis_socket - bytes to and from a Redis, in TLS or not, with a deadline.
 *
 * OpenSSL raises SIGPIPE where a plain socket would not: the thread that uses
 * one blocks that signal, or the process ignores it.
 * Threads: confined.
 */
#ifndef MM_REDIS_SOCKET_H
#define MM_REDIS_SOCKET_H

#include <sys/types.h>

#include "lib/redis.h"

struct ssl_ctx_st;
struct ssl_st;

struct mm_redis_socket {
	int fd;
	struct ssl_ctx_st *ctx;
	struct ssl_st *ssl; /* NULL: no TLS */
};

/* With config->tls the server has to prove that it is this peer.  -1: *err;
 * nothing is to be closed then. */
int mm_redis_socket_open(struct mm_redis_socket *socket,
    const struct mm_redis_config *config, const struct mm_peer *peer,
    const struct mm_wait *wait, struct mm_err *err);
void mm_redis_socket_close(struct mm_redis_socket *socket);
/* All of data.  -1: *err. */
int mm_redis_socket_send(struct mm_redis_socket *socket, const char *data,
    size_t len, const struct mm_wait *wait, struct mm_err *err);
/* One more piece; 0: the other side has closed; -1: *err. */
ssize_t mm_redis_socket_more(struct mm_redis_socket *socket, char *room,
    size_t size, const struct mm_wait *wait, struct mm_err *err);

/* redis_tls.c: the same, where socket->fd is connected. */
int mm_redis_tls_start(struct mm_redis_socket *socket,
    const struct mm_redis_config *config, const struct mm_peer *peer,
    const struct mm_wait *wait, struct mm_err *err);
void mm_redis_tls_end(struct mm_redis_socket *socket);
int mm_redis_tls_send(struct mm_redis_socket *socket, const char *data,
    size_t len, const struct mm_wait *wait, struct mm_err *err);
ssize_t mm_redis_tls_more(struct mm_redis_socket *socket, char *room,
    size_t size, const struct mm_wait *wait, struct mm_err *err);

#endif
