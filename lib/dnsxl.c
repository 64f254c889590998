/* dnsxl - see dnsxl.h. */
#include "lib/dnsxl.h"

#include "lib/err.h"
#include "lib/hostname.h"
#include "lib/pattern.h"
#include "lib/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_LEN_MAX 253 /* text of a full name without its last dot */
#define BLANKS " \t\r\n"
#define SEPARATORS BLANKS ","

struct mm_dnsxl {
	char *text;
	char *zone;
	char *label;
	char *shown;
	struct mm_pattern *filter; /* NULL: none */
	bool special_cases;	   /* see category_refusal */
};

/*
 * Services where the customer's key stands in the zone name, before the
 * list's own label: KEY.zen.dq.spamhaus.net is shown as zen.dq.spamhaus.net.
 */
static const char *const keyed[] = {
    ".dq.spamhaus.net",
    ".mail.abusix.zone",
    ".mail-abuse.com",
};

/* Codes by which lists speak of who asks: refused, over quota, blocked. */
static const struct {
	uint8_t address[4];
	size_t len; /* bytes that must agree */
} error_codes[] = {
    {{127, 255, 255}, 3},
    {{127, 0, 0, 255}, 4},
    {{127, 0, 1, 255}, 4},
};

/*
 * list.dnswl.org answers "category 10, highly trusted" for any address to
 * those who ask too much.  The rest of category 10 holds its test entry and
 * special cases: no allowance, and nothing wrong with the list either.
 */
static const char special_cases_zone[] = "list.dnswl.org";
static const uint8_t special_cases[] = {127, 0, 10};
static const uint8_t special_cases_refusal[] = {127, 0, 10, 3};

/* The label where zone is keyed, else zone. */
static const char *
without_key(const char *zone)
{
	size_t len = strlen(zone);

	for (size_t i = 0; i < sizeof(keyed) / sizeof(keyed[0]); i++) {
		size_t tail = strlen(keyed[i]);
		const char *p;

		if (len <= tail || !mm_str_same(zone + len - tail, keyed[i]))
			continue;
		for (p = zone + len - tail; p > zone && p[-1] != '.'; p--)
			;
		return p;
	}
	return zone;
}

struct label_item {
	const char *zone, *label;
	size_t zone_len, label_len; /* 0: it is no "zone=label" */
};

/* Takes an item from the front of *labels.  False: no more. */
static bool
next_label(const char **labels, struct label_item *ret)
{
	const char *p = *labels + strspn(*labels, SEPARATORS);
	size_t len = strcspn(p, SEPARATORS);
	const char *equals = memchr(p, '=', len);

	*labels = p + len;
	ret->zone = p;
	ret->zone_len = equals != NULL ? (size_t)(equals - p) : len;
	ret->label = equals != NULL ? equals + 1 : p + len;
	ret->label_len = (size_t)(p + len - ret->label);
	return len > 0;
}

int
mm_dnsxl_check_labels(const char *labels, struct mm_err *err)
{
	struct label_item item;

	/* not shown: what is wrong may well be a key */
	for (unsigned n = 1; next_label(&labels, &item); n++) {
		if (item.zone_len == 0 || item.label_len == 0)
			return mm_err_set(err,
			    "word %u is not zone=label, as in "
			    "key.list.example=list.example",
			    n);
		if (item.label_len >= MM_DNS_NAME_MAX)
			return mm_err_set(err,
			    "the label \"%.40s...\" is too "
			    "long: %d bytes at most",
			    item.label, MM_DNS_NAME_MAX - 1);
	}
	return 0;
}

/* The caller frees it; NULL: out of memory. */
static char *
label_of(const char *zone, const char *labels)
{
	size_t len = strlen(zone);
	struct label_item item;

	while (labels != NULL && next_label(&labels, &item)) {
		if (item.zone_len == len && item.label_len > 0 &&
		    item.label_len < MM_DNS_NAME_MAX &&
		    mm_str_begins(item.zone, zone))
			return strndup(item.label, item.label_len);
	}
	return strdup(without_key(zone));
}

/* Complaints show the label: they end in logs, where no key belongs. */
static int
check_zone(const struct mm_dnsxl *list, bool dotted, struct mm_err *err)
{
	if (*list->zone == '\0')
		return mm_err_set(
		    err, "no domain before \"%.80s\"", list->text);
	if (!mm_hostname_valid(list->zone))
		return mm_err_set(err,
		    "\"%.80s\" is not a domain, as in zen.example.org",
		    list->label);
	if (dotted)
		return mm_err_set(err,
		    "\"%.80s.\": a list's domain is written without a dot at "
		    "its end",
		    list->label);
	return 0;
}

static void
remove_blanks(char *text)
{
	char *to = text;

	for (; *text != '\0'; text++) {
		if (strchr(BLANKS, *text) == NULL)
			*to++ = *text;
	}
	*to = '\0';
}

static int
parse_filter(struct mm_dnsxl *list, const char *filter, struct mm_err *err)
{
	if (*filter == '\0')
		return mm_err_set(err,
		    "no filter behind \"%.80s=\": write an address as in "
		    "127.0.0.2, or leave the \"=\" out",
		    list->label);
	list->filter = mm_pattern_parse(filter, err);
	return list->filter != NULL ? 0 : -1;
}

/* list holds only zeros. */
static int
fill(struct mm_dnsxl *list, const char *text, const char *labels,
    struct mm_err *err)
{
	size_t len = strcspn(text, "=");
	bool dotted = len > 1 && text[len - 1] == '.';
	char *filter;

