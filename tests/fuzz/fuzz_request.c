/* request: a line of the control socket.  What can be read is written and
 * read again as the same. */
#include "lib/err.h"
#include "lib/request.h"
#include "lib/str.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static void
check(const struct mm_request *request)
{
	static char mem[4 * MM_REQUEST_ARGS * MM_REQUEST_VALUE];
	struct mm_request again;
	struct mm_buf buf;
	struct mm_err err;

	if (request->n > MM_REQUEST_ARGS)
		abort();
	for (size_t i = 0; i < request->n; i++)
		if (strlen(request->arg[i].value) > MM_REQUEST_VALUE)
			abort();
	if (strlen(request->word) > MM_REQUEST_VALUE)
		return;
	mm_buf_init(&buf, mem, sizeof(mem));
	if (mm_request_write(request, &buf, &err) != 0) {
		if (!buf.cut) /* by a long name */
			abort();
		return;
	}
	mem[buf.len - 1] = '\0';
	if (strlen(mem) != buf.len - 1 || strchr(mem, '\n') != NULL ||
	    mm_request_parse(mem, &again, &err) != 0 || again.n != request->n ||
	    strcmp(again.word, request->word) != 0)
		abort();
	for (size_t i = 0; i < request->n; i++)
		if (strcmp(again.arg[i].name, request->arg[i].name) != 0 ||
		    strcmp(again.arg[i].value, request->arg[i].value) != 0)
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = calloc(1, size + 1);
	struct mm_request request;
	struct mm_err err = {""};

	if (line == NULL)
		abort();
	memcpy(line, data, size);
	if (mm_request_parse(line, &request, &err) == 0)
		check(&request);
	else if (err.text[0] == '\0')
		abort();
	free(line);
	return 0;
}
