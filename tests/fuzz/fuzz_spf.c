/*
 * fuzz_spf - strangers' SPF records, and what their DNS says to them.
 *
 * The input is an address, then records, one a line; each question is answered
 * by the next of them, and by what its first letter says.  Whatever they hold:
 * few questions, an end, printable words; and a network that is its own has
 * the address.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dns.h"
#include "lib/ip.h"
#include "lib/spf.h"
#include "lib/spf_term.h"
#include "tests/fuzz/fuzz.h"

/* Ten lookups, each with a record; the hosts of all mx; the first record. */
#define QUESTIONS_MAX (10 + 20 + 1)

struct input {
	char *next;
	struct mm_ip ip;
	const struct mm_dns_answer *kept[QUESTIONS_MAX];
	size_t asked;
};

static const struct mm_dns_answer *
make_answer(struct input *in, const struct mm_dns_question *question)
{
	struct mm_dns_rr rr[12];
	char *line = in->next, how = *line;
	size_t n = 1;

	in->next += strcspn(line, "\n");
	if (*in->next != '\0')
		*in->next++ = '\0';
	if (how == 'r')
		return mm_dns_answer_retry(MM_DNS_TIMEOUT);
	if (how == 'n' || how == '\0')
		return mm_dns_answer_new(MM_DNS_NOTFOUND, 1, NULL, 0);
	if (how == 'i')
		return mm_dns_answer_new(MM_DNS_INVAL, 1, NULL, 0);
	if (question->type == MM_DNS_MX && strlen(line) >= MM_DNS_NAME_MAX)
		line[MM_DNS_NAME_MAX - 1] = '\0'; /* no name is longer */
	if (question->type == MM_DNS_MX || how == '2')
		n = 1 + (unsigned char)line[0] % 12;
	for (size_t i = 0; i < n; i++) {
		rr[i] = (struct mm_dns_rr){.text = line};
		memcpy(rr[i].address, in->ip.bytes, 16);
		rr[i].address[3] ^= (uint8_t)strlen(line);
	}
	return mm_dns_answer_new(MM_DNS_OK, 1, rr, n);
}

static const struct mm_dns_answer *
ask(void *ctx, const struct mm_dns_question *question)
{
	struct input *in = ctx;

	if (in->asked == QUESTIONS_MAX ||
	    strlen(question->name) >= MM_DNS_NAME_MAX)
		abort();
	in->kept[in->asked] = make_answer(in, question);
	return in->kept[in->asked++];
}

static void
check_terms(const char *record)
{
	struct mm_spf_term t;
	size_t at = 0;
	int n = 0;

	if (strlen(record) < 6)
		return;
	while (mm_spf_term_next(record, &at, &t) > 0) {
		if (t.len == 0 || t.bits4 > 32 || t.bits6 > 128 ||
		    at > strlen(record) || ++n > 5000)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {.ip = {.family = MM_IP_V4}};
	const struct mm_spf_asker asker = {ask, &in};
	struct mm_spf spf;
	char *copy;

	if (size < 17 || (copy = malloc(size - 16)) == NULL)
		return 0;
	if (data[0] & 1)
		in.ip.family = MM_IP_V6;
	memcpy(in.ip.bytes, data + 1, in.ip.family == MM_IP_V6 ? 16 : 4);
	memcpy(copy, data + 17, size - 17);
	copy[size - 17] = '\0';
	/* as dns makes them */
	for (size_t i = 0; i < size - 17; i++) {
		if (copy[i] != '\n' && (copy[i] < ' ' || copy[i] > '~'))
			copy[i] = '!';
	}
	check_terms(copy);
	in.next = copy;
	mm_spf_check(&asker, "example.org", &in.ip, &spf);
	if (spf.result == MM_SPF_PENDING || mm_spf_word(spf.result) == NULL)
		abort();
	for (const char *p = spf.why; *p != '\0'; p++) {
		if (!isprint((unsigned char)*p))
			abort();
	}
	for (size_t i = 0; i < in.asked; i++)
		mm_dns_answer_unref(in.kept[i]);
	free(copy);
	return 0;
}