	list->text = strdup(text);
	list->zone = strndup(text, dotted ? len - 1 : len);
	if (list->text == NULL || list->zone == NULL ||
	    (list->label = label_of(list->zone, labels)) == NULL)
		return mm_err_set(err, "out of memory");
	if (check_zone(list, dotted, err) != 0)
		return -1;
	filter = list->text + len;
	if (*filter != '\0' && parse_filter(list, filter + 1, err) != 0)
		return -1;
	remove_blanks(filter);

	if (asprintf(&list->shown, "%s%s", list->label, filter) < 0) {
		list->shown = NULL;
		return mm_err_set(err, "out of memory");
	}
	mm_str_fold(list->zone);
	list->special_cases = strcmp(list->zone, special_cases_zone) == 0;
	return 0;
}

struct mm_dnsxl *
mm_dnsxl_parse(const char *text, const char *labels, struct mm_err *err)
{
	struct mm_dnsxl *list = calloc(1, sizeof(*list));

	if (list == NULL) {
		mm_err_set(err, "out of memory");
		return NULL;
	}
	if (fill(list, text, labels, err) != 0) {
		mm_dnsxl_free(list);
		return NULL;
	}
	return list;
}

void
mm_dnsxl_free(struct mm_dnsxl *list)
{
	if (list == NULL)
		return;
	mm_pattern_free(list->filter);
	free(list->text);
	free(list->zone);
	free(list->label);
	free(list->shown);
	free(list);
}

const char *
mm_dnsxl_zone(const struct mm_dnsxl *list)
{
	return list->zone;
}

const char *
mm_dnsxl_label(const struct mm_dnsxl *list)
{
	return list->label;
}

const char *
mm_dnsxl_text(const struct mm_dnsxl *list)
{
	return list->text;
}

const char *
mm_dnsxl_shown(const struct mm_dnsxl *list)
{
	return list->shown;
}

int
mm_dnsxl_qname_ip(const struct mm_dnsxl *list, const char *reversed,
    char name[MM_DNS_NAME_MAX])
{
	size_t len = strlen(reversed), zone = strlen(list->zone);

	if (len == 0 || len + 1 + zone > NAME_LEN_MAX)
		return -1;
	memcpy(name, reversed, len + 1);
	mm_str_fold(name); /* the zone is */
	name[len] = '.';
	memcpy(name + len + 1, list->zone, zone + 1);
	return 0;
}

int
mm_dnsxl_qname_domain(
    const struct mm_dnsxl *list, const char *domain, char name[MM_DNS_NAME_MAX])
{
	const char *at = strrchr(domain, '@');

	if (at != NULL)
		domain = at + 1;
	/* refuses address literals, empty labels and a dot at the end, too */
	if (!mm_hostname_valid(domain) || mm_hostname_numeric_end(domain))
		return -1;
	return mm_dnsxl_qname_ip(list, domain, name);
}

const char *
mm_dnsxl_show_name(
    const struct mm_dnsxl *list, const char *name, char shown[MM_DNS_NAME_MAX])
{
	size_t len = strlen(name), tail = strlen(list->zone);
	struct mm_buf buf;

	if (len < tail || !mm_str_same(name + len - tail, list->zone) ||
	    (len > tail && name[len - tail - 1] != '.'))
		return name;
	mm_buf_init(&buf, shown, MM_DNS_NAME_MAX);
	mm_buf_addn(&buf, name, len - tail);
	mm_buf_add(&buf, list->label);
	return shown;
}

static bool
is_error_code(const struct mm_dnsxl *list, const uint8_t *address)
{
	for (size_t i = 0; i < sizeof(error_codes) / sizeof(error_codes[0]);
	     i++) {
		if (memcmp(address, error_codes[i].address,
			error_codes[i].len) == 0)
			return true;
	}
	return list->special_cases &&
	       memcmp(address, special_cases_refusal, 4) == 0;
}

static bool
is_odd_code(const uint8_t *address)
{
	static const uint8_t localhost[] = {127, 0, 0, 1};

	return address[0] != 127 || memcmp(address, localhost, 4) == 0;
}

static enum mm_listing
read_record(const struct mm_dnsxl *list, const uint8_t *address)
{
	if (list->filter != NULL && mm_pattern_names(list->filter, address))
		return MM_LISTED;
	if (is_error_code(list, address))
		return MM_LIST_ERROR_CODE;
	if (is_odd_code(address))
		return MM_LIST_ODD_CODE;
	if (list->special_cases && memcmp(address, special_cases, 3) == 0)
		return MM_UNLISTED;
	return list->filter == NULL || mm_pattern_match(list->filter, address)
		   ? MM_LISTED
		   : MM_UNLISTED;
}

enum mm_listing
mm_dnsxl_read(const struct mm_dnsxl *list, const struct mm_dns_answer *answer,
    char code[16])
{
	/* of several records the one with the highest rank decides */
	static const int rank[] = {
	    [MM_UNLISTED] = 0,
	    [MM_LIST_ODD_CODE] = 1,
	    [MM_LIST_ERROR_CODE] = 2,
	    [MM_LISTED] = 3,
	};
	enum mm_listing result = MM_UNLISTED;
	const uint8_t *decided = NULL;

	if (code != NULL)
		code[0] = '\0';
	if (answer->status == MM_DNS_NOTFOUND)
		return MM_UNLISTED;
	if (answer->status != MM_DNS_OK)
		return MM_LISTING_UNKNOWN;
	for (size_t i = 0; i < answer->n; i++) {
		const uint8_t *address = answer->rr[i].address;
		enum mm_listing one = read_record(list, address);

		if (decided == NULL || rank[one] > rank[result]) {
			result = one;
			decided = address;
		}
	}
	if (code != NULL && decided != NULL)
		snprintf(code, 16, "%u.%u.%u.%u", decided[0], decided[1],
		    decided[2], decided[3]);
	return result;
}
