/* map_rules - see map_rules.h. */
#include "lib/map_rules.h"

#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"

#include <stdlib.h>
#include <string.h>

#define NO_RULE SIZE_MAX

static bool
is_name_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '_';
}

static void
skip_blanks(char **p)
{
	*p += strspn(*p, MM_MAP_BLANKS);
}

/* A word at *p, case-blind, that nothing is glued to. */
static bool
take_word(char **p, const char *word)
{
	size_t len = strlen(word);

	if (!mm_str_begins(*p, word) || is_name_char((*p)[len]))
		return false;
	*p += len;
	skip_blanks(p);
	return true;
}

/*
 * The reference at **p, which is a "$".  *ret is its number, 0 for "$$".
 */
static int
take_reference(const char **p, unsigned *ret, struct mm_err *err)
{
	const char *start = *p + 1, *end;
	char close = *start == '(' ? ')' : *start == '{' ? '}' : '\0';
	unsigned n = 0;

	if (*start == '$') {
		*ret = 0;
		*p = start + 1;
		return 0;
	}
	if (close != '\0')
		start++;
	for (end = start; *end >= '0' && *end <= '9'; end++) {
		if (n <= MM_MAP_GROUPS)
			n = n * 10 + (unsigned)(*end - '0');
	}
	if (end == start || (close != '\0' && *end != close) ||
	    (close == '\0' && is_name_char(*end)))
		return mm_err_set(err,
		    "\"%.20s\": \"$\" takes a number, as in $1 or ${1}; a "
		    "plain one is written \"$$\"",
		    *p);
	if (n == 0 || n > MM_MAP_GROUPS)
		return mm_err_set(err,
		    "\"%.20s\": groups are counted from 1 "
		    "to %d",
		    *p, MM_MAP_GROUPS);
	*ret = n;
	*p = close != '\0' ? end + 1 : end;
	return 0;
}

static int
check_result(struct mm_rule *rule, unsigned groups, struct mm_err *err)
{
	const char *p = rule->result;
	unsigned n;

	while ((p = strchr(p, '$')) != NULL) {
		rule->expands = true;
		if (take_reference(&p, &n, err) != 0)
			return -1;
		if (n > 0 && rule->negated)
			return mm_err_set(err,
			    "$%u in the result of a negated pattern, which "
			    "matches nothing to be put there",
			    n);
		if (n > groups)
			return mm_err_set(err,
			    "$%u, but the pattern has %u group%s in (...)", n,
			    groups, groups == 1 ? "" : "s");
	}
	return 0;
}

/* What follows the pattern. */
static int
take_result(const struct mm_rules *rules, char *p, struct mm_rule *rule,
    unsigned groups, struct mm_err *err)
{
	if (*p != '\0' && strchr(MM_MAP_BLANKS, *p) == NULL &&
	    rule->kind != MM_RULE_IF)
		return mm_err_set(
		    err, "a blank must stand before \"%.40s\"", p);
	skip_blanks(&p);
	if (rule->kind == MM_RULE_IF)
		return *p == '\0' ? 0
				  : mm_err_set(err,
					"nothing may follow the pattern of "
					"an if, but there is \"%.40s\"",
					p);
	if (*p == '\0')
		return mm_err_set(err, "a result is missing behind the "
				       "pattern");
	rule->result = p;
	return rules->syntax->expands ? check_result(rule, groups, err) : 0;
}

bool
mm_rule_negations(char **p)
{
	bool negated = false;

	for (; **p == '!'; skip_blanks(p)) {
		negated = !negated;
		++*p;
	}
	return negated;
}

/* On failure too rule says whether it is an if. */
static int
parse(const struct mm_rules *rules, char *p, struct mm_rule *rule,
    struct mm_err *err)
{
	unsigned groups = 0;

	rule->kind = take_word(&p, "if") ? MM_RULE_IF : MM_RULE_RESULT;
	rule->negated = mm_rule_negations(&p);
	if (rules->syntax->pattern(&p, rule, &groups, err) != 0)
		return -1;
	if (take_result(rules, p, rule, groups, err) != 0) {
		if (rules->syntax->release != NULL)
			rules->syntax->release(rule);
		return -1;
	}
	return 0;
}

static int
append(struct mm_rules *rules, const struct mm_rule *rule)
{
	if (rules->n == rules->size) {
		size_t size = rules->size == 0 ? 16 : rules->size * 2;
		struct mm_rule *list =
		    reallocarray(rules->list, size, sizeof(*list));

		if (list == NULL)
			return -1;
		rules->list = list;
		rules->size = size;
	}
	rules->list[rules->n++] = *rule;
	return 0;
}

/*
 * Closes the innermost if.  While one is open its skip says which if it
 * stands in.
 */
static void
close_if(struct mm_rules *rules, size_t *open)
{
	size_t outer = rules->list[*open].skip;

	rules->list[*open].skip = rules->n;
	*open = outer;
}

static void
read_endif(struct mm_rules *rules, const struct mm_map_source *source,
    const struct mm_map_row *row, const char *rest, size_t *open)
{
	if (*rest != '\0')
		mm_map_complain(source, MM_ERROR, row->line,
		    "nothing may follow endif, but there is \"%.40s\"", rest);
	if (*open == NO_RULE)
		mm_map_complain(
		    source, MM_ERROR, row->line, "endif without an if");
	else
		close_if(rules, open);
}

int
mm_rules_read(struct mm_rules *rules, const struct mm_rule_syntax *syntax,
    struct mm_map_source *source, struct mm_err *err)
{
	struct mm_map_row row;
	size_t open = NO_RULE;

