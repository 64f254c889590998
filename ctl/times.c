/* times - see times.h. */
#include "ctl/times.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	char *name;
	enum mm_dns_type type;
	int64_t took_us;
};

struct times {
	pthread_mutex_t lock;
	struct entry *list;
	size_t n;
};

struct times *
times_new(void)
{
	struct times *times = calloc(1, sizeof(*times));

	if (times != NULL)
		pthread_mutex_init(&times->lock, NULL);
	return times;
}

void
times_free(struct times *times)
{
	if (times == NULL)
		return;
	for (size_t i = 0; i < times->n; i++)
		free(times->list[i].name);
	free(times->list);
	pthread_mutex_destroy(&times->lock);
	free(times);
}

/* Without memory the time is not known; nothing else depends on it. */
void
times_ended(void *ctx, const char *name, enum mm_dns_type type, int64_t took_us)
{
	struct times *times = ctx;
	struct entry *more;
	char *copy = strdup(name);

	pthread_mutex_lock(&times->lock);
	more = copy == NULL ? NULL
			    : reallocarray(times->list, times->n + 1,
				  sizeof(*times->list));
	if (more != NULL) {
		times->list = more;
		more[times->n++] = (struct entry){copy, type, took_us};
		copy = NULL;
	}
	pthread_mutex_unlock(&times->lock);
	free(copy);
}

int64_t
times_took(struct times *times, const char *name, enum mm_dns_type type)
{
	int64_t took = -1;

	pthread_mutex_lock(&times->lock);
	for (size_t i = 0; i < times->n && took < 0; i++)
		if (times->list[i].type == type &&
		    strcmp(times->list[i].name, name) == 0)
			took = times->list[i].took_us;
	pthread_mutex_unlock(&times->lock);
	return took;
}
