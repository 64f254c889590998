/* when - see when.h. */
#include "ctl/when.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/entry.h"
#include "lib/str.h"

/* Midnight, so many days from today. */
static int64_t
midnight(int64_t now, int days)
{
	time_t at = (time_t)now;
	struct tm tm;

	if (localtime_r(&at, &tm) == NULL)
		return now;
	tm.tm_mday += days;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	return mktime(&tm);
}

/* "2026-11-27", and perhaps "18:30" or "18:30:15" behind it. */
static bool
read_date(const char *text, int64_t *ret)
{
	static const char *const forms[] = {"%Y-%m-%d", "%Y-%m-%d %H:%M",
	    "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm = {.tm_isdst = -1};
		const char *end = strptime(text, forms[i], &tm);

		if (end == NULL || *end != '\0')
			continue;
		tm.tm_isdst = -1;
		*ret = mktime(&tm);
		return true;
	}
	return false;
}

bool
ctl_when(const char *text, int64_t now, int64_t *ret)
{
	const char *end;
	int64_t ms;

	if (strcmp(text, "now") == 0)
		*ret = now;
	else if (strcmp(text, "today") == 0)
		*ret = midnight(now, 0);
	else if (strcmp(text, "yesterday") == 0)
		*ret = midnight(now, -1);
	else if (*text == '-' && mm_str_to_ms(text + 1, &ms))
		*ret = now - ms / 1000;
	else if (!(mm_entry_time(text, ret, &end) && *end == '\0'))
		return read_date(text, ret);
	return true;
}
