/* verdict - see verdict.h. */
#include "lib/verdict.h"

#include <string.h>

#include "lib/name.h"

static const struct mm_name words[] = {
    {MM_ACCEPT, "accept"},
    {MM_REJECTED, "reject"},
    {MM_DEFERRED, "defer"},
    {MM_GREYLISTED, "greylist"},
    {MM_WARNED, "warn"},
    {MM_INFORMED, "info"},
    {MM_DISCARDED, "discard"},
    {MM_QUARANTINED, "quarantine"},
};

const char *
mm_verdict_word(enum mm_verdict verdict)
{
	return mm_name_word(words, sizeof(words) / sizeof(words[0]), verdict);
}

int
mm_verdict_code(const char *word)
{
	return mm_name_code(words, sizeof(words) / sizeof(words[0]), word, -1);
}

/* One to three digits; 0: none, or too many. */
static size_t
number_len(const char *text)
{
	size_t n = strspn(text, "0123456789");

	return n <= 3 ? n : 0;
}

size_t
mm_dsn_len(const char *text)
{
	size_t subject, detail, end;

	if (*text == '\0' || strchr("245", *text) == NULL || text[1] != '.')
		return 0;
	subject = number_len(text + 2);
	if (subject == 0 || text[2 + subject] != '.')
		return 0;
	detail = number_len(text + 3 + subject);
	end = 3 + subject + detail;
	if (detail == 0 || strchr(" \t\r\n", text[end]) == NULL)
		return 0;
	return end;
}
