/* arena - see arena.h. */
#include "lib/arena.h"

#include <sanitizer/asan_interface.h> /* says nothing where there is no ASan */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An idle session keeps its first block: there are thousands of them. */
#define FIRST_SIZE ((size_t)2048)
#define BLOCK_SIZE ((size_t)4096)
#define ALIGN _Alignof(max_align_t)

struct block {
	struct block *next; /* the older ones */
	size_t size;
	size_t used;
	_Alignas(max_align_t) char data[];
};

/* Something that lives elsewhere and goes with the arena. */
struct deferred {
	struct deferred *next;
	void (*release)(void *what);
	void *what;
};

/* The limit is on the blocks' sizes, so that it bounds what is taken from
 * the heap, not what was asked for. */
struct mm_arena {
	struct block *blocks;	   /* the newest first; the first one stays */
	struct deferred *deferred; /* the newest first */
	size_t limit;
	size_t taken;
	bool failed;
};

static struct block *
block_new(struct mm_arena *arena, size_t size)
{
	struct block *block;

	if (size > arena->limit - arena->taken ||
	    size > SIZE_MAX - sizeof(*block) ||
	    (block = malloc(sizeof(*block) + size)) == NULL)
		return NULL;
	block->next = NULL;
	block->size = size;
	block->used = 0;
	ASAN_POISON_MEMORY_REGION(block->data, size);
	arena->taken += size;
	return block;
}

static void
block_free(struct block *block)
{
	ASAN_UNPOISON_MEMORY_REGION(block->data, block->size);
	free(block);
}

struct mm_arena *
mm_arena_new(size_t limit)
{
	struct mm_arena *arena = calloc(1, sizeof(*arena));

	if (arena == NULL)
		return NULL;
	arena->limit = limit;
	arena->blocks =
	    block_new(arena, limit < FIRST_SIZE ? limit : FIRST_SIZE);
	if (arena->blocks == NULL) {
		free(arena);
		return NULL;
	}
	return arena;
}

/* Frees all blocks but the oldest. */
static void
free_newer(struct mm_arena *arena)
{
	struct block *block;

	while ((block = arena->blocks)->next != NULL) {
		arena->blocks = block->next;
		arena->taken -= block->size;
		block_free(block);
	}
}

static void
release_deferred(struct mm_arena *arena)
{
	for (struct deferred *d = arena->deferred; d != NULL; d = d->next)
		d->release(d->what);
	arena->deferred = NULL;
}

void
mm_arena_free(struct mm_arena *arena)
{
	if (arena == NULL)
		return;
	release_deferred(arena);
	free_newer(arena);
	block_free(arena->blocks);
	free(arena);
}

void
mm_arena_clear(struct mm_arena *arena)
{
	release_deferred(arena);
	free_newer(arena);
	arena->blocks->used = 0;
	ASAN_POISON_MEMORY_REGION(arena->blocks->data, arena->blocks->size);
	arena->failed = false;
}

bool
mm_arena_failed(const struct mm_arena *arena)
{
	return arena->failed;
}

/* A block with room for size bytes, the newest one if it has. */
static struct block *
block_with_room(struct mm_arena *arena, size_t size)
{
	struct block *block = arena->blocks;
	size_t want = size;

	if (size <= block->size - block->used)
		return block;
	if (want < BLOCK_SIZE && arena->limit - arena->taken >= BLOCK_SIZE)
		want = BLOCK_SIZE;
	if ((block = block_new(arena, want)) == NULL)
		return NULL;
	block->next = arena->blocks;
	arena->blocks = block;
	return block;
}

void *
mm_arena_alloc(struct mm_arena *arena, size_t size)
{
	struct block *block = NULL;
	size_t rounded;
	char *ret;

	if (size == 0)
		size = 1; /* a pointer of its own */
	rounded = (size + ALIGN - 1) & ~(ALIGN - 1);
	if (!arena->failed && rounded >= size)
		block = block_with_room(arena, rounded);
	if (block == NULL) {
		arena->failed = true;
		return NULL;
	}
	ret = block->data + block->used;
	block->used += rounded;
	ASAN_UNPOISON_MEMORY_REGION(ret, size);
	return memset(ret, 0, size);
}

bool
mm_arena_defer(struct mm_arena *arena, void (*release)(void *what), void *what)
{
	struct deferred *d;

	if (what == NULL)
		return true;
	if ((d = mm_arena_alloc(arena, sizeof(*d))) == NULL) {
		release(what);
		return false;
	}
	*d = (struct deferred){arena->deferred, release, what};
	arena->deferred = d;
	return true;
}

char *
mm_arena_dup(struct mm_arena *arena, const char *text)
{
	return mm_arena_dupn(arena, text, strlen(text));
}

char *
mm_arena_dupn(struct mm_arena *arena, const char *text, size_t len)
{
	char *ret = len < SIZE_MAX ? mm_arena_alloc(arena, len + 1) : NULL;

	if (ret != NULL)
		memcpy(ret, text, len);
	return ret;
}

char *
mm_arena_printf(struct mm_arena *arena, const char *fmt, ...)
{
	char *ret = NULL, text[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(text))
		return mm_arena_dupn(arena, text, (size_t)n);
	if (n >= 0)
		ret = mm_arena_alloc(arena, (size_t)n + 1);
	else
		arena->failed = true;
	if (ret != NULL) {
		va_start(ap, fmt);
		vsnprintf(ret, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	return ret;
}
