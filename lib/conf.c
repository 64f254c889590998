/* conf - see conf.h; text and expansion are in files of their own. */
#include "lib/conf.h"

#include "lib/conf_text.h"
#include "lib/err.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX ((size_t)4 << 20)
#define SPACE " \t\r\n\v\f"

/* name comes first: the tree compares params as strings. */
struct param {
	char *name;
	struct mm_text value;
	unsigned line;
	bool used;
};

struct mm_conf {
	char *file;
	struct param **params; /* in the file's order */
	size_t n, size;
	void *by_name; /* the same ones, see tsearch(3) */
};

/* A file being read: one logical line is put together at a time. */
struct reading {
	struct mm_conf *conf;
	struct mm_complaints *all;
	struct mm_text_builder logical;
	unsigned line;	/* the physical line at hand */
	unsigned begun; /* where the logical line began; 0: there is none */
	bool spoilt;	/* part of it was refused: drop the rest silently */
};

static int
by_name(const void *a, const void *b)
{
	const struct param *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static struct param *
find(const struct mm_conf *conf, const char *name)
{
	struct param key = {.name = (char *)name};
	struct param **node = tfind(&key, &conf->by_name, by_name);

	return node != NULL ? *node : NULL;
}

static void
param_free(struct param *e)
{
	if (e == NULL)
		return;
	free(e->name);
	mm_text_clear(&e->value);
	free(e);
}

/* Takes param over when it succeeds. */
static int
add_param(struct mm_conf *conf, struct param *param)
{
	struct param **params;

	if (conf->n == conf->size) {
		size_t more = conf->size > 0 ? conf->size * 2 : 64;

		params = reallocarray(conf->params, more, sizeof(*params));
		if (params == NULL)
			return -1;
		conf->params = params;
		conf->size = more;
	}
	if (tsearch(param, &conf->by_name, by_name) == NULL)
		return -1;
	conf->params[conf->n++] = param;
	return 0;
}

static int
set_param(struct reading *r, struct param *param)
{
	struct param *old = find(r->conf, param->name);

	if (old == NULL)
		return add_param(r->conf, param);
	mm_complain(r->all, MM_NOTICE, r->conf->file, param->line,
	    "%s is set again: this value counts, not that of line %u",
	    param->name, old->line);
	mm_text_clear(&old->value);
	old->value = param->value;
	old->line = param->line;
	param->value = (struct mm_text){0};
	param_free(param);
	return 0;
}

/* Copies bytes from..to of a text, lines and all. */
static int
slice(const struct mm_text *from, size_t at, size_t end, unsigned line,
    struct mm_text *ret)
{
	struct mm_text_builder b = {.limit = FILE_MAX};

	for (; at < end; at++) {
		unsigned here = mm_text_line(from, at);

		if (mm_text_add(&b, from->data[at], here) != 0) {
			mm_text_builder_clear(&b);
			return -1;
		}
	}
	return mm_text_finish(&b, line, ret);
}

/* The line itself is not shown: it may hold a key, and this may be logged. */
static void
complain_of_line(struct reading *r, const char *text)
{
	const char *what = "the line does not begin with one name and \"=\"";

	if (text[0] == '=')
		what = "no name before \"=\"";
	else if (strchr(text, '=') == NULL)
		what = "no \"=\": expected \"name = value\", or white space "
		       "before what goes on with the line above";
	mm_complain(r->all, MM_ERROR, r->conf->file, r->begun, "%s", what);
}

/* "name = value" taken apart.  NULL without *oom: it was complained about. */
static struct param *
read_param(struct reading *r, const struct mm_text *logical, bool *oom)
{
	static const char name_bytes[] =
	    "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
	const char *text = logical->data;
	size_t name = strspn(text, name_bytes);
	size_t at = name + strspn(text + name, SPACE), end = strlen(text);
	struct param *param;

	if (text[at] != '=' || name == 0) {
		complain_of_line(r, text);
		return NULL;
	}
	at++;
	at += strspn(text + at, SPACE);
	while (end > at && strchr(SPACE, text[end - 1]) != NULL)
		end--;
	param = calloc(1, sizeof(*param));
	if (param != NULL)
		param->line = r->begun;
	if (param == NULL || (param->name = strndup(text, name)) == NULL ||
	    slice(logical, at, end, r->begun, &param->value) != 0) {
		param_free(param);
		*oom = true;
		return NULL;
	}
	param->value.file = r->conf->file;
	return param;
}

static int
end_logical(struct reading *r)
{
	struct mm_text logical;
	struct param *param;
	bool oom = false;

	if (r->begun == 0 || r->spoilt) {
		mm_text_builder_clear(&r->logical);
		return 0;
	}
	if (mm_text_finish(&r->logical, r->begun, &logical) != 0)
		return -1;
	param = read_param(r, &logical, &oom);
	mm_text_clear(&logical);
	if (param == NULL)
		return oom ? -1 : 0;
	if (set_param(r, param) != 0) {
		param_free(param);
		return -1;
	}
	return 0;
}

static bool
is_blank_or_comment(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len && text[i] != '\0' && strchr(SPACE, text[i]) != NULL)
		i++;
	return i == len || text[i] == '#';
}

