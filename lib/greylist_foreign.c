/* greylist_foreign - see greylist_foreign.h: the keys and the mark. */
#include "lib/greylist_foreign.h"

#include <stdio.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/str.h"

#define POSTGREY_MAX 512    /* bytes of each attribute that it looks at */
#define SQLGREY_USER_MAX 64 /* columns of its tables */
#define SQLGREY_DOMAIN_MAX 255
#define SQLGREY_UNDEF "-undef-" /* what it has for what is not there */

static const char *
network(struct mm_arena *arena, const struct mm_ip *client,
    struct mm_foreign_prefix prefix)
{
	unsigned len = client->family == MM_IP_V6 ? prefix.ipv6 : prefix.ipv4;
	char text[MM_IP_TEXT_MAX];
	struct mm_ip net = *client;

	mm_ip_mask(&net, len);
	return mm_arena_printf(arena, "%s/%u", mm_ip_format(&net, text), len);
}

static const char *
folded(char *text)
{
	if (text != NULL)
		mm_str_fold(text);
	return text;
}

const char *
mm_foreign_postgrey_key(struct mm_arena *arena, const struct mm_ip *client,
    struct mm_foreign_prefix prefix, const char *rest)
{
	const char *net = network(arena, client, prefix);

	if (net == NULL)
		return NULL;
	return folded(mm_arena_printf(arena, "postgrey %s/%s", net, rest));
}

/* The user's length makes the text unambiguous, whatever is in it. */
const char *
mm_foreign_sqlgrey_key(struct mm_arena *arena, const struct mm_ip *client,
    struct mm_foreign_prefix prefix, const char *user, const char *domain)
{
	const char *net = network(arena, client, prefix);

	if (net == NULL)
		return NULL;
	if (user == NULL)
		return folded(mm_arena_printf(
		    arena, "sqlgrey-domain %s %s", net, domain));
	return folded(mm_arena_printf(arena, "sqlgrey-from %s %zu %s %s", net,
	    strlen(user), user, domain));
}

static const char *
postgrey_key(const struct mm_foreign_mail *mail, struct mm_arena *arena,
    struct mm_foreign_prefix prefix)
{
	char *cut = mm_arena_dupn(
	    arena, mail->sender, strnlen(mail->sender, POSTGREY_MAX));
	const char *sender, *rest;

	if (cut == NULL ||
	    (sender = mm_foreign_postgrey_sender(arena, cut)) == NULL)
		return NULL;
	rest = mm_arena_printf(
	    arena, "%s/%.*s", sender, POSTGREY_MAX, mail->recipient);
	if (rest == NULL)
		return NULL;
	return mm_foreign_postgrey_key(arena, &mail->client, prefix, rest);
}

/* The sender as its tables have it. */
struct sqlgrey {
	const char *user, *domain;
};

static bool
sqlgrey_sender(const struct mm_foreign_mail *mail, struct mm_arena *arena,
    struct sqlgrey *ret)
{
	char *user = mm_arena_dup(arena, mail->sender), *at;
	char *recipient = mm_arena_dup(arena, mail->recipient);
	const char *normal;

	if (user == NULL || recipient == NULL)
		return false;
	ret->user = ret->domain = SQLGREY_UNDEF;
	if (*user == '\0')
		return true;
	mm_str_fold(user);
	mm_str_fold(recipient);
	if ((at = strchr(user, '@')) != NULL) {
		*at = '\0';
		ret->domain = mm_arena_dupn(
		    arena, at + 1, strnlen(at + 1, SQLGREY_DOMAIN_MAX));
	}
	normal = mm_foreign_sqlgrey_user(arena, user, recipient);
	if (normal == NULL)
		return false;
	ret->user =
	    mm_arena_dupn(arena, normal, strnlen(normal, SQLGREY_USER_MAX));
	return ret->user != NULL && ret->domain != NULL;
}

int
mm_foreign_keys(const struct mm_foreign_imports *imports,
    const struct mm_foreign_mail *mail, struct mm_arena *arena,
    const char *key[MM_FOREIGN_KEYS])
{
	struct mm_foreign_prefix prefix = imports->of[MM_FOREIGN_POSTGREY];
	struct sqlgrey sender;
	int n = 0;

	if (mail->client.family == MM_IP_NONE)
		return 0;
	if (prefix.ipv4 != 0)
		key[n++] = postgrey_key(mail, arena, prefix);
	prefix = imports->of[MM_FOREIGN_SQLGREY];
	if (prefix.ipv4 != 0) {
		if (!sqlgrey_sender(mail, arena, &sender))
			return -1;
		key[n++] = mm_foreign_sqlgrey_key(
		    arena, &mail->client, prefix, sender.user, sender.domain);
		key[n++] = mm_foreign_sqlgrey_key(
		    arena, &mail->client, prefix, NULL, sender.domain);
	}
	for (int i = 0; i < n; i++) {
		if (key[i] == NULL)
			return -1;
	}
	return n;
}

const char *
mm_foreign_mark_key(enum mm_foreign program)
{
	static const char *const keys[MM_NFOREIGN] = {
	    [MM_FOREIGN_POSTGREY] = "imported postgrey",
	    [MM_FOREIGN_SQLGREY] = "imported sqlgrey",
	};

	return keys[program];
}

struct mm_record
mm_foreign_mark(struct mm_foreign_prefix prefix, int64_t now)
{
	return (struct mm_record){
	    .first = prefix.ipv4, .last = now, .count = prefix.ipv6};
}

struct mm_foreign_prefix
mm_foreign_mark_read(const struct mm_record *record)
{
	if (record->first < 1 || record->first > 32 || record->count < 1 ||
	    record->count > 128)
		return (struct mm_foreign_prefix){0, 0};
	return (struct mm_foreign_prefix){
	    (unsigned char)record->first, (unsigned char)record->count};
}

int
mm_foreign_imports_read(struct mm_store *store, int64_t wait_ms,
    struct mm_foreign_imports *ret, struct mm_err *err)
{
	struct mm_record record[MM_NFOREIGN];
	const char *key[MM_NFOREIGN];

	for (int i = 0; i < MM_NFOREIGN; i++)
		key[i] = mm_foreign_mark_key(i);
	if (mm_store_read(store, key, MM_NFOREIGN, wait_ms, record, err) != 0)
		return -1;
	for (int i = 0; i < MM_NFOREIGN; i++)
		ret->of[i] = mm_foreign_mark_read(&record[i]);
	return 0;
}
