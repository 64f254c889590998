/* store_shared_record - see store_shared_record.h. */
#include "lib/store_shared_record.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIME_MAX (INT64_C(1) << 40)
#define VALUE_MAX 48 /* bytes */

struct mm_shared_rule
mm_shared_rule_of(const struct mm_store_sharing *sharing, size_t i)
{
	return (struct mm_shared_rule){
	    .share = sharing->share[i],
	    .age = sharing->age[i],
	    .waiting_age = sharing->waiting_age,
	};
}

struct mm_shared_namer {
	EVP_MAC_CTX *keyed; /* copied for each key: it costs a third so */
};

struct mm_shared_namer *
mm_shared_namer_new(const char *secret)
{
	char digest[] = "SHA256";
	const OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string("digest", digest, 0),
	    OSSL_PARAM_construct_end()};
	struct mm_shared_namer *namer = calloc(1, sizeof(*namer));
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);

	if (namer != NULL && mac != NULL)
		namer->keyed = EVP_MAC_CTX_new(mac);
	EVP_MAC_free(mac);
	if (namer != NULL && namer->keyed != NULL &&
	    EVP_MAC_init(namer->keyed, (const unsigned char *)secret,
		strlen(secret), params) == 1)
		return namer;
	mm_shared_namer_free(namer);
	return NULL;
}

void
mm_shared_namer_free(struct mm_shared_namer *namer)
{
	if (namer != NULL)
		EVP_MAC_CTX_free(namer->keyed);
	free(namer);
}

bool
mm_shared_name(const struct mm_shared_namer *namer, const char *key,
    uint8_t ret[MM_SHARED_NAME])
{
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_dup(namer->keyed);
	unsigned char whole[EVP_MAX_MD_SIZE] = {0};
	size_t len = 0;
	bool done =
	    ctx != NULL &&
	    EVP_MAC_update(ctx, (const unsigned char *)key, strlen(key)) == 1 &&
	    EVP_MAC_final(ctx, whole, &len, sizeof(whole)) == 1;

	EVP_MAC_CTX_free(ctx);
	memcpy(ret, whole, MM_SHARED_NAME);
	return done;
}

static int64_t
at_most(int64_t n, int64_t limit)
{
	return n < limit ? n : limit;
}

static int64_t
within(int64_t n, int64_t limit)
{
	return n < 0 ? 0 : at_most(n, limit);
}

