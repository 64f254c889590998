/* errands - see errands.h. */
#include "milter/errands.h"

#include <string.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/map.h"
#include "lib/policyd.h"
#include "milter/logger.h"
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

/* News of a service is told once; each default action is counted. */
static void
tell(struct service *service, const struct mm_policyd *policyd,
    const struct mm_err *why)
{
	service_count(service, MM_POLICY_QUERIES, 1);
	if (why != NULL)
		service_count(service, MM_POLICY_FAILURES, 1);
	if (!mm_policyd_news(service_policyds(service), policyd, why != NULL))
		return;
	if (why != NULL)
		logger_say(service_logger(service), MM_EVENT_POLICYD,
		    "policy service %s; its default action is taken",
		    why->text);
	else
		logger_say(service_logger(service), MM_EVENT_POLICYD_FINE,
		    "policy service %s: works again", policyd->endpoint);
}

static enum mm_errand_status
ask(struct service *service, const struct mm_errand *errand, int64_t until_us,
    char **text)
{
	const struct mm_policyd *policyd = errand->what;
	struct mm_err err;

	*text = mm_policyd_ask(
	    service_policyds(service), policyd, errand->text, until_us, &err);
	tell(service, policyd, *text != NULL ? NULL : &err);
	if (*text != NULL)
		return MM_ERRAND_FOUND;
	*text = strdup(err.text);
	return MM_ERRAND_FAILED;
}

/* News of tables is told once. */
static enum mm_errand_status
look_up(struct service *service, const struct mm_errand *errand,
    int64_t until_us, char **text)
{
	const struct mm_map_wait wait = {service_clock(service), until_us};
	enum mm_errand_status status = mm_map_errand(errand, &wait, text);

	service_trouble(service, TROUBLE_TABLES, status == MM_ERRAND_FAILED,
	    *text != NULL ? *text : "out of memory");
	return status;
}

static enum mm_errand_status
run(void *ctx, const struct mm_errand *errand, int64_t until_us, char **text)
{
	struct service *service = ctx;

	switch (errand->kind) {
	case MM_ERRAND_SLEEP:
		return sleep_for(service, errand->ms, until_us);
	case MM_ERRAND_POLICY:
		return ask(service, errand, until_us, text);
	case MM_ERRAND_LOOKUP:
		return look_up(service, errand, until_us, text);
	}
	return MM_ERRAND_UNASKED;
}

struct mm_errand_runner
errands_runner(struct service *service)
{
	return (struct mm_errand_runner){run, service};
}
