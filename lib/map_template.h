/*
 * map_template - "%s" and kin in the queries of remote tables and in what is
 * made of their results, as sqlite_table(5) has them.
 *
 * Threads: immutable once checked.
 */
#ifndef MM_MAP_TEMPLATE_H
#define MM_MAP_TEMPLATE_H

#include <stdbool.h>
#include <stdio.h>

struct mm_err;

/* What templates need of the key and of a result. */
struct mm_template_needs {
	bool key_user, key_domain;
	bool value_user, value_domain;
	unsigned parts; /* of the key's domain: the highest %1 to %9 */
};

/* Adds to needs.  result: text is for results, not a query.  -1: *err. */
int mm_map_template_check(const char *text, bool result,
    struct mm_template_needs *needs, struct mm_err *err);
/* Has the key all that is needed? */
bool mm_map_template_fits(
    const struct mm_template_needs *needs, const char *key);

/*
 * Writes the template.  value: of a query NULL.  quote: writes a value so
 * that it is safe there; NULL: as it is.  The key fits.  False: value has not
 * what is needed of it, and nothing is written.
 */
typedef void mm_template_quote(FILE *out, const char *text);
bool mm_map_template_write(FILE *out, const char *text,
    const struct mm_template_needs *needs, const char *key, const char *value,
    mm_template_quote *quote);

#endif
