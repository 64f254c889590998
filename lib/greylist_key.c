/* greylist_key - see greylist_key.h. */
#include "lib/greylist_key.h"

#include <stdio.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/greylist_sender.h"
#include "lib/str.h"

/* The sender's length makes the text unambiguous, whatever is in it. */
const char *
mm_greylist_triplet_key(struct mm_arena *arena, const char *client,
    const char *sender, const char *recipient)
{
	char len[24] = "*", *key;

	if (sender != NULL)
		snprintf(len, sizeof(len), "%zu", strlen(sender));
	key = mm_arena_printf(arena, "triplet %s %s %s %s",
	    client != NULL ? client : "*", len, sender != NULL ? sender : "*",
	    recipient != NULL ? recipient : "*");
	if (key != NULL)
		mm_str_fold(key);
	return key;
}

const char *
mm_greylist_client_key(struct mm_arena *arena, const char *client)
{
	return mm_arena_printf(arena, "client %s", client);
}

const char *
mm_greylist_release_key(struct mm_arena *arena, const char *triplet)
{
	return mm_arena_printf(arena, "release %s", triplet);
}

const char *
mm_greylist_expect_key(struct mm_arena *arena, const char *recipient)
{
	char *key = mm_arena_printf(arena, "expect %s", recipient);

	if (key != NULL)
		mm_str_fold(key);
	return key;
}

const char *
mm_greylist_grant_key(struct mm_arena *arena, const char *identity)
{
	return identity == NULL ? NULL
				: mm_arena_printf(arena, "allow %s", identity);
}

#define SPF "spf:"

/* A name that the store would cut could be another one. */
const char *
mm_greylist_note(struct mm_arena *arena, const struct mm_greylist_who *who,
    enum mm_rung rung)
{
	const char *spf = rung == MM_RUNG_SPF ? who->spf_domain : NULL;
	const char *name = who->name;
	size_t len = strlen(who->address) + strlen(" " SPF " ");

	if (spf != NULL)
		len += strlen(spf);
	if (name != NULL && len + strlen(name) > MM_STORE_NOTE_MAX)
		name = NULL;
	return mm_arena_printf(arena, "%s%s%s%s%s", who->address,
	    spf != NULL ? " " SPF : "", spf != NULL ? spf : "",
	    name != NULL ? " " : "", name != NULL ? name : "");
}

bool
mm_greylist_note_read(char *text, struct mm_greylist_who *ret)
{
	char *rest = NULL, *word;

	*ret = (struct mm_greylist_who){0};
	ret->address = strtok_r(text, " ", &rest);
	while (ret->address != NULL &&
	       (word = strtok_r(NULL, " ", &rest)) != NULL) {
		if (strncmp(word, SPF, strlen(SPF)) == 0)
			ret->spf_domain = word + strlen(SPF);
		else
			ret->name = word;
	}
	return ret->address != NULL && mm_ip_parse(ret->address, &ret->ip);
}

const char *
mm_greylist_plain(struct mm_arena *arena, const char *recipient)
{
	const char *at = strrchr(recipient, '@');
	const char *end = at != NULL ? at : recipient + strlen(recipient);
	const char *plus = memchr(recipient, '+', (size_t)(end - recipient));

	/* an address may begin with one */
	if (plus == NULL || plus == recipient)
		return recipient;
	return mm_arena_printf(
	    arena, "%.*s%s", (int)(plus - recipient), recipient, end);
}

/* A key that stands there already is not asked for twice. */
static bool
add(struct mm_greylist_keys *keys, enum mm_greylist_role role, const char *key)
{
	if (key == NULL)
		return false;
	for (size_t i = 0; i < keys->n; i++) {
		if (strcmp(keys->key[i], key) == 0)
			return true;
	}
	keys->role[keys->n] = role;
	keys->key[keys->n++] = key;
	return true;
}

static bool
add_imported(struct mm_greylist_keys *keys, const struct mm_greylist_mail *mail,
    struct mm_arena *arena)
{
	const struct mm_foreign_mail foreign = {.client = mail->client.ip,
	    .sender = mail->sender,
	    .recipient = mail->recipient};
	const char *key[MM_FOREIGN_KEYS];
	int n = 0;

