/*
 * site: where mail for a stranger's address would go.  Input: the address in
 * internal form.
 */
#include "lib/address.h"
#include "lib/arena.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/settings.h"
#include "lib/site.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 1024

static const char config[] = "myhostname = mx.example.com\n"
			     "mydestination = a, b.c, [192.0.2.9]\n"
			     "relay_domains = d, .e, inline:{f=x}\n"
			     "virtual_alias_domains = g\n"
			     "virtual_mailbox_domains = !h.i, h.i, i\n"
			     "inet_interfaces = 192.0.2.1 [2001:db8::1]\n";

static struct mm_site *
site_new(void)
{
	struct mm_complaints all = {0};
	struct mm_err err;
	struct mm_conf *conf = mm_conf_parse(config, "fuzz", &all, &err);
	struct mm_settings *settings = NULL;
	struct mm_site *site = NULL;

	if (conf != NULL)
		settings = mm_settings_read(conf, &all);
	if (settings != NULL)
		site = mm_site_read(settings, conf, &all);
	if (site == NULL)
		abort();
	mm_settings_free(settings);
	mm_conf_free(conf);
	mm_complaints_clear(&all);
	return site;
}

static void
check(const struct mm_destination *to, const char *text)
{
	const char *domain = mm_address_domain(to->address);
	size_t most = strlen(text) + sizeof("MAILER-DAEMON@mx.example.com");

	if (to->class == MM_CLASS_UNKNOWN || to->class == MM_CLASS_FAILED)
		abort();
	if (strlen(to->address) > most)
		abort();
	if (to->class != MM_CLASS_OTHER && (domain == NULL || *domain == '\0'))
		abort();
	if (to->routed && mm_destination_authorised(to))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mm_site *site;
	struct mm_destination to;
	struct mm_arena *arena;
	char text[TEXT_MAX];

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (site == NULL)
		site = site_new();
	arena = mm_arena_new(1 << 22);
	if (arena == NULL)
		abort();
	to = mm_site_resolve(site, text, arena);
	check(&to, text);
	mm_arena_free(arena);
	return 0;
}
