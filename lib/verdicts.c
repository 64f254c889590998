/* verdicts - see verdicts.h. */
#include "lib/verdicts.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct rule {
	_Atomic bool expected;
	_Atomic uint64_t n[MM_NSTAGES][MM_NVERDICTS];
	char text[];
};

/* Rules are only added: who sees n of them sees them whole. */
struct mm_verdicts {
	_Atomic size_t n;
	struct rule *rule[MM_VERDICTS_MAX]; /* the first one: all others */
};

struct mm_verdicts *
mm_verdicts_new(void)
{
	struct mm_verdicts *verdicts = calloc(1, sizeof(*verdicts));

	if (verdicts != NULL &&
	    !mm_verdicts_know(verdicts, MM_VERDICTS_OTHER, false)) {
		free(verdicts);
		return NULL;
	}
	return verdicts;
}

void
mm_verdicts_free(struct mm_verdicts *verdicts)
{
	if (verdicts == NULL)
		return;
	for (size_t i = 0; i < atomic_load(&verdicts->n); i++)
		free(verdicts->rule[i]);
	free(verdicts);
}

/* The one whose text is the first len bytes of text; NULL: none. */
static struct rule *
find(const struct mm_verdicts *verdicts, const char *text, size_t len)
{
	size_t n = atomic_load_explicit(&verdicts->n, memory_order_acquire);

	for (size_t i = 0; i < n; i++) {
		struct rule *rule = verdicts->rule[i];

		if (strncmp(rule->text, text, len) == 0 &&
		    rule->text[len] == '\0')
			return rule;
	}
	return NULL;
}

bool
mm_verdicts_know(struct mm_verdicts *verdicts, const char *text, bool expected)
{
	size_t n = atomic_load(&verdicts->n), len = strlen(text);
	struct rule *rule = find(verdicts, text, len);

	if (rule == NULL && n == MM_VERDICTS_MAX)
		return true;
	if (rule == NULL) {
		if ((rule = calloc(1, sizeof(*rule) + len + 1)) == NULL)
			return false;
		memcpy(rule->text, text, len + 1);
		verdicts->rule[n] = rule;
		atomic_store_explicit(
		    &verdicts->n, n + 1, memory_order_release);
	}
	if (expected)
		atomic_store(&rule->expected, true);
	return true;
}

void
mm_verdicts_count(struct mm_verdicts *verdicts, const char *reason,
    enum mm_stage stage, enum mm_verdict verdict)
{
	struct rule *rule = NULL;

	if (reason != NULL)
		rule = find(verdicts, reason, strlen(reason));
	if (rule == NULL && reason != NULL)
		rule = find(verdicts, reason, strcspn(reason, " "));
	if (rule == NULL)
		rule = verdicts->rule[0];
	atomic_fetch_add_explicit(
	    &rule->n[stage][verdict], 1, memory_order_relaxed);
}

bool
mm_verdicts_row(
    const struct mm_verdicts *verdicts, size_t i, struct mm_verdicts_row *ret)
{
	struct rule *rule;

	if (i >= atomic_load_explicit(&verdicts->n, memory_order_acquire))
		return false;
	rule = verdicts->rule[i];
	ret->rule = rule->text;
	ret->expected = atomic_load(&rule->expected);
	for (size_t s = 0; s < MM_NSTAGES; s++)
		for (size_t v = 0; v < MM_NVERDICTS; v++)
			ret->n[s][v] = atomic_load_explicit(
			    &rule->n[s][v], memory_order_relaxed);
	return true;
}
