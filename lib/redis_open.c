/*
 * redis_open - the way to a server that may be written to: by a Sentinel,
 * past the password, to the database; see redis.h.
 */
#include "lib/redis_open.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/file.h"
#include "lib/str.h"

#define PASSWORD_MAX 4096 /* bytes of the file */

/* What the commands of a login are, and how their replies are read. */
enum step {
	STEP_AUTH,
	STEP_SELECT,
	STEP_ROLE,
	STEP_PING,
	STEP_SENTINEL,
	NSTEPS,
};
struct login {
	enum step step[NSTEPS];
	size_t n;
	bool refused;	/* a Sentinel wants to know who we are */
	char host[256]; /* what a Sentinel says */
	char port[8];
};

static struct mm_redis_word
word(const char *text)
{
	return (struct mm_redis_word){text, strlen(text)};
}

static int
add(struct mm_redis *redis, struct login *login, enum step step,
    const struct mm_redis_word *words, size_t n, struct mm_err *err)
{
	login->step[login->n++] = step;
	return mm_redis_add(redis, words, n) == 0
		   ? 0
		   : mm_err_set(err, "out of memory");
}

/* The file's first line.  It is read anew each time, so that a password can
 * be changed while we run. */
static int
add_password(struct mm_redis *redis, struct login *login,
    const struct mm_redis_config *config, struct mm_err *err)
{
	struct mm_redis_word words[3] = {word("AUTH")};
	struct mm_file_state state;
	char *text;
	size_t n = 1;
	int rc;

	if (*config->password_file == '\0')
		return 0;
	text = mm_file_read(config->password_file, PASSWORD_MAX, &state, err);
	if (text == NULL)
		return mm_err_in(err, "%s", config->password_file);
	if (*config->user != '\0')
		words[n++] = word(config->user);
	words[n++] = (struct mm_redis_word){text, strcspn(text, "\r\n")};
	rc = add(redis, login, STEP_AUTH, words, n, err);
	explicit_bzero(text, strlen(text));
	free(text);
	return rc;
}

/* A server may repeat what it was told: nothing of it but the first word. */
static bool
read_auth(const redisReply *reply, struct mm_err *err)
{
	char code[MM_REDIS_WORD_MAX];

	if (reply->type == REDIS_REPLY_STATUS)
		return true;
	mm_redis_reply_word(reply, code);
	mm_err_set(err, "it does not take the password: %s%s",
	    *code != '\0' ? code : "no error code",
	    strcmp(code, "ERR") == 0 ? " (perhaps it has none)" : "");
	return false;
}

/* Who is not allowed to ask, or is told that there is no such command, finds
 * out when he writes. */
static bool
read_role(const redisReply *reply, struct mm_err *err)
{
	char role[16];

	if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0 ||
	    reply->element[0]->type != REDIS_REPLY_STRING ||
	    strcmp(reply->element[0]->str, "master") == 0)
		return true;
	snprintf(role, sizeof(role), "%s", reply->element[0]->str);
	mm_str_printable(role, '?');
	mm_err_set(err, "it cannot be written to, it is a %s", role);
	return false;
}

/* [host, port], or nil. */
static bool
read_sentinel(struct login *login, const redisReply *reply, struct mm_err *err)
{
	const redisReply *const *two = (void *)reply->element;
	char code[MM_REDIS_WORD_MAX];
	unsigned long port;

	mm_redis_reply_word(reply, code);
	login->refused = strcmp(code, "NOAUTH") == 0;
	if (login->refused)
		return true;
	if (reply->type == REDIS_REPLY_NIL) {
		mm_err_set(err, "this Sentinel knows no master of that name");
		return false;
	}
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
	    two[0]->type != REDIS_REPLY_STRING ||
	    two[1]->type != REDIS_REPLY_STRING || two[0]->len == 0 ||
	    strlen(two[0]->str) >= sizeof(login->host) ||
	    !mm_str_to_uint(two[1]->str, 1, 65535, &port))
		return mm_redis_complain(reply, err);
	snprintf(login->host, sizeof(login->host), "%s", two[0]->str);
	mm_str_printable(login->host, '?');
	snprintf(login->port, sizeof(login->port), "%lu", port);
	return true;
}

