/* dns - see dns.h: the words, the hash, and the way to a backend. */
#include "lib/dns.h"

#include <string.h>
#include <sys/auxv.h>

#include "lib/name.h"

static const struct mm_name statuses[] = {
    {MM_DNS_NOTHING_YET, "pending"},
    {MM_DNS_NOTFOUND, "notfound"},
    {MM_DNS_NULLMX, "nullmx"},
    {MM_DNS_FAIL, "fail"},
    {MM_DNS_INVAL, "invalid"},
    {MM_DNS_RETRY, "retry"},
    {MM_DNS_OK, "ok"},
};
static const struct mm_name causes[] = {
    {MM_DNS_ANSWERED, "answered"},
    {MM_DNS_SERVFAIL, "servfail"},
    {MM_DNS_BOGUS, "bogus"},
    {MM_DNS_TIMEOUT, "timeout"},
    {MM_DNS_MISSED, "missed"},
    {MM_DNS_OPEN, "breaker"},
    {MM_DNS_FULL, "full"},
    {MM_DNS_LOCAL, "local"},
};
static const struct mm_name types[] = {
    {MM_DNS_A, "A"},
    {MM_DNS_NS, "NS"},
    {MM_DNS_PTR, "PTR"},
    {MM_DNS_MX, "MX"},
    {MM_DNS_TXT, "TXT"},
    {MM_DNS_AAAA, "AAAA"},
};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *
mm_dns_status_word(enum mm_dns_status status)
{
	return mm_name_word(statuses, COUNT(statuses), (int)status);
}

const char *
mm_dns_cause_word(enum mm_dns_cause cause)
{
	return mm_name_word(causes, COUNT(causes), (int)cause);
}

const char *
mm_dns_type_word(enum mm_dns_type type)
{
	return mm_name_word(types, COUNT(types), (int)type);
}

/*
 * SipHash-1-3 (Aumasson and Bernstein, 2012): strong enough that nobody
 * finds names that collide without the key, and cheap on short names.
 */
struct sip {
	uint64_t v0, v1, v2, v3;
};

static uint64_t
rotate(uint64_t word, unsigned bits)
{
	return word << bits | word >> (64 - bits);
}

static void
sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 = rotate(s->v2, 32);
}

/* The i-th word of what is hashed: the name, its length, the type. */
static uint64_t
word_at(const char *name, size_t len, enum mm_dns_type type, size_t i)
{
	size_t at = i * sizeof(uint64_t);
	uint64_t word = 0;

	if (at > len)
		return (uint64_t)type;
	if (len - at >= sizeof(word)) {
		memcpy(&word, name + at, sizeof(word));
		return word;
	}
	memcpy(&word, name + at, len - at);
	return word | (uint64_t)len << 56;
}

uint64_t
mm_dns_hash(const char *name, enum mm_dns_type type)
{
	/* sixteen random bytes that the kernel gives every process */
	const void *random = (const void *)getauxval(AT_RANDOM);
	size_t len = strlen(name), nwords = len / sizeof(uint64_t) + 2;
	uint64_t key[2] = {0, 0};
	struct sip s;

	if (random != NULL)
		memcpy(key, random, sizeof(key));
	s = (struct sip){
	    .v0 = key[0] ^ 0x736f6d6570736575,
	    .v1 = key[1] ^ 0x646f72616e646f6d,
	    .v2 = key[0] ^ 0x6c7967656e657261,
	    .v3 = key[1] ^ 0x7465646279746573,
	};
	for (size_t i = 0; i < nwords + 3; i++) { /* three to finish */
		uint64_t word = i < nwords ? word_at(name, len, type, i) : 0;

		s.v2 ^= i == nwords ? 0xff : 0;
		s.v3 ^= word;
		sip_round(&s);
		s.v0 ^= word;
	}
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

void
mm_dns_ask(struct mm_dns *dns, struct mm_batch *batch,
    const struct mm_dns_question *questions, size_t n)
{
	dns->ops->ask(dns, batch, questions, n);
}

int
mm_dns_reconfigure(
    struct mm_dns *dns, const struct mm_dns_config *config, struct mm_err *err)
{
	return dns->ops->reconfigure(dns, config, err);
}

void
mm_dns_stats(struct mm_dns *dns, struct mm_dns_stats *ret)
{
	dns->ops->stats(dns, ret);
}

void
mm_dns_free(struct mm_dns *dns)
{
	if (dns != NULL)
		dns->ops->free(dns);
}
