/*
 * redis_tls - TLS by OpenSSL over a socket that does not block; see
 * redis_socket.h.
 */
#include "lib/redis_socket.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <string.h>

#include "lib/err.h"

#define PIECE 16384 /* what is sent at once: a TLS record */

/* The reason that OpenSSL gives, which names no secret. */
static int
complain(const char *doing, struct mm_err *err)
{
	unsigned long code = ERR_get_error();
	const char *why = ERR_reason_error_string(code);

	ERR_clear_error();
	return mm_err_set(
	    err, "%s: %s", doing, why != NULL ? why : "TLS fails");
}

/*
 * After a call that returned rc: waits until it can be tried again.  0: try;
 * -1: *err, or errno 0 with *closed.
 */
static int
again(struct mm_redis_socket *s, int rc, const struct mm_wait *wait,
    const char *doing, bool *closed, struct mm_err *err)
{
	int failure = errno;

	*closed = false;
	switch (SSL_get_error(s->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		return mm_stream_ready(s->fd, POLLIN, wait, doing, err);
	case SSL_ERROR_WANT_WRITE:
		return mm_stream_ready(s->fd, POLLOUT, wait, doing, err);
	case SSL_ERROR_ZERO_RETURN:
		*closed = true;
		break;
	case SSL_ERROR_SYSCALL:
		ERR_clear_error();
		*closed = failure == 0 || failure == ECONNRESET;
		if (!*closed)
			return mm_err_set(
			    err, "%s: %s", doing, strerror(failure));
		break;
	default:
		return complain(doing, err);
	}
	return mm_err_set(err, "%s: it closed the connection", doing);
}

/* -1: out of memory, or a file that is of no use. */
static int
load_files(
    SSL_CTX *ctx, const struct mm_redis_config *config, struct mm_err *err)
{
	int ok = *config->ca_file != '\0'
		     ? SSL_CTX_load_verify_file(ctx, config->ca_file)
		     : SSL_CTX_set_default_verify_paths(ctx);

	if (ok != 1)
		return complain(config->ca_file, err);
	if (*config->cert_file == '\0')
		return 0;
	if (SSL_CTX_use_certificate_chain_file(ctx, config->cert_file) != 1)
		return complain(config->cert_file, err);
	if (SSL_CTX_use_PrivateKey_file(
		ctx, config->key_file, SSL_FILETYPE_PEM) != 1)
		return complain(config->key_file, err);
	return 0;
}

/* Whom the certificate has to name. */
static bool
set_name(SSL *ssl, const char *host)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

	if (X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1)
		return true;
	ERR_clear_error();
	X509_VERIFY_PARAM_set_hostflags(
	    param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, host) == 1 &&
	       SSL_set_tlsext_host_name(ssl, host) == 1;
}

static int
shake_hands(
    struct mm_redis_socket *s, const struct mm_wait *wait, struct mm_err *err)
{
	bool closed;
	long verdict;
	int rc;

	for (;;) {
		ERR_clear_error();
		errno = 0;
		if ((rc = SSL_connect(s->ssl)) == 1)
			return 0;
		if (again(s, rc, wait, "TLS", &closed, err) != 0)
			break;
	}
	verdict = SSL_get_verify_result(s->ssl);
	if (verdict != X509_V_OK)
		mm_err_set(err, "its certificate: %s",
		    X509_verify_cert_error_string(verdict));
	return -1;
}

int
mm_redis_tls_start(struct mm_redis_socket *s,
    const struct mm_redis_config *config, const struct mm_peer *peer,
    const struct mm_wait *wait, struct mm_err *err)
{
	ERR_clear_error();
	if ((s->ctx = SSL_CTX_new(TLS_client_method())) == NULL ||
	    SSL_CTX_set_min_proto_version(s->ctx, TLS1_2_VERSION) != 1)
		return complain("TLS", err);
	SSL_CTX_set_verify(s->ctx, SSL_VERIFY_PEER, NULL);
	if (load_files(s->ctx, config, err) != 0)
		return -1;
	if ((s->ssl = SSL_new(s->ctx)) == NULL ||
	    SSL_set_fd(s->ssl, s->fd) != 1 || !set_name(s->ssl, peer->host))
		return complain("TLS", err);
	return shake_hands(s, wait, err);
}

/* The server is not told: it is closed all the same. */
void
mm_redis_tls_end(struct mm_redis_socket *s)
{
	SSL_free(s->ssl);
	SSL_CTX_free(s->ctx);
	s->ssl = NULL;
	s->ctx = NULL;
}

int
mm_redis_tls_send(struct mm_redis_socket *s, const char *data, size_t len,
    const struct mm_wait *wait, struct mm_err *err)
{
	bool closed;

	while (len > 0) {
		int n, piece = len < PIECE ? (int)len : PIECE;

		ERR_clear_error();
		errno = 0;
		n = SSL_write(s->ssl, data, piece);
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		} else if (again(s, n, wait, "send", &closed, err) != 0)
			return -1;
	}
	return 0;
}

ssize_t
mm_redis_tls_more(struct mm_redis_socket *s, char *room, size_t size,
    const struct mm_wait *wait, struct mm_err *err)
{
	bool closed;
	int n;

	for (;;) {
		ERR_clear_error();
		errno = 0;
		n = SSL_read(s->ssl, room, size < PIECE ? (int)size : PIECE);
		if (n > 0)
			return n;
		if (again(s, n, wait, "read", &closed, err) != 0)
			return closed ? 0 : -1;
	}
}
