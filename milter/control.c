/* control - see control.h. */
#include "milter/control.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/settings_daemon.h"
#include "milter/socket.h"

#define PATIENCE 10 /* seconds for a request, and for taking the reply */

struct client {
	int fd; /* -1: the place is free */
	time_t until;
	uid_t uid; /* of the peer */
	char line[MM_REQUEST_MAX];
	size_t got;
	char *reply; /* NULL: the request is not there yet */
	size_t len, sent;
};

struct control {
	const struct control_command *commands;
	size_t ncommands;
	void *ctx;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int fd;
	struct client clients[CONTROL_CLIENTS];
};

static time_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* A socket that nobody listens on any more is a leftover. */
static int
clear_path(const char *path, struct mm_err *err)
{
	struct stat st;
	int answers = socket_answers(path, err);

	if (answers < 0)
		return -1;
	if (answers > 0)
		return mm_err_set(err,
		    "somebody listens on %s already: is mailmum running?",
		    path);
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(path);
	return 0;
}

static int
listen_on(const char *path, struct mm_err *err)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd, rc;
	mode_t mask;

	if (clear_path(path, err) != 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return mm_err_set(err, "socket: %s", strerror(errno));
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	mask = umask(0117); /* 0660, from the first moment on */
	rc = bind(fd, (const struct sockaddr *)&at, sizeof(at));
	umask(mask);
	if (rc == 0 && listen(fd, CONTROL_CLIENTS) == 0)
		return fd;
	mm_err_set(err, "%s: %s", path, strerror(errno));
	close(fd);
	return -1;
}

struct control *
control_new(const char *path, const struct control_command *commands,
    size_t ncommands, void *ctx, struct mm_err *err)
{
	struct control *control = calloc(1, sizeof(*control));

	if (control == NULL) {
		mm_err_set(err, "out of memory");
		return NULL;
	}
	control->commands = commands;
	control->ncommands = ncommands;
	control->ctx = ctx;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		control->clients[i].fd = -1;
	mm_socket_kind(path, &path);
	snprintf(control->path, sizeof(control->path), "%s", path);
	if ((control->fd = listen_on(control->path, err)) == -1) {
		free(control);
		return NULL;
	}
	return control;
}

static void
dismiss(struct client *client)
{
	close(client->fd);
	free(client->reply);
	*client = (struct client){.fd = -1};
}

void
control_free(struct control *control)
{
	if (control == NULL)
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (control->clients[i].fd != -1)
			dismiss(&control->clients[i]);
	close(control->fd);
	unlink(control->path);
	free(control);
}

int
control_prepare(struct control *control, struct pollfd *fds)
{
	bool any = false, room = false;

	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		const struct client *client = &control->clients[i];

		fds[i + 1] = (struct pollfd){.fd = client->fd,
		    .events = client->reply != NULL ? POLLOUT : POLLIN};
		any = any || client->fd != -1;
		room = room || client->fd == -1;
	}
	/* who finds no place waits in the backlog */
	fds[0] =
	    (struct pollfd){.fd = room ? control->fd : -1, .events = POLLIN};
	return any ? 1000 : -1;
}

/* Is name one of names, each with a blank behind it? */
static bool
takes(const char *names, const char *name)
{
	size_t len = strlen(name);

	while (*names != '\0') {
		if (strncmp(names, name, len) == 0 && names[len] == ' ')
			return true;
		names += strcspn(names, " ");
		names += *names == ' ';
	}
	return false;
}

/* The command, if it takes what it is given; else *err. */
static const struct control_command *
find_command(const struct control *control, const struct mm_request *request,
    struct mm_err *err)
{
	const struct control_command *command = NULL;

	for (size_t i = 0; i < control->ncommands; i++)
		if (strcmp(control->commands[i].word, request->word) == 0)
			command = &control->commands[i];
	if (command == NULL)
		mm_err_set(err, "unknown command");
	for (size_t i = 0; i < request->n && command != NULL; i++)
		if (!takes(command->takes, request->arg[i].name)) {
			mm_err_set(err, "it does not take such an argument");
			command = NULL;
		}
	return command;
}

static void
run(struct control *control, struct client *client, struct control_reply *reply)
{
	struct control_ask ask = {.uid = client->uid};
	const struct control_command *command = NULL;
	struct mm_err err;

	if (mm_request_parse(client->line, &ask.request, &err) == 0)
		command = find_command(control, &ask.request, &err);
	if (command != NULL) {
		command->run(control->ctx, &ask, reply);
		return;
	}
	reply->code = CONTROL_UNKNOWN;
	snprintf(reply->text, sizeof(reply->text), "%s", err.text);
}

/* Body first, since it decides the code; then the two are put together. */
static void
answer(struct control *control, struct client *client)
{
	struct control_reply reply = {.code = CONTROL_FAILED};
	char *body = NULL;
	size_t len;

	if ((reply.body = open_memstream(&body, &len)) == NULL)
		return;
	run(control, client, &reply);
	if (fclose(reply.body) == 0 && asprintf(&client->reply, "%03d %s\n%s",
					   reply.code, reply.text, body) == -1)
		client->reply = NULL;
	free(body);
	if (client->reply != NULL)
		client->len = strlen(client->reply);
	/* a reload may have taken longer than that */
	client->until = now() + PATIENCE;
}

/* False: it is over with this one. */
static bool
read_request(struct control *control, struct client *client)
{
	ssize_t n = recv(client->fd, client->line + client->got,
	    MM_REQUEST_MAX - 1 - client->got, 0);
	char *end;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n <= 0)
		return false;
	client->got += (size_t)n;
	if ((end = memchr(client->line, '\n', client->got)) == NULL)
		return client->got < MM_REQUEST_MAX - 1;
	*end = '\0';
	answer(control, client);
	return client->reply != NULL;
}

static bool
write_reply(struct client *client)
{
	ssize_t n = send(client->fd, client->reply + client->sent,
	    client->len - client->sent, MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n < 0)
		return false;
	client->sent += (size_t)n;
	return client->sent < client->len;
}

static bool
know_peer(struct client *client)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(client->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		return false;
	client->uid = peer.uid;
	return true;
}

static void
admit(struct control *control)
{
	int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd == -1)
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct client *client = &control->clients[i];

		if (client->fd != -1)
			continue;
		*client = (struct client){.fd = fd, .until = now() + PATIENCE};
		if (!know_peer(client))
			dismiss(client);
		return;
	}
	close(fd);
}

void
control_serve(struct control *control, const struct pollfd *fds)
{
	/* what we spend on one is not held against the others */
	const time_t began = now();

	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct client *client = &control->clients[i];
		bool stays = true;

		if (client->fd == -1)
			continue;
		if (fds[i + 1].revents != 0)
			stays = client->reply != NULL
				    ? write_reply(client)
				    : read_request(control, client);
		if (!stays || began > client->until)
			dismiss(client);
	}
	if (fds[0].revents != 0)
		admit(control);
}