/* One physical line, without its newline. */
static int
read_line(struct reading *r, const char *text, size_t len)
{
	bool goes_on =
	    len > 0 && text[0] != '\0' && strchr(SPACE, text[0]) != NULL;

	if (is_blank_or_comment(text, len))
		return 0;
	if (!goes_on) {
		if (end_logical(r) != 0)
			return -1;
		r->begun = r->line;
		r->spoilt = false;
	} else if (r->begun == 0) {
		mm_complain(r->all, MM_ERROR, r->conf->file, r->line,
		    "white space begins this line, but there is nothing "
		    "before it that it could continue");
		r->begun = r->line;
		r->spoilt = true;
	}
	if (memchr(text, '\0', len) != NULL) {
		mm_complain(r->all, MM_ERROR, r->conf->file, r->line,
		    "there is a NUL byte in this line");
		r->spoilt = true;
	}
	if (r->spoilt)
		return 0;
	if (!goes_on)
		return mm_text_addn(&r->logical, text, len, r->line);
	/* its first blank is the newline, so that a text has no more of them */
	if (mm_text_add(&r->logical, '\n', r->line) != 0)
		return -1;
	return mm_text_addn(&r->logical, text + 1, len - 1, r->line);
}

/* Marks what stands behind a "$" anywhere.  Braces need not match here. */
static void
mark_used(struct mm_conf *conf, const char *text)
{
	static const char name_bytes[] =
	    "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	char name[256];

	while ((text = strchr(text, '$')) != NULL) {
		size_t len;

		text++;
		if (*text == '$') {
			text++;
			continue;
		}
		if (*text == '{' || *text == '(')
			text++;
		len = strspn(text, name_bytes);
		if (len < sizeof(name)) {
			struct param *e;

			memcpy(name, text, len);
			name[len] = '\0';
			if ((e = find(conf, name)) != NULL)
				e->used = true;
		}
		text += len;
	}
}

static int
read_lines(struct reading *r, const char *data, size_t len)
{
	const char *end = data + len;

	while (data < end) {
		const char *newline = memchr(data, '\n', (size_t)(end - data));
		size_t n = (size_t)((newline != NULL ? newline : end) - data);

		r->line++;
		if (read_line(
			r, data, n > 0 && data[n - 1] == '\r' ? n - 1 : n) != 0)
			return -1;
		data += newline != NULL ? n + 1 : n;
	}
	return end_logical(r);
}

static struct mm_conf *
conf_build(const char *data, size_t len, const char *file,
    struct mm_complaints *all, struct mm_err *err)
{
	struct reading r = {.all = all, .logical = {.limit = SIZE_MAX}};
	struct mm_conf *conf = calloc(1, sizeof(*conf));

	r.conf = conf;
	if (conf == NULL || (conf->file = strdup(file)) == NULL ||
	    read_lines(&r, data, len) != 0) {
		mm_err_set(err, "%s: out of memory", file);
		mm_text_builder_clear(&r.logical);
		mm_conf_free(conf);
		return NULL;
	}
	for (size_t i = 0; i < conf->n; i++)
		mark_used(conf, conf->params[i]->value.data);
	return conf;
}

struct mm_conf *
mm_conf_parse(const char *text, const char *file, struct mm_complaints *all,
    struct mm_err *err)
{
	size_t len = strlen(text);

	if (len > FILE_MAX) {
		mm_err_set(err, "%s: larger than %zu bytes", file, FILE_MAX);
		return NULL;
	}
	return conf_build(text, len, file, all, err);
}

/* The whole file, of which there may be FILE_MAX bytes.  The caller frees. */
static char *
slurp(const char *path, size_t *len, struct mm_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *data = NULL;
	ssize_t got = -1;

	if (fd >= 0)
		data = malloc(FILE_MAX + 1);
	for (*len = 0; data != NULL; *len += (size_t)got) {
		got = read(fd, data + *len, FILE_MAX + 1 - *len);
		if (got < 0 && errno == EINTR)
			got = 0;
		else if (got <= 0)
			break;
	}
	if (got < 0)
		mm_err_set(err, "%s: %s", path, strerror(errno));
	else if (*len > FILE_MAX)
		mm_err_set(err, "%s: larger than %zu bytes", path, FILE_MAX);
	if (fd >= 0)
		close(fd);
	if (got < 0 || *len > FILE_MAX) {
		free(data);
		return NULL;
	}
	return data;
}

struct mm_conf *
mm_conf_read(const char *path, struct mm_complaints *all, struct mm_err *err)
{
	struct mm_conf *conf;
	size_t len;
	char *data = slurp(path, &len, err);

	if (data == NULL)
		return NULL;
	conf = conf_build(data, len, path, all, err);
	free(data);
	return conf;
}

static void
keep(void *node)
{
	(void)node; /* the array frees it */
}

void
mm_conf_free(struct mm_conf *conf)
{
	if (conf == NULL)
		return;
	tdestroy(conf->by_name, keep);
	for (size_t i = 0; i < conf->n; i++)
		param_free(conf->params[i]);
	free(conf->params);
	free(conf->file);
	free(conf);
}

const char *
mm_conf_file(const struct mm_conf *conf)
{
	return conf->file;
}

size_t
mm_conf_count(const struct mm_conf *conf)
{
	return conf->n;
}

const char *
mm_conf_name(const struct mm_conf *conf, size_t i)
{
	return conf->params[i]->name;
}

unsigned
mm_conf_line(const struct mm_conf *conf, size_t i)
{
	return conf->params[i]->line;
}

unsigned
mm_conf_line_of(const struct mm_conf *conf, const char *name)
{
	const struct param *e = find(conf, name);

	return e != NULL ? e->line : 0;
}

bool
mm_conf_used(const struct mm_conf *conf, size_t i)
{
	return conf->params[i]->used;
}

const struct mm_text *
mm_conf_text(const struct mm_conf *conf, const char *name)
{
	const struct param *e = find(conf, name);

	return e != NULL ? &e->value : NULL;
}

const char *
mm_conf_raw(const struct mm_conf *conf, const char *name)
{
	const struct param *e = find(conf, name);

	return e != NULL ? e->value.data : NULL;
}
