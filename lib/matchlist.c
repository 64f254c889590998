/* matchlist - looking things up; see matchlist.h.  Reading is in
 * matchlist_read.c. */
#include "lib/matchlist_read.h"

#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/map.h"
#include "lib/str.h"
#include "lib/tokens.h"

void
mm_matchlist_free(struct mm_matchlist *list)
{
	if (list == NULL)
		return;
	for (size_t i = 0; i < list->n; i++) {
		free(list->entries[i].name);
		mm_map_free(list->entries[i].table);
	}
	for (size_t i = 0; i < list->nfiles; i++)
		free(list->files[i].path);
	free(list->files);
	free(list->entries);
	free(list);
}

void
mm_matchlist_files(
    const struct mm_matchlist *list, mm_file_each *each, void *ctx)
{
	for (size_t i = 0; i < list->nfiles; i++)
		each(ctx, list->files[i].path, &list->files[i].state);
	for (size_t i = 0; i < list->n; i++) {
		if (list->entries[i].table != NULL)
			mm_map_files(list->entries[i].table, each, ctx);
	}
}

size_t
mm_matchlist_size(const struct mm_matchlist *list)
{
	return list->n;
}

static enum mm_match
in_table(const struct mm_map *table, const char *key, struct mm_arena *arena)
{
	const char *value;

	switch (mm_map_lookup(table, key, arena, &value)) {
	case MM_MAP_FOUND:
		return MM_MATCHES;
	case MM_MAP_FAILED:
	case MM_MAP_PENDING:
		return MM_MATCH_FAILED;
	case MM_MAP_NOTHING:
		break;
	}
	return MM_MATCH_NOT;
}

/* The name, then what it lies below; a pattern sees whole names only. */
static enum mm_match
name_in_table(const struct mm_matchlist *list, const struct mm_map *table,
    const char *name, struct mm_arena *arena)
{
	enum mm_match match = MM_MATCH_NOT;

	while (*name != '\0') {
		match = in_table(table, name, arena);
		if (match != MM_MATCH_NOT || list->kind == MM_MATCH_WHOLE ||
		    mm_map_kind(table) != MM_MAP_KEYED ||
		    (name = strchr(name + 1, '.')) == NULL)
			break;
		name += list->parents ? 1 : 0;
	}
	return match;
}

/* The name itself, or a domain that it lies below. */
static bool
same_or_below(
    const struct mm_matchlist *list, const char *name, const char *pattern)
{
	size_t len = strlen(name), plen = strlen(pattern);

	if (mm_str_same(name, pattern))
		return true;
	if (list->kind == MM_MATCH_WHOLE || plen >= len ||
	    !mm_str_same(name + len - plen, pattern))
		return false;
	return list->parents ? name[len - plen - 1] == '.' : *pattern == '.';
}

static enum mm_match
entry_has_name(const struct mm_matchlist *list,
    const struct mm_match_entry *entry, const char *name,
    struct mm_arena *arena)
{
	if (entry->form == MM_MATCH_TABLE)
		return name_in_table(list, entry->table, name, arena);
	if (entry->form == MM_MATCH_NAME &&
	    same_or_below(list, name, entry->name))
		return MM_MATCHES;
	return MM_MATCH_NOT;
}

static enum mm_match
entry_has_client(const struct mm_matchlist *list,
    const struct mm_match_entry *entry, const char *name,
    const struct mm_ip *ip, const char *address, struct mm_arena *arena)
{
	enum mm_match match = entry_has_name(list, entry, name, arena);

	if (match != MM_MATCH_NOT || *address == '\0')
		return match;
	if (entry->form == MM_MATCH_TABLE)
		return in_table(entry->table, address, arena);
	if (entry->form == MM_MATCH_PREFIX && mm_prefix_has(&entry->prefix, ip))
		return MM_MATCHES;
	return MM_MATCH_NOT;
}

/* What an entry that fits, or fails, means for the list. */
static enum mm_match
decided(const struct mm_match_entry *entry, enum mm_match match)
{
	return match == MM_MATCHES && entry->except ? MM_MATCH_NOT : match;
}

