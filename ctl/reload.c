/* reload - has the daemon read its configuration again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/client.h"
#include "ctl/ctl.h"
#include "lib/json.h"

/* The body's lines, each a complaint.  Cuts the body up. */
static int
print_json(const struct ctl *ctl, struct ctl_reply *reply, bool done)
{
	struct mm_json json;
	char *rest = NULL;

	mm_json_init(&json, stdout);
	mm_json_object(&json, NULL);
	mm_json_bool(&json, "done", done);
	mm_json_string(&json, "text", reply->text);
	mm_json_array(&json, "complaints");
	for (char *line = strtok_r((char *)reply->body, "\n", &rest);
	     line != NULL; line = strtok_r(NULL, "\n", &rest))
		mm_json_string(&json, NULL, line);
	mm_json_end(&json);
	mm_json_end(&json);
	if (mm_json_finish(&json) != 0)
		return ctl_fail(
		    ctl, EX_IOERR, "cannot write: %s", strerror(json.error));
	return 0;
}

int
ctl_reload(const struct ctl *ctl)
{
	struct ctl_reply reply;
	int code = ctl_client_ask(ctl, "reload\n", &reply);
	bool done;

	if (code != 0)
		return code;
	done = reply.status / 100 == 2;
	if (ctl->json)
		code = print_json(ctl, &reply, done);
	else
		printf("%s\n%s", reply.text, reply.body);
	free(reply.data);
	return code != 0 ? code : done ? CTL_DONE : EX_CONFIG;
}
