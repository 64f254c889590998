/* store_memory - a store in a hash table; see store.h. */
#include "lib/err.h"
#include "lib/store.h"
#include "lib/store_hash.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define BUCKETS 1024 /* to begin with; a power of two */

struct note {
	char client[MM_STORE_NOTE_MAX + 1];
	char sender[MM_STORE_NOTE_MAX + 1];
	char recipient[MM_STORE_NOTE_MAX + 1];
};

struct entry {
	struct entry *next; /* in its bucket */
	uint64_t hash;
	struct mm_record record;
	struct note *note; /* NULL: none */
	char key[];
};

struct memory {
	struct mm_store store;
	uint8_t secret[MM_STORE_SECRET];
	pthread_mutex_t lock; /* a leaf; guards all that follows */
	struct entry **buckets;
	size_t nbuckets, count;
	struct mm_store_stats stats;
};

/* The link that points to key's entry, or where it would be put. */
static struct entry **
find(struct memory *mem, uint64_t hash, const char *key)
{
	struct entry **link = &mem->buckets[hash & (mem->nbuckets - 1)];

	while (*link != NULL &&
	       ((*link)->hash != hash || strcmp((*link)->key, key) != 0))
		link = &(*link)->next;
	return link;
}

/* Twice the buckets; without memory the chains just grow longer. */
static void
grow(struct memory *mem)
{
	size_t n = 2 * mem->nbuckets;
	struct entry **buckets = calloc(n, sizeof(struct entry *)), *entry;

	if (buckets == NULL)
		return;
	for (size_t i = 0; i < mem->nbuckets; i++) {
		while ((entry = mem->buckets[i]) != NULL) {
			mem->buckets[i] = entry->next;
			entry->next = buckets[entry->hash & (n - 1)];
			buckets[entry->hash & (n - 1)] = entry;
		}
	}
	free(mem->buckets);
	mem->buckets = buckets;
	mem->nbuckets = n;
}

static void
copy_text(char dst[MM_STORE_NOTE_MAX + 1], const char *src)
{
	size_t len = src == NULL ? 0 : strnlen(src, MM_STORE_NOTE_MAX);

	if (len > 0)
		memcpy(dst, src, len);
	dst[len] = '\0';
}

static struct note *
note_new(const struct mm_store_note *from)
{
	struct note *note = malloc(sizeof(*note));

	if (note == NULL)
		return NULL;
	copy_text(note->client, from->client);
	copy_text(note->sender, from->sender);
	copy_text(note->recipient, from->recipient);
	return note;
}

static struct entry *
entry_new(uint64_t hash, const char *key)
{
	size_t len = strlen(key);
	struct entry *entry = calloc(1, sizeof(*entry) + len + 1);

	if (entry != NULL) {
		entry->hash = hash;
		memcpy(entry->key, key, len);
	}
	return entry;
}

static void
entry_free(struct entry *entry)
{
	if (entry != NULL)
		free(entry->note);
	free(entry);
}

static void
set_note(struct memory *mem, struct entry *entry, struct note *note)
{
	mem->stats.waiting += (note != NULL) - (entry->note != NULL);
	free(entry->note);
	entry->note = note;
}

/* One key of an update. */
struct slot {
	const char *key;
	uint64_t hash;
	struct entry *fresh; /* for a key that has no entry so far */
};

/* An update at work. */
struct change {
	struct memory *mem;
	const struct mm_store_update *update;
	struct slot slots[MM_STORE_KEYS];
};

/* -1: out of memory. */
static int
slot_read(struct memory *mem, struct slot *slot, struct mm_record *record)
{
	const struct entry *entry;

	slot->hash = mm_store_hash(mem->secret, slot->key, strlen(slot->key));
	if ((entry = *find(mem, slot->hash, slot->key)) != NULL) {
		*record = entry->record;
		return 0;
	}
	slot->fresh = entry_new(slot->hash, slot->key);
	return slot->fresh == NULL ? -1 : 0;
}

/* The entry after that; NULL: the record is gone. */
static struct entry *
slot_write(
    struct memory *mem, struct slot *slot, const struct mm_record *record)
{
	static const struct mm_record none;
	struct entry **link = find(mem, slot->hash, slot->key), *entry = *link;

	if (memcmp(record, &none, sizeof(none)) == 0) {
		if (entry == NULL)
			return NULL;
		*link = entry->next;
		set_note(mem, entry, NULL);
		entry_free(entry);
		mem->count--;
		return NULL;
	}
	if (entry == NULL) {
		entry = *link = slot->fresh;
		slot->fresh = NULL;
		mem->count++;
	}
	entry->record = *record;
	return entry;
}

static int
fetch(void *ctx, size_t from, size_t to, struct mm_record *record)
{
	struct change *c = ctx;
	int rc = 0;

	for (size_t i = from; i < to && rc == 0; i++) {
		c->slots[i].key = c->update->key[i];
		rc = slot_read(c->mem, &c->slots[i], &record[i]);
	}
	return rc;
}

