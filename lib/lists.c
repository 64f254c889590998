/* lists - see lists.h. */
#include "lib/lists.h"

#include "lib/dnsxl.h"
#include "lib/err.h"
#include "lib/name.h"
#include "lib/str.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REGULAR_MIN 5 /* answers in a row that end a state */

/* Labels are borrowed by readers: one that a reload changed stays. */
struct label {
	struct label *older;
	char text[];
};

struct list {
	char *zone;
	struct label *label;
	struct mm_dnsxl **filters; /* each way in which it was ever read */
	size_t nfilters;
	bool dead;		  /* the breaker is open */
	enum mm_list_state codes; /* MM_LIST_ERRORS, MM_LIST_PARKED or fine */
	unsigned regular;	  /* answers in a row since the last bad code */
	struct mm_list_stat stat; /* but for label and state */
};

struct mm_lists {
	pthread_mutex_t lock;
	struct list *list;
	size_t n;
};

struct mm_lists *
mm_lists_new(void)
{
	struct mm_lists *lists = calloc(1, sizeof(*lists));

	if (lists != NULL && pthread_mutex_init(&lists->lock, NULL) != 0) {
		free(lists);
		return NULL;
	}
	return lists;
}

static void
list_clear(struct list *list)
{
	while (list->label != NULL) {
		struct label *older = list->label->older;

		free(list->label);
		list->label = older;
	}
	for (size_t i = 0; i < list->nfilters; i++)
		mm_dnsxl_free(list->filters[i]);
	free(list->filters);
	free(list->zone);
}

void
mm_lists_free(struct mm_lists *lists)
{
	if (lists == NULL)
		return;
	for (size_t i = 0; i < lists->n; i++)
		list_clear(&lists->list[i]);
	free(lists->list);
	pthread_mutex_destroy(&lists->lock);
	free(lists);
}

/* With the lock held.  NULL: not known. */
static struct list *
find(const struct mm_lists *lists, const char *zone)
{
	for (size_t i = 0; i < lists->n; i++) {
		if (mm_str_same(lists->list[i].zone, zone))
			return &lists->list[i];
	}
	return NULL;
}

static bool
set_label(struct list *list, const char *text)
{
	struct label *label;

	if (list->label != NULL && strcmp(list->label->text, text) == 0)
		return true;
	label = malloc(sizeof(*label) + strlen(text) + 1);
	if (label == NULL)
		return false;
	memcpy(label->text, text, strlen(text) + 1);
	label->older = list->label;
	list->label = label;
	return true;
}

/* With the lock held.  NULL: out of memory. */
static struct list *
find_or_add(struct mm_lists *lists, const char *zone, const char *label)
{
	struct list *list = find(lists, zone);

	if (list != NULL)
		return set_label(list, label) ? list : NULL;
	list = reallocarray(lists->list, lists->n + 1, sizeof(*list));
	if (list == NULL)
		return NULL;
	lists->list = list;
	list += lists->n;
	*list = (struct list){.zone = strdup(zone)};
	list->stat.took.bounds = &mm_histogram_answers;
	if (list->zone == NULL || !set_label(list, label)) {
		free(list->zone);
		return NULL;
	}
	lists->n++;
	return list;
}

/* Takes filter over; true: or it was there already. */
static bool
add_filter(struct list *list, struct mm_dnsxl *filter)
{
	struct mm_dnsxl **filters;

	for (size_t i = 0; i < list->nfilters; i++) {
		if (mm_str_same(mm_dnsxl_text(list->filters[i]),
			mm_dnsxl_text(filter))) {
			mm_dnsxl_free(filter);
			return true;
		}
	}
	filters = reallocarray(
	    list->filters, list->nfilters + 1, sizeof(struct mm_dnsxl *));
	if (filters == NULL) {
		mm_dnsxl_free(filter);
		return false;
	}
	list->filters = filters;
	filters[list->nfilters++] = filter;
	return true;
}

bool
mm_lists_add(struct mm_lists *lists, const char *text, const char *label)
{
	struct mm_err err;
	struct mm_dnsxl *filter = mm_dnsxl_parse(text, NULL, &err);
	struct list *list;
	bool ok = false;

	if (filter == NULL)
		return false;
	pthread_mutex_lock(&lists->lock);
	list = find_or_add(lists, mm_dnsxl_zone(filter), label);
	if (list != NULL)
		ok = add_filter(list, filter);
	else
		mm_dnsxl_free(filter);
	pthread_mutex_unlock(&lists->lock);
	return ok;
}

/*
 * What the answer is to the policy as a whole: a code that one of the filters
 * names is a listing, whatever the others make of it.
 */