enum mm_match
mm_matchlist_domain(
    const struct mm_matchlist *list, const char *domain, struct mm_arena *arena)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct mm_match_entry *entry = &list->entries[i];
		enum mm_match match =
		    entry_has_name(list, entry, domain, arena);

		if (match != MM_MATCH_NOT)
			return decided(entry, match);
	}
	return MM_MATCH_NOT;
}

/* What an address is looked up by. */
struct forms {
	const char *whole, *plain; /* plain: without extension; or NULL */
	const char *user;	   /* "user@", without extension */
	const char *domain;
};

/* False: out of memory. */
static bool
take_apart(const char *address, struct mm_arena *arena, struct forms *ret)
{
	const char *at = strrchr(address, '@'), *plus;
	size_t len;

	*ret = (struct forms){.whole = address};
	if (at == NULL)
		return true;
	len = (size_t)(at - address);
	plus = memchr(address, '+', len);
	ret->domain = at + 1;
	if (plus > address) {
		len = (size_t)(plus - address);
		ret->plain =
		    mm_arena_printf(arena, "%.*s%s", (int)len, address, at);
		if (ret->plain == NULL)
			return false;
	}
	ret->user = mm_arena_printf(arena, "%.*s@", (int)len, address);
	return ret->user != NULL;
}

/* As access(5) goes through them. */
static enum mm_match
address_in_table(const struct mm_matchlist *list, const struct mm_map *table,
    const struct forms *of, struct mm_arena *arena)
{
	enum mm_match match = in_table(table, of->whole, arena);

	if (match != MM_MATCH_NOT || mm_map_kind(table) != MM_MAP_KEYED)
		return match;
	if (of->plain != NULL)
		match = in_table(table, of->plain, arena);
	if (match == MM_MATCH_NOT && of->domain != NULL)
		match = name_in_table(list, table, of->domain, arena);
	if (match == MM_MATCH_NOT && of->user != NULL)
		match = in_table(table, of->user, arena);
	return match;
}

static bool
address_is(const struct mm_matchlist *list, const char *pattern,
    const struct forms *of)
{
	if (strchr(pattern, '@') == NULL)
		return of->domain != NULL &&
		       same_or_below(list, of->domain, pattern);
	return mm_str_same(pattern, of->whole) ||
	       (of->plain != NULL && mm_str_same(pattern, of->plain)) ||
	       (of->user != NULL && mm_str_same(pattern, of->user));
}

enum mm_match
mm_matchlist_address(const struct mm_matchlist *list, const char *address,
    struct mm_arena *arena, struct mm_match_where *where)
{
	struct forms of;

	if (!take_apart(address, arena, &of))
		return MM_MATCH_FAILED;
	for (size_t i = 0; i < list->n; i++) {
		const struct mm_match_entry *entry = &list->entries[i];
		bool table = entry->form == MM_MATCH_TABLE;
		enum mm_match match = MM_MATCH_NOT;

		if (table)
			match =
			    address_in_table(list, entry->table, &of, arena);
		else if (address_is(list, entry->name, &of))
			match = MM_MATCHES;
		if (match == MM_MATCH_NOT)
			continue;
		*where = (struct mm_match_where){
		    table ? mm_map_spec(entry->table) : entry->name,
		    entry->file, entry->line};
		return decided(entry, match);
	}
	return MM_MATCH_NOT;
}

enum mm_match
mm_matchlist_client(const struct mm_matchlist *list, const char *name,
    const struct mm_ip *ip, const char *address, struct mm_arena *arena)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct mm_match_entry *entry = &list->entries[i];
		enum mm_match match =
		    entry_has_client(list, entry, name, ip, address, arena);

		if (match != MM_MATCH_NOT)
			return decided(entry, match);
	}
	return MM_MATCH_NOT;
}

bool
mm_matchlist_parents(const char *setting, const char *name)
{
	size_t at = 0, len;

	while ((len = mm_token_next(setting, &at)) > 0) {
		if (len == strlen(name) && mm_str_begins(setting + at, name))
			return true;
		at += len;
	}
	return false;
}
