/*
 * map_hash - tables of keys: hash:, btree:, lmdb:, texthash:.
 *
 * All read the text that postmap(1) is given, none what it makes of it.  Keys
 * are compared without regard to case.  Quotes in a key protect blanks, and
 * belong to it: addresses are looked up with their quotes, too.
 */
#include "lib/map_type.h"

#include "lib/err.h"
#include "lib/ip.h"
#include "lib/str.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	const char *key, *value;
	unsigned line;
};

/* Open addressing; a slot holds an entry's number plus one, 0 is free. */
struct mm_map_keys {
	struct entry *entries;
	size_t n, size;
	uint32_t *slots;
	size_t nslots; /* a power of two, at least twice n */
	bool unusable;
};

/* FNV-1a over the folded key. */
static size_t
hash(const char *key)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *key != '\0'; key++) {
		unsigned char c = (unsigned char)*key;

		if (c >= 'A' && c <= 'Z')
			c = (unsigned char)(c - 'A' + 'a');
		h = (h ^ c) * UINT64_C(0x100000001b3);
	}
	return (size_t)(h ^ h >> 32);
}

/* The slot that has key, or where it would go. */
static size_t
find(const struct mm_map_keys *keys, const char *key)
{
	size_t i = hash(key) & (keys->nslots - 1);

	while (keys->slots[i] != 0 &&
	       !mm_str_same(keys->entries[keys->slots[i] - 1].key, key))
		i = (i + 1) & (keys->nslots - 1);
	return i;
}

static int
grow(struct mm_map_keys *keys)
{
	size_t size = keys->size == 0 ? 16 : keys->size * 2;
	struct entry *entries;
	uint32_t *slots;

	if (size > UINT32_MAX)
		return -1;
	entries = reallocarray(keys->entries, size, sizeof(*entries));
	if (entries == NULL)
		return -1;
	keys->entries = entries;
	slots = calloc(size * 2, sizeof(*slots));
	if (slots == NULL)
		return -1;
	free(keys->slots);
	keys->slots = slots;
	keys->nslots = size * 2;
	keys->size = size;
	for (size_t i = 0; i < keys->n; i++)
		keys->slots[find(keys, keys->entries[i].key)] =
		    (uint32_t)(i + 1);
	return 0;
}

void
mm_map_keys_free(void *arg)
{
	struct mm_map_keys *keys = arg;

	if (keys == NULL)
		return;
	free(keys->entries);
	free(keys->slots);
	free(keys);
}

static struct mm_map_keys *
keys_new(void)
{
	struct mm_map_keys *keys = calloc(1, sizeof(*keys));

	if (keys != NULL && grow(keys) != 0) {
		mm_map_keys_free(keys);
		return NULL;
	}
	return keys;
}

/* The key is there already. */
static void
twice_there(struct entry *entry, enum mm_map_twice twice,
    const struct mm_map_source *source, const struct entry *again)
{
	char where[32] = "";

	if (entry->line > 0)
		snprintf(where, sizeof(where), " in line %u", entry->line);
	if (twice == MM_MAP_REFUSED)
		mm_map_complain(source, MM_NOTICE, again->line,
		    "\"%.80s\" is there already%s: this table is of no use, "
		    "and what looks something up in it is answered 451, as in "
		    "Postfix",
		    again->key, where);
	else
		mm_map_complain(source, MM_NOTICE, again->line,
		    "\"%.80s\" is there already%s: the %s one counts",
		    again->key, where,
		    twice == MM_MAP_FIRST_STANDS ? "first" : "last");
	if (twice == MM_MAP_LAST_STANDS)
		*entry = *again;
}

/* -1: out of memory. */
static int
add(struct mm_map_keys *keys, enum mm_map_twice twice,
    const struct mm_map_source *source, const struct entry *entry)
{
	size_t slot = find(keys, entry->key);

	if (keys->slots[slot] != 0) {
		twice_there(&keys->entries[keys->slots[slot] - 1], twice,
		    source, entry);
		keys->unusable |= twice == MM_MAP_REFUSED;
		return 0;
	}
	if (keys->n == keys->size) {
		if (grow(keys) != 0)
			return -1;
		slot = find(keys, entry->key);
	}
	keys->entries[keys->n++] = *entry;
	keys->slots[slot] = (uint32_t)keys->n;
	return 0;
}

