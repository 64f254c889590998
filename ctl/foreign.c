/* foreign - see foreign.h: lines, and who understands them. */
#include "ctl/foreign.h"

#include <string.h>

#include "lib/err.h"
#include "lib/str.h"

static const struct foreign_program *const programs[] = {
    &foreign_postgrey, &foreign_sqlgrey, &foreign_milter};

const struct foreign_program *
foreign_program_find(const char *name)
{
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (strcmp(programs[i]->name, name) == 0)
			return programs[i];
	return NULL;
}

void
foreign_open(struct foreign_reader *reader, FILE *in, const char *name,
    const struct foreign_program *program)
{
	reader->in = in;
	reader->name = name;
	reader->program = program;
	reader->delay = program->delay;
	reader->line = reader->record = 0;
	reader->in_data = reader->plain = false;
	reader->len = 0;
}

int
foreign_line(struct foreign_reader *reader, struct mm_err *err)
{
	bool nul = false, cut = false;
	int c;

	reader->len = 0;
	while ((c = getc_unlocked(reader->in)) != EOF && c != '\n') {
		nul = nul || c == '\0';
		if (reader->len < FOREIGN_LINE_MAX)
			reader->text[reader->len++] = (char)c;
		else
			cut = true;
	}
	reader->text[reader->len] = '\0';
	if (c == EOF && reader->len == 0)
		return 0;
	reader->line++;
	if (cut)
		return mm_err_set(
		    err, "longer than %d bytes", FOREIGN_LINE_MAX);
	return nul ? mm_err_set(err, "there is a NUL byte in it") : 1;
}

bool
foreign_time(const char *text, int64_t *ret)
{
	unsigned long value;

	/* the year 9999: what is added to it must not overflow */
	if (!mm_str_to_uint(text, 0, 253402300799UL, &value))
		return false;
	*ret = (int64_t)value;
	return true;
}

enum foreign_got
foreign_next(struct foreign_reader *reader, struct foreign_entry *ret,
    struct mm_err *err)
{
	enum foreign_got got;

	*ret = (struct foreign_entry){.sender = "", .recipient = ""};
	got = reader->program->next(reader, ret, err);
	if (ferror(reader->in)) {
		mm_err_set(err, "%s: it cannot be read", reader->name);
		return FOREIGN_BROKEN;
	}
	if (got != FOREIGN_UNKNOWN && got != FOREIGN_BROKEN)
		return got;
	mm_str_printable(err->text, '?');
	if (reader->record > 0)
		mm_err_in(err, "%s: record %zu", reader->name, reader->record);
	else
		mm_err_in(err, "%s:%zu", reader->name, reader->line);
	return got;
}
