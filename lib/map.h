/*
 * map - a lookup table, "type:name", as in postmap(1) and access(5).
 *
 * Most types are resident: read whole when opened, immutable afterwards.
 * hash:, btree:, lmdb: and texthash: read the text file itself.  cidr:,
 * pcre:, regexp: are pattern tables: they see whole keys only, once.
 * unionmap: and pipemap: are made of other tables.
 * sqlite: and socketmap: are remote: a lookup asks for what they have, and
 * whoever may wait has mm_map_run() find it out.
 * Threads: immutable; a lookup in a pattern table brings its own match data.
 */
#ifndef MM_MAP_H
#define MM_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/errand.h"
#include "lib/file.h"

struct mm_arena;
struct mm_clock;
struct mm_complaints;
struct mm_err;
struct mm_map;

enum mm_found {
	MM_MAP_NOTHING = 0, /* no such key */
	MM_MAP_FOUND,
	MM_MAP_FAILED,	/* the table cannot be used, or memory is out */
	MM_MAP_PENDING, /* a remote table has to be asked first */
};

/* Partial keys make sense (hash and kin), or whole ones only (patterns).  Of
 * tables made of others the first one says it, as in Postfix. */
enum mm_map_kind {
	MM_MAP_KEYED,
	MM_MAP_PATTERN,
	MM_MAP_STATIC, /* the same answer for every key */
};

/* file:line of a row, for complaints; line 0: inline. */
typedef bool mm_map_each(void *ctx, const char *value, const char *file,
    unsigned line); /* false: stop */

/*
 * spec is "type:name", or "type:{ ... }" inline.  Faulty rows are
 * complained about with file and line, as errors; a table that is not there
 * or of an unknown type is NULL with *err.  where: file and line of spec
 * itself, for rows that stand in it.
 */
struct mm_map *mm_map_open(const char *spec, const char *where_file,
    unsigned where_line, struct mm_complaints *all, struct mm_err *err);
/* The same from text that stands for the file of spec. */
struct mm_map *mm_map_parse(const char *spec, const char *text, size_t len,
    struct mm_complaints *all, struct mm_err *err);
void mm_map_free(struct mm_map *map); /* NULL is fine */
const char *mm_map_spec(const struct mm_map *map);
enum mm_map_kind mm_map_kind(const struct mm_map *map);
/* Its values may hold "$1" and kin, and be known only in a lookup. */
bool mm_map_expands(const struct mm_map *map);
/* *value is in arena or borrowed from map; "$1" and kin are filled in. */
enum mm_found mm_map_lookup(const struct mm_map *map, const char *key,
    struct mm_arena *arena, const char **value);
/*
 * The same with remote tables.  ask: what the remote table map has for key,
 * or MM_MAP_PENDING when that is not known yet.
 */
typedef enum mm_found mm_map_ask(
    void *ctx, const struct mm_map *map, const char *key, const char **value);
struct mm_map_look {
	struct mm_arena *arena;
	mm_map_ask *ask; /* NULL: remote tables fail */
	void *ctx;
};
enum mm_found mm_map_look_up(const struct mm_map *map, const char *key,
    const struct mm_map_look *look, const char **value);
/* It is remote, or a table inside it is. */
bool mm_map_remote(const struct mm_map *map);
/*
 * Asks a remote table that mm_map_ask was given, blocking, not beyond
 * until_us (monotonic).  Found: *text is the caller's; failed: *err.
 */
struct mm_map_wait {
	const struct mm_clock *clock;
	int64_t until_us;
};
enum mm_found mm_map_run(const struct mm_map *map, const char *key,
    const struct mm_map_wait *wait, char **text, struct mm_err *err);

/* The same as an errand, MM_ERRAND_LOOKUP; *text is why where it failed. */
enum mm_errand_status mm_map_errand(const struct mm_errand *errand,
    const struct mm_map_wait *wait, char **text);

/* Every value as written, for checking at load. */
void mm_map_values(const struct mm_map *map, mm_map_each *each, void *ctx);
/* The file that it was read from, and those of tables inside it. */
void mm_map_files(const struct mm_map *map, mm_file_each *each, void *ctx);
size_t mm_map_size(const struct mm_map *map); /* rows with a value */
/* How often a pattern took so much work that it was given up, and counted as
 * no match. */
unsigned long mm_map_given_up(const struct mm_map *map);

#endif
