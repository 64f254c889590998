/* settings_redis - see settings_redis.h. */
#include "lib/settings_redis.h"

#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "lib/err.h"
#include "lib/settings.h"
#include "lib/str.h"

static const char separators[] = ", \t\r\n";

/* "host", "host:port", "[address]", "[address]:port"; cut in place. */
static int
read_host(char *text, struct mm_peer *ret, struct mm_err *err)
{
	char *colon = strchr(text, ':'), *end;
	unsigned long port;

	ret->host = text;
	if (*text == '[') {
		ret->host = text + 1;
		if ((end = strchr(text, ']')) == NULL ||
		    (end[1] != '\0' && end[1] != ':'))
			return mm_err_set(
			    err, "\"%s\" is not [ADDRESS]:PORT", text);
		*end = '\0';
		colon = end[1] == ':' ? end + 1 : NULL;
	} else if (colon != NULL && strchr(colon + 1, ':') != NULL)
		return mm_err_set(
		    err, "\"%s\": an IPv6 address stands in brackets", text);
	if (colon == NULL)
		return *ret->host != '\0' ? 0 : mm_err_set(err, "no host");
	if (!mm_str_to_uint(colon + 1, 1, 65535, &port))
		return mm_err_set(
		    err, "\"%s\" is not a port from 1 to 65535", colon + 1);
	*colon = '\0';
	ret->port = colon + 1;
	return *ret->host != '\0' ? 0 : mm_err_set(err, "no host");
}

static int
read_place(char *text, bool tls, const char *port, struct mm_peer *ret,
    struct mm_err *err)
{
	*ret = (struct mm_peer){.port = port};
	if (*text != '/')
		return read_host(text, ret, err);
	ret->path = text;
	if (tls)
		return mm_err_set(err, "\"%s\": TLS needs a host", text);
	if (strlen(text) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return mm_err_set(err, "the path \"%s\" is too long", text);
	return 0;
}

/* One word behind "sqlite". */
static int
read_word(struct mm_settings_redis *redis, const char *port, char *word,
    struct mm_err *err)
{
	struct mm_redis_config *config = &redis->config.redis;
	bool tls = mm_str_begins(word, "rediss:");

	if (!tls && !mm_str_begins(word, "redis:"))
		return mm_err_set(err,
		    "\"%s\" is not supported: sqlite is, and redis:HOST:PORT "
		    "or rediss:HOST:PORT beside it",
		    word);
	if (mm_str_begins(strchr(word, ':'), "://"))
		return mm_err_set(err,
		    "\"%s\": without the two slashes, as in redis:HOST:PORT",
		    word);
	if (redis->shared && tls != config->tls)
		return mm_err_set(err, "redis: and rediss: do not mix");
	config->tls = tls;
	redis->shared = true;
	return read_place(strchr(word, ':') + 1, tls, port,
	    &redis->peer[config->npeers++], err);
}

static int
read_store(const struct mm_settings *settings, struct mm_settings_redis *redis,
    struct mm_err *err)
{
	const char *port =
	    *settings->greylist_redis_sentinel != '\0' ? "26379" : "6379";
	char *rest = NULL, *word = strtok_r(redis->text, separators, &rest);
	int rc = 0;

	if (word == NULL || strcmp(word, "sqlite") != 0)
		return mm_err_set(err,
		    "greylist_store: \"%s\" is not supported: \"sqlite\" is, "
		    "and has to come first",
		    settings->greylist_store);
	while (rc == 0 && (word = strtok_r(NULL, separators, &rest)) != NULL)
		rc = read_word(redis, port, word, err);
	return rc == 0 ? 0 : mm_err_in(err, "greylist_store");
}

static int
check(const struct mm_settings *settings, struct mm_err *err)
{
	if ((*settings->greylist_redis_cert_file == '\0') !=
	    (*settings->greylist_redis_key_file == '\0'))
		return mm_err_set(err,
		    "greylist_redis_cert_file: it goes with "
		    "greylist_redis_key_file, and the other way round");
	if (strlen(settings->greylist_redis_prefix) > MM_SHARED_PREFIX_MAX)
		return mm_err_set(err,
		    "greylist_redis_prefix: it is longer than %d bytes",
		    MM_SHARED_PREFIX_MAX);
	if (*settings->greylist_redis_user != '\0' &&
	    *settings->greylist_redis_password_file == '\0')
		return mm_err_set(err, "greylist_redis_user: it goes with "
				       "greylist_redis_password_file");
	return 0;
}

int
mm_settings_redis_read(const struct mm_settings *settings,
    struct mm_settings_redis *ret, struct mm_err *err)
{
	const char *text = settings->greylist_store;
	struct mm_settings_redis redis = {
	    .config =
		{
		    .redis =
			{
			    .sentinel = settings->greylist_redis_sentinel,
			    .user = settings->greylist_redis_user,
			    .password_file =
				settings->greylist_redis_password_file,
			    .ca_file = settings->greylist_redis_ca_file,
			    .cert_file = settings->greylist_redis_cert_file,
			    .key_file = settings->greylist_redis_key_file,
			    .database = settings->greylist_redis_database,
			},
		    .deadline_ms = settings->greylist_redis_deadline,
		    .pause_ms = MM_SHARED_PAUSE_MS,
		    .prefix = settings->greylist_redis_prefix,
		    .secret = "",
		},
	    .peer = calloc(strlen(text) / 2 + 1, sizeof(*redis.peer)),
	    .text = strdup(text),
	};

	if (redis.peer == NULL || redis.text == NULL) {
		mm_err_set(err, "greylist_store: out of memory");
		goto fail;
	}
	if (read_store(settings, &redis, err) != 0 ||
	    (redis.shared && check(settings, err) != 0))
		goto fail;
	redis.config.redis.peer = redis.peer;
	*ret = redis;
	return 0;

fail:
	mm_settings_redis_clear(&redis);
	return -1;
}

void
mm_settings_redis_clear(struct mm_settings_redis *redis)
{
	free(redis->peer);
	free(redis->text);
	*redis = (struct mm_settings_redis){0};
}
