/* hostname - see hostname.h. */
#include "lib/hostname.h"

#include "lib/ip.h"

#include <stddef.h>
#include <string.h>

#define LABEL_MAX 63 /* RFC 1035 2.3.4 */

/* Not <ctype.h>: what a name may hold is no matter of locale. */
static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
label_valid(const char *label, size_t len)
{
	if (len == 0 || len > LABEL_MAX)
		return false;
	if (label[0] == '-' || label[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = label[i];

		if (!is_letter(c) && !is_digit(c) && c != '_' && c != '-')
			return false;
	}
	return true;
}

bool
mm_hostname_valid(const char *name)
{
	const char *label = name;

	if (strnlen(name, MM_HOSTNAME_MAX + 1) > MM_HOSTNAME_MAX)
		return false;
	for (;;) {
		size_t len = strcspn(label, ".");

		if (!label_valid(label, len))
			return false;
		if (label[len] == '\0')
			break;
		label += len + 1;
	}
	return name[strspn(name, "0123456789.")] != '\0';
}

bool
mm_hostname_fqdn(const char *name)
{
	return mm_hostname_valid(name) && strchr(name, '.') != NULL;
}

/* Four octets; zeros in front are tolerated, "this network" is not. */
static bool
is_ipv4(const char *name)
{
	unsigned octets[4];

	for (int i = 0; i < 4; i++) {
		octets[i] = 0;
		if (!is_digit(*name))
			return false;
		for (; is_digit(*name); name++) {
			octets[i] = octets[i] * 10 + (unsigned)(*name - '0');
			if (octets[i] > 255)
				return false;
		}
		if (*name++ != (i < 3 ? '.' : '\0'))
			return false;
	}
	return octets[0] != 0 || (octets[1] | octets[2] | octets[3]) == 0;
}

bool
mm_hostname_is_address(const char *name)
{
	struct mm_ip ip;

	if (strchr(name, ':') != NULL)
		return mm_ip_parse(name, &ip);
	return is_ipv4(name);
}

bool
mm_hostname_numeric_end(const char *name)
{
	const char *dot = strrchr(name, '.');
	const char *last = dot != NULL ? dot + 1 : name;

	return last[0] != '\0' && last[strspn(last, "0123456789")] == '\0';
}
