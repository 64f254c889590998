/* exempt - looking exceptions up; see exempt.h. */
#include "lib/exempt_read.h"

#include <stdlib.h>
#include <string.h>

#include "lib/address.h"
#include "lib/arena.h"
#include "lib/map.h"
#include "lib/matchlist.h"
#include "lib/session.h"
#include "lib/str.h"

static int
compare_prefixes(const struct mm_prefix *a, const struct mm_prefix *b)
{
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	if (a->ip.family != b->ip.family)
		return a->ip.family < b->ip.family ? -1 : 1;
	return memcmp(a->ip.bytes, b->ip.bytes,
	    a->ip.family == MM_IP_V4 ? 4 : sizeof(a->ip.bytes));
}

int
mm_exempt_compare(
    const struct mm_exempt_item *a, const struct mm_exempt_item *b)
{
	if (a->entry.kind != b->entry.kind)
		return a->entry.kind < b->entry.kind ? -1 : 1;
	if (a->form != b->form)
		return a->form < b->form ? -1 : 1;
	return a->form == MM_EXEMPT_NETWORK
		   ? compare_prefixes(&a->prefix, &b->prefix)
		   : strcmp(a->entry.pattern, b->entry.pattern);
}

/* Where the first one stands that is not before want. */
static size_t
lower_bound(const struct mm_exempt *exempt, const struct mm_exempt_item *want)
{
	size_t low = 0, high = exempt->nsorted;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (mm_exempt_compare(exempt->sorted[middle], want) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct mm_exempt_entry *
look_up(const struct mm_exempt *exempt, const struct mm_exempt_item *want)
{
	size_t i = lower_bound(exempt, want);

	if (i < exempt->nsorted &&
	    mm_exempt_compare(exempt->sorted[i], want) == 0)
		return &exempt->sorted[i]->entry;
	return NULL;
}

static const struct mm_exempt_entry *
find_regex(const struct mm_exempt *exempt, enum mm_exempt_kind kind,
    const char *text, struct mm_arena *arena)
{
	const char *value;

	for (size_t i = 0; i < exempt->nregexes; i++) {
		const struct mm_exempt_item *item = exempt->regexes[i];

		if (item->entry.kind == kind &&
		    mm_map_lookup(item->regex, text, arena, &value) ==
			MM_MAP_FOUND)
			return &item->entry;
	}
	return NULL;
}

/* The name, or a domain that it lies below.  It is folded. */
static const struct mm_exempt_entry *
find_name(
    const struct mm_exempt *exempt, enum mm_exempt_kind kind, const char *name)
{
	struct mm_exempt_item want = {
	    .entry = {.kind = kind}, .form = MM_EXEMPT_NAME};

	while (name != NULL && *name != '\0') {
		const struct mm_exempt_entry *entry;

		want.entry.pattern = name;
		if ((entry = look_up(exempt, &want)) != NULL)
			return entry;
		if ((name = strchr(name, '.')) != NULL)
			name++;
	}
	return NULL;
}

/* The narrowest network first. */
static const struct mm_exempt_entry *
find_network(const struct mm_exempt *exempt, const struct mm_ip *ip)
{
	const bool *lengths = exempt->lengths[ip->family == MM_IP_V6];
	struct mm_exempt_item want = {
	    .entry = {.kind = MM_EXEMPT_CLIENT}, .form = MM_EXEMPT_NETWORK};

	if (ip->family == MM_IP_NONE)
		return NULL;
	for (unsigned len = 129; len-- > 0;) {
		const struct mm_exempt_entry *entry;

		if (!lengths[len])
			continue;
		want.prefix = (struct mm_prefix){*ip, (uint8_t)len};
		mm_ip_mask(&want.prefix.ip, len);
		if ((entry = look_up(exempt, &want)) != NULL)
			return entry;
	}
	return NULL;
}

static const struct mm_exempt_entry *
find_client(const struct mm_exempt *exempt, const struct mm_session *session,
    struct mm_arena *arena)
{
	const struct mm_exempt_entry *entry;
	char *name;

	if (session->known[MM_FACT_CLIENT] != MM_KNOWN)
		return NULL;
	if ((entry = find_network(exempt, &session->client)) != NULL)
		return entry;
	/* a name that its owner alone vouches for is nobody's */
	if (session->name_status != MM_NAME_OK ||
	    (name = mm_arena_dup(arena, session->client_name)) == NULL)
		return NULL;
	mm_str_fold(name);
	if ((entry = find_name(exempt, MM_EXEMPT_CLIENT, name)) != NULL)
		return entry;
	return find_regex(exempt, MM_EXEMPT_CLIENT, name, arena);
}

/* "user@domain" and "user@", with and without "+extension".  Cuts address. */
static const struct mm_exempt_entry *
find_user(
    const struct mm_exempt *exempt, enum mm_exempt_kind kind, char *address)
{
	struct mm_exempt_item want = {
	    .entry = {.kind = kind, .pattern = address},
	    .form = MM_EXEMPT_ADDRESS};
	const struct mm_exempt_entry *entry = look_up(exempt, &want);
	char *at = strrchr(address, '@'), *plus = strchr(address, '+');

	if (entry != NULL || at == NULL)
		return entry;
	if (plus > address && plus < at) {
		memmove(plus, at, strlen(at) + 1);
		if ((entry = look_up(exempt, &want)) != NULL)
			return entry;
		at = plus;
	}
	at[1] = '\0';
	return look_up(exempt, &want);
}

static const struct mm_exempt_entry *
find_address(const struct mm_exempt *exempt, enum mm_exempt_kind kind,
    const char *address, struct mm_arena *arena)
{
	char *folded = mm_arena_dup(arena, *address != '\0' ? address : "<>");
	const struct mm_exempt_entry *entry;
	char *copy;

	if (folded == NULL)
		return NULL;
	mm_str_fold(folded);
	if ((copy = mm_arena_dup(arena, folded)) == NULL)
		return NULL;
	if ((entry = find_user(exempt, kind, copy)) != NULL ||
	    (entry = find_name(exempt, kind, mm_address_domain(folded))) !=
		NULL)
		return entry;
	return find_regex(exempt, kind, folded, arena);
}

static const struct mm_exempt_entry *
find_entry(const struct mm_exempt *exempt, const struct mm_session *session,
    struct mm_arena *arena)
{
	const struct mm_exempt_entry *entry = NULL;

	if (exempt->n == 0)
		return NULL;
	if (session->known[MM_FACT_RECIPIENT] == MM_KNOWN)
		entry = find_address(
		    exempt, MM_EXEMPT_RECIPIENT, session->recipient, arena);
	if (entry == NULL && session->known[MM_FACT_SENDER] == MM_KNOWN)
		entry = find_address(
		    exempt, MM_EXEMPT_SENDER, session->sender, arena);
	return entry != NULL ? entry : find_client(exempt, session, arena);
}

/* Of those that are not for all: has this recipient no greylisting?  Who
 * cannot be looked up has none. */
static bool
opted_out(const struct mm_exempt *exempt, const struct mm_session *session,
    struct mm_arena *arena, struct mm_exempt_why *why)
{
	struct mm_match_where where = {0};
	bool out = false;

	if (session->known[MM_FACT_RECIPIENT] != MM_KNOWN)
		return false;
	why->setting = "greylist_optout";
	if (exempt->optout != NULL)
		out = mm_matchlist_address(exempt->optout, session->recipient,
			  arena, &where) != MM_MATCH_NOT;
	if (!out && exempt->optin != NULL &&
	    mm_matchlist_size(exempt->optin) > 0) {
		why->setting = "greylist_optin";
		out = mm_matchlist_address(exempt->optin, session->recipient,
			  arena, &where) != MM_MATCHES;
	}
	why->pattern = where.entry;
	why->file = where.file;
	why->line = where.line;
	return out;
}

const struct mm_exempt_why *
mm_exempt_find(const struct mm_exempt *exempt, const struct mm_session *session,
    struct mm_arena *arena)
{
	struct mm_exempt_why *why = mm_arena_alloc(arena, sizeof(*why));
	const struct mm_exempt_entry *entry;

	if (why == NULL || opted_out(exempt, session, arena, why))
		return why;
	if ((entry = find_entry(exempt, session, arena)) == NULL)
		return NULL;
	*why = (struct mm_exempt_why){
	    .setting = "greylist_exceptions",
	    .pattern = entry->pattern,
	    .file = entry->file,
	    .line = entry->line,
	    .entry = entry,
	};
	return why;
}

size_t
mm_exempt_size(const struct mm_exempt *exempt)
{
	return exempt->n;
}

const struct mm_exempt_entry *
mm_exempt_entry(const struct mm_exempt *exempt, size_t i)
{
	return i < exempt->n ? &exempt->items[i].entry : NULL;
}

const char *
mm_exempt_kind_word(enum mm_exempt_kind kind)
{
	static const char *const words[] = {
	    [MM_EXEMPT_CLIENT] = "client",
	    [MM_EXEMPT_SENDER] = "sender",
	    [MM_EXEMPT_RECIPIENT] = "recipient",
	};

	return words[kind];
}

void
mm_exempt_count(const struct mm_exempt_entry *entry, int64_t now)
{
	atomic_fetch_add(&entry->use->n, 1);
	atomic_store(&entry->use->last, now);
}

uint64_t
mm_exempt_used(const struct mm_exempt_entry *entry, int64_t *last)
{
	*last = atomic_load(&entry->use->last);
	return atomic_load(&entry->use->n);
}

/* The same pattern in the same file; NULL: it is new. */
static const struct mm_exempt_item *
find_again(const struct mm_exempt *from, const struct mm_exempt_item *item)
{
	bool regex = item->form == MM_EXEMPT_REGEX;
	struct mm_exempt_item *const *all =
	    regex ? from->regexes : from->sorted;
	size_t n = regex ? from->nregexes : from->nsorted;

	for (size_t i = regex ? 0 : lower_bound(from, item); i < n; i++) {
		bool same = mm_exempt_compare(all[i], item) == 0;

		if (same && strcmp(all[i]->entry.file, item->entry.file) == 0)
			return all[i];
		if (!same && !regex)
			break;
	}
	return NULL;
}

void
mm_exempt_inherit(struct mm_exempt *exempt, const struct mm_exempt *from)
{
	for (size_t i = 0; i < exempt->n; i++) {
		struct mm_exempt_item *item = &exempt->items[i];
		const struct mm_exempt_item *old = find_again(from, item);

		if (old == NULL)
			continue;
		mm_exempt_use_unref(item->entry.use);
		item->entry.use = old->entry.use;
		atomic_fetch_add(&item->entry.use->refs, 1);
	}
}
