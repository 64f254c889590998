/* map - see map.h. */
#include "lib/map_type.h"

#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX ((off_t)256 * 1024 * 1024)
#define DEPTH_MAX 8 /* tables inside tables */
#define NEAR 2	    /* edits between a slip of the pen and the word meant */

struct mm_map {
	const struct mm_map_type *type;
	char *spec;
	char *text; /* what the table's rows point into */
	size_t len;
	const char *file; /* in spec; NULL: it has none */
	struct mm_file_state state;
	void *table;
	size_t size;
};

static const struct mm_map_type *const types[] = {
    &mm_map_hash,
    &mm_map_btree,
    &mm_map_lmdb,
    &mm_map_texthash,
    &mm_map_inline,
    &mm_map_static,
    &mm_map_cidr,
    &mm_map_pcre,
    &mm_map_regexp,
    &mm_map_union,
    &mm_map_pipe,
    &mm_map_random,
    &mm_map_fail,
    &mm_map_sqlite,
    &mm_map_socketmap,
};
#define NTYPES (sizeof(types) / sizeof(types[0]))

/* What else postconf -m may say somewhere. */
static const char *const elsewhere[] = {"cdb", "dbm", "environ", "internal",
    "ldap", "memcache", "mongodb", "mysql", "netinfo", "nis", "nisplus",
    "pgsql", "sdbm", "tcp", "unix"};

static int
unknown_type(const char *spec, size_t len, struct mm_err *err)
{
	char word[32];
	struct mm_buf buf;
	const char *best = NULL;
	unsigned least = NEAR + 1;

	mm_buf_init(&buf, word, sizeof(word));
	mm_buf_addn(&buf, spec, len);
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++) {
		if (strcmp(word, elsewhere[i]) == 0)
			return mm_err_set(
			    err, "%s: tables are not supported yet", word);
	}
	for (size_t i = 0; i < NTYPES; i++) {
		unsigned d = mm_str_distance(word, types[i]->name, least);

		if (d < least) {
			least = d;
			best = types[i]->name;
		}
	}
	if (best != NULL)
		return mm_err_set(err,
		    "unknown type of table \"%s\": did you mean \"%s\"?", word,
		    best);
	return mm_err_set(err, "unknown type of table \"%s\"", word);
}

/* proxy: has another process read the table; nobody here needs that. */
static const char *
skip_proxy(const char *spec)
{
	static const char proxy[] = "proxy:";

	return strncmp(spec, proxy, sizeof(proxy) - 1) == 0
		   ? spec + sizeof(proxy) - 1
		   : spec;
}

/* Takes "type:" off the front of *spec.  NULL: *err. */
static const struct mm_map_type *
take_type(const char **spec, struct mm_err *err)
{
	size_t len = strcspn(*spec, ":");

	if ((*spec)[len] == '\0' || len == 0) {
		mm_err_set(err,
		    "\"%.80s\" is not a table: it must be type:name, as in "
		    "hash:/etc/mailmum/access",
		    *spec);
		return NULL;
	}
	for (size_t i = 0; i < NTYPES; i++) {
		if (strlen(types[i]->name) == len &&
		    memcmp(types[i]->name, *spec, len) == 0) {
			*spec += len + 1;
			return types[i];
		}
	}
	unknown_type(*spec, len, err);
	return NULL;
}

/* The text inside the outer braces, lines joined.  -1: *err. */
static int
read_braces(struct mm_map *map, const char *name, struct mm_err *err)
{
	size_t len = strlen(name);
	int depth = 0;

	while (len > 0 && strchr(MM_MAP_BLANKS, name[len - 1]) != NULL)
		len--;
	for (size_t i = 0; i < len; i++) {
		if (name[i] == '{')
			depth++;
		if (name[i] == '}' && --depth == 0 && i + 1 < len)
			return mm_err_set(err,
			    "nothing may follow the last \"}\", but there is "
			    "\"%.40s\"",
			    name + i + 1);
	}
	if (depth != 0)
		return mm_err_set(err, "a \"{\" without its \"}\"");
	map->text = strndup(name + 1, len - 2);
	if (map->text == NULL)
		return mm_err_set(err, "out of memory");
	map->len = len - 2;
	for (char *p = map->text; *p != '\0'; p++) {
		if (*p == '\n' || *p == '\r')
			*p = ' ';
	}
	return 0;
}

/* Operators are used to naming what postmap made. */
static int
cannot_open(const char *path, struct mm_err *err)
{
	const char *why = strerror(errno);
	struct stat st;
	char *made;
	int rc;

	if (errno == ENOENT && asprintf(&made, "%s.db", path) >= 0) {
		rc = stat(made, &st);
		free(made);
		if (rc == 0)
			return mm_err_set(err,
			    "%s: there is only %s.db: tables are read from "
			    "their text, what postmap makes is not needed",
			    path, path);
	}
	return mm_err_set(err, "%s: %s", path, why);
}

