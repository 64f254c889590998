/*
 * redis - one connection to a Redis, or to what speaks its protocol.
 *
 * Opened, it leads to a server that may be written to and that knows us: by
 * way of a Sentinel, if the peers are such.  Then commands are added, and the
 * batch of them is sent and its replies are read; each of that has a deadline
 * for the whole of it.
 *
 * hiredis writes the commands and reads the replies.  The socket is ours:
 * hiredis of Debian 12 (0.14) knows no TLS, and its time-out is one for each
 * read, not for the reply, so that a slow server could hold us up for long.
 * Threads: confined.
 */
#ifndef MM_REDIS_H
#define MM_REDIS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/redis_reply.h"
#include "lib/stream.h"

struct mm_err;
struct mm_redis;

/* Strings are never NULL, "" is unset. */
struct mm_redis_config {
	const struct mm_peer *peer;
	size_t npeers;
	bool tls;
	const char *sentinel; /* the peers are Sentinels, this is the name */
	const char *user, *password_file;
	const char *ca_file, *cert_file, *key_file;
	unsigned database;
};

/* By way of one of config's peers.  NULL: *err, which begins with the peer and
 * never has the password.  config is borrowed for the call. */
struct mm_redis *mm_redis_open(const struct mm_redis_config *config,
    const struct mm_peer *peer, const struct mm_wait *wait, struct mm_err *err);
void mm_redis_close(struct mm_redis *redis); /* NULL is fine */
/* "host:port" of the server, for people. */
const char *mm_redis_name(const struct mm_redis *redis);

/* One word of a command; any bytes. */
struct mm_redis_word {
	const char *data;
	size_t len;
};
#define MM_REDIS_WORDS 16 /* in a command, at most */
/* Adds a command to the next batch.  -1: out of memory. */
int mm_redis_add(
    struct mm_redis *redis, const struct mm_redis_word *words, size_t n);
/*
 * Sends the batch and hands the reply to its i-th command to each().  False
 * from there, with *err, ends it.  -1: *err, and the connection is of no use
 * any more.
 */
typedef bool mm_redis_each(
    void *ctx, size_t i, const redisReply *reply, struct mm_err *err);
int mm_redis_talk(struct mm_redis *redis, const struct mm_wait *wait,
    mm_redis_each *each, void *ctx, struct mm_err *err);

/* For each(): false, and what the server complains about, in its own words,
 * bounded and printable. */
bool mm_redis_complain(const redisReply *reply, struct mm_err *err);

#endif
