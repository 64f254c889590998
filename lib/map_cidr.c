/*
 * map_cidr - cidr: tables, cidr_table(5).
 *
 * Rules are tried in order.  A table without "!" and if, and of some size, is
 * flattened into ranges first, which answers the same.
 */
#include "lib/map_ranges.h"
#include "lib/map_rules.h"

#include "lib/err.h"

#include <stdlib.h>
#include <string.h>

#define FLATTEN_FROM 16 /* rules; fewer are walked as fast */
#define PATTERN_MAX 64

struct cidr {
	struct mm_rules rules;
	struct mm_ranges *v4, *v6; /* NULL: walk the rules */
};

/* Brackets round IPv4, which Postfix takes here: "[a]", "[a]/n", "[a/n]". */
static void
unbracket(char *text)
{
	char *close = strchr(text, ']');

	if (text[0] != '[' || close == NULL ||
	    (close[1] != '\0' && close[1] != '/'))
		return;
	memmove(close, close + 1, strlen(close));
	memmove(text, text + 1, strlen(text));
}

static int
cidr_pattern(
    char **p, struct mm_rule *rule, unsigned *groups, struct mm_err *err)
{
	size_t len = strcspn(*p, MM_MAP_BLANKS);
	char text[PATTERN_MAX];

	(void)groups;
	if (len == 0)
		return mm_err_set(err, "an address or network is missing");
	if (len >= sizeof(text))
		return mm_err_set(
		    err, "\"%.40s...\" is not an address or network", *p);
	memcpy(text, *p, len);
	text[len] = '\0';
	*p += len;
	if (strchr(text, ':') == NULL)
		unbracket(text);
	if (mm_prefix_parse(text, &rule->prefix, err) != 0)
		return mm_err_in(err, "%s", text);
	return 0;
}

static enum mm_hit
cidr_match(const struct mm_rule *rule, void *key)
{
	const struct mm_ip *ip = key;

	if (rule->prefix.ip.family != ip->family)
		return MM_HIT_NEVER;
	return mm_prefix_has(&rule->prefix, ip) ? MM_HIT_YES : MM_HIT_NO;
}

static const struct mm_rule_syntax syntax = {
    .pattern = cidr_pattern,
    .match = cidr_match,
};

static struct mm_ranges *
flatten(const struct mm_rules *rules, enum mm_ip_family family)
{
	struct mm_ranges_item *items =
	    reallocarray(NULL, rules->n, sizeof(*items));
	struct mm_ranges *ranges;
	size_t n = 0;

	if (items == NULL)
		return NULL;
	for (size_t i = 0; i < rules->n; i++) {
		if (rules->list[i].prefix.ip.family == family)
			items[n++] = (struct mm_ranges_item){
			    rules->list[i].prefix, (uint32_t)i};
	}
	ranges = mm_ranges_new(items, n, family);
	free(items);
	return ranges;
}

static void
cidr_free(void *arg)
{
	struct cidr *table = arg;

	if (table == NULL)
		return;
	mm_rules_clear(&table->rules);
	mm_ranges_free(table->v4);
	mm_ranges_free(table->v6);
	free(table);
}

static void *
cidr_read(const struct mm_map_type *type, struct mm_map_source *source,
    struct mm_err *err)
{
	struct cidr *table = calloc(1, sizeof(*table));

	(void)type;
	if (table == NULL) {
		mm_err_set(err, "out of memory");
		return NULL;
	}
	if (mm_rules_read(&table->rules, &syntax, source, err) != 0)
		goto fail;
	if (table->rules.plain && table->rules.n >= FLATTEN_FROM) {
		table->v4 = flatten(&table->rules, MM_IP_V4);
		table->v6 = flatten(&table->rules, MM_IP_V6);
		if (table->v4 == NULL || table->v6 == NULL) {
			mm_err_set(err, "out of memory");
			goto fail;
		}
	}
	return table;

fail:
	cidr_free(table);
	return NULL;
}

static enum mm_found
cidr_lookup(const void *arg, const char *key, struct mm_arena *arena,
    const char **value)
{
	const struct cidr *table = arg;
	const struct mm_rule *rule = NULL;
	const struct mm_ranges *ranges;
	struct mm_ip ip;

	if (!mm_ip_parse(key, &ip))
		return MM_MAP_NOTHING;
	ranges = ip.family == MM_IP_V4 ? table->v4 : table->v6;
	if (ranges == NULL) {
		rule = mm_rules_find(&table->rules, &ip);
	} else {
		uint32_t i = mm_ranges_find(ranges, &ip);

		if (i != MM_NO_RANGE)
			rule = &table->rules.list[i];
	}
	if (rule == NULL)
		return MM_MAP_NOTHING;
	return mm_rules_expand(rule, key, NULL, 0, arena, value);
}

static bool
cidr_row(const void *arg, size_t i, const char **value, unsigned *line)
{
	const struct cidr *table = arg;

	return mm_rules_row(&table->rules, i, value, line);
}

const struct mm_map_type mm_map_cidr = {
    .name = "cidr",
    .kind = MM_MAP_PATTERN,
    .forms = MM_MAP_FILE | MM_MAP_BRACES,
    .read = cidr_read,
    .free = cidr_free,
    .lookup = cidr_lookup,
    .row = cidr_row,
};