	_Static_assert(MM_FOREIGN_KEYS ==
			   MM_GREYLIST_IMPORTED_LAST - MM_GREYLIST_IMPORTED + 1,
	    "a role for each");
	if (mail->imports != NULL)
		n = mm_foreign_keys(mail->imports, &foreign, arena, key);
	for (int i = 0; i < n; i++)
		add(keys, MM_GREYLIST_IMPORTED + i, key[i]);
	return n >= 0;
}

/* What the operator may have opened; by_network: the triplet. */
static bool
add_windows(struct mm_greylist_keys *keys, const struct mm_greylist_mail *mail,
    const char *by_network, struct mm_arena *arena)
{
	const struct mm_identity *id = &keys->identity;
	const struct mm_ip *ip = &mail->client.ip;
	const char *plain = mm_greylist_plain(arena, mail->recipient);

	return plain != NULL &&
	       add(keys, MM_GREYLIST_RELEASE,
		   mm_greylist_release_key(arena, keys->key[0])) &&
	       add(keys, MM_GREYLIST_RELEASE_BY_NETWORK,
		   mm_greylist_release_key(arena, by_network)) &&
	       add(keys, MM_GREYLIST_EXPECT,
		   mm_greylist_expect_key(arena, mail->recipient)) &&
	       add(keys, MM_GREYLIST_EXPECT_PLAIN,
		   mm_greylist_expect_key(arena, plain)) &&
	       add(keys, MM_GREYLIST_GRANT,
		   mm_greylist_grant_key(arena, id->text)) &&
	       add(keys, MM_GREYLIST_GRANT_NETWORK,
		   mm_greylist_grant_key(arena, id->network)) &&
	       add(keys, MM_GREYLIST_GRANT_ADDRESS,
		   mm_greylist_grant_key(
		       arena, mm_greylist_network(arena, ip, 128)));
}

/*
 * Whose passes are counted together.  Hosts of one organisation speak for each
 * other as long as their names lead back to them; a network's have no more in
 * common than the neighbourhood, and each earns its own allowance.
 */
static const char *
client_of(const struct mm_identity *id)
{
	return id->rung == MM_RUNG_GROUP || id->rung == MM_RUNG_NAME ? id->text
								     : id->host;
}

/* The triplet of a client that is known as that, of the parts that count. */
static const char *
triplet_of(unsigned parts, const char *client,
    const struct mm_greylist_mail *mail, struct mm_arena *arena)
{
	const char *sender = mm_greylist_sender(arena, mail->sender);

	if (sender == NULL)
		return NULL;
	return mm_greylist_triplet_key(arena,
	    parts & MM_PART_CLIENT ? client : NULL,
	    parts & MM_PART_SENDER ? sender : NULL,
	    parts & MM_PART_RECIPIENT ? mail->recipient : NULL);
}

bool
mm_greylist_keys(const struct mm_greylist_scheme *scheme,
    const struct mm_greylist_mail *mail, struct mm_arena *arena,
    struct mm_greylist_keys *ret)
{
	unsigned parts = mm_greylist_scheme_parts(scheme);
	const struct mm_identity *id = &ret->identity;
	const char *by_network;

	ret->n = 0;
	ret->at_first = 2; /* the triplet's and the client's */
	if (!mm_greylist_identify(
		scheme, &mail->client, arena, &ret->identity) ||
	    (by_network = triplet_of(parts, id->network, mail, arena)) == NULL)
		return false;
	return add(ret, MM_GREYLIST_TRIPLET,
		   triplet_of(parts, id->text, mail, arena)) &&
	       add(ret, MM_GREYLIST_CLIENT,
		   mm_greylist_client_key(arena, client_of(id))) &&
	       add(ret, MM_GREYLIST_BY_NETWORK, by_network) &&
	       add(ret, MM_GREYLIST_EARLIER,
		   mm_greylist_triplet_key(
		       arena, id->network, mail->sender, mail->recipient)) &&
	       add(ret, MM_GREYLIST_HOST,
		   mm_greylist_client_key(arena, id->host)) &&
	       add(ret, MM_GREYLIST_SOURCE,
		   mm_arena_printf(arena, "source %s", id->source)) &&
	       add_imported(ret, mail, arena) &&
	       add_windows(ret, mail, by_network, arena);
}
