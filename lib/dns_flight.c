/* dns_flight - see dns_flight.h. */
#include "lib/dns_flight.h"

#include <stdlib.h>
#include <string.h>

void
mm_flight_init(struct mm_flight *flight)
{
	memset(flight, 0, sizeof(*flight));
	for (size_t i = 0; i < MM_JOB_AGES; i++)
		TAILQ_INIT(&flight->jobs[i]);
}

static struct mm_job **
chain_of(struct mm_flight *flight, uint64_t hash)
{
	return &flight->chains[hash % MM_FLIGHT_CHAINS];
}

struct mm_job *
mm_flight_find(struct mm_flight *flight, uint64_t hash, const char *name,
    enum mm_dns_type type)
{
	struct mm_job *job = *chain_of(flight, hash);

	while (job != NULL && (job->hash != hash || job->type != type ||
				  strcmp(job->name, name) != 0))
		job = job->chained;
	return job;
}

struct mm_job *
mm_flight_add(struct mm_flight *flight, uint64_t hash, const char *name,
    enum mm_dns_type type, int64_t now_us)
{
	struct mm_job **chain = chain_of(flight, hash), *job;
	size_t size = strlen(name) + 1;

	if ((job = malloc(sizeof(*job) + size)) == NULL)
		return NULL;
	*job = (struct mm_job){
	    .chained = *chain,
	    .hash = hash,
	    .type = type,
	    .sent_us = now_us,
	};
	memcpy(job->name, name, size);
	*chain = job;
	TAILQ_INSERT_TAIL(&flight->jobs[MM_JOB_YOUNG], job, aging);
	return job;
}

void
mm_flight_remove(struct mm_flight *flight, struct mm_job *job)
{
	struct mm_job **at = chain_of(flight, job->hash);

	while (*at != job)
		at = &(*at)->chained;
	*at = job->chained;
	TAILQ_REMOVE(&flight->jobs[job->age], job, aging);
	free(job);
}

void
mm_flight_age(struct mm_flight *flight, struct mm_job *job, enum mm_job_age age)
{
	TAILQ_REMOVE(&flight->jobs[job->age], job, aging);
	job->age = age;
	TAILQ_INSERT_TAIL(&flight->jobs[age], job, aging);
}
