/* map_errand - remote tables asked while a verdict waits: see map.h. */
#include "lib/map.h"

#include <string.h>

#include "lib/err.h"

enum mm_errand_status
mm_map_errand(
    const struct mm_errand *errand, const struct mm_map_wait *wait, char **text)
{
	struct mm_err err;

	switch (mm_map_run(errand->what, errand->key, wait, text, &err)) {
	case MM_MAP_FOUND:
		return MM_ERRAND_FOUND;
	case MM_MAP_NOTHING:
		return MM_ERRAND_NOTHING;
	case MM_MAP_FAILED:
	case MM_MAP_PENDING:
		break;
	}
	*text = strdup(err.text);
	return MM_ERRAND_FAILED;
}