static bool
read_reply(void *ctx, size_t i, const redisReply *reply, struct mm_err *err)
{
	struct login *login = ctx;

	switch (login->step[i]) {
	case STEP_AUTH:
		return read_auth(reply, err);
	case STEP_ROLE:
		return read_role(reply, err);
	case STEP_SENTINEL:
		return read_sentinel(login, reply, err);
	case STEP_SELECT:
	case STEP_PING:
	case NSTEPS:
		break;
	}
	return reply->type == REDIS_REPLY_STATUS ||
	       mm_redis_complain(reply, err);
}

/* A server that is still loading its data says so to PING. */
static int
log_in(struct mm_redis *redis, const struct mm_redis_config *config,
    const struct mm_wait *wait, struct mm_err *err)
{
	const struct mm_redis_word role = word("ROLE"), ping = word("PING");
	struct mm_redis_word select[2] = {word("SELECT")};
	struct login login = {.n = 0};
	char database[16];

	snprintf(database, sizeof(database), "%u", config->database);
	select[1] = word(database);
	if (add_password(redis, &login, config, err) != 0 ||
	    (config->database != 0 &&
		add(redis, &login, STEP_SELECT, select, 2, err) != 0) ||
	    add(redis, &login, STEP_ROLE, &role, 1, err) != 0 ||
	    add(redis, &login, STEP_PING, &ping, 1, err) != 0)
		return mm_err_in(err, "%s", mm_redis_name(redis));
	return mm_redis_talk(redis, wait, read_reply, &login, err);
}

static int
ask_sentinel(struct mm_redis *redis, const struct mm_redis_config *config,
    bool password, struct login *login, const struct mm_wait *wait,
    struct mm_err *err)
{
	const struct mm_redis_word words[] = {word("SENTINEL"),
	    word("get-master-addr-by-name"), word(config->sentinel)};

	*login = (struct login){.n = 0};
	if ((password && add_password(redis, login, config, err) != 0) ||
	    add(redis, login, STEP_SENTINEL, words, 3, err) != 0)
		return mm_err_in(err, "%s", mm_redis_name(redis));
	return mm_redis_talk(redis, wait, read_reply, login, err);
}

/* Where the master is.  Most Sentinels have no password, and one that has
 * none takes none. */
static int
find_master(const struct mm_redis_config *config, const struct mm_peer *peer,
    struct login *ret, const struct mm_wait *wait, struct mm_err *err)
{
	struct mm_redis *sentinel = mm_redis_connect(config, peer, wait, err);
	int rc;

	if (sentinel == NULL)
		return -1;
	rc = ask_sentinel(sentinel, config, false, ret, wait, err);
	if (rc == 0 && ret->refused)
		rc = ask_sentinel(sentinel, config, true, ret, wait, err);
	if (rc == 0 && ret->refused)
		rc = mm_err_set(
		    err, "%s: it wants a password", mm_redis_name(sentinel));
	mm_redis_close(sentinel);
	return rc;
}

struct mm_redis *
mm_redis_open(const struct mm_redis_config *config, const struct mm_peer *peer,
    const struct mm_wait *wait, struct mm_err *err)
{
	struct login found;
	struct mm_peer master;
	struct mm_redis *redis;

	if (*config->sentinel != '\0') {
		if (find_master(config, peer, &found, wait, err) != 0)
			return NULL;
		master =
		    (struct mm_peer){.host = found.host, .port = found.port};
		peer = &master;
	}
	redis = mm_redis_connect(config, peer, wait, err);
	if (redis != NULL && log_in(redis, config, wait, err) != 0) {
		mm_redis_close(redis);
		redis = NULL;
	}
	return redis;
}
