/*
 * dns_flight - the questions that are out, each of them once.
 *
 * A job is one question put to the library, with everyone who waits for it.
 * Jobs stand in three queues by age, each in the order in which they were
 * sent.  For the files of dns alone.
 * Threads: confined, to the resolver's.
 */
#ifndef MM_DNS_FLIGHT_H
#define MM_DNS_FLIGHT_H

#include <sys/queue.h>

#include "lib/dns_batch.h"

enum mm_job_age {
	MM_JOB_YOUNG,
	MM_JOB_LATE,	 /* older than the deadline */
	MM_JOB_GIVEN_UP, /* nobody waits; the library goes on */
	MM_JOB_AGES,
};

struct mm_job {
	TAILQ_ENTRY(mm_job) aging;
	struct mm_job *chained;
	void *owner;
	uint64_t hash;
	enum mm_dns_type type;
	enum mm_job_age age;
	bool probe;		       /* a breaker asks */
	struct mm_breaker *breaker;    /* its zone's, or NULL */
	struct mm_batch_item *waiting; /* newest first */
	int64_t sent_us;
	char name[];
};

#define MM_FLIGHT_CHAINS 8192
struct mm_flight {
	TAILQ_HEAD(mm_jobs, mm_job) jobs[MM_JOB_AGES];
	struct mm_job *chains[MM_FLIGHT_CHAINS];
};

void mm_flight_init(struct mm_flight *flight);
struct mm_job *mm_flight_find(struct mm_flight *flight, uint64_t hash,
    const char *name, enum mm_dns_type type);
/* A young job, sent now, that nobody waits for yet.  NULL: no memory. */
struct mm_job *mm_flight_add(struct mm_flight *flight, uint64_t hash,
    const char *name, enum mm_dns_type type, int64_t now_us);
void mm_flight_remove(struct mm_flight *flight, struct mm_job *job);
/* To the end of another queue, or of its own. */
void mm_flight_age(
    struct mm_flight *flight, struct mm_job *job, enum mm_job_age age);

#endif