struct mm_map_keys *
mm_map_keys_read(const struct mm_map_type *type, struct mm_map_source *source,
    mm_map_split *split, struct mm_err *err)
{
	bool bare = (type->forms & MM_MAP_BRACES) != 0;
	struct mm_map_keys *keys = keys_new();
	struct mm_map_row row;

	while (keys != NULL && mm_map_next(source, bare, &row)) {
		struct entry entry = {.line = row.line};
		struct mm_err wrong;
		char *key = NULL, *value = NULL;

		if (split(row.text, &key, &value, &wrong) != 0) {
			mm_map_complain(
			    source, MM_ERROR, row.line, "%s", wrong.text);
			continue;
		}
		entry.key = key;
		entry.value = value;
		if (add(keys, type->twice, source, &entry) != 0) {
			mm_map_keys_free(keys);
			keys = NULL;
		}
	}
	if (keys == NULL)
		mm_err_set(err, "out of memory");
	return keys;
}

enum mm_found
mm_map_keys_lookup(const void *table, const char *key, struct mm_arena *arena,
    const char **value)
{
	const struct mm_map_keys *keys = table;
	uint32_t found = keys->slots[find(keys, key)];

	(void)arena;
	if (keys->unusable)
		return MM_MAP_FAILED;
	if (found == 0)
		return MM_MAP_NOTHING;
	*value = keys->entries[found - 1].value;
	return MM_MAP_FOUND;
}

bool
mm_map_keys_row(const void *table, size_t i, const char **value, unsigned *line)
{
	const struct mm_map_keys *keys = table;

	if (i >= keys->n)
		return false;
	*value = keys->entries[i].value;
	*line = keys->entries[i].line;
	return true;
}

char *
mm_map_key_end(char *text, char end, struct mm_err *err)
{
	bool quoted = false;
	char *p;

	for (p = text; *p != '\0'; p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (*p == '\\' && p[1] != '\0')
			p++;
		else if (!quoted &&
			 (*p == end || strchr(MM_MAP_BLANKS, *p) != NULL))
			return p;
	}
	if (!quoted)
		return p;
	mm_err_set(err, "a '\"' without its partner");
	return NULL;
}

/*
 * "key value" or "\"a key\"@example.org value", in place: the key ends at the
 * first blank outside quotes, which are part of it.
 */
static int
split(char *text, char **key, char **value, struct mm_err *err)
{
	char *p = mm_map_key_end(text, ' ', err);

	if (p == NULL)
		return -1;
	if (*p != '\0')
		*p++ = '\0';
	p += strspn(p, MM_MAP_BLANKS);
	if (*text == '\0')
		return mm_err_set(err, "a key is missing before \"%.60s\"", p);
	if (*p == '\0')
		return mm_err_set(err,
		    "a value is missing behind \"%.60s\": each line is a key, "
		    "a blank and a value",
		    text);
	*key = text;
	*value = p;
	return 0;
}

/* Keys that are legal and never what was meant. */
static void
doubt(const struct mm_map_source *source, const struct entry *entry)
{
	const char *key = entry->key, *colon = strchr(key, ':');
	struct mm_prefix prefix;
	struct mm_err err;

	if (strchr(key, '/') != NULL &&
	    mm_prefix_parse(key, &prefix, &err) == 0)
		mm_map_complain(source, MM_NOTICE, entry->line,
		    "\"%.60s\" never matches here: address ranges need a "
		    "cidr: table",
		    key);
	else if (colon != NULL && colon[1] == '\0')
		mm_map_complain(source, MM_NOTICE, entry->line,
		    "\"%.60s\" ends in a colon, as if this were an alias "
		    "file: the colon is part of the key",
		    key);
}

static void *
hash_read(const struct mm_map_type *type, struct mm_map_source *source,
    struct mm_err *err)
{
	struct mm_map_keys *keys = mm_map_keys_read(type, source, split, err);

	for (size_t i = 0; keys != NULL && i < keys->n; i++)
		doubt(source, &keys->entries[i]);
	return keys;
}

#define HASH(word, when_twice)                                                 \
	{                                                                      \
		.name = word, .kind = MM_MAP_KEYED, .forms = MM_MAP_FILE,      \
		.twice = when_twice, .read = hash_read,                        \
		.free = mm_map_keys_free, .lookup = mm_map_keys_lookup,        \
		.row = mm_map_keys_row                                         \
	}

const struct mm_map_type mm_map_hash = HASH("hash", MM_MAP_FIRST_STANDS);
const struct mm_map_type mm_map_btree = HASH("btree", MM_MAP_FIRST_STANDS);
const struct mm_map_type mm_map_lmdb = HASH("lmdb", MM_MAP_FIRST_STANDS);
const struct mm_map_type mm_map_texthash = HASH("texthash", MM_MAP_REFUSED);
