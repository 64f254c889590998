/* watch - see watch.h. */
#include "milter/watch.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/file.h"
#include "lib/policy.h"

#define LOOK_MS 2000 /* between two looks */

struct file {
	char *path;
	struct mm_file_state known, last; /* acted on; seen at the last look */
};

struct watch {
	struct file *files;
	size_t n;
	int64_t due;
};

struct watch *
watch_new(void)
{
	return calloc(1, sizeof(struct watch));
}

static void
clear(struct watch *watch)
{
	for (size_t i = 0; i < watch->n; i++)
		free(watch->files[i].path);
	free(watch->files);
	watch->files = NULL;
	watch->n = 0;
}

void
watch_free(struct watch *watch)
{
	if (watch != NULL)
		clear(watch);
	free(watch);
}

/* A file that is read twice is looked at twice, which does no harm. */
static void
add(void *ctx, const char *path, const struct mm_file_state *state)
{
	struct watch *watch = ctx;
	struct file *files =
	    reallocarray(watch->files, watch->n + 1, sizeof(*files));

	if (files == NULL)
		return;
	watch->files = files;
	files[watch->n] = (struct file){strdup(path), *state, *state};
	if (files[watch->n].path != NULL)
		watch->n++;
}

void
watch_policy(struct watch *watch, const struct mm_policy *policy)
{
	clear(watch);
	mm_policy_files(policy, add, watch);
}

void
watch_accept(struct watch *watch)
{
	for (size_t i = 0; i < watch->n; i++)
		watch->files[i].known = watch->files[i].last =
		    mm_file_look(watch->files[i].path);
}

int
watch_wait_ms(const struct watch *watch)
{
	return watch->n > 0 ? LOOK_MS : -1;
}

const char *
watch_look(struct watch *watch, int64_t now_us)
{
	const char *changed = NULL;

	if (now_us < watch->due)
		return NULL;
	watch->due = now_us + INT64_C(1000) * LOOK_MS;
	for (size_t i = 0; i < watch->n; i++) {
		struct file *file = &watch->files[i];
		struct mm_file_state now = mm_file_look(file->path);
		bool rests = mm_file_same(&now, &file->last);

		file->last = now;
		if (!mm_file_same(&now, &file->known) && rests)
			changed = file->path;
	}
	return changed;
}
