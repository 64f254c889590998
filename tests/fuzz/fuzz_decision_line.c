/*
 * The record's line, whatever a stranger put into its fields: it reads back
 * as the same fields in the same order, each value the one that was put in or
 * the beginning of it.  Input: the fields' values, each ended by a newline
 * or, so that newlines can occur inside, by a NUL; the first byte chooses.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/record.h"

#include <stddef.h>

static const size_t texts[] = {
    offsetof(struct mm_decision, reason),
    offsetof(struct mm_decision, client_name),
    offsetof(struct mm_decision, helo),
    offsetof(struct mm_decision, sender),
    offsetof(struct mm_decision, recipient),
    offsetof(struct mm_decision, reply),
    offsetof(struct mm_decision, answer),
    offsetof(struct mm_decision, queue_id),
};

static void
check(const struct mm_decision *d, size_t size)
{
	char *line = malloc(size);
	static struct record record;
	enum mm_field f = 0;

	if (line == NULL)
		abort();
	mm_decision_line(d, line, size);
	if (strlen(line) >= size || !record_parse(&record, line))
		abort();
	for (size_t i = 0; i < record.n; i++, f++) {
		char scratch[32];
		const char *value;

		while (f < MM_NFIELDS &&
		       strcmp(record.name[i], mm_field_name(f)) != 0)
			f++;
		if (f == MM_NFIELDS)
			abort();
		value = mm_decision_value(d, f, scratch);
		if (strncmp(value, record.value[i], strlen(record.value[i])) !=
		    0)
			abort();
		/* escaped, a byte takes four at the most */
		if (strlen(value) <= MM_FIELD_VALUE_MAX / 4 &&
		    strcmp(value, record.value[i]) != 0)
			abort();
	}
	free(line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mm_decision d = {.wait_us = 1500, .delay = -1}, *copy;
	char *mem, *at, *end;
	char until;

	if (size < 2)
		return 0;
	if ((mem = malloc(size)) == NULL)
		abort();
	until = data[0] % 2 == 0 ? '\0' : '\n';
	memcpy(mem, data + 1, size - 1);
	mem[size - 1] = '\0';
	end = mem + size - 1;
	at = mem;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		*(const char **)((char *)&d + texts[i]) = at;
		while (at < end && *at != until && *at != '\0')
			at++;
		*at = '\0';
		if (at < end)
			at++;
	}
	check(&d, MM_LINE_MAX * 2);
	check(&d, MM_LINE_MAX);
	check(&d, 1 + data[0] * 4);
	if ((copy = mm_decision_copy(&d)) == NULL)
		abort();
	check(copy, MM_LINE_MAX);
	free(copy);
	free(mem);
	return 0;
}
