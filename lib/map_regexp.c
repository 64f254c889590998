/*
 * map_regexp - regexp: tables, regexp_table(5), by POSIX regcomp(3).
 *
 * The C library sets no limit to the work of a match: pcre: does.
 */
#include "lib/map_rules.h"

#include "lib/err.h"
#include "lib/map_regexp_size.h"

#include <regex.h>
#include <stdlib.h>

/* "/first/" or "/first/!/second/". */
struct program {
	regex_t first, second;
	bool has_second;
	bool second_wanted; /* "/first/!!/second/" */
};

/* What one lookup brings along. */
struct lookup {
	const char *key;
	regmatch_t groups[MM_MAP_GROUPS + 1];
};

/* Compiles the expression at *p. */
static int
take(char **p, bool to_not, regex_t *re, struct mm_err *err)
{
	static const struct mm_regex_flag flags[] = {
	    {'i', REG_ICASE},
	    {'x', REG_EXTENDED},
	    {'m', REG_NEWLINE},
	};
	uint32_t options = REG_ICASE | REG_EXTENDED;
	struct mm_regex regex;
	char text[128];
	int rc;

	if (mm_regex_take(p, to_not, &regex, err) != 0 ||
	    mm_regex_options(&regex, flags, sizeof(flags) / sizeof(flags[0]),
		&options, err) != 0)
		return -1;
	if (mm_regexp_size(regex.text, (options & REG_EXTENDED) != 0) >
	    MM_REGEXP_SIZE_MAX)
		return mm_err_set(err,
		    "the pattern \"%.60s\" repeats repetitions: it would not "
		    "fit into memory",
		    regex.text);
	rc = regcomp(re, regex.text, (int)options);
	if (rc == 0)
		return 0;
	regerror(rc, re, text, sizeof(text));
	return mm_err_set(err, "%s in the pattern \"%.60s\"", text, regex.text);
}

static int
regexp_pattern(
    char **p, struct mm_rule *rule, unsigned *groups, struct mm_err *err)
{
	struct program *program = calloc(1, sizeof(*program));

	if (program == NULL)
		return mm_err_set(err, "out of memory");
	if (take(p, true, &program->first, err) != 0) {
		free(program);
		return -1;
	}
	/* an if has one pattern */
	if (**p == '!' && rule->kind == MM_RULE_RESULT) {
		program->second_wanted = !mm_rule_negations(p);
		if (take(p, false, &program->second, err) != 0) {
			regfree(&program->first);
			free(program);
			return -1;
		}
		program->has_second = true;
	}
	*groups = (unsigned)program->first.re_nsub;
	rule->program = program;
	return 0;
}

static void
regexp_release(struct mm_rule *rule)
{
	struct program *program = rule->program;

	regfree(&program->first);
	if (program->has_second)
		regfree(&program->second);
	free(program);
}

static enum mm_hit
regexp_match(const struct mm_rule *rule, void *key)
{
	struct lookup *look = key;
	const struct program *program = rule->program;

	/* a "!" before the first one does not turn the second one round */
	if (program->has_second &&
	    (regexec(&program->second, look->key, 0, NULL, 0) == 0) !=
		program->second_wanted)
		return MM_HIT_NEVER;
	return regexec(&program->first, look->key,
		   rule->expands ? MM_MAP_GROUPS + 1 : 0, look->groups, 0) == 0
		   ? MM_HIT_YES
		   : MM_HIT_NO;
}

static const struct mm_rule_syntax syntax = {
    .pattern = regexp_pattern,
    .release = regexp_release,
    .match = regexp_match,
    .expands = true,
};

static void
regexp_free(void *arg)
{
	struct mm_rules *rules = arg;

	if (rules == NULL)
		return;
	mm_rules_clear(rules);
	free(rules);
}

static void *
regexp_read(const struct mm_map_type *type, struct mm_map_source *source,
    struct mm_err *err)
{
	struct mm_rules *rules = calloc(1, sizeof(*rules));

	(void)type;
	if (rules == NULL) {
		mm_err_set(err, "out of memory");
		return NULL;
	}
	if (mm_rules_read(rules, &syntax, source, err) != 0) {
		free(rules);
		return NULL;
	}
	return rules;
}

static enum mm_found
regexp_lookup(const void *arg, const char *key, struct mm_arena *arena,
    const char **value)
{
	struct lookup look = {.key = key};
	const struct mm_rule *rule = mm_rules_find(arg, &look);
	struct mm_span spans[MM_MAP_GROUPS + 1];

	if (rule == NULL)
		return MM_MAP_NOTHING;
	for (size_t i = 0; rule->expands && i <= MM_MAP_GROUPS; i++) {
		/* -1 for none becomes SIZE_MAX */
		spans[i].start = (size_t)look.groups[i].rm_so;
		spans[i].end = (size_t)look.groups[i].rm_eo;
	}
	return mm_rules_expand(
	    rule, key, spans, MM_MAP_GROUPS + 1, arena, value);
}

static bool
regexp_row(const void *arg, size_t i, const char **value, unsigned *line)
{
	return mm_rules_row(arg, i, value, line);
}

const struct mm_map_type mm_map_regexp = {
    .name = "regexp",
    .kind = MM_MAP_PATTERN,
    .forms = MM_MAP_FILE | MM_MAP_BRACES,
    .expands = true,
    .read = regexp_read,
    .free = regexp_free,
    .lookup = regexp_lookup,
    .row = regexp_row,
};
