/*
 * redis_reply - what a Redis says, read piece by piece as it comes.
 *
 * hiredis' reader, with bounds: a reply is no longer than MM_REDIS_REPLY_MAX,
 * and no list in it has more than MM_REDIS_LIST_MAX elements.
 * Threads: confined.
 */
#ifndef MM_REDIS_REPLY_H
#define MM_REDIS_REPLY_H

#include <hiredis/hiredis.h>
#include <stddef.h>

struct mm_err;

#define MM_REDIS_REPLY_MAX 65536
#define MM_REDIS_LIST_MAX 256

struct mm_redis_reader {
	redisReader *reader;
	redisReplyObjectFunctions limited; /* hiredis' own, but for lists */
	const redisReplyObjectFunctions *own;
	size_t fed; /* bytes since the last whole reply */
};

/* Do not copy it.  -1: out of memory; nothing is to be cleared then. */
int mm_redis_reader_init(struct mm_redis_reader *reader);
void mm_redis_reader_clear(struct mm_redis_reader *reader);
/* One more piece.  -1: *err; nothing more can be read. */
int mm_redis_reader_feed(struct mm_redis_reader *reader, const char *data,
    size_t len, struct mm_err *err);
/* The next reply, for freeReplyObject(), or NULL: it is not whole yet.  -1:
 * *err; this is not Redis' protocol, or too long. */
int mm_redis_reader_next(
    struct mm_redis_reader *reader, redisReply **ret, struct mm_err *err);

/* "ERR", "READONLY", ...: the first word of an error, or "" if it is none. */
#define MM_REDIS_WORD_MAX 32
void mm_redis_reply_word(const redisReply *reply, char word[MM_REDIS_WORD_MAX]);

#endif
