/*
 * policy - the immutable snapshot: settings, compiled lists, opened tables.
 *
 * Built whole, checked whole, counted.  Whoever holds a reference sees one
 * configuration from beginning to end.
 * Threads: immutable; the count is atomic.
 */
#ifndef MM_POLICY_H
#define MM_POLICY_H

#include <stdint.h>

#include "lib/eval.h"
#include "lib/file.h"
#include "lib/program.h"

struct mm_complaints;
struct mm_dnsxl;
struct mm_err;
struct mm_exempt;
struct mm_policy;
struct mm_policyd;

/*
 * Reads a configuration file and everything that it names.  NULL with *err:
 * the file cannot be read; NULL without complaints of MM_ERROR never happens
 * otherwise: each error is in *all, and *err counts them.
 */
struct mm_policy *mm_policy_load(
    const char *path, struct mm_complaints *all, struct mm_err *err);
/* The same from text that stands for a file. */
struct mm_policy *mm_policy_parse(const char *text, const char *file,
    struct mm_complaints *all, struct mm_err *err);
struct mm_policy *mm_policy_ref(struct mm_policy *policy);
void mm_policy_unref(struct mm_policy *policy); /* NULL is fine */

const struct mm_settings *mm_policy_settings(const struct mm_policy *policy);
/* The i-th DNS list named anywhere in it, NULL behind the last one; a list
 * stands there once for each of its filters. */
const struct mm_dnsxl *mm_policy_dnsxl(
    const struct mm_policy *policy, size_t i);
/* The i-th step of a list, NULL behind the last one (program.h). */
const struct mm_step *mm_policy_step(
    const struct mm_policy *policy, enum mm_chain chain, size_t i);
/* Every step: of the lists, of the classes, and of what tables may give. */
void mm_policy_each(
    const struct mm_policy *policy, mm_step_each *each, void *ctx);
/* The files that it was made from, beside the configuration itself. */
void mm_policy_files(
    const struct mm_policy *policy, mm_file_each *each, void *ctx);
/* Nothing in the lists: says so at start. */
bool mm_policy_empty(const struct mm_policy *policy);
/* The i-th policy service that any list names, each once; NULL behind the
 * last one. */
const struct mm_policyd *mm_policy_service(
    const struct mm_policy *policy, size_t i);
/* Does any list use the greylist? */
bool mm_policy_greylists(const struct mm_policy *policy);
/* Who is never greylisted. */
const struct mm_exempt *mm_policy_exempt(const struct mm_policy *policy);
/* Before it is in force, in place of another one: what both have goes on
 * counting. */
void mm_policy_inherit(struct mm_policy *policy, const struct mm_policy *from);
/* How it tells clients apart. */
struct mm_greylist_scheme;
const struct mm_greylist_scheme *mm_policy_scheme(
    const struct mm_policy *policy);
/* What its tables may want done to a message, as MM_EFFECT_BIT. */
unsigned mm_policy_effects(const struct mm_policy *policy);

/* All that a walk looks at, beside the policy. */
struct mm_given {
	const struct mm_session *session;
	const struct mm_answers *answers;
	const struct mm_errands *errands; /* NULL: none has been run */
	int64_t now;
	bool plain; /* no trail is wanted, only the verdict */
	/* not NULL: judge the session's stage, see eval.h */
	const struct mm_carry *carry;
};
/*
 * The pure function: one walk over the chain.  ret is wholly overwritten;
 * what it points to lives in arena, in what is given and in the policy.
 */
void mm_policy_walk(const struct mm_policy *policy,
    const struct mm_given *given, struct mm_arena *arena,
    struct mm_result *ret);
/* The same where no errands are run. */
void mm_policy_evaluate(const struct mm_policy *policy,
    const struct mm_session *session, const struct mm_answers *answers,
    int64_t now, struct mm_arena *arena, struct mm_result *ret);
/* The same without a trail: for those who only want the verdict. */
void mm_policy_evaluate_plain(const struct mm_policy *policy,
    const struct mm_session *session, const struct mm_answers *answers,
    int64_t now, struct mm_arena *arena, struct mm_result *ret);
/* A deadline passed: what is asked and not answered is missed from now on. */
void mm_result_miss(const struct mm_result *result, struct mm_answers *answers);

#endif
