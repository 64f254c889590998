/* times - how long things took: kept one by one, told by percentile. */
#include "tests/bench/mclient.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void
times_add(struct times *t, int64_t us)
{
	if (t->n == t->size) {
		t->size = t->size != 0 ? 2 * t->size : 4096;
		t->us = reallocarray(t->us, t->size, sizeof(*t->us));
		if (t->us == NULL)
			abort();
	}
	t->us[t->n++] = us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
}

static int
compare(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

void
times_print(struct times *t, const char *name)
{
	static const unsigned percent[] = {50, 90, 99};

	qsort(t->us, t->n, sizeof(*t->us), compare);
	for (size_t i = 0; i < sizeof(percent) / sizeof(percent[0]); i++)
		printf(" %s_p%u=%" PRIu32, name, percent[i],
		    t->n != 0 ? t->us[(t->n - 1) * percent[i] / 100] : 0);
}
