/*
 * map_pcre - pcre: tables, pcre_table(5), by PCRE2 with its just-in-time
 * compiler.
 *
 * Work is bounded: a pattern that would take too many steps is given up, does
 * not match, as in Postfix, and is counted.  Text is bytes, not UTF-8.
 */
#include "lib/map_rules.h"

#include "lib/err.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_MAX 250000 /* some milliseconds */
#define HEAP_MAX 4096	 /* KiB */

struct pcre {
	struct mm_rules rules;
	pcre2_match_context *limits;
	unsigned groups;	/* the most that any rule has */
	atomic_ulong *given_up; /* apart: tables are read-only */
};

/* What one lookup brings along. */
struct lookup {
	const struct pcre *table;
	const char *key;
	size_t len;
	pcre2_match_data *data;
};

static int
pcre_pattern(
    char **p, struct mm_rule *rule, unsigned *groups, struct mm_err *err)
{
	static const struct mm_regex_flag flags[] = {
	    {'i', PCRE2_CASELESS}, {'m', PCRE2_MULTILINE}, {'s', PCRE2_DOTALL},
	    {'x', PCRE2_EXTENDED}, {'A', PCRE2_ANCHORED},
	    {'E', PCRE2_DOLLAR_ENDONLY}, {'U', PCRE2_UNGREEDY},
	    {'X', 0}, /* PCRE2 is always strict */
	};
	uint32_t options = PCRE2_CASELESS | PCRE2_DOTALL, count;
	struct mm_regex regex;
	pcre2_code *code;
	PCRE2_SIZE at;
	int why;

	if (mm_regex_take(p, false, &regex, err) != 0 ||
	    mm_regex_options(&regex, flags, sizeof(flags) / sizeof(flags[0]),
		&options, err) != 0)
		return -1;
	code = pcre2_compile((PCRE2_SPTR)regex.text, PCRE2_ZERO_TERMINATED,
	    options, &why, &at, NULL);
	if (code == NULL) {
		PCRE2_UCHAR text[128];

		pcre2_get_error_message(why, text, sizeof(text));
		if (regex.text[at] == '\0')
			return mm_err_set(err, "%s, at the end of the pattern",
			    (const char *)text);
		return mm_err_set(err, "%s, before \"%.40s\" in the pattern",
		    (const char *)text, regex.text + at);
	}
	/* where it cannot be had the interpreter does the work */
	pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
	pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &count);
	*groups = count;
	rule->program = code;
	return 0;
}

static void
pcre_release(struct mm_rule *rule)
{
	pcre2_code_free(rule->program);
}

static enum mm_hit
pcre_match(const struct mm_rule *rule, void *key)
{
	const struct lookup *look = key;
	uint32_t options = 0;
	int rc;

	do {
		rc = pcre2_match(rule->program, (PCRE2_SPTR)look->key,
		    look->len, 0, options, look->data, look->table->limits);
		/* the compiled code's own stack was too small: once more,
		 * interpreted, with the heap */
		options |= PCRE2_NO_JIT;
	} while (rc == PCRE2_ERROR_JIT_STACKLIMIT);
	if (rc == PCRE2_ERROR_NOMATCH)
		return MM_HIT_NO;
	if (rc < 0) {
		atomic_fetch_add(look->table->given_up, 1);
		return MM_HIT_NEVER;
	}
	return MM_HIT_YES;
}

static const struct mm_rule_syntax syntax = {
    .pattern = pcre_pattern,
    .release = pcre_release,
    .match = pcre_match,
    .expands = true,
};

static void
pcre_free(void *arg)
{
	struct pcre *table = arg;

	if (table == NULL)
		return;
	mm_rules_clear(&table->rules);
	pcre2_match_context_free(table->limits);
	free(table->given_up);
	free(table);
}

static void *
pcre_read(const struct mm_map_type *type, struct mm_map_source *source,
    struct mm_err *err)
{
	struct pcre *table = calloc(1, sizeof(*table));

	(void)type;
	if (table == NULL ||
	    (table->limits = pcre2_match_context_create(NULL)) == NULL ||
	    (table->given_up = calloc(1, sizeof(*table->given_up))) == NULL) {
		mm_err_set(err, "out of memory");
		goto fail;
	}
	pcre2_set_match_limit(table->limits, STEPS_MAX);
	pcre2_set_heap_limit(table->limits, HEAP_MAX);
	if (mm_rules_read(&table->rules, &syntax, source, err) != 0)
		goto fail;
	for (size_t i = 0; i < table->rules.n; i++) {
		uint32_t count = 0;

		if (table->rules.list[i].expands)
			pcre2_pattern_info(table->rules.list[i].program,
			    PCRE2_INFO_CAPTURECOUNT, &count);
		if (count > table->groups)
			table->groups = count;
	}
	return table;

fail:
	pcre_free(table);
	return NULL;
}

static enum mm_found
pcre_lookup(const void *arg, const char *key, struct mm_arena *arena,
    const char **value)
{
	const struct pcre *table = arg;
	struct lookup look = {table, key, strlen(key), NULL};
	const struct mm_rule *rule;
	enum mm_found found = MM_MAP_NOTHING;

	look.data = pcre2_match_data_create(table->groups + 1, NULL);
	if (look.data == NULL)
		return MM_MAP_FAILED;
	rule = mm_rules_find(&table->rules, &look);
	if (rule != NULL) {
		const PCRE2_SIZE *pairs = pcre2_get_ovector_pointer(look.data);
		struct mm_span spans[MM_MAP_GROUPS + 1];
		size_t n = 0;

		for (;
		     rule->expands && n <= table->groups && n <= MM_MAP_GROUPS;
		     n++)
			spans[n] =
			    (struct mm_span){pairs[2 * n], pairs[2 * n + 1]};
		found = mm_rules_expand(rule, key, spans, n, arena, value);
	}
	pcre2_match_data_free(look.data);
	return found;
}

static bool
pcre_row(const void *arg, size_t i, const char **value, unsigned *line)
{
	const struct pcre *table = arg;

	return mm_rules_row(&table->rules, i, value, line);
}

static unsigned long
pcre_given_up(const void *arg)
{
	const struct pcre *table = arg;

	return atomic_load(table->given_up);
}

const struct mm_map_type mm_map_pcre = {
    .name = "pcre",
    .kind = MM_MAP_PATTERN,
    .forms = MM_MAP_FILE | MM_MAP_BRACES,
    .expands = true,
    .read = pcre_read,
    .free = pcre_free,
    .lookup = pcre_lookup,
    .row = pcre_row,
    .given_up = pcre_given_up,
};
