/*
 * redis_reply: what a server says, whole and in pieces, which come to the
 * same; what is read is bounded.
 */
#include "lib/err.h"
#include "lib/redis_reply.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

/* All of a reply as text, to compare. */
struct said {
	size_t replies, things, bytes;
	int rc;
};

static void
look_at(const redisReply *reply, struct said *said)
{
	char word[MM_REDIS_WORD_MAX];

	mm_redis_reply_word(reply, word);
	said->things += (size_t)reply->type;
	switch (reply->type) {
	case REDIS_REPLY_STRING:
	case REDIS_REPLY_STATUS:
	case REDIS_REPLY_ERROR:
		if (reply->str[reply->len] != '\0')
			abort();
		said->bytes += (size_t)reply->len;
		break;
	case REDIS_REPLY_ARRAY:
		if (reply->elements > MM_REDIS_LIST_MAX)
			abort();
		for (size_t i = 0; i < reply->elements; i++)
			look_at(reply->element[i], said);
		break;
	default:
		break;
	}
}

static struct said
read_in_pieces(const char *data, size_t size, size_t piece)
{
	struct said said = {.rc = 0};
	struct mm_redis_reader reader;
	struct mm_err err;

	if (mm_redis_reader_init(&reader) != 0)
		return said;
	for (size_t at = 0; at < size && said.rc == 0; at += piece) {
		size_t n = size - at < piece ? size - at : piece;
		redisReply *reply = NULL;

		said.rc = mm_redis_reader_feed(&reader, data + at, n, &err);
		do {
			if (said.rc == 0)
				said.rc =
				    mm_redis_reader_next(&reader, &reply, &err);
			if (said.rc != 0 || reply == NULL)
				break;
			said.replies++;
			look_at(reply, &said);
			freeReplyObject(reply);
		} while (said.rc == 0);
	}
	mm_redis_reader_clear(&reader);
	return said;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct said whole, pieces;

	if (size == 0 || size > MM_REDIS_REPLY_MAX)
		return 0;
	whole = read_in_pieces((const char *)data, size, size);
	pieces = read_in_pieces((const char *)data, size, 1 + data[0] % 7);
	if (memcmp(&whole, &pieces, sizeof(whole)) != 0)
		abort();
	return 0;
}
