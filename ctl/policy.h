/*
 * policy - loads the policy of a command, and shows what is wrong with it.
 *
 * Threads: confined.
 */
#ifndef MM_CTL_POLICY_H
#define MM_CTL_POLICY_H

#include <stdio.h>

struct ctl;
struct mm_complaint;
struct mm_complaints;
struct mm_policy;

/* For a command that needs it whole.  0, or EX_CONFIG with the errors on
 * stderr. */
int ctl_policy_load(const struct ctl *ctl, struct mm_policy **ret);
/* One line. */
void ctl_complaint_print(FILE *out, const struct mm_complaint *complaint);

#endif
