/* dns_answer - see dns.h: answers, counted, each in one block of memory. */
#include "lib/dns_answer.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct counted {
	atomic_uint refs; /* 0: a constant, which nobody counts */
	struct mm_dns_answer answer;
};

static struct counted *
counted_of(const struct mm_dns_answer *answer)
{
	return (struct counted *)((const char *)answer -
				  offsetof(struct counted, answer));
}

const struct mm_dns_answer *
mm_dns_answer_ref(const struct mm_dns_answer *answer)
{
	struct counted *c = counted_of(answer);

	if (atomic_load_explicit(&c->refs, memory_order_relaxed) != 0)
		atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
	return answer;
}

void
mm_dns_answer_unref(const struct mm_dns_answer *answer)
{
	struct counted *c;

	if (answer == NULL)
		return;
	c = counted_of(answer);
	if (atomic_load_explicit(&c->refs, memory_order_relaxed) == 0)
		return;
	if (atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) == 1)
		free(c);
}

const struct mm_dns_answer *
mm_dns_answer_retry(enum mm_dns_cause cause)
{
#define RETRY(why) [why] = {.answer = {.status = MM_DNS_RETRY, .cause = (why)} }
	static const struct counted retries[] = {
	    RETRY(MM_DNS_ANSWERED),
	    RETRY(MM_DNS_SERVFAIL),
	    RETRY(MM_DNS_BOGUS),
	    RETRY(MM_DNS_TIMEOUT),
	    RETRY(MM_DNS_MISSED),
	    RETRY(MM_DNS_OPEN),
	    RETRY(MM_DNS_FULL),
	    RETRY(MM_DNS_LOCAL),
	};
#undef RETRY

	return &retries[cause].answer;
}

const struct mm_dns_answer *
mm_dns_answer_make(enum mm_dns_status status, bool secure, uint32_t ttl,
    const struct mm_dns_rr *rr, size_t n)
{
	size_t size = sizeof(struct counted), len;
	struct mm_dns_rr *copy;
	struct counted *c;
	char *text;

	if (status == MM_DNS_RETRY)
		return mm_dns_answer_retry(MM_DNS_SERVFAIL);
	if (n > MM_DNS_RRS_MAX)
		n = MM_DNS_RRS_MAX;
	size += n * sizeof(*rr);
	for (size_t i = 0; i < n; i++)
		size += rr[i].text != NULL ? strlen(rr[i].text) + 1 : 0;

	if ((c = malloc(size)) == NULL)
		return mm_dns_answer_retry(MM_DNS_LOCAL);
	copy = (struct mm_dns_rr *)(c + 1);
	text = (char *)(copy + n);
	for (size_t i = 0; i < n; i++) {
		copy[i] = rr[i];
		if (rr[i].text == NULL)
			continue;
		len = strlen(rr[i].text) + 1;
		copy[i].text = memcpy(text, rr[i].text, len);
		text += len;
	}
	atomic_init(&c->refs, 1);
	c->answer = (struct mm_dns_answer){
	    .status = status,
	    .secure = secure,
	    .ttl = ttl,
	    .n = n,
	    .rr = copy,
	};
	return &c->answer;
}

const struct mm_dns_answer *
mm_dns_answer_new(enum mm_dns_status status, uint32_t ttl,
    const struct mm_dns_rr *rr, size_t n)
{
	return mm_dns_answer_make(status, false, ttl, rr, n);
}
