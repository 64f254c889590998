/*
 * entry_syslog - a line of a syslog file: "Nov 28 05:26:19 mx mailmum[123]:
 * text", or with a date of RFC 3339 in front, as rsyslog writes them.
 *
 * Date, host and tag stand where they belong, or the line is not ours: in
 * somebody else's line a stranger may have written all of it, further back.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/entry.h"

#define DAY 86400

void
mm_entry_dates_init(struct mm_entry_dates *dates, int64_t latest)
{
	*dates = (struct mm_entry_dates){.latest = latest};
}

static int
month_of(const char *s)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < 12; i++)
		if (strncmp(&names[i * 3], s, 3) == 0)
			return i;
	return -1;
}

/* Two digits, the first of which may be a blank; -1: not so. */
static int
two(const char *s)
{
	int tens = s[0] == ' ' ? 0 : s[0] - '0', ones = 0;

	if (tens < 0 || tens > 9)
		return -1;
	ones = s[1] - '0';
	return ones >= 0 && ones <= 9 ? tens * 10 + ones : -1;
}

/* The last hour of that name that is not in the future. */
static int64_t
hour_begins(int month, int day, int hour, int64_t latest)
{
	time_t now = (time_t)latest;
	struct tm tm, today;

	if (localtime_r(&now, &today) == NULL)
		return -1;
	for (int year = today.tm_year + 1; year >= today.tm_year - 8; year--) {
		int64_t time;

		tm = (struct tm){.tm_year = year,
		    .tm_mon = month,
		    .tm_mday = day,
		    .tm_hour = hour,
		    .tm_isdst = -1};
		time = mktime(&tm);
		/* the 29th of February is not in every year */
		if (tm.tm_mon == month && tm.tm_mday == day &&
		    time <= latest + DAY)
			return time;
	}
	return -1;
}

/* "Nov 28 05:26:19 "; behind it, or NULL. */
static char *
read_short(struct mm_entry_dates *dates, char *s, int64_t *ret)
{
	int month, day, hour, minute, second;

	if (strlen(s) < 16 || s[3] != ' ' || s[6] != ' ' || s[9] != ':' ||
	    s[12] != ':' || s[15] != ' ')
		return NULL;
	month = month_of(s);
	day = two(s + 4);
	hour = two(s + 7);
	minute = two(s + 10);
	second = two(s + 13);
	if (month < 0 || day < 1 || day > 31 || hour < 0 || hour > 23 ||
	    minute < 0 || minute > 59 || second < 0 || second > 60)
		return NULL;
	if (memcmp(dates->hour, s, 9) != 0) {
		memcpy(dates->hour, s, 9);
		dates->base = hour_begins(month, day, hour, dates->latest);
	}
	if (dates->base == -1)
		return NULL;
	*ret = dates->base + minute * 60 + second;
	return s + 16;
}

static char *
read_date(struct mm_entry_dates *dates, char *s, int64_t *ret)
{
	const char *end;

	if (*s < '0' || *s > '9')
		return read_short(dates, s, ret);
	if (!mm_entry_time(s, ret, &end) || *end != ' ')
		return NULL;
	return s + (end - s) + 1;
}

/* "mailmum: " or "mailmum[123]: "; behind it, or NULL. */
static char *
read_tag(char *s)
{
	if (strncmp(s, "mailmum", 7) != 0)
		return NULL;
	s += 7;
	if (*s == '[') {
		size_t digits = strspn(s + 1, "0123456789");

		if (digits == 0 || s[1 + digits] != ']')
			return NULL;
		s += digits + 2;
	}
	return s[0] == ':' && s[1] == ' ' ? s + 2 : NULL;
}

enum mm_entry_is
mm_entry_syslog(struct mm_entry_dates *dates, char *line, struct mm_entry *ret)
{
	char *s = line, *host;
	int64_t time;

	/* most lines are another program's, and told apart by little */
	if ((host = read_date(dates, s, &time)) == NULL)
		return MM_ENTRY_FOREIGN;
	s = host + strcspn(host, " ");
	if (s == host || *s == '\0' || (s = read_tag(s + 1)) == NULL)
		return MM_ENTRY_FOREIGN;
	ret->time = time;
	return mm_entry_text(s, ret);
}
