/* redis_socket - see redis_socket.h. */
#include "lib/redis_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

int
mm_redis_socket_open(struct mm_redis_socket *s,
    const struct mm_redis_config *config, const struct mm_peer *peer,
    const struct mm_wait *wait, struct mm_err *err)
{
	const int on = 1;

	*s = (struct mm_redis_socket){.fd = mm_stream_connect(peer, wait, err)};
	if (s->fd < 0)
		return -1;
	/* a small request waits for nothing; no TCP: no matter */
	setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (!config->tls || mm_redis_tls_start(s, config, peer, wait, err) == 0)
		return 0;
	mm_redis_socket_close(s);
	return -1;
}

void
mm_redis_socket_close(struct mm_redis_socket *s)
{
	mm_redis_tls_end(s);
	close(s->fd);
	*s = (struct mm_redis_socket){.fd = -1};
}

int
mm_redis_socket_send(struct mm_redis_socket *s, const char *data, size_t len,
    const struct mm_wait *wait, struct mm_err *err)
{
	if (s->ssl != NULL)
		return mm_redis_tls_send(s, data, len, wait, err);
	return mm_stream_send(s->fd, data, len, wait, err);
}

ssize_t
mm_redis_socket_more(struct mm_redis_socket *s, char *room, size_t size,
    const struct mm_wait *wait, struct mm_err *err)
{
	if (s->ssl != NULL)
		return mm_redis_tls_more(s, room, size, wait, err);
	return mm_stream_more(s->fd, room, size, wait, err);
}
