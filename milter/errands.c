/* errands - see errands.h. */
#include "milter/errands.h"

#include <time.h>

#include "lib/clock.h"
#include "milter/service.h"

/*
 * A sleep leaves a quarter of the wait to the steps behind it, which would
 * otherwise have to be judged without their answers.
 */
static enum mm_errand_status
sleep_for(struct service *service, int64_t ms, int64_t until_us)
{
	int64_t left = until_us - mm_clock_mono(service_clock(service));
	int64_t us = ms * 1000 < left * 3 / 4 ? ms * 1000 : left * 3 / 4;
	struct timespec wait = {us / 1000000, us % 1000000 * 1000};

	if (us > 0)
		nanosleep(&wait, NULL);
	return MM_ERRAND_FOUND;
}

static enum mm_errand_status
run(void *ctx, const struct mm_errand *errand, int64_t until_us, char **text)
{
	struct service *service = ctx;

	(void)text;
	switch (errand->kind) {
	case MM_ERRAND_SLEEP:
		return sleep_for(service, errand->ms, until_us);
	case MM_ERRAND_POLICY:
	case MM_ERRAND_LOOKUP:
		break;
	}
	return MM_ERRAND_UNASKED;
}

struct mm_errand_runner
errands_runner(struct service *service)
{
	return (struct mm_errand_runner){run, service};
}
