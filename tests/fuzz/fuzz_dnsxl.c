/*
 * dnsxl and access: text of the configuration, a domain from a stranger and
 * records from the DNS.  Input: three lines (list, labels, domain or address;
 * the first also as a table's result), then records of four bytes.
 */
#include "lib/access.h"
#include "lib/dnsxl.h"
#include "lib/err.h"
#include "lib/hostname.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static void
access(const char *text)
{
	struct mm_access a;
	struct mm_err err = {""};

	if (mm_access_parse(text, &a, &err) != 0) {
		if (err.text[0] == '\0')
			abort();
		return;
	}
	if (a.verb == MM_ACCESS_CODE && (a.code < 400 || a.code > 599))
		abort();
	if (strlen(a.dsn) >= sizeof(a.dsn) || strlen(a.text) > strlen(text))
		abort();
}

static void
list(const char *text, const char *labels, const char *domain,
    const uint8_t *records, size_t size)
{
	struct mm_dns_rr rr[4] = {{0}};
	struct mm_dns_answer answer = {.status = MM_DNS_OK, .rr = rr};
	char name[MM_DNS_NAME_MAX], shown[MM_DNS_NAME_MAX], code[16];
	struct mm_err err = {""};
	struct mm_dnsxl *xl = mm_dnsxl_parse(text, labels, &err);

	if (xl == NULL) {
		if (err.text[0] == '\0')
			abort();
		return;
	}
	if (mm_dnsxl_qname_domain(xl, domain, name) == 0) {
		if (!mm_hostname_valid(name))
			abort();
		mm_dnsxl_show_name(xl, name, shown);
	}
	for (; answer.n < 4 && size >= 4; size -= 4, records += 4)
		memcpy(rr[answer.n++].address, records, 4);
	mm_dnsxl_read(xl, &answer, code);
	mm_dnsxl_free(xl);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *part[3] = {"", "", ""};
	char *text = malloc(size + 1), *p = text;
	struct mm_err err;

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	for (int i = 0; i < 3; i++) {
		char *end = memchr(p, '\n', size - (size_t)(p - text));

		if (end == NULL)
			break;
		*end = '\0';
		part[i] = p;
		p = end + 1;
	}
	access(part[0]);
	mm_dnsxl_check_labels(part[1], &err);
	list(part[0], part[1], part[2], (const uint8_t *)p,
	    size - (size_t)(p - text));
	free(text);
	return 0;
}