/* A damaged record may hold any number. */
int64_t
mm_shared_end(const struct mm_shared_rule *rule, const struct mm_record *record)
{
	if (rule->share == MM_STORE_SHARE_WINDOW)
		return within(record->last, TIME_MAX);
	if (rule->share == MM_STORE_SHARE_WAIT && record->count == 0)
		return within(record->first, TIME_MAX) +
		       within(rule->waiting_age, TIME_MAX);
	return within(record->last, TIME_MAX) + within(rule->age, TIME_MAX);
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Of two windows, the one that was opened later. */
static struct mm_record
later_window(const struct mm_record *a, const struct mm_record *b)
{
	if (a->first != b->first)
		return a->first > b->first ? *a : *b;
	if (a->last != b->last)
		return a->last > b->last ? *a : *b;
	return a->count > b->count ? *a : *b;
}

struct mm_record
mm_shared_join(const struct mm_shared_rule *rule, const struct mm_record *a,
    const struct mm_record *b)
{
	if (!mm_record_seen(a) || !mm_record_seen(b))
		return mm_record_seen(a) ? *a : *b;
	if (rule->share == MM_STORE_SHARE_WINDOW)
		return later_window(a, b);
	if (a->first > mm_shared_end(rule, b))
		return *a;
	if (b->first > mm_shared_end(rule, a))
		return *b;
	return (struct mm_record){
	    .first =
		(rule->share == MM_STORE_SHARE_COUNT) == (a->first > b->first)
		    ? a->first
		    : b->first,
	    .last = later(a->last, b->last),
	    .count = later(a->count, b->count),
	};
}

/* Digits, of which there are some. */
static bool
read_number(const char **at, const char *end, int64_t *ret)
{
	const char *from = *at;

	*ret = 0;
	for (; *at < end && **at >= '0' && **at <= '9'; ++*at) {
		if (*ret >= TIME_MAX)
			return false;
		*ret = *ret * 10 + (**at - '0');
	}
	return *at > from;
}

static bool
read_blank(const char **at, const char *end)
{
	return *at < end && *(*at)++ == ' ';
}

bool
mm_shared_read(const char *text, size_t len, enum mm_store_share share,
    int64_t now, struct mm_record *ret)
{
	int64_t last = share == MM_STORE_SHARE_WINDOW ? TIME_MAX : now;
	const char *at = text, *end = text + len;
	struct mm_record r;

	*ret = (struct mm_record){0};
	if (len > VALUE_MAX || !read_number(&at, end, &r.first) ||
	    !read_blank(&at, end) || !read_number(&at, end, &r.last) ||
	    !read_blank(&at, end) || !read_number(&at, end, &r.count) ||
	    at != end)
		return false;
	*ret = (struct mm_record){
	    .first = at_most(r.first, now),
	    .last = at_most(r.last, last),
	    .count = at_most(r.count, MM_SHARED_COUNT_MAX),
	};
	return true;
}

/*
 * mm_shared_join() in Redis.  KEYS[1]; ARGV: first, last, count, enum
 * mm_store_share, age, waiting_age, now.  What is there and is no record, is
 * nothing.
 */
_Static_assert(MM_STORE_SHARE_WAIT == 1 && MM_STORE_SHARE_COUNT == 2 &&
		   MM_STORE_SHARE_WINDOW == 3,
    "the script knows them by number");
static const char script[] =
    "local f,l,c=tonumber(ARGV[1]),tonumber(ARGV[2]),tonumber(ARGV[3]) "
    "local how=ARGV[4] "
    "local function ends(x,y,n) "
    "if how=='3' then return y end "
    "if how=='1' and n==0 then return x+tonumber(ARGV[6]) end "
    "return y+tonumber(ARGV[5]) end "
    "local v=redis.call('GET',KEYS[1]) "
    "local a,b,d "
    "if v and #v<=48 then a,b,d=string.match(v,'^(%d+) (%d+) (%d+)$') end "
    "a,b,d=tonumber(a or ''),tonumber(b or ''),tonumber(d or '') "
    "if a and a<2^40 and b<=2^40 and d<2^40 then "
    "if how=='3' then "
    "if a>f or (a==f and (b>l or (b==l and d>c))) then f,l,c=a,b,d end "
    "elseif a>ends(f,l,c) then f,l,c=a,b,d "
    "elseif f<=ends(a,b,d) then "
    "if how=='2' then f=math.max(f,a) else f=math.min(f,a) end "
    "l=math.max(l,b) c=math.max(c,d) end end "
    "local ttl=ends(f,l,c)-tonumber(ARGV[7]) "
    "if ttl>0 then redis.call('SET',KEYS[1],"
    "string.format('%.0f %.0f %.0f',f,l,c),'EX',string.format('%.0f',ttl)) end "
    "return ttl>0 and 1 or 0";

void
mm_shared_command(const struct mm_shared_rule *rule,
    const struct mm_record *record, int64_t now, const char *key,
    char text[MM_SHARED_WORDS][MM_SHARED_TEXT],
    struct mm_redis_word words[MM_SHARED_WORDS])
{
	bool window = rule->share == MM_STORE_SHARE_WINDOW;
	const int64_t numbers[] = {
	    within(record->first, now),
	    within(record->last, window ? TIME_MAX : now),
	    within(record->count, MM_SHARED_COUNT_MAX),
	    rule->share,
	    within(rule->age, TIME_MAX),
	    within(rule->waiting_age, TIME_MAX),
	    within(now, TIME_MAX),
	};
	size_t n = 3;

	words[0] = (struct mm_redis_word){"EVAL", 4};
	words[1] = (struct mm_redis_word){script, sizeof(script) - 1};
	words[2] = (struct mm_redis_word){"1", 1};
	words[n++] = (struct mm_redis_word){key, strlen(key)};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		snprintf(text[i], MM_SHARED_TEXT, "%" PRId64, numbers[i]);
		words[n++] = (struct mm_redis_word){text[i], strlen(text[i])};
	}
}