/* All of the file and a NUL. */
static int
read_open(struct mm_map *map, int fd, const struct stat *st, const char *path,
    struct mm_err *err)
{
	size_t size = (size_t)st->st_size;
	ssize_t got;

	map->text = malloc(size + 1);
	if (map->text == NULL)
		return mm_err_set(err, "%s: out of memory", path);
	while (map->len < size) {
		got = read(fd, map->text + map->len, size - map->len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return mm_err_set(err, "%s: %s", path, strerror(errno));
		if (got == 0)
			break;
		map->len += (size_t)got;
	}
	map->text[map->len] = '\0';
	return 0;
}

static int
check_text(const struct mm_map *map, const char *path, struct mm_err *err)
{
	if (memchr(map->text, '\0', map->len) != NULL)
		return mm_err_set(err,
		    "%s: not a text file: name the text that postmap is "
		    "given, not what it makes",
		    path);
	return 0;
}

static int
read_file(struct mm_map *map, const char *path, struct mm_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc;
	struct stat st;

	if (fd < 0)
		return cannot_open(path, err);
	if (fstat(fd, &st) != 0)
		rc = mm_err_set(err, "%s: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		rc = mm_err_set(err, "%s: not a regular file", path);
	else if (st.st_size > FILE_MAX)
		rc = mm_err_set(err, "%s: larger than %ld MiB", path,
		    (long)(FILE_MAX / (1024 * 1024)));
	else
		rc = read_open(map, fd, &st, path, err);
	if (rc == 0)
		map->state = mm_file_state_of(&st);
	close(fd);
	return rc == 0 ? check_text(map, path, err) : -1;
}

/* The right form of a name for this type. */
static int
read_name(struct mm_map *map, const char *name, struct mm_err *err)
{
	if (*name == '\0')
		return mm_err_set(
		    err, "nothing behind \"%s:\"", map->type->name);
	if (*name == '{') {
		if ((map->type->forms & MM_MAP_BRACES) == 0)
			return mm_err_set(err,
			    "%s: takes a file: write inline:{...} for a table "
			    "in place",
			    map->type->name);
		return read_braces(map, name, err);
	}
	if ((map->type->forms & MM_MAP_FILE) != 0) {
		map->file = name;
		return read_file(map, name, err);
	}
	if ((map->type->forms & MM_MAP_WORD) == 0)
		return mm_err_set(err, "%s: takes braces, as in %s:{%s}",
		    map->type->name, map->type->name, map->type->example);
	map->text = strdup(name);
	if (map->text == NULL)
		return mm_err_set(err, "out of memory");
	map->len = strlen(name);
	return 0;
}

static bool
count_value(void *ctx, const char *value, const char *file, unsigned line)
{
	size_t *n = ctx;

	(void)value;
	(void)file;
	(void)line;
	++*n;
	return true;
}

static int
read_table(struct mm_map *map, struct mm_map_source *source, struct mm_err *err)
{
	source->of = map->type->name;
	source->p = map->text;
	source->end = map->text + map->len;
	map->table = map->type->read(map->type, source, err);
	if (map->table == NULL)
		return -1;
	mm_map_values(map, count_value, &map->size);
	return 0;
}

/* NULL: *err.  *name is what stands behind "type:". */
static struct mm_map *
map_new(const char *spec, const char **name, struct mm_err *err)
{
	const char *rest = skip_proxy(spec);
	const struct mm_map_type *type = take_type(&rest, err);
	struct mm_map *map;

	if (type == NULL)
		return NULL;
	map = calloc(1, sizeof(*map));
	if (map == NULL || (map->spec = strdup(spec)) == NULL) {
		free(map);
		mm_err_set(err, "out of memory");
		return NULL;
	}
	map->type = type;
	*name = map->spec + (rest - spec);
	return map;
}

struct mm_map *
mm_map_open_inside(
    const struct mm_map_source *where, const char *spec, struct mm_err *err)
{
	struct mm_map_source source = {
	    .all = where->all, .depth = where->depth + 1};
	const char *name;
	struct mm_map *map;

	if (source.depth > DEPTH_MAX) {
		mm_err_set(
		    err, "more than %d tables inside each other", DEPTH_MAX);
		return NULL;
	}
	map = map_new(spec, &name, err);
	if (map == NULL)
		return NULL;
	if (skip_proxy(spec) != spec)
		mm_complain(where->all, MM_NOTICE, where->file, where->line,
		    "\"%.200s\" is read without proxy:, as if it were not "
		    "there",
		    spec);
	if (read_name(map, name, err) != 0)
		goto fail;
	source.braces = *name == '{';
	source.file = map->file != NULL ? map->file : where->file;
	source.line = map->file != NULL ? 0 : where->line;
	if (read_table(map, &source, err) != 0)
		goto fail;
	return map;

fail:
	mm_map_free(map);
	return NULL;
}

struct mm_map *
mm_map_open(const char *spec, const char *where_file, unsigned where_line,
    struct mm_complaints *all, struct mm_err *err)
{
	const struct mm_map_source where = {
	    .file = where_file, .line = where_line, .all = all};

	return mm_map_open_inside(&where, spec, err);
}

struct mm_map *
mm_map_parse(const char *spec, const char *text, size_t len,
    struct mm_complaints *all, struct mm_err *err)
{
	struct mm_map_source source = {.all = all};
	struct mm_map *map = map_new(spec, &source.file, err);

	if (map == NULL)
		return NULL;
	map->file = source.file;
	map->text = malloc(len + 1);
	if (map->text == NULL) {
		mm_err_set(err, "out of memory");
		goto fail;
	}
	memcpy(map->text, text, len);
	map->text[len] = '\0';
	map->len = len;
	if (check_text(map, map->file, err) != 0 ||
	    read_table(map, &source, err) != 0)
		goto fail;
	return map;

fail:
	mm_map_free(map);
	return NULL;
}

void
mm_map_free(struct mm_map *map)
{
	if (map == NULL)
		return;
	if (map->table != NULL)
		map->type->free(map->table);
	free(map->text);
	free(map->spec);
	free(map);
}

const char *
mm_map_spec(const struct mm_map *map)
{
	return map->spec;
}

enum mm_map_kind
mm_map_kind(const struct mm_map *map)
{
	return map->type->tried != NULL ? map->type->tried(map->table)
					: map->type->kind;
}

bool
mm_map_expands(const struct mm_map *map)
{
	return map->type->expands;
}

static enum mm_found
ask(const struct mm_map *map, const char *key, const struct mm_map_look *look,
    const char **value)
{
	char *folded;

	if (map->type->folds) {
		if ((folded = mm_arena_dup(look->arena, key)) == NULL)
			return MM_MAP_FAILED;
		mm_str_fold(folded);
		key = folded;
	}
	if (map->type->worth != NULL && !map->type->worth(map->table, key))
		return MM_MAP_NOTHING;
	return look->ask != NULL ? look->ask(look->ctx, map, key, value)
				 : MM_MAP_FAILED;
}

enum mm_found
mm_map_look_up(const struct mm_map *map, const char *key,
    const struct mm_map_look *look, const char **value)
{
	if (map->type->run != NULL)
		return ask(map, key, look, value);
	if (map->type->through != NULL)
		return map->type->through(map->table, key, look, value);
	return map->type->lookup(map->table, key, look->arena, value);
}

enum mm_found
mm_map_lookup(const struct mm_map *map, const char *key, struct mm_arena *arena,
    const char **value)
{
	const struct mm_map_look look = {.arena = arena};

	return mm_map_look_up(map, key, &look, value);
}

bool
mm_map_remote(const struct mm_map *map)
{
	const struct mm_map *member;

	if (map->type->run != NULL || map->type->member == NULL)
		return map->type->run != NULL;
	for (size_t i = 0; (member = map->type->member(map->table, i)) != NULL;
	     i++) {
		if (mm_map_remote(member))
			return true;
	}
	return false;
}

enum mm_found
mm_map_run(const struct mm_map *map, const char *key,
    const struct mm_map_wait *wait, char **text, struct mm_err *err)
{
	enum mm_found found = map->type->run(map->table, key, wait, text, err);

	if (found == MM_MAP_FAILED)
		mm_err_in(err, "%s", map->spec);
	return found;
}

bool
mm_map_values_of(const struct mm_map *map, mm_map_each *each, void *ctx)
{
	const char *value;
	unsigned line;

	if (map->type->values != NULL)
		return map->type->values(map->table, each, ctx);
	for (size_t i = 0; map->type->row(map->table, i, &value, &line); i++) {
		if (value != NULL && !each(ctx, value, map->file, line))
			return false;
	}
	return true;
}

void
mm_map_values(const struct mm_map *map, mm_map_each *each, void *ctx)
{
	mm_map_values_of(map, each, ctx);
}

void
mm_map_files(const struct mm_map *map, mm_file_each *each, void *ctx)
{
	const struct mm_map *member;

	if (map->file != NULL)
		each(ctx, map->file, &map->state);
	if (map->type->member == NULL)
		return;
	for (size_t i = 0; (member = map->type->member(map->table, i)) != NULL;
	     i++)
		mm_map_files(member, each, ctx);
}

size_t
mm_map_size(const struct mm_map *map)
{
	return map->size;
}

unsigned long
mm_map_given_up(const struct mm_map *map)
{
	return map->type->given_up != NULL ? map->type->given_up(map->table)
					   : 0;
}
