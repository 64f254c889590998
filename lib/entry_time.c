/* entry_time - the dates of RFC 3339, without the C library's detours. */
#include "lib/entry.h"

/* n digits; -1: they are none. */
static int
digits(const char *s, int n)
{
	int value = 0;

	for (int i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		value = value * 10 + s[i] - '0';
	}
	return value;
}

/* Days from 1970-01-01 to a date of the Gregorian calendar, from 1970 on. */
static int64_t
days(int year, int month, int day)
{
	/* years that begin in March have the leap day at their end */
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = y / 400, of_era = y % 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	       of_year + day - 1 - 719468;
}

/* "Z", "+01:00", "-0500": seconds east; *s is moved behind it. */
static bool
read_zone(const char **s, int64_t *ret)
{
	const char *at = *s;
	int hours, minutes, sign = *at == '-' ? -1 : 1;

	*ret = 0;
	if (*at == 'Z') {
		*s = at + 1;
		return true;
	}
	if (*at != '+' && *at != '-')
		return false;
	if ((hours = digits(at + 1, 2)) < 0)
		return false;
	at += at[3] == ':' ? 4 : 3;
	if ((minutes = digits(at, 2)) < 0)
		return false;
	*ret = sign * (hours * 3600 + minutes * 60);
	*s = at + 2;
	return true;
}

bool
mm_entry_time(const char *text, int64_t *ret, const char **end)
{
	int year, month, day, hour, minute, second;
	const char *s = text;
	int64_t zone;

	if ((year = digits(s, 4)) < 1970 || s[4] != '-' ||
	    (month = digits(s + 5, 2)) < 1 || month > 12 || s[7] != '-' ||
	    (day = digits(s + 8, 2)) < 1 || day > 31 || s[10] != 'T' ||
	    (hour = digits(s + 11, 2)) < 0 || hour > 23 || s[13] != ':' ||
	    (minute = digits(s + 14, 2)) < 0 || minute > 59 || s[16] != ':' ||
	    (second = digits(s + 17, 2)) < 0 || second > 60)
		return false;
	s += 19;
	if (*s == '.')
		for (s++; *s >= '0' && *s <= '9'; s++)
			;
	if (!read_zone(&s, &zone))
		return false;
	*ret = days(year, month, day) * 86400 + hour * 3600 + minute * 60 +
	       second - zone;
	*end = s;
	return true;
}
