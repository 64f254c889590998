/*
 * explain_names - what a client is called: the name of its PTR record, and
 * whether that name leads back to the address.
 */
#include <string.h>

#include "ctl/explain.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/hostname.h"
#include "lib/str.h"

#define PATIENCE_US 10000000

/* Asks and waits.  The answer lives in name_answers; NULL: no memory. */
static const struct mm_dns_answer *
ask(struct explain *x, const char *name, enum mm_dns_type type)
{
	const struct mm_clock *clock = x->judge.clock;
	struct mm_dns_question question = {.name = name, .type = type};
	struct mm_asked *asked = mm_arena_alloc(x->arena, sizeof(*asked));
	struct mm_asked **end;
	struct mm_batch *batch;

	if (asked == NULL || (batch = mm_batch_new()) == NULL)
		return NULL;
	mm_dns_ask(x->dns, batch, &question, 1);
	mm_batch_wait(
	    batch, name, type, clock, mm_clock_mono(clock) + PATIENCE_US);
	mm_batch_drain(batch, x->name_answers);
	mm_batch_close(batch);
	mm_answers_add(x->name_answers, name, type,
	    mm_dns_answer_retry(MM_DNS_MISSED)); /* if there is none */

	*asked = (struct mm_asked){.name = name,
	    .type = type,
	    .shown = name,
	    .answer = mm_answers_get(x->name_answers, name, type)};
	for (end = &x->name_asked; *end != NULL; end = &(*end)->next)
		;
	*end = asked;
	return asked->answer;
}

static const char *
reverse_zone_name(struct explain *x)
{
	char reversed[MM_IP_REVERSED_MAX];

	mm_ip_reverse(&x->client, reversed);
	return mm_arena_printf(x->arena, "%s.%s", reversed,
	    x->client.family == MM_IP_V6 ? "ip6.arpa" : "in-addr.arpa");
}

/* Postfix takes the first name, if it is one. */
static int
find_ptr(struct explain *x)
{
	const char *name = reverse_zone_name(x);
	const struct mm_dns_answer *answer =
	    name != NULL ? ask(x, name, MM_DNS_PTR) : NULL;

	if (answer == NULL)
		return -1;
	if (answer->status == MM_DNS_OK && answer->n > 0 &&
	    mm_hostname_valid(answer->rr[0].text) &&
	    !mm_hostname_is_address(answer->rr[0].text))
		x->ptr = mm_arena_dup(x->arena, answer->rr[0].text);
	else
		x->resolve = answer->status == MM_DNS_RETRY ? "TEMP" : "FAIL";
	return x->ptr != NULL || x->resolve != NULL ? 0 : -1;
}

static int
confirm(struct explain *x)
{
	const struct mm_dns_answer *answer = ask(
	    x, x->ptr, x->client.family == MM_IP_V6 ? MM_DNS_AAAA : MM_DNS_A);

	if (answer == NULL)
		return -1;
	x->resolve = answer->status == MM_DNS_RETRY	     ? "TEMP"
		     : mm_dns_answer_has(answer, &x->client) ? "OK"
							     : "FORGED";
	return 0;
}

static bool
is_unknown(const char *name)
{
	return strcmp(name, "unknown") == 0;
}

int
explain_names(struct explain *x)
{
	const struct ctl *ctl = x->ctl;

	x->ptr = ctl->ptr;
	x->name = ctl->name;
	if (x->name != NULL && !is_unknown(x->name)) {
		x->resolve = "OK";
		if (x->ptr == NULL)
			x->ptr = x->name;
		return 0;
	}
	if (x->name != NULL) {
		x->resolve =
		    x->ptr == NULL || is_unknown(x->ptr) ? "FAIL" : "FORGED";
		if (x->ptr == NULL)
			x->ptr = "unknown";
		return 0;
	}

	x->assumed |= ASSUMED_NAME;
	if (x->ptr != NULL && is_unknown(x->ptr))
		x->resolve = "FAIL";
	else if ((x->ptr == NULL && find_ptr(x) != 0) ||
		 (x->ptr != NULL && confirm(x) != 0))
		return -1;
	if (x->ptr == NULL)
		x->ptr = "unknown";
	x->name = strcmp(x->resolve, "OK") == 0 ? x->ptr : "unknown";
	return 0;
}
