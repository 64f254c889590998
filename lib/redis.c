/* redis - see redis.h. */
#include "lib/redis_open.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/redis_socket.h"
#include "lib/str.h"

#define PIECE 16384
#define NAME_MAX 300 /* a host name, a colon, a port */
#define COMPLAINT_MAX 160

struct mm_redis {
	struct mm_redis_socket socket;
	struct mm_redis_reader reader;
	char *out; /* the batch as it will be sent */
	size_t len, size;
	size_t commands; /* in it */
	char name[NAME_MAX];
};

/* One that is connected, and has not said a word. */
struct mm_redis *
mm_redis_connect(const struct mm_redis_config *config,
    const struct mm_peer *peer, const struct mm_wait *wait, struct mm_err *err)
{
	struct mm_redis *redis = calloc(1, sizeof(*redis));

	if (redis == NULL || mm_redis_reader_init(&redis->reader) != 0) {
		free(redis);
		mm_err_set(err, "out of memory");
		return NULL;
	}
	if (peer->path != NULL)
		snprintf(redis->name, NAME_MAX, "%s", peer->path);
	else
		snprintf(redis->name, NAME_MAX,
		    strchr(peer->host, ':') != NULL ? "[%s]:%s" : "%s:%s",
		    peer->host, peer->port);
	if (mm_redis_socket_open(&redis->socket, config, peer, wait, err) == 0)
		return redis;
	mm_err_in(err, "%s", redis->name);
	mm_redis_reader_clear(&redis->reader);
	free(redis);
	return NULL;
}

void
mm_redis_close(struct mm_redis *redis)
{
	if (redis == NULL)
		return;
	mm_redis_socket_close(&redis->socket);
	mm_redis_reader_clear(&redis->reader);
	free(redis->out);
	free(redis);
}

const char *
mm_redis_name(const struct mm_redis *redis)
{
	return redis->name;
}

static bool
make_room(struct mm_redis *redis, size_t more)
{
	size_t size = redis->size != 0 ? redis->size : 1024;
	char *out;

	while (size - redis->len < more)
		size *= 2;
	if (size == redis->size)
		return true;
	/* realloc() might leave a password behind */
	if ((out = malloc(size)) == NULL)
		return false;
	if (redis->out != NULL) {
		memcpy(out, redis->out, redis->len);
		explicit_bzero(redis->out, redis->size);
	}
	free(redis->out);
	redis->out = out;
	redis->size = size;
	return true;
}

int
mm_redis_add(
    struct mm_redis *redis, const struct mm_redis_word *words, size_t n)
{
	const char *data[MM_REDIS_WORDS];
	size_t lens[MM_REDIS_WORDS];
	char *command = NULL;
	int len, rc = -1;

	for (size_t i = 0; i < n; i++) {
		data[i] = words[i].data;
		lens[i] = words[i].len;
	}
	len = (int)redisFormatCommandArgv(&command, (int)n, data, lens);
	if (len < 0)
		return -1;
	if (make_room(redis, (size_t)len)) {
		memcpy(redis->out + redis->len, command, (size_t)len);
		redis->len += (size_t)len;
		redis->commands++;
		rc = 0;
	}
	explicit_bzero(command, (size_t)len);
	redisFreeCommand(command);
	return rc;
}

/* One whole reply, the caller's.  NULL: *err. */
static redisReply *
receive(struct mm_redis *redis, const struct mm_wait *wait, struct mm_err *err)
{
	char room[PIECE];
	redisReply *reply;

	for (;;) {
		ssize_t n;

		if (mm_redis_reader_next(&redis->reader, &reply, err) != 0)
			return NULL;
		if (reply != NULL)
			return reply;
		n = mm_redis_socket_more(
		    &redis->socket, room, sizeof(room), wait, err);
		if (n == 0)
			mm_err_set(err, "it closed the connection");
		if (n <= 0 || mm_redis_reader_feed(
				  &redis->reader, room, (size_t)n, err) != 0)
			return NULL;
	}
}

int
mm_redis_talk(struct mm_redis *redis, const struct mm_wait *wait,
    mm_redis_each *each, void *ctx, struct mm_err *err)
{
	size_t n = redis->commands;
	int rc;

	rc = mm_redis_socket_send(
	    &redis->socket, redis->out, redis->len, wait, err);
	if (redis->out != NULL)
		explicit_bzero(redis->out, redis->len);
	redis->len = redis->commands = 0;
	for (size_t i = 0; i < n && rc == 0; i++) {
		redisReply *reply = receive(redis, wait, err);

		if (reply == NULL || !each(ctx, i, reply, err))
			rc = -1;
		if (reply != NULL)
			freeReplyObject(reply);
	}
	return rc == 0 ? 0 : mm_err_in(err, "%s", redis->name);
}

bool
mm_redis_complain(const redisReply *reply, struct mm_err *err)
{
	char text[COMPLAINT_MAX] = "something that is no answer";

	if (reply->type == REDIS_REPLY_ERROR) {
		snprintf(text, sizeof(text), "%s", reply->str);
		mm_str_printable(text, '?');
	}
	mm_err_set(err, "it says: %s", text);
	return false;
}