static enum mm_listing
read_answer(
    const struct list *list, const struct mm_dns_answer *answer, char code[16])
{
	static const int rank[] = {
	    [MM_LISTING_UNKNOWN] = 0,
	    [MM_UNLISTED] = 1,
	    [MM_LIST_ODD_CODE] = 2,
	    [MM_LIST_ERROR_CODE] = 3,
	    [MM_LISTED] = 4,
	};
	enum mm_listing result = MM_LISTING_UNKNOWN;

	code[0] = '\0';
	for (size_t i = 0; i < list->nfilters; i++) {
		char one_code[16];
		enum mm_listing one =
		    mm_dnsxl_read(list->filters[i], answer, one_code);

		if (rank[one] > rank[result]) {
			result = one;
			memcpy(code, one_code, sizeof(one_code));
		}
	}
	return result;
}

static void
count(struct mm_list_stat *stat, enum mm_listing listing,
    const struct mm_dns_answer *answer, int64_t took_us)
{
	stat->asked++;
	stat->took_us += took_us > 0 ? (uint64_t)took_us : 0;
	mm_histogram_add(&stat->took, took_us);
	switch (listing) {
	case MM_LISTED:
		stat->listed++;
		break;
	case MM_UNLISTED:
		stat->unlisted++;
		break;
	case MM_LIST_ERROR_CODE:
		stat->error_codes++;
		break;
	case MM_LIST_ODD_CODE:
		stat->odd_codes++;
		break;
	case MM_LISTING_UNKNOWN:
		if (answer->cause == MM_DNS_TIMEOUT)
			stat->timeouts++;
		else
			stat->failures++;
		break;
	}
}

/* True: *ret is filled. */
static bool
report(const struct list *list, bool begins, enum mm_list_state state,
    const char *detail, struct mm_list_event *ret)
{
	*ret = (struct mm_list_event){.begins = begins, .state = state};
	snprintf(ret->label, sizeof(ret->label), "%s", list->label->text);
	snprintf(ret->detail, sizeof(ret->detail), "%s", detail);
	return true;
}

/* One bad code begins a state, some regular answers in a row end it; what is
 * no answer does neither. */
static bool
follow(struct list *list, enum mm_listing listing, const char *code,
    struct mm_list_event *ret)
{
	enum mm_list_state was = list->codes;
	char detail[64];

	switch (listing) {
	case MM_LIST_ERROR_CODE:
	case MM_LIST_ODD_CODE:
		list->regular = 0;
		if (was != MM_LIST_FINE)
			return false;
		list->codes = listing == MM_LIST_ERROR_CODE ? MM_LIST_ERRORS
							    : MM_LIST_PARKED;
		return report(list, true, list->codes, code, ret);
	case MM_LISTED:
	case MM_UNLISTED:
		if (was == MM_LIST_FINE || ++list->regular < REGULAR_MIN)
			return false;
		list->codes = MM_LIST_FINE;
		snprintf(detail, sizeof(detail), "%d regular answers in a row",
		    REGULAR_MIN);
		return report(list, false, was, detail, ret);
	case MM_LISTING_UNKNOWN:
		break;
	}
	return false;
}

bool
mm_lists_answered(struct mm_lists *lists, const char *zone,
    const struct mm_dns_answer *answer, int64_t took_us,
    struct mm_list_event *ret)
{
	struct list *list;
	enum mm_listing listing;
	bool changed = false;
	char code[16];

	pthread_mutex_lock(&lists->lock);
	list = find(lists, zone);
	if (list != NULL) {
		listing = read_answer(list, answer, code);
		count(&list->stat, listing, answer, took_us);
		changed = follow(list, listing, code, ret);
	}
	pthread_mutex_unlock(&lists->lock);
	return changed;
}

bool
mm_lists_breaker(struct mm_lists *lists, const char *zone, const char *why,
    struct mm_list_event *ret)
{
	struct list *list;
	bool changed = false;

	pthread_mutex_lock(&lists->lock);
	list = find(lists, zone);
	if (list != NULL && list->dead != (why != NULL)) {
		list->dead = why != NULL;
		changed = report(list, list->dead, MM_LIST_DEAD,
		    list->dead ? why : "it answers again", ret);
	}
	pthread_mutex_unlock(&lists->lock);
	return changed;
}

bool
mm_lists_stat(struct mm_lists *lists, size_t i, struct mm_list_stat *ret)
{
	bool there;

	pthread_mutex_lock(&lists->lock);
	there = i < lists->n;
	if (there) {
		const struct list *list = &lists->list[i];

		*ret = list->stat;
		ret->label = list->label->text;
		ret->state = list->dead ? MM_LIST_DEAD : list->codes;
	}
	pthread_mutex_unlock(&lists->lock);
	return there;
}

const char *
mm_list_state_word(enum mm_list_state state)
{
	static const struct mm_name words[] = {
	    {MM_LIST_FINE, "fine"},
	    {MM_LIST_DEAD, "dead"},
	    {MM_LIST_ERRORS, "errors"},
	    {MM_LIST_PARKED, "parked"},
	};

	return mm_name_word(
	    words, sizeof(words) / sizeof(words[0]), (int)state);
}
