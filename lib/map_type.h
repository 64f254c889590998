/*
 * map_type - what a type of table is to map.c, and the text that tables are
 * read from: logical lines of a file, or items between braces.
 *
 * Threads: a source is confined; a type is immutable.
 */
#ifndef MM_MAP_TYPE_H
#define MM_MAP_TYPE_H

#include "lib/conf.h"
#include "lib/map.h"

#define MM_MAP_BLANKS " \t\r\n\v\f"

/* Text being read.  Rows are cut out of it in place and point into it. */
struct mm_map_source {
	char *p, *end;	/* what is left; *end is NUL */
	bool braces;	/* items, not lines */
	const char *of; /* the type's name, for complaints about items */
	const char *file;
	unsigned line;	/* of a file: lines read; of items: where they stand */
	unsigned item;	/* items read */
	unsigned depth; /* tables that this one is inside of */
	struct mm_complaints *all;
};

struct mm_map_row {
	char *text;    /* without blanks at its end */
	unsigned line; /* 0: an item */
};

/*
 * The next row: a line with those that continue it, no comment, not empty; or
 * an item, "{...}" without its braces, or bare where bare ones are taken.
 * What is neither is complained about.  False: no more.
 */
bool mm_map_next(
    struct mm_map_source *source, bool bare, struct mm_map_row *ret);
/* The next item, as written, braces and all.  False: no more. */
bool mm_map_next_word(struct mm_map_source *source, struct mm_map_row *ret);
void mm_map_complain(const struct mm_map_source *source,
    enum mm_severity severity, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

enum mm_map_form {
	MM_MAP_FILE = 1,   /* type:/a/file */
	MM_MAP_BRACES = 2, /* type:{ ... } */
	MM_MAP_WORD = 4,   /* type:text */
};

/* What becomes of a key that stands there twice. */
enum mm_map_twice {
	MM_MAP_FIRST_STANDS, /* as postmap(1) has it */
	MM_MAP_LAST_STANDS,
	MM_MAP_REFUSED,
};

struct mm_map_type {
	const char *name;
	enum mm_map_kind kind;
	unsigned forms;
	enum mm_map_twice twice;
	bool expands;	     /* values may hold $1 */
	const char *example; /* of what stands in braces */
	/* The table, for the other functions; NULL: *err.  It keeps pointers
	 * into the source's text, which lives as long as the table. */
	void *(*read)(const struct mm_map_type *type,
	    struct mm_map_source *source, struct mm_err *err);
	void (*free)(void *table);
	enum mm_found (*lookup)(const void *table, const char *key,
	    struct mm_arena *arena, const char **value);
	/* In place of lookup, of a table made of others. */
	enum mm_found (*through)(const void *table, const char *key,
	    const struct mm_map_look *look, const char **value);
	/* In place of both, of a remote table: asks it.  And can it have the
	 * key at all?  NULL: one has to ask. */
	enum mm_found (*run)(const void *table, const char *key,
	    const struct mm_map_wait *wait, char **text, struct mm_err *err);
	bool (*worth)(const void *table, const char *key);
	bool folds; /* it is asked in lower case */
	/* The i-th value, NULL where that row has none.  False: no such row. */
	bool (*row)(
	    const void *table, size_t i, const char **value, unsigned *line);
	/* NULL: it never gives up */
	unsigned long (*given_up)(const void *table);
	/* Of a table made of others, instead of row; NULL: it is not.  False:
	 * each wanted no more. */
	bool (*values)(const void *table, mm_map_each *each, void *ctx);
	/* The i-th of them, or NULL.  NULL: it is not made of others. */
	const struct mm_map *(*member)(const void *table, size_t i);
	/* How keys are to be tried; NULL: as kind says. */
	enum mm_map_kind (*tried)(const void *table);
};

/* hash:, btree:, lmdb:, texthash: are one and the same. */
extern const struct mm_map_type mm_map_hash, mm_map_btree, mm_map_lmdb,
    mm_map_texthash;
extern const struct mm_map_type mm_map_inline, mm_map_static, mm_map_cidr,
    mm_map_pcre, mm_map_regexp, mm_map_union, mm_map_pipe, mm_map_random,
    mm_map_fail, mm_map_sqlite, mm_map_socketmap;

/* A table that is named inside another one.  NULL: *err. */
struct mm_map *mm_map_open_inside(
    const struct mm_map_source *source, const char *spec, struct mm_err *err);
/* As mm_map_values().  False: each wanted no more. */
bool mm_map_values_of(const struct mm_map *map, mm_map_each *each, void *ctx);

/* A table of keys: what inline: shares with hash:. */
struct mm_map_keys;

/* Where the key at text ends: at a blank, or at end, outside its quotes and
 * not behind a backslash.  NULL: *err. */
char *mm_map_key_end(char *text, char end, struct mm_err *err);
/* Takes a row apart, in place.  -1: *err. */
typedef int mm_map_split(
    char *text, char **key, char **value, struct mm_err *err);
/* All rows; faulty ones are complained about.  NULL: out of memory. */
struct mm_map_keys *mm_map_keys_read(const struct mm_map_type *type,
    struct mm_map_source *source, mm_map_split *split, struct mm_err *err);
void mm_map_keys_free(void *keys);
enum mm_found mm_map_keys_lookup(const void *keys, const char *key,
    struct mm_arena *arena, const char **value);
bool mm_map_keys_row(
    const void *keys, size_t i, const char **value, unsigned *line);

#endif
