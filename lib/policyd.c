/* policyd - services as they are written; see policyd.h. */
#include "lib/policyd.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "lib/err.h"
#include "lib/str.h"
#include "lib/tokens.h"

#define BLANKS " \t\r\n"

/* Where Postfix's smtpd is when it opens "unix:private/policy". */
#define QUEUE_DIRECTORY "/var/spool/postfix/"

enum type {
	T_TIME,
	T_COUNT,
	T_TEXT,
};

static const struct option {
	const char *name;
	enum type type;
	size_t offset;
	unsigned long low;
} options[] = {
    {"timeout", T_TIME, offsetof(struct mm_policyd_params, timeout), 1},
    {"max_idle", T_TIME, offsetof(struct mm_policyd_params, max_idle), 1},
    {"max_ttl", T_TIME, offsetof(struct mm_policyd_params, max_ttl), 1},
    {"retry_delay", T_TIME, offsetof(struct mm_policyd_params, retry_delay), 1},
    {"request_limit", T_COUNT,
	offsetof(struct mm_policyd_params, request_limit), 0},
    {"try_limit", T_COUNT, offsetof(struct mm_policyd_params, try_limit), 1},
    {"default_action", T_TEXT,
	offsetof(struct mm_policyd_params, default_action), 0},
    {"policy_context", T_TEXT,
	offsetof(struct mm_policyd_params, policy_context), 0},
};
#define NOPTIONS (sizeof(options) / sizeof(options[0]))

static int
set_text(const char **at, const char *value, struct mm_err *err)
{
	char *copy = strdup(value);

	if (copy == NULL)
		return mm_err_set(err, "out of memory");
	free((void *)(uintptr_t)*at);
	*at = copy;
	return 0;
}

static int
set(const struct option *option, struct mm_policyd_params *params,
    const char *value, struct mm_err *err)
{
	void *at = (char *)params + option->offset;
	unsigned long n;
	int64_t ms;

	switch (option->type) {
	case T_TEXT:
		return set_text(at, value, err);
	case T_TIME:
		if (!mm_str_to_ms(value, &ms) ||
		    ms < (int64_t)option->low * 1000)
			return mm_err_set(err,
			    "%s: \"%s\" is not a time of at least %lus",
			    option->name, value, option->low);
		*(int64_t *)at = ms;
		return 0;
	case T_COUNT:
		break;
	}
	if (!mm_str_to_uint(value, option->low, INT_MAX, &n))
		return mm_err_set(err, "%s: \"%s\" is not a number from %lu",
		    option->name, value, option->low);
	*(unsigned *)at = (unsigned)n;
	return 0;
}

/* Takes the blanks from both ends of text, in place. */
static char *
trim(char *text)
{
	size_t len;

	text += strspn(text, BLANKS);
	len = strlen(text);
	while (len > 0 && strchr(BLANKS, text[len - 1]) != NULL)
		text[--len] = '\0';
	return text;
}

/* What is inside the braces around text, in place; NULL: they do not close. */
static char *
unbrace(char *text)
{
	size_t len = strlen(text);

	if (len < 2 || text[len - 1] != '}')
		return NULL;
	text[len - 1] = '\0';
	return trim(text + 1);
}

/* "name=value", or the same in braces, where it may have blanks. */
static int
parse_option(char *text, struct mm_policyd_params *params, struct mm_err *err)
{
	char *whole = *text == '{' ? unbrace(text) : text;
	char *equals = whole != NULL ? strchr(whole, '=') : NULL;
	const char *name;

	if (equals == NULL)
		return mm_err_set(
		    err, "\"%s\" is not NAME=VALUE, or { NAME = VALUE }", text);
	*equals = '\0';
	name = trim(whole);
	for (size_t i = 0; i < NOPTIONS; i++) {
		if (strcmp(options[i].name, name) == 0)
			return set(&options[i], params, trim(equals + 1), err);
	}
	return mm_err_set(err, "unknown attribute \"%s\"", name);
}

/* Each token of text but the first, which is the endpoint. */
static int
parse_options(const char *text, size_t at, struct mm_policyd_params *params,
    struct mm_err *err)
{
	size_t len;

	while ((len = mm_token_next(text, &at)) > 0) {
		char *option = strndup(text + at, len);
		int rc = option != NULL ? parse_option(option, params, err)
					: mm_err_set(err, "out of memory");

		free(option);
		if (rc != 0)
			return -1;
		at += len;
	}
	return 0;
}

