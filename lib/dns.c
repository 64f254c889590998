/* dns - see dns.h: the words, the hash, and the way to a backend. */
#include "lib/dns.h"

#include <string.h>
#include <sys/auxv.h>

#include "lib/ip.h"
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
    {MM_DNS_SPF, "TXT"},
};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool
mm_dns_answer_has(const struct mm_dns_answer *answer, const struct mm_ip *ip)
{
	size_t len = ip->family == MM_IP_V6 ? 16 : 4;

	for (size_t i = 0; i < answer->n; i++) {
		if (memcmp(answer->rr[i].address, ip->bytes, len) == 0)
			return true;
	}
	return false;
}

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

static inline void
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

static inline void
sip_word(struct sip *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	s->v0 ^= word;
}

/* What is hashed: the name, padded, with its length; the type. */
uint64_t
mm_dns_hash(const char *name, enum mm_dns_type type)
{
	/* sixteen random bytes that the kernel gives every process */
	const void *random = (const void *)getauxval(AT_RANDOM);
	size_t len = strlen(name), left;
	uint64_t key[2] = {0, 0}, word;
	struct sip s;

	if (random != NULL)
		memcpy(key, random, sizeof(key));
	s = (struct sip){
	    .v0 = key[0] ^ 0x736f6d6570736575,
	    .v1 = key[1] ^ 0x646f72616e646f6d,
	    .v2 = key[0] ^ 0x6c7967656e657261,
	    .v3 = key[1] ^ 0x7465646279746573,
	};
	for (left = len; left >= sizeof(word); left -= sizeof(word)) {
		memcpy(&word, name, sizeof(word));
		sip_word(&s, word);
		name += sizeof(word);
	}
	word = (uint64_t)len << 56;
	while (left-- > 0)
		word |= (uint64_t)(unsigned char)name[left] << 8 * left;
	sip_word(&s, word);
	sip_word(&s, (uint64_t)type);
	s.v2 ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(&s);
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

bool
mm_dns_lives(struct mm_dns *dns)
{
	return dns->ops->lives(dns);
}

void
mm_dns_free(struct mm_dns *dns)
{
	if (dns != NULL)
		dns->ops->free(dns);
}
