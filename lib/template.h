/*
 * template - $name expansion in reply texts: default_rbl_reply and
 * rbl_reply_maps, postconf(5).
 *
 * $name, ${name}, $(name), ${name?text}, ${name:text}, ${name?{a}:{b}},
 * ${{a}=={b}?{x}:{y}} and the other comparisons.
 * Threads: immutable; expansion is pure.
 */
#ifndef MM_TEMPLATE_H
#define MM_TEMPLATE_H

#include <stdbool.h>

struct mm_arena;
struct mm_err;

/* The value of a macro; NULL: there is no such macro. */
typedef const char *mm_template_value(void *ctx, const char *name);

/* At load: is the syntax right, and does every name have a value?  -1: *err
 * with what is wrong. */
int mm_template_check(
    const char *text, mm_template_value *value, void *ctx, struct mm_err *err);
/*
 * The expanded text, in arena, 4095 bytes of it at most.  Values are cut to
 * printable ASCII, other bytes become "_" (smtpd_expansion_filter).  NULL: the
 * template is wrong or memory is out.
 */
const char *mm_template_expand(struct mm_arena *arena, const char *text,
    mm_template_value *value, void *ctx);

#endif