static int
parse_path(struct mm_policyd *service, const char *path, struct mm_err *err)
{
	const char *dir = *path == '/' ? "" : QUEUE_DIRECTORY;
	size_t size = strlen(dir) + strlen(path) + 1;
	struct mm_buf buf;

	if (*path == '\0')
		return mm_err_set(err, "no path behind \"unix:\"");
	if (size > sizeof(((struct sockaddr_un *)0)->sun_path))
		return mm_err_set(err, "the path \"%s\" is too long", path);
	if ((service->path = malloc(size)) == NULL)
		return mm_err_set(err, "out of memory");
	mm_buf_init(&buf, service->path, size);
	mm_buf_add(&buf, dir);
	mm_buf_add(&buf, path);
	return 0;
}

/* "host:port", "[address]:port". */
static int
parse_host(struct mm_policyd *service, const char *text, struct mm_err *err)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon != NULL ? (size_t)(colon - text) : 0;

	if (len == 0 || colon[1] == '\0')
		return mm_err_set(err,
		    "\"%s\" is not HOST:PORT, as in 127.0.0.1:10023", text);
	if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	service->host = strndup(text, len);
	service->port = strdup(colon + 1);
	return service->host != NULL && service->port != NULL
		   ? 0
		   : mm_err_set(err, "out of memory");
}

static int
parse_endpoint(struct mm_policyd *service, const char *text, struct mm_err *err)
{
	if ((service->endpoint = strdup(text)) == NULL)
		return mm_err_set(err, "out of memory");
	if (strncmp(text, "unix:", 5) == 0)
		return parse_path(service, text + 5, err);
	if (strncmp(text, "inet:", 5) == 0)
		return parse_host(service, text + 5, err);
	return mm_err_set(err,
	    "\"%s\" is not a policy service: unix:PATH or inet:HOST:PORT",
	    text);
}

static int
parse_all(struct mm_policyd *service, struct mm_err *err)
{
	char *copy = strdup(service->text), *text = copy, *endpoint = NULL;
	size_t at = 0, len;
	int rc = -1;

	if (copy == NULL) {
		mm_err_set(err, "out of memory");
		goto out;
	}
	if (*text == '{' && (text = unbrace(text)) == NULL) {
		mm_err_set(err, "\"{\" without \"}\" at the end");
		goto out;
	}
	len = mm_token_next(text, &at);
	if (len == 0 || (endpoint = strndup(text + at, len)) == NULL)
		mm_err_set(err, "no policy service in \"%s\"", service->text);
	else if (parse_endpoint(service, endpoint, err) == 0 &&
		 parse_options(text, at + len, &service->params, err) == 0)
		rc = 0;
out:
	free(endpoint);
	free(copy);
	return rc;
}

struct mm_policyd *
mm_policyd_parse(const char *text, const struct mm_policyd_params *standard,
    struct mm_err *err)
{
	struct mm_policyd *service = calloc(1, sizeof(*service));

	if (service == NULL) {
		mm_err_set(err, "out of memory");
		return NULL;
	}
	service->params = *standard;
	service->params.default_action = service->params.policy_context = NULL;
	if ((service->text = strdup(text)) == NULL) {
		mm_err_set(err, "out of memory");
		goto fail;
	}
	if (set_text(&service->params.default_action, standard->default_action,
		err) != 0 ||
	    set_text(&service->params.policy_context, standard->policy_context,
		err) != 0 ||
	    parse_all(service, err) != 0)
		goto fail;
	return service;

fail:
	mm_policyd_free(service);
	return NULL;
}

void
mm_policyd_free(struct mm_policyd *service)
{
	if (service == NULL)
		return;
	free(service->text);
	free(service->endpoint);
	free(service->path);
	free(service->host);
	free(service->port);
	free((void *)(uintptr_t)service->params.default_action);
	free((void *)(uintptr_t)service->params.policy_context);
	free(service);
}

const struct mm_policyd *
mm_policyds_find(const struct mm_policyds *all, const char *text)
{
	for (size_t i = 0; i < all->n; i++) {
		if (strcmp(all->service[i]->text, text) == 0)
			return all->service[i];
	}
	return NULL;
}

const struct mm_policyd *
mm_policyds_add(struct mm_policyds *all, const char *text,
    const struct mm_policyd_params *standard, struct mm_err *err)
{
	const struct mm_policyd *old = mm_policyds_find(all, text);
	struct mm_policyd **more, *service;

	if (old != NULL)
		return old;
	if ((service = mm_policyd_parse(text, standard, err)) == NULL)
		return NULL;
	more = reallocarray(all->service, all->n + 1, sizeof(*more));
	if (more == NULL) {
		mm_policyd_free(service);
		mm_err_set(err, "out of memory");
		return NULL;
	}
	all->service = more;
	more[all->n++] = service;
	return service;
}

void
mm_policyds_clear(struct mm_policyds *all)
{
	for (size_t i = 0; i < all->n; i++)
		mm_policyd_free(all->service[i]);
	free(all->service);
	*all = (struct mm_policyds){NULL, 0};
}
