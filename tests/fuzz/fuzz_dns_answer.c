/*
 * fuzz_dns_answer - packets from anywhere.  The first byte chooses the type
 * that was asked for, the rest is the packet.
 */
#include "lib/dns.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static void
check(const struct mm_dns_answer *a, enum mm_dns_type type)
{
	size_t text = 0;

	if (a->n > MM_DNS_RRS_MAX || (a->n > 0) != (a->status == MM_DNS_OK) ||
	    (a->cause != MM_DNS_ANSWERED) != (a->status == MM_DNS_RETRY))
		abort();
	for (size_t i = 0; i < a->n; i++) {
		const char *t = a->rr[i].text;

		if ((t == NULL) != (type == MM_DNS_A || type == MM_DNS_AAAA))
			abort();
		if (t == NULL)
			continue;
		text += strlen(t);
		for (; *t != '\0'; t++) {
			if (*t < ' ' || *t > '~')
				abort();
		}
	}
	if (type == MM_DNS_TXT && text > MM_DNS_TEXT_MAX)
		abort();
	if (type == MM_DNS_SPF && (a->n > 2 || text > 2 * MM_DNS_SPF_MAX))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum mm_dns_type types[] = {MM_DNS_A, MM_DNS_NS,
	    MM_DNS_PTR, MM_DNS_MX, MM_DNS_TXT, MM_DNS_AAAA, MM_DNS_SPF};
	const struct mm_dns_answer *answer;
	enum mm_dns_type type;

	if (size == 0)
		return 0;
	type = types[data[0] % (sizeof(types) / sizeof(types[0]))];
	answer = mm_dns_answer_parse(data + 1, size - 1, type, false);
	check(answer, type);
	mm_dns_answer_unref(answer);
	return 0;
}
