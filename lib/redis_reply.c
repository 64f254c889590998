/* redis_reply - see redis_reply.h. */
#include "lib/redis_reply.h"

#include <string.h>

#include "lib/err.h"

/* How hiredis counts the elements of a list. */
#if HIREDIS_MAJOR < 1
#define COUNT int
#else
#define COUNT size_t
#endif

/* A list is made before its elements have come. */
static void *
create_list(const redisReadTask *task, COUNT n)
{
	const struct mm_redis_reader *reader = task->privdata;

	return n <= MM_REDIS_LIST_MAX ? reader->own->createArray(task, n)
				      : NULL;
}

int
mm_redis_reader_init(struct mm_redis_reader *reader)
{
	*reader = (struct mm_redis_reader){.reader = redisReaderCreate()};
	if (reader->reader == NULL)
		return -1;
	reader->own = reader->reader->fn;
	reader->limited = *reader->own;
	reader->limited.createArray = create_list;
	reader->reader->fn = &reader->limited;
	reader->reader->privdata = reader;
	return 0;
}

void
mm_redis_reader_clear(struct mm_redis_reader *reader)
{
	if (reader->reader != NULL)
		redisReaderFree(reader->reader);
	*reader = (struct mm_redis_reader){0};
}

static int
complain(const struct mm_redis_reader *reader, struct mm_err *err)
{
	if (reader->reader->err == REDIS_ERR_OOM)
		return mm_err_set(err, "its reply is too long");
	return mm_err_set(err, "it does not speak Redis' protocol");
}

int
mm_redis_reader_feed(struct mm_redis_reader *reader, const char *data,
    size_t len, struct mm_err *err)
{
	reader->fed += len;
	if (redisReaderFeed(reader->reader, data, len) == REDIS_OK)
		return 0;
	return complain(reader, err);
}

/*
 * Several replies may come in one piece, so what was fed may be more than one
 * of them; it only must not become ever more without a whole one among it.
 */
int
mm_redis_reader_next(
    struct mm_redis_reader *reader, redisReply **ret, struct mm_err *err)
{
	void *reply = NULL;

	if (redisReaderGetReply(reader->reader, &reply) != REDIS_OK)
		return complain(reader, err);
	if (reply == NULL && reader->fed > MM_REDIS_REPLY_MAX)
		return mm_err_set(err, "its reply is too long");
	if (reply != NULL)
		reader->fed = reader->reader->len - reader->reader->pos;
	*ret = reply;
	return 0;
}

void
mm_redis_reply_word(const redisReply *reply, char word[MM_REDIS_WORD_MAX])
{
	size_t len = 0;

	if (reply->type == REDIS_REPLY_ERROR) {
		while (len < MM_REDIS_WORD_MAX - 1 &&
		       len < (size_t)reply->len && reply->str[len] >= 'A' &&
		       reply->str[len] <= 'Z')
			len++;
		memcpy(word, reply->str, len);
	}
	word[len] = '\0';
}
