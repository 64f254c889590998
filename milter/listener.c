/* listener - see listener.h. */
#include "milter/listener.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/settings_daemon.h"
#include "milter/exposition.h"
#include "milter/health.h"

#define CONNECTIONS 8u
#define PATIENCE 10u	   /* seconds, for a request and for its answer */
#define MEMORY (16u << 10) /* bytes, for what a request says */

struct listener {
	struct MHD_Daemon *daemon;
};

/* What is at a path.  The status; 0: it could not be written. */
typedef unsigned write_page(
    struct service *service, bool openmetrics, FILE *out);

static unsigned
write_metrics(struct service *service, bool openmetrics, FILE *out)
{
	return exposition_write(service, !openmetrics, out) == 0 ? MHD_HTTP_OK
								 : 0;
}

static unsigned
write_health(struct service *service, bool openmetrics, FILE *out)
{
	(void)openmetrics;
	return health_write(service, out) ? MHD_HTTP_OK
					  : MHD_HTTP_SERVICE_UNAVAILABLE;
}

static const struct page {
	const char *path;
	write_page *write;
	const char *type, *openmetrics; /* NULL: it is not offered */
} pages[] = {
    {"/metrics", write_metrics, "text/plain; version=0.0.4; charset=utf-8",
	"application/openmetrics-text; version=1.0.0; charset=utf-8"},
    {"/healthz", write_health, "text/plain; charset=utf-8", NULL},
};

static const struct page *
find_page(const char *path)
{
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		if (strcmp(pages[i].path, path) == 0)
			return &pages[i];
	return NULL;
}

/* Takes body over. */
static enum MHD_Result
send_body(struct MHD_Connection *connection, unsigned status, const char *type,
    char *body, size_t len)
{
	struct MHD_Response *response =
	    MHD_create_response_from_buffer(len, body, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result sent;

	if (response == NULL) {
		free(body);
		return MHD_NO;
	}
	MHD_add_response_header(response, "Content-Type", type);
	MHD_add_response_header(response, "Cache-Control", "no-store");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, "Allow", "GET, HEAD");
	sent = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return sent;
}

static enum MHD_Result
send_line(struct MHD_Connection *connection, unsigned status, const char *line)
{
	char *body = strdup(line);

	return body == NULL
		   ? MHD_NO
		   : send_body(connection, status, "text/plain; charset=utf-8",
			 body, strlen(body));
}

static enum MHD_Result
send_page(struct service *service, struct MHD_Connection *connection,
    const struct page *page)
{
	const char *accept =
	    MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Accept");
	bool openmetrics = page->openmetrics != NULL && accept != NULL &&
			   strstr(accept, "application/openmetrics-text");
	char *body = NULL;
	size_t len;
	FILE *out = open_memstream(&body, &len);
	unsigned status;

	if (out == NULL)
		return MHD_NO;
	status = page->write(service, openmetrics, out);
	if (fclose(out) != 0 || status == 0) {
		free(body);
		return MHD_NO;
	}
	return send_body(connection, status,
	    openmetrics ? page->openmetrics : page->type, body, len);
}

/* Called with the head of a request, then with what follows it. */
static enum MHD_Result
answer(void *ctx, struct MHD_Connection *connection, const char *path,
    const char *method, const char *version, const char *data, size_t *len,
    void **seen)
{
	static char mark;
	const struct page *page = find_page(path);

	(void)version;
	(void)data;
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return send_line(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
		    "Only GET and HEAD.\n");
	if (*seen == NULL) {
		*seen = &mark;
		return MHD_YES;
	}
	if (*len > 0)
		return MHD_NO; /* nothing to read belongs to these */
	if (page == NULL)
		return send_line(connection, MHD_HTTP_NOT_FOUND,
		    "Here are /metrics and /healthz.\n");
	return send_page(ctx, connection, page);
}

/* Strangers' mistakes are no news. */
static void
say_nothing(void *ctx, const char *fmt, va_list ap)
{
	(void)ctx;
	(void)fmt;
	(void)ap;
}

static int
open_socket(const char *at, struct mm_err *err)
{
	struct sockaddr_storage address;
	socklen_t len;
	int fd, on = 1;

	if (mm_metrics_listen_read(at, &address, &len, err) != 0)
		return -1;
	fd = socket(
	    address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return mm_err_set(err, "socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&address, len) == 0 &&
	    listen(fd, (int)CONNECTIONS) == 0)
		return fd;
	mm_err_set(err, "%s: %s", at, strerror(errno));
	close(fd);
	return -1;
}

struct listener *
listener_new(const char *at, struct service *service, struct mm_err *err)
{
	struct listener *listener = calloc(1, sizeof(*listener));
	int fd = -1;

	if (listener == NULL)
		mm_err_set(err, "out of memory");
	else
		fd = open_socket(at, err);
	if (fd == -1) {
		free(listener);
		return NULL;
	}
	/* epoll: our descriptors may have greater numbers than select knows */
	listener->daemon = MHD_start_daemon(
	    MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG, 0, NULL, NULL,
	    answer, service, MHD_OPTION_EXTERNAL_LOGGER, say_nothing, NULL,
	    MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
	    CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, PATIENCE,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY, MHD_OPTION_END);
	if (listener->daemon == NULL) {
		mm_err_set(err, "%s: libmicrohttpd does not start", at);
		close(fd);
		free(listener);
		return NULL;
	}
	return listener;
}

void
listener_free(struct listener *listener)
{
	if (listener == NULL)
		return;
	MHD_stop_daemon(listener->daemon);
	free(listener);
}
