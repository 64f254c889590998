/* dns_cache - see dns_cache.h. */
#include "lib/dns_cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define LOCKS 16
#define WAYS 8 /* places of a set: their hashes fill one cache line */
#define SECOND 1000000
#define TTL_MIN 1
#define TTL_MAX 3600
#define TTL_MAX_NEGATIVE 900
#define TTL_FAILURE 5

struct entry {
	const struct mm_dns_answer *answer;
	int64_t until_us;
	enum mm_dns_type type;
	char name[];
};
struct set {
	uint64_t hashes[WAYS]; /* of the entries that are not NULL */
	struct entry *entries[WAYS];
};
struct part_lock {
	_Alignas(64) pthread_mutex_t mutex; /* no two in one cache line */
};
struct mm_dns_cache {
	struct part_lock locks[LOCKS];
	atomic_size_t n;
	size_t nsets; /* a power of two from LOCKS up, or 0 */
	struct set *sets;
};

struct mm_dns_cache *
mm_dns_cache_new(size_t entries)
{
	struct mm_dns_cache *cache =
	    aligned_alloc(_Alignof(struct mm_dns_cache), sizeof(*cache));
	size_t nsets = entries > 0 ? LOCKS : 0;

	if (cache == NULL)
		return NULL;
	while (nsets * WAYS < entries)
		nsets *= 2;
	atomic_init(&cache->n, 0);
	cache->nsets = nsets;
	cache->sets = calloc(nsets > 0 ? nsets : 1, sizeof(*cache->sets));
	if (cache->sets == NULL) {
		free(cache);
		return NULL;
	}
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_init(&cache->locks[i].mutex, NULL);
	return cache;
}

void
mm_dns_cache_free(struct mm_dns_cache *cache)
{
	if (cache == NULL)
		return;
	mm_dns_cache_flush(cache);
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&cache->locks[i].mutex);
	free(cache->sets);
	free(cache);
}

static pthread_mutex_t *
lock_of(struct mm_dns_cache *cache, uint64_t hash)
{
	return &cache->locks[hash & (LOCKS - 1)].mutex;
}

static struct set *
set_of(struct mm_dns_cache *cache, uint64_t hash)
{
	return &cache->sets[hash & (cache->nsets - 1)];
}

void
mm_dns_cache_expect(struct mm_dns_cache *cache, uint64_t hash)
{
	const struct set *set;

	if (cache->nsets == 0)
		return;
	set = set_of(cache, hash);
	__builtin_prefetch(set->hashes);
	__builtin_prefetch(set->entries);
}

/* Its place in the set, or WAYS. */
static size_t
find(const struct set *set, uint64_t hash, const char *name,
    enum mm_dns_type type)
{
	size_t i;

	for (i = 0; i < WAYS; i++) {
		if (set->hashes[i] == hash && set->entries[i] != NULL &&
		    set->entries[i]->type == type &&
		    strcmp(set->entries[i]->name, name) == 0)
			break;
	}
	return i;
}

const struct mm_dns_answer *
mm_dns_cache_get(struct mm_dns_cache *cache, uint64_t hash, const char *name,
    enum mm_dns_type type, int64_t now_us)
{
	const struct mm_dns_answer *answer = NULL;
	const struct set *set;
	size_t i;

	if (cache->nsets == 0)
		return NULL;
	set = set_of(cache, hash);
	pthread_mutex_lock(lock_of(cache, hash));
	i = find(set, hash, name, type);
	if (i < WAYS && set->entries[i]->until_us > now_us)
		answer = mm_dns_answer_ref(set->entries[i]->answer);
	pthread_mutex_unlock(lock_of(cache, hash));
	return answer;
}

static int64_t
lifetime(const struct mm_dns_answer *answer)
{
	uint32_t max = answer->status == MM_DNS_OK ? TTL_MAX : TTL_MAX_NEGATIVE;
	uint32_t ttl = answer->ttl;

	if (answer->status == MM_DNS_RETRY || answer->status == MM_DNS_FAIL)
		return (int64_t)TTL_FAILURE * SECOND;
	if (ttl < TTL_MIN)
		ttl = TTL_MIN;
	return (int64_t)(ttl < max ? ttl : max) * SECOND;
}

/* The place to take: its own, a free one, or the one that ends first. */
static size_t
choose(const struct set *set, uint64_t hash, const char *name,
    enum mm_dns_type type)
{
	size_t best = find(set, hash, name, type);

	if (best < WAYS)
		return best;
	best = 0;
	for (size_t i = 0; i < WAYS; i++) {
		if (set->entries[i] == NULL)
			return i;
		if (set->entries[i]->until_us < set->entries[best]->until_us)
			best = i;
	}
	return best;
}

static void
free_entry(struct entry *entry)
{
	if (entry == NULL)
		return;
	mm_dns_answer_unref(entry->answer);
	free(entry);
}

void
mm_dns_cache_put(struct mm_dns_cache *cache, uint64_t hash, const char *name,
    enum mm_dns_type type, const struct mm_dns_answer *answer, int64_t now_us)
{
	size_t size = strlen(name) + 1, i;
	struct entry *entry, *old;
	struct set *set;

	if (cache->nsets == 0 ||
	    (entry = malloc(sizeof(*entry) + size)) == NULL)
		return;
	entry->answer = mm_dns_answer_ref(answer);
	entry->until_us = now_us + lifetime(answer);
	entry->type = type;
	memcpy(entry->name, name, size);

	set = set_of(cache, hash);
	pthread_mutex_lock(lock_of(cache, hash));
	i = choose(set, hash, name, type);
	old = set->entries[i];
	set->entries[i] = entry;
	set->hashes[i] = hash;
	pthread_mutex_unlock(lock_of(cache, hash));
	if (old == NULL)
		atomic_fetch_add_explicit(&cache->n, 1, memory_order_relaxed);
	free_entry(old);
}

void
mm_dns_cache_flush(struct mm_dns_cache *cache)
{
	for (size_t s = 0; s < cache->nsets; s++) {
		struct set was, *set = &cache->sets[s];

		pthread_mutex_lock(lock_of(cache, s));
		was = *set;
		*set = (struct set){0};
		pthread_mutex_unlock(lock_of(cache, s));
		for (size_t i = 0; i < WAYS; i++) {
			if (was.entries[i] == NULL)
				continue;
			free_entry(was.entries[i]);
			atomic_fetch_sub_explicit(
			    &cache->n, 1, memory_order_relaxed);
		}
	}
}

size_t
mm_dns_cache_count(struct mm_dns_cache *cache)
{
	return atomic_load_explicit(&cache->n, memory_order_relaxed);
}
