/* name - see name.h. */
#include "lib/name.h"

#include "lib/str.h"

int
mm_name_code(const struct mm_name *table, size_t n, const char *word, int other)
{
	for (size_t i = 0; i < n; i++) {
		if (mm_str_same(table[i].word, word))
			return table[i].code;
	}
	return other;
}

const char *
mm_name_word(const struct mm_name *table, size_t n, int code)
{
	for (size_t i = 0; i < n; i++) {
		if (table[i].code == code)
			return table[i].word;
	}
	return NULL;
}
