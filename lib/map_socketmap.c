/*
 * map_socketmap - socketmap:inet:host:port:name, socketmap:unix:path:name:
 * a server that is asked in netstrings, one connection for each key.
 */
#include "lib/map_socketmap.h"

#include "lib/err.h"
#include "lib/map_type.h"
#include "lib/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#define LENGTH_DIGITS 9

struct socketmap {
	struct mm_peer server; /* path, or host and port; in the text */
	const char *name;
};

/* "STATUS text" */
static enum mm_socketmap_read
read_status(const char *data, size_t len, struct mm_socketmap_text *ret)
{
	static const struct {
		const char *word;
		enum mm_socketmap_read means;
	} words[] = {
	    {"OK", MM_SOCKETMAP_FOUND},
	    {"NOTFOUND", MM_SOCKETMAP_NOTHING},
	    {"TEMP", MM_SOCKETMAP_FAILED},
	    {"TIMEOUT", MM_SOCKETMAP_FAILED},
	    {"PERM", MM_SOCKETMAP_FAILED},
	};
	const char *blank = memchr(data, ' ', len);
	size_t word = blank != NULL ? (size_t)(blank - data) : len;

	if (memchr(data, '\0', len) != NULL)
		return MM_SOCKETMAP_BAD;
	ret->text = blank != NULL ? blank + 1 : data + len;
	ret->len = len - (size_t)(ret->text - data);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i].word) == word &&
		    memcmp(words[i].word, data, word) == 0)
			return words[i].means;
	}
	return MM_SOCKETMAP_BAD;
}

enum mm_socketmap_read
mm_socketmap_read(const char *data, size_t len, struct mm_socketmap_text *ret)
{
	size_t n = 0, i = 0;

	for (; i < len && data[i] >= '0' && data[i] <= '9'; i++) {
		if (i == LENGTH_DIGITS)
			return MM_SOCKETMAP_BAD;
		n = n * 10 + (size_t)(data[i] - '0');
	}
	if (n > MM_SOCKETMAP_DATA_MAX)
		return MM_SOCKETMAP_BAD;
	if (i == len)
		return MM_SOCKETMAP_MORE;
	if (i == 0 || data[i++] != ':')
		return MM_SOCKETMAP_BAD;
	if (len - i <= n)
		return MM_SOCKETMAP_MORE;
	if (data[i + n] != ',')
		return MM_SOCKETMAP_BAD;
	return read_status(data + i, n, ret);
}

static int
parse(char *text, struct socketmap *map, struct mm_err *err)
{
	char *name = strrchr(text, ':'), *port;

	if (name == NULL || name[1] == '\0')
		goto wrong;
	*name++ = '\0';
	map->name = name;
	if (strncmp(text, "unix:", 5) == 0 && text[5] != '\0') {
		map->server.path = text + 5;
		if (strlen(text + 5) <
		    sizeof(((struct sockaddr_un *)0)->sun_path))
			return 0;
		return mm_err_set(err, "the path of the socket is too long");
	}
	if (strncmp(text, "inet:", 5) != 0)
		goto wrong;
	map->server.host = text + 5;
	port = strrchr(map->server.host, ':');
	if (port == NULL || port == map->server.host || port[1] == '\0')
		goto wrong;
	*port++ = '\0';
	map->server.port = port;
	if (*map->server.host == '[' && port[-2] == ']') {
		map->server.host++;
		port[-2] = '\0';
	}
	return 0;

wrong:
	return mm_err_set(err, "it must be inet:host:port:name or "
			       "unix:/path:name behind socketmap:");
}

static void *
socketmap_read(const struct mm_map_type *type, struct mm_map_source *source,
    struct mm_err *err)
{
	struct socketmap *map = calloc(1, sizeof(*map));

	(void)type;
	if (map == NULL) {
		mm_err_set(err, "out of memory");
		return NULL;
	}
	if (parse(source->p, map, err) == 0)
		return map;
	free(map);
	return NULL;
}

static enum mm_found
give(enum mm_socketmap_read how, const struct mm_socketmap_text *reply,
    char **text, struct mm_err *err)
{
	switch (how) {
	case MM_SOCKETMAP_FOUND:
		*text = strndup(reply->text, reply->len);
		if (*text != NULL)
			return MM_MAP_FOUND;
		mm_err_set(err, "out of memory");
		return MM_MAP_FAILED;
	case MM_SOCKETMAP_NOTHING:
		return MM_MAP_NOTHING;
	case MM_SOCKETMAP_FAILED:
		mm_err_set(err, "it says: %.*s",
		    reply->len < 200 ? (int)reply->len : 200, reply->text);
		return MM_MAP_FAILED;
	case MM_SOCKETMAP_MORE:
	case MM_SOCKETMAP_BAD:
		break;
	}
	mm_err_set(err, "its reply is none of the protocol");
	return MM_MAP_FAILED;
}

static enum mm_found
receive(int fd, const struct mm_wait *wait, char **text, struct mm_err *err)
{
	enum mm_socketmap_read how = MM_SOCKETMAP_MORE;
	struct mm_socketmap_text reply = {"", 0};
	char *data = malloc(MM_SOCKETMAP_REPLY_MAX);
	enum mm_found found = MM_MAP_FAILED;
	size_t len = 0;
	ssize_t n = 1;

	if (data == NULL) {
		mm_err_set(err, "out of memory");
		return MM_MAP_FAILED;
	}
	while (how == MM_SOCKETMAP_MORE && n > 0) {
		n = mm_stream_more(
		    fd, data + len, MM_SOCKETMAP_REPLY_MAX - len, wait, err);
		if (n > 0)
			len += (size_t)n;
		how = mm_socketmap_read(data, len, &reply);
	}
	if (how != MM_SOCKETMAP_MORE)
		found = give(how, &reply, text, err);
	else if (n == 0)
		mm_err_set(err, "it closed the connection without a reply");
	free(data);
	return found;
}

static enum mm_found
socketmap_run(const void *arg, const char *key, const struct mm_map_wait *wait,
    char **text, struct mm_err *err)
{
	const struct socketmap *map = arg;
	const struct mm_wait until = {wait->clock, wait->until_us};
	enum mm_found found = MM_MAP_FAILED;
	char *request = NULL;
	int fd, len;

	len = asprintf(&request, "%zu:%s %s,",
	    strlen(map->name) + 1 + strlen(key), map->name, key);
	if (len < 0) {
		mm_err_set(err, "out of memory");
		return MM_MAP_FAILED;
	}
	fd = mm_stream_connect(&map->server, &until, err);
	if (fd >= 0) {
		if (mm_stream_send(fd, request, (size_t)len, &until, err) == 0)
			found = receive(fd, &until, text, err);
		close(fd);
	}
	free(request);
	return found;
}

static bool
socketmap_row(const void *map, size_t i, const char **value, unsigned *line)
{
	(void)map;
	(void)i;
	(void)value;
	(void)line;
	return false;
}

const struct mm_map_type mm_map_socketmap = {
    .name = "socketmap",
    .kind = MM_MAP_PATTERN,
    .forms = MM_MAP_WORD,
    .read = socketmap_read,
    .free = free,
    .row = socketmap_row,
    .run = socketmap_run,
};
