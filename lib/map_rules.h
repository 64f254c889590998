/*
 * map_rules - ordered rules, "pattern result", with "!", if and endif: what
 * cidr:, pcre: and regexp: have in common.  The first rule that matches wins.
 *
 * Threads: immutable once read.
 */
#ifndef MM_MAP_RULES_H
#define MM_MAP_RULES_H

#include "lib/ip.h"
#include "lib/map_type.h"

#define MM_MAP_GROUPS 99 /* "$99" is the highest one */

/* A pattern and a key.  MM_HIT_NEVER: neither match nor mismatch, such as an
 * IPv4 pattern and an IPv6 key; "!" does not turn it round. */
enum mm_hit {
	MM_HIT_NO = 0,
	MM_HIT_YES,
	MM_HIT_NEVER,
};

enum mm_rule_kind {
	MM_RULE_RESULT,
	MM_RULE_IF,
	MM_RULE_BROKEN, /* an if whose pattern is wrong */
};

struct mm_rule {
	uint8_t kind; /* enum mm_rule_kind */
	bool negated;
	bool expands; /* "$" in result */
	unsigned line;
	union {
		char *result; /* of MM_RULE_RESULT */
		size_t skip;  /* of an if: the rule behind its endif */
	};
	union {
		struct mm_prefix prefix;
		void *program;
	};
};

struct mm_rule_syntax {
	/* Reads a pattern at *p and moves *p behind it; sets *groups to the
	 * highest $n.  -1: *err. */
	int (*pattern)(char **p, struct mm_rule *rule, unsigned *groups,
	    struct mm_err *err);
	void (*release)(struct mm_rule *rule); /* may be NULL */
	enum mm_hit (*match)(const struct mm_rule *rule, void *key);
	bool expands; /* results may hold $n */
};

struct mm_rules {
	const struct mm_rule_syntax *syntax;
	struct mm_rule *list;
	size_t n, size;
	bool plain; /* no "!" and no if */
};

/* rules holds zeros.  -1: out of memory. */
int mm_rules_read(struct mm_rules *rules, const struct mm_rule_syntax *syntax,
    struct mm_map_source *source, struct mm_err *err);
void mm_rules_clear(struct mm_rules *rules);
/* The rule that matches, or NULL.  key is handed to match. */
const struct mm_rule *mm_rules_find(const struct mm_rules *rules, void *key);
bool mm_rules_row(
    const struct mm_rules *rules, size_t i, const char **value, unsigned *line);

/* Where groups matched: n pairs, SIZE_MAX where one did not. */
struct mm_span {
	size_t start, end;
};
/* The rule's result with $n, ${n}, $(n) and $$ filled in. */
enum mm_found mm_rules_expand(const struct mm_rule *rule, const char *key,
    const struct mm_span *spans, size_t n, struct mm_arena *arena,
    const char **value);

/* Moves *p behind any number of "!" and blanks; true: turned round. */
bool mm_rule_negations(char **p);

/* "/regular expression/flags", taken off a rule in place. */
struct mm_regex {
	char *text; /* between the delimiters */
	const char *flags;
	size_t nflags;
};
/* Moves *p behind it.  The flags end at a blank, and at "!" if to_not. */
int mm_regex_take(
    char **p, bool to_not, struct mm_regex *ret, struct mm_err *err);

struct mm_regex_flag {
	char letter;
	uint32_t bit;
};
/* Each letter turns its bit round. */
int mm_regex_options(const struct mm_regex *regex,
    const struct mm_regex_flag *table, size_t n, uint32_t *options,
    struct mm_err *err);

#endif
