/* settings_dns - see settings_dns.h. */
#include "lib/settings_dns.h"

#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/hostname.h"
#include "lib/ip.h"
#include "lib/settings.h"
#include "lib/str.h"

static const char separators[] = ", \t\r\n";

/* "addr" or "addr@port". */
static int
check_address(const char *text, struct mm_err *err)
{
	char address[MM_IP_TEXT_MAX];
	size_t len = strcspn(text, "@");
	unsigned long port;
	struct mm_ip ip;

	if (text[len] == '@' &&
	    !mm_str_to_uint(text + len + 1, 1, 65535, &port))
		return mm_err_set(err,
		    "\"%s\": the port is not a number from 1 to 65535", text);
	if (len >= sizeof(address))
		return mm_err_set(err, "\"%s\" is not an address", text);
	memcpy(address, text, len);
	address[len] = '\0';
	if (!mm_ip_parse(address, &ip))
		return mm_err_set(err,
		    "\"%s\" is not an IP address, with or without @port", text);
	return 0;
}

/* "zone=addr[@port]"; cuts word in two. */
static int
read_stub(char *word, struct mm_dns_stub *ret, struct mm_err *err)
{
	char *equals = strchr(word, '=');

	if (equals == NULL)
		return mm_err_set(
		    err, "\"%s\" is not of the form zone=address", word);
	*equals = '\0';
	if (strcmp(word, ".") != 0 && !mm_hostname_valid(word))
		return mm_err_set(err, "\"%s\" is not a zone", word);
	*ret = (struct mm_dns_stub){.zone = word, .address = equals + 1};
	return check_address(ret->address, err);
}

/* No more words than this. */
static size_t
count_words(const char *text)
{
	return strlen(text) / 2 + 1;
}

static int
read_words(const struct mm_settings *settings, struct mm_settings_dns *dns,
    struct mm_err *err)
{
	size_t len = strlen(settings->dns_forward) + 1;
	char *forward = dns->text, *stub = dns->text + len;
	struct mm_dns_config *config = &dns->config;
	char *rest = NULL, *word;

	memcpy(forward, settings->dns_forward, len);
	memcpy(stub, settings->dns_stub, strlen(settings->dns_stub) + 1);
	for (word = strtok_r(forward, separators, &rest); word != NULL;
	     word = strtok_r(NULL, separators, &rest)) {
		if (check_address(word, err) != 0)
			return mm_err_in(err, "dns_forward");
		dns->forward[config->nforward++] = word;
	}
	for (word = strtok_r(stub, separators, &rest); word != NULL;
	     word = strtok_r(NULL, separators, &rest))
		if (read_stub(word, &dns->stub[config->nstub++], err) != 0)
			return mm_err_in(err, "dns_stub");
	return 0;
}

int
mm_settings_dns_read(const struct mm_settings *settings,
    struct mm_settings_dns *ret, struct mm_err *err)
{
	const char *anchor = settings->dns_trust_anchor_file;
	bool validate = *anchor != '\0' && strcmp(anchor, "none") != 0;
	struct mm_settings_dns dns = {
	    .config =
		{
		    .trust_anchor_file = validate ? anchor : NULL,
		    .deadline_ms = settings->dns_deadline,
		    .cache_entries = settings->dns_cache_entries,
		    .in_flight = settings->dns_in_flight,
		},
	    .forward = calloc(
		count_words(settings->dns_forward), sizeof(*dns.forward)),
	    .stub = calloc(count_words(settings->dns_stub), sizeof(*dns.stub)),
	    .text = malloc(
		strlen(settings->dns_forward) + strlen(settings->dns_stub) + 2),
	};

	if (dns.forward == NULL || dns.stub == NULL || dns.text == NULL) {
		mm_err_set(err, "out of memory");
		goto fail;
	}
	if (read_words(settings, &dns, err) != 0)
		goto fail;
	dns.config.forward = dns.forward;
	dns.config.stub = dns.stub;
	*ret = dns;
	return 0;

fail:
	mm_settings_dns_clear(&dns);
	return -1;
}

void
mm_settings_dns_clear(struct mm_settings_dns *dns)
{
	free(dns->forward);
	free(dns->stub);
	free(dns->text);
	*dns = (struct mm_settings_dns){0};
}