	rules->syntax = syntax;
	rules->plain = true;
	while (mm_map_next(source, false, &row)) {
		struct mm_rule rule = {.line = row.line};
		struct mm_err wrong;
		char *p = row.text;

		if (take_word(&p, "endif")) {
			read_endif(rules, source, &row, p, &open);
			continue;
		}
		if (parse(rules, p, &rule, &wrong) != 0) {
			mm_map_complain(
			    source, MM_ERROR, row.line, "%s", wrong.text);
			if (rule.kind != MM_RULE_IF)
				continue;
			rule.kind = MM_RULE_BROKEN;
		}
		if (append(rules, &rule) != 0) {
			if (rule.kind != MM_RULE_BROKEN &&
			    syntax->release != NULL)
				syntax->release(&rule);
			mm_rules_clear(rules);
			return mm_err_set(err, "out of memory");
		}
		if (rule.kind != MM_RULE_RESULT || rule.negated)
			rules->plain = false;
		if (rule.kind != MM_RULE_RESULT) {
			rules->list[rules->n - 1].skip = open;
			open = rules->n - 1;
		}
	}
	while (open != NO_RULE) {
		mm_map_complain(source, MM_ERROR, rules->list[open].line,
		    "if without an endif");
		close_if(rules, &open);
	}
	return 0;
}

void
mm_rules_clear(struct mm_rules *rules)
{
	for (size_t i = 0; i < rules->n; i++) {
		if (rules->list[i].kind != MM_RULE_BROKEN &&
		    rules->syntax->release != NULL)
			rules->syntax->release(&rules->list[i]);
	}
	free(rules->list);
	*rules = (struct mm_rules){0};
}

static bool
applies(const struct mm_rules *rules, const struct mm_rule *rule, void *key)
{
	enum mm_hit hit;

	if (rule->kind == MM_RULE_BROKEN)
		return false;
	hit = rules->syntax->match(rule, key);
	return hit != MM_HIT_NEVER && (hit == MM_HIT_YES) != rule->negated;
}

const struct mm_rule *
mm_rules_find(const struct mm_rules *rules, void *key)
{
	size_t i = 0;

	while (i < rules->n) {
		const struct mm_rule *rule = &rules->list[i];
		bool hit = applies(rules, rule, key);

		if (hit && rule->kind == MM_RULE_RESULT)
			return rule;
		i = hit || rule->kind == MM_RULE_RESULT ? i + 1 : rule->skip;
	}
	return NULL;
}

bool
mm_rules_row(
    const struct mm_rules *rules, size_t i, const char **value, unsigned *line)
{
	if (i >= rules->n)
		return false;
	*value = rules->list[i].kind == MM_RULE_RESULT ? rules->list[i].result
						       : NULL;
	*line = rules->list[i].line;
	return true;
}

/* How long the expanded result is; written to *to unless that is NULL. */
static size_t
expand(const char *p, const char *key, const struct mm_span *spans, size_t n,
    char *to)
{
	size_t total = 0;

	while (*p != '\0') {
		const char *from = p;
		size_t len = strcspn(p, "$");
		unsigned group = 0;
		struct mm_err err;

		if (len > 0) {
			p += len;
		} else {
			/* checked when the rule was read */
			take_reference(&p, &group, &err);
			from = "$";
			len = 1;
		}
		if (group > 0) {
			bool there =
			    group < n && spans[group].start != SIZE_MAX;

			from = there ? key + spans[group].start : "";
			len = there ? spans[group].end - spans[group].start : 0;
		}
		if (to != NULL)
			memcpy(to + total, from, len);
		total += len;
	}
	return total;
}

enum mm_found
mm_rules_expand(const struct mm_rule *rule, const char *key,
    const struct mm_span *spans, size_t n, struct mm_arena *arena,
    const char **value)
{
	size_t len;
	char *text;

	if (!rule->expands) {
		*value = rule->result;
		return MM_MAP_FOUND;
	}
	len = expand(rule->result, key, spans, n, NULL);
	text = mm_arena_alloc(arena, len + 1);
	if (text == NULL)
		return MM_MAP_FAILED;
	expand(rule->result, key, spans, n, text);
	*value = text;
	return MM_MAP_FOUND;
}

int
mm_regex_take(char **p, bool to_not, struct mm_regex *ret, struct mm_err *err)
{
	char delimiter = **p, *end = *p + 1;

	if (delimiter == '\0' || delimiter == '\\' ||
	    (is_name_char(delimiter) && delimiter != '_'))
		return mm_err_set(err,
		    "\"%.40s\": a rule is needed, as in "
		    "/pattern/ result",
		    *p);
	while (*end != '\0' && *end != delimiter) {
		if (*end == '\\' && end[1] != '\0')
			end++;
		end++;
	}
	if (*end == '\0')
		return mm_err_set(err,
		    "no \"%c\" ends the pattern that begins with \"%.40s\"",
		    delimiter, *p);
	ret->text = *p + 1;
	*end++ = '\0';
	ret->flags = end;
	ret->nflags = strcspn(end, to_not ? MM_MAP_BLANKS "!" : MM_MAP_BLANKS);
	*p = end + ret->nflags;
	return 0;
}

int
mm_regex_options(const struct mm_regex *regex,
    const struct mm_regex_flag *table, size_t n, uint32_t *options,
    struct mm_err *err)
{
	for (size_t i = 0; i < regex->nflags; i++) {
		size_t k = 0;

		while (k < n && table[k].letter != regex->flags[i])
			k++;
		if (k == n)
			return mm_err_set(err,
			    "unknown flag \"%c\" behind the pattern",
			    regex->flags[i]);
		*options ^= table[k].bit;
	}
	return 0;
}