/* All memory is taken before anything changes.  Holds the lock. */
static int
change(struct memory *mem, struct mm_store_update *update)
{
	struct change c = {.mem = mem, .update = update};
	struct mm_record record[MM_STORE_KEYS];
	struct entry *entry[MM_STORE_KEYS] = {0};
	struct note *note = note_new(&update->note);
	enum mm_store_change what;
	bool noted;
	int rc = -1;

	if (note != NULL)
		rc = mm_store_run(update, fetch, &c, record, &noted, &what);
	if (rc == 0 && what != MM_STORE_KEEP) {
		for (size_t i = 0; i < update->nread; i++)
			entry[i] = slot_write(mem, &c.slots[i], &record[i]);
		mem->stats.commits++;
	}
	if (entry[0] != NULL && !noted) {
		set_note(mem, entry[0], NULL);
	} else if (entry[0] != NULL && entry[0]->note == NULL) {
		set_note(mem, entry[0], note);
		note = NULL;
	}
	for (size_t i = 0; i < update->n; i++)
		entry_free(c.slots[i].fresh);
	free(note);
	if (mem->count > mem->nbuckets)
		grow(mem);
	return rc;
}

static enum mm_store_status
memory_update(struct mm_store *store, struct mm_store_update *update,
    size_t argsize, int64_t wait_ms, struct mm_err *err)
{
	struct memory *mem = (struct memory *)store;
	int rc;

	(void)argsize; /* nothing is ever late here */
	(void)wait_ms;
	pthread_mutex_lock(&mem->lock);
	rc = change(mem, update);
	mem->stats.updates++;
	if (rc == -1)
		mem->stats.failures++;
	pthread_mutex_unlock(&mem->lock);
	if (rc == 0)
		return MM_STORE_DONE;
	mm_err_set(err, "out of memory");
	return MM_STORE_FAILED;
}

static int
memory_read(struct mm_store *store, const char *const *keys, size_t n,
    int64_t wait_ms, struct mm_record *ret, struct mm_err *err)
{
	struct memory *mem = (struct memory *)store;
	const struct entry *entry;
	uint64_t hash;

	(void)wait_ms; /* nobody holds the lock for long */
	(void)err;
	pthread_mutex_lock(&mem->lock);
	for (size_t i = 0; i < n; i++) {
		hash = mm_store_hash(mem->secret, keys[i], strlen(keys[i]));
		entry = *find(mem, hash, keys[i]);
		ret[i] = entry == NULL ? (struct mm_record){0} : entry->record;
	}
	pthread_mutex_unlock(&mem->lock);
	return 0;
}

struct waiting {
	struct note note;
	struct mm_record record;
};

/* A copy of what is waiting now. */
static struct waiting *
copy_waiting(struct memory *mem, size_t *n)
{
	struct waiting *list;

	pthread_mutex_lock(&mem->lock);
	*n = 0;
	list = calloc(mem->stats.waiting + 1, sizeof(*list));
	for (size_t i = 0; list != NULL && i < mem->nbuckets; i++) {
		for (const struct entry *e = mem->buckets[i]; e != NULL;
		     e = e->next) {
			if (e->note != NULL)
				list[(*n)++] =
				    (struct waiting){*e->note, e->record};
		}
	}
	pthread_mutex_unlock(&mem->lock);
	return list;
}

static int
memory_waiting(
    struct mm_store *store, mm_store_each *each, void *ctx, struct mm_err *err)
{
	size_t n;
	struct waiting *list = copy_waiting((struct memory *)store, &n);

	if (list == NULL)
		return mm_err_set(err, "out of memory");
	for (size_t i = 0; i < n; i++) {
		struct mm_store_note note = {list[i].note.client,
		    list[i].note.sender, list[i].note.recipient};

		if (!each(ctx, &note, &list[i].record))
			break;
	}
	free(list);
	return 0;
}

/* It is not there to stay. */
static void
memory_keep(struct mm_store *store, int64_t max_age, int64_t waiting_age)
{
	(void)store;
	(void)max_age;
	(void)waiting_age;
}

static void
memory_stats(struct mm_store *store, struct mm_store_stats *ret)
{
	struct memory *mem = (struct memory *)store;

	pthread_mutex_lock(&mem->lock);
	*ret = mem->stats;
	ret->records = mem->count;
	pthread_mutex_unlock(&mem->lock);
}

static void
memory_free(struct mm_store *store)
{
	struct memory *mem = (struct memory *)store;
	struct entry *entry;

	for (size_t i = 0; i < mem->nbuckets; i++) {
		while ((entry = mem->buckets[i]) != NULL) {
			mem->buckets[i] = entry->next;
			entry_free(entry);
		}
	}
	pthread_mutex_destroy(&mem->lock);
	free(mem->buckets);
	free(mem);
}

static const struct mm_store_ops memory_ops = {
    .update = memory_update,
    .read = memory_read,
    .waiting = memory_waiting,
    .keep = memory_keep,
    .stats = memory_stats,
    .free = memory_free,
};

struct mm_store *
mm_store_memory_new(void)
{
	struct memory *mem = calloc(1, sizeof(*mem));

	if (mem == NULL)
		return NULL;
	mem->store.ops = &memory_ops;
	mem->nbuckets = BUCKETS;
	mem->buckets = calloc(BUCKETS, sizeof(struct entry *));
	if (mem->buckets == NULL ||
	    getrandom(mem->secret, sizeof(mem->secret), 0) == -1) {
		free(mem->buckets);
		free(mem);
		return NULL;
	}
	pthread_mutex_init(&mem->lock, NULL);
	return &mem->store;
}
