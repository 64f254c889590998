/* world - see world.h. */
#include "tests/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/ip.h"

#define RECORDS_MAX 256
#define TTL 300

struct record {
	char name[MM_DNS_NAME_MAX];
	enum mm_dns_type type; /* 0: any */
	bool fail;
	char data[512];
};

struct world {
	struct record record[RECORDS_MAX];
	size_t n;
};

struct world *
world_new(void)
{
	return calloc(1, sizeof(struct world));
}

void
world_free(struct world *world)
{
	free(world);
}

static enum mm_dns_type
type_of(const char *word)
{
	static const enum mm_dns_type types[] = {MM_DNS_A, MM_DNS_AAAA,
	    MM_DNS_MX, MM_DNS_TXT, MM_DNS_PTR, MM_DNS_NS};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(mm_dns_type_word(types[i]), word) == 0)
			return types[i];
	}
	return 0;
}

bool
world_add(struct world *world, const char *name, const char *data)
{
	struct record *r = &world->record[world->n];
	char word[8] = "";
	int end = 0;

	if (world->n == RECORDS_MAX || strlen(name) >= sizeof(r->name))
		return false;
	memset(r, 0, sizeof(*r));
	snprintf(r->name, sizeof(r->name), "%s", name);
	if (strcmp(data, "fail") != 0) {
		if (sscanf(data, "%7s %n", word, &end) != 1 || end == 0 ||
		    (r->type = type_of(word)) == 0)
			return false;
		data += end;
	}
	r->fail = strcmp(data, "fail") == 0;
	snprintf(r->data, sizeof(r->data), "%s", data);
	world->n++;
	return true;
}

static void
fill(struct mm_dns_rr *rr, const struct record *r)
{
	struct mm_ip ip;
	int end = 0;

	memset(rr, 0, sizeof(*rr));
	rr->text = "";
	if (r->type == MM_DNS_A || r->type == MM_DNS_AAAA) {
		if (mm_ip_parse(r->data, &ip))
			memcpy(rr->address, ip.bytes, sizeof(rr->address));
	} else if (r->type == MM_DNS_MX) {
		sscanf(r->data, "%hu %n", &rr->preference, &end);
		rr->text = r->data + end;
	} else {
		rr->text = r->data;
	}
}

static bool
is_spf(const char *text)
{
	return strncasecmp(text, "v=spf1", 6) == 0 &&
	       (text[6] == ' ' || text[6] == '\0');
}

const struct mm_dns_answer *
world_answer(const struct world *world, const char *name, enum mm_dns_type type)
{
	enum mm_dns_type wire = type == MM_DNS_SPF ? MM_DNS_TXT : type;
	struct mm_dns_rr rr[MM_DNS_RRS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < world->n; i++) {
		const struct record *r = &world->record[i];

		if (strcasecmp(r->name, name) != 0 ||
		    (r->type != 0 && r->type != wire))
			continue;
		if (type == MM_DNS_SPF && !r->fail && !is_spf(r->data))
			continue;
		if (r->fail)
			return mm_dns_answer_retry(MM_DNS_SERVFAIL);
		if (n < MM_DNS_RRS_MAX)
			fill(&rr[n++], r);
	}
	if (n == 0)
		return mm_dns_answer_new(MM_DNS_NOTFOUND, TTL, NULL, 0);
	if (type == MM_DNS_MX && n == 1 && strcmp(rr[0].text, ".") == 0)
		return mm_dns_answer_new(MM_DNS_NULLMX, TTL, NULL, 0);
	return mm_dns_answer_new(MM_DNS_OK, TTL, rr, n);
}
