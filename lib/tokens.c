/* tokens - see tokens.h. */
#include "lib/tokens.h"

#include <string.h>

/* A bracket that never closes ends with its line, not with the list. */
size_t
mm_token_next(const char *text, size_t *at)
{
	unsigned braces = 0, brackets = 0;
	const char *start, *p;

	*at += strspn(text + *at, ", \t\r\n");
	start = text + *at;
	for (p = start; *p != '\0'; p++) {
		if (*p == '{')
			braces++;
		else if (*p == '}' && braces > 0)
			braces--;
		if (braces > 0) /* a pattern's brackets are its own */
			continue;
		if (*p == '[')
			brackets++;
		else if (*p == ']' && brackets > 0)
			brackets--;
		if (strchr(",\r\n", *p) != NULL)
			break;
		if (brackets == 0 && strchr(" \t", *p) != NULL)
			break;
	}
	return (size_t)(p - start);
}
