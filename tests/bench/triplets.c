/*
 * triplets - fills a greylist store, through the store's own interface.
 *
 *     triplets DIRECTORY COUNT
 *
 * Every second triplet has passed, the others wait and have their note.
 */
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/greylist_key.h"
#include "lib/ip.h"
#include "lib/store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define WRITERS 256 /* commits are shared by those who wait */
#define PATIENCE 60000

struct filling {
	struct mm_store *store;
	int64_t now;
	unsigned long count;
	atomic_ulong next;
	atomic_bool failed;
};

struct entry {
	int64_t now;
	bool passed;
};

static enum mm_store_change
remember(const struct mm_store_update *update,
    struct mm_record record[MM_STORE_KEYS], bool *noted)
{
	const struct entry *entry = update->arg;

	record[0] = (struct mm_record){
	    .first = entry->now - 400,
	    .last = entry->now - 200,
	    .count = entry->passed,
	};
	*noted = !entry->passed;
	return MM_STORE_WRITE;
}

static bool
add(struct filling *f, struct mm_arena *arena, unsigned long i)
{
	struct mm_ip ip = {
	    MM_IP_V4, {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}};
	struct entry entry = {.now = f->now, .passed = i % 2};
	char client[MM_IP_TEXT_MAX];
	struct mm_store_update update = {.n = 1,
	    .change = remember,
	    .arg = &entry,
	    .note = {.client = mm_ip_format(&ip, client),
		.sender = mm_arena_printf(arena, "user%lu@example.com", i),
		.recipient = "info@example.net"}};
	struct mm_err err;

	update.key[0] = mm_greylist_triplet_key(arena,
	    mm_arena_printf(
		arena, "10.%lu.%lu.0/24", i >> 16 & 255, i >> 8 & 255),
	    update.note.sender, update.note.recipient);
	if (mm_store_update(f->store, &update, sizeof(entry), PATIENCE, &err) ==
	    MM_STORE_DONE)
		return true;
	fprintf(stderr, "triplets: %lu not written\n", i);
	return false;
}

static void *
fill(void *arg)
{
	struct filling *f = arg;
	struct mm_arena *arena = mm_arena_new(1 << 16);
	unsigned long i;

	while ((i = atomic_fetch_add(&f->next, 1)) < f->count) {
		if (!add(f, arena, i))
			atomic_store(&f->failed, true);
		mm_arena_clear(arena);
	}
	mm_arena_free(arena);
	return NULL;
}

int
main(int argc, char **argv)
{
	struct mm_store_config config = {0};
	struct filling f = {.now = mm_clock_wall(&mm_clock_system)};
	pthread_t writer[WRITERS];
	struct mm_err err;

	if (argc != 3) {
		fprintf(stderr, "usage: triplets DIRECTORY COUNT\n");
		return 2;
	}
	config.directory = argv[1];
	f.count = strtoul(argv[2], NULL, 10);
	f.store = mm_store_sqlite_new(&config, &mm_clock_system, &err);
	if (f.store == NULL) {
		fprintf(stderr, "triplets: %s\n", err.text);
		return 1;
	}
	for (size_t i = 0; i < WRITERS; i++)
		if (pthread_create(&writer[i], NULL, fill, &f) != 0)
			abort();
	for (size_t i = 0; i < WRITERS; i++)
		pthread_join(writer[i], NULL);
	mm_store_free(f.store);
	return atomic_load(&f.failed);
}
