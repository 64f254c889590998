/* nolistener - listener.h without libmicrohttpd: nobody listens. */
#include "milter/listener.h"

#include <stddef.h>

#include "lib/err.h"

struct listener *
listener_new(const char *at, struct service *service, struct mm_err *err)
{
	(void)at;
	(void)service;
	mm_err_set(err, "this mailmum was built without libmicrohttpd");
	return NULL;
}

void
listener_free(struct listener *listener)
{
	(void)listener;
}
