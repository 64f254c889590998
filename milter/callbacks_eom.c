/* callbacks_eom - see callbacks_eom.h. */
#include "milter/callbacks_eom.h"

#include <stdio.h>
#include <string.h>

#include "lib/access.h"
#include "lib/policy.h"
#include "lib/str.h"
#include "milter/effects.h"
#include "milter/service.h"

static const struct {
	enum mm_effect_kind kind;
	unsigned long actions;
} needed[] = {
    {MM_EFFECT_PREPEND, SMFIF_ADDHDRS},
    {MM_EFFECT_REDIRECT, SMFIF_ADDRCPT | SMFIF_DELRCPT},
    {MM_EFFECT_BCC, SMFIF_ADDRCPT},
    {MM_EFFECT_HOLD, SMFIF_QUARANTINE},
};

unsigned long
callbacks_changes(struct service *service)
{
	struct mm_policy *policy = service_policy(service);
	unsigned may = mm_policy_effects(policy);
	unsigned long actions = 0;

	mm_policy_unref(policy);
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if ((may & MM_EFFECT_BIT(needed[i].kind)) != 0)
			actions |= needed[i].actions;
	}
	return actions;
}

/* A message at work. */
struct change {
	SMFICTX *ctx;
	struct service *service;
	bool failed; /* something has */
};

/* rc: of libmilter, which refuses what has not been negotiated.  False: it
 * has. */
static bool
done(struct change *change, enum mm_effect_kind kind, int rc)
{
	if (rc == MI_SUCCESS)
		return true;
	change->failed = true;
	service_count(change->service, MM_CHANGES_FAILED, 1);
	service_trouble(
	    change->service, TROUBLE_CHANGES, true, mm_effect_word(kind));
	return false;
}

/* "name: value"; each one goes on top of those before.  Postfix takes out the
 * blanks before a colon, Sendmail does not. */
static void
prepend(struct change *change, const char *header)
{
	char name[MM_ACCESS_HEADER_MAX + 1];
	const char *colon = strchr(header, ':');
	int len = (int)(colon - header);

	while (len > 0 && (header[len - 1] == ' ' || header[len - 1] == '\t'))
		len--;
	snprintf(name, sizeof(name), "%.*s", len, header);
	done(change, MM_EFFECT_PREPEND,
	    smfi_insheader(
		change->ctx, 0, name, (char *)(uintptr_t)(colon + 1)));
}

/* The same mailbox?  raw is as the client wrote it, in brackets or not. */
static bool
same_address(const char *raw, const char *address)
{
	size_t len = strlen(address);

	raw += *raw == '<';
	return strncasecmp(raw, address, len) == 0 &&
	       (raw[len] == '\0' || strcmp(raw + len, ">") == 0);
}

static bool
add_recipient(
    struct change *change, enum mm_effect_kind kind, const char *address)
{
	char bracketed[MM_ACCESS_HEADER_MAX + 3];

	snprintf(bracketed, sizeof(bracketed), "<%s>", address);
	return done(change, kind, smfi_addrcpt(change->ctx, bracketed));
}

/* Once the new recipient is there the others may go, not before. */
static void
redirect(struct change *change, const struct effects *effects)
{
	const struct effects_text *r;
	bool there = false;

	for (r = effects->recipients.first; r != NULL; r = r->next)
		there = there || same_address(r->text, effects->redirect);
	if (!there)
		there = add_recipient(
		    change, MM_EFFECT_REDIRECT, effects->redirect);
	for (r = effects->recipients.first; there && r != NULL; r = r->next) {
		if (same_address(r->text, effects->redirect))
			continue;
		if (!done(change, MM_EFFECT_REDIRECT,
			smfi_delrcpt(change->ctx, (char *)(uintptr_t)r->text)))
			break;
	}
}

sfsistat
callbacks_change(
    SMFICTX *ctx, struct service *service, const struct effects *effects)
{
	struct change change = {.ctx = ctx, .service = service};
	const struct effects_text *t;

	if (effects->discarded.reason != NULL)
		return SMFIS_DISCARD;
	if (effects->hold != NULL)
		done(&change, MM_EFFECT_HOLD,
		    smfi_quarantine(ctx, (char *)(uintptr_t)effects->hold));
	for (t = effects->headers; t != NULL; t = t->next)
		prepend(&change, t->text);
	/* whatever else was to get it, all of it goes there: as in Postfix */
	if (effects->redirect != NULL)
		redirect(&change, effects);
	else
		for (t = effects->bcc.first; t != NULL; t = t->next)
			add_recipient(&change, MM_EFFECT_BCC, t->text);
	if (effects->arena != NULL && !change.failed)
		service_trouble(service, TROUBLE_CHANGES, false, NULL);
	return SMFIS_CONTINUE;
}
