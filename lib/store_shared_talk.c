/* store_shared_talk - see store_shared_talk.h. */
#include "lib/store_shared_talk.h"

#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/err.h"

/* A server that needs longer is of no use, also for what is queued. */
#define TALK_US (INT64_C(1000) * 1000)
#define WRITES 100 /* in one batch: questions wait behind them */
#define KEY_MAX (MM_SHARED_PREFIX_MAX + 2 * MM_SHARED_NAME + 1)

/* What the replies of one batch belong to. */
struct batch {
	struct mm_shared_line *line;
	struct mm_shared_ask *ask; /* whose reply is next */
	size_t i;		   /* of its question */
	size_t writes, written;
};

static struct mm_wait
talk_wait(const struct mm_shared_line *line)
{
	return (struct mm_wait){
	    line->clock, mm_clock_mono(line->clock) + TALK_US};
}

static bool
read_pong(void *ctx, size_t i, const redisReply *reply, struct mm_err *err)
{
	(void)ctx;
	(void)i;
	return reply->type == REDIS_REPLY_STATUS ||
	       mm_redis_complain(reply, err);
}

int
mm_shared_ping(struct mm_shared_line *line, struct mm_err *err)
{
	const struct mm_redis_word ping = {"PING", 4};
	const struct mm_wait wait = talk_wait(line);

	if (mm_redis_add(line->redis, &ping, 1) != 0)
		return mm_err_set(err, "out of memory");
	return mm_redis_talk(line->redis, &wait, read_pong, NULL, err);
}

static void
key_of(const struct mm_shared_line *line, const uint8_t name[MM_SHARED_NAME],
    char key[KEY_MAX])
{
	int len = snprintf(key, KEY_MAX, "%s", line->config->prefix);

	for (size_t i = 0; i < MM_SHARED_NAME; i++)
		snprintf(key + len + 2 * i, 3, "%02x", name[i]);
}

static int
add_ask(struct mm_shared_line *line, const struct mm_shared_question *question)
{
	char key[KEY_MAX];

	for (size_t i = 0; i < question->n; i++) {
		struct mm_redis_word words[2] = {{"GET", 3}, {key, 0}};

		key_of(line, question->name[i], key);
		words[1].len = strlen(key);
		if (mm_redis_add(line->redis, words, 2) != 0)
			return -1;
	}
	return 0;
}

static int
add_write(struct mm_shared_line *line, const struct mm_shared_news *news)
{
	char key[KEY_MAX], text[MM_SHARED_WORDS][MM_SHARED_TEXT];
	struct mm_redis_word words[MM_SHARED_WORDS];

	key_of(line, news->name, key);
	if (news->record.first == 0 && news->record.last == 0) {
		words[0] = (struct mm_redis_word){"DEL", 3};
		words[1] = (struct mm_redis_word){key, strlen(key)};
		return mm_redis_add(line->redis, words, 2);
	}
	mm_shared_command(
	    &news->rule, &news->record, news->now, key, text, words);
	return mm_redis_add(line->redis, words, MM_SHARED_WORDS);
}

/* The oldest of the queue, which stay in it until they are written. */
static size_t
copy_writes(struct mm_shared_line *line, struct mm_shared_news writes[WRITES])
{
	size_t n;

	pthread_mutex_lock(&line->lock);
	n = line->queued < WRITES ? line->queued : WRITES;
	for (size_t i = 0; i < n; i++)
		writes[i] = line->queue[(line->head + i) % MM_SHARED_QUEUE];
	line->taken = n;
	pthread_mutex_unlock(&line->lock);
	return n;
}

/* Some may have been dropped meanwhile: then those were the oldest. */
static void
drop_written(struct mm_shared_line *line)
{
	pthread_mutex_lock(&line->lock);
	line->head = (line->head + line->taken) % MM_SHARED_QUEUE;
	line->queued -= line->taken;
	line->taken = 0;
	pthread_mutex_unlock(&line->lock);
}

/* A key that holds something else is one record less; all other errors say
 * that this server is of no use to us. */
static bool
is_bearable(const redisReply *reply)
{
	char word[MM_REDIS_WORD_MAX];

	mm_redis_reply_word(reply, word);
	return strcmp(word, "WRONGTYPE") == 0;
}

static bool
read_value(struct batch *batch, const redisReply *reply, struct mm_err *err)
{
	struct mm_shared_question *question = &batch->ask->question;
	struct mm_record *record = &question->record[batch->i];
	bool fine = reply->type == REDIS_REPLY_NIL;

	if (reply->type == REDIS_REPLY_STRING)
		fine = mm_shared_read(reply->str, (size_t)reply->len,
		    question->share[batch->i], question->now, record);
	else if (!fine && !is_bearable(reply))
		return mm_redis_complain(reply, err);
	if (!fine)
		atomic_fetch_add(&batch->line->garbage, 1);
	if (++batch->i == question->n) {
		batch->ask = batch->ask->next;
		batch->i = 0;
	}
	return true;
}

static bool
read_reply(void *ctx, size_t i, const redisReply *reply, struct mm_err *err)
{
	struct batch *batch = ctx;

	(void)i;
	if (batch->ask != NULL)
		return read_value(batch, reply, err);
	if (reply->type == REDIS_REPLY_INTEGER)
		batch->written++;
	else if (is_bearable(reply))
		atomic_fetch_add(&batch->line->garbage, 1);
	else
		return mm_redis_complain(reply, err);
	return true;
}

int
mm_shared_batch(
    struct mm_shared_line *line, struct mm_shared_ask *asks, struct mm_err *err)
{
	const struct mm_wait wait = talk_wait(line);
	struct mm_shared_news writes[WRITES];
	struct batch batch = {.line = line, .ask = asks};
	int rc = 0;

	for (struct mm_shared_ask *ask = asks; ask != NULL && rc == 0;
	     ask = ask->next)
		rc = add_ask(line, &ask->question);
	batch.writes = copy_writes(line, writes);
	for (size_t i = 0; i < batch.writes && rc == 0; i++)
		rc = add_write(line, &writes[i]);
	if (rc != 0)
		return mm_err_set(err, "out of memory");
	rc = mm_redis_talk(line->redis, &wait, read_reply, &batch, err);
	if (rc == 0) {
		drop_written(line);
		atomic_fetch_add(&line->written, batch.written);
	}
	return rc;
}
