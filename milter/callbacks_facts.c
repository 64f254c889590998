/* callbacks_facts - see callbacks_facts.h. */
#include "milter/callbacks_facts.h"

#include <string.h>

#include "lib/str.h"
#include "milter/visit.h"

#define TLS_MACROS                                                             \
	"{tls_version} {cipher} {cipher_bits} {cert_subject} {cert_issuer} "   \
	"{verify} {cn_subject} {cn_issuer}"

static const struct {
	int stage;
	const char *macros;
} wanted[] = {
    {SMFIM_CONNECT,
	"j {daemon_name} {client_name} {client_ptr} {client_resolve} "
	"{client_port} {daemon_addr} {daemon_port} {if_addr} {daemon_flags}"},
    {SMFIM_HELO, TLS_MACROS},
    /* again: a client may go on without a second HELO behind STARTTLS */
    {SMFIM_ENVFROM,
	"r {auth_type} {auth_authen} {auth_author} {mail_addr} " TLS_MACROS},
    {SMFIM_ENVRCPT, "i {rcpt_addr}"},
};

void
callbacks_want(SMFICTX *ctx)
{
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		(void)smfi_setsymlist(
		    ctx, wanted[i].stage, (char *)wanted[i].macros);
}

static const char *
macro(SMFICTX *ctx, const char *name)
{
	return smfi_getsymval(ctx, (char *)name); /* it only reads it */
}

/* Only Sendmail has flags for each of its listeners, and always tells them. */
static bool
is_sendmail(SMFICTX *ctx)
{
	return macro(ctx, "{daemon_flags}") != NULL;
}

static int
hex_digit(char c)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

/* RFC 3461 4: in xtext "+2B" is a plus.  Sendmail tells names in it, lest they
 * break a rule of its own. */
static const char *
from_xtext(const char *text, char plain[CALLBACKS_NAME_MAX])
{
	size_t n = 0;

	if (text == NULL || strlen(text) >= CALLBACKS_NAME_MAX)
		return text;
	for (; *text != '\0'; text++) {
		int high = *text == '+' ? hex_digit(text[1]) : -1;
		int low = high >= 0 ? hex_digit(text[2]) : -1;

		if (low >= 0 && high + low > 0) {
			plain[n++] = (char)(high << 4 | low);
			text += 2;
		} else {
			plain[n++] = *text;
		}
	}
	plain[n] = '\0';
	return plain;
}

bool
callbacks_local(SMFICTX *ctx, const char *hostname, const void *address)
{
	return address == NULL && hostname != NULL && is_sendmail(ctx) &&
	       mm_str_same(hostname, "localhost");
}

/* As text is everywhere: without Sendmail's "IPv6:", and shortened. */
static const char *
plain_address(const char *told, char text[MM_IP_TEXT_MAX])
{
	struct mm_ip ip;

	if (told == NULL)
		return NULL;
	if (mm_str_begins(told, "IPv6:"))
		told += strlen("IPv6:");
	return mm_ip_parse(told, &ip) ? mm_ip_format(&ip, text) : told;
}

void
callbacks_client(SMFICTX *ctx, const char *hostname, const void *address,
    struct callbacks_texts *texts, struct mm_session_client *ret)
{
	bool sendmail = is_sendmail(ctx);
	/* Sendmail's {daemon_addr} is what it listens on: 0.0.0.0 */
	const char *server = macro(ctx, "{if_addr}");

	*ret = (struct mm_session_client){
	    .address = address,
	    .hostname = hostname,
	    .client_name = macro(ctx, "{client_name}"),
	    .client_ptr = macro(ctx, "{client_ptr}"),
	    .client_resolve = macro(ctx, "{client_resolve}"),
	    .client_port = macro(ctx, "{client_port}"),
	    .server_name = macro(ctx, "j"),
	    .daemon_name = macro(ctx, "{daemon_name}"),
	    .server_address = plain_address(
		server != NULL ? server : macro(ctx, "{daemon_addr}"),
		texts->server_address),
	    .server_port = macro(ctx, "{daemon_port}"),
	    .domain = sendmail ? macro(ctx, "j") : NULL,
	    .unsure = sendmail,
	};
}

/* Sendmail names every certificate, and says beside it whether it is one that
 * it trusts. */
static void
certificate(
    SMFICTX *ctx, struct callbacks_texts *texts, struct mm_session_tls *ret)
{
	const char *verify = macro(ctx, "{verify}");

	if (verify == NULL && !is_sendmail(ctx)) {
		ret->subject = macro(ctx, "{cert_subject}");
		ret->issuer = macro(ctx, "{cert_issuer}");
	} else if (verify != NULL && strcmp(verify, "OK") == 0) {
		ret->subject =
		    from_xtext(macro(ctx, "{cn_subject}"), texts->subject);
		ret->issuer =
		    from_xtext(macro(ctx, "{cn_issuer}"), texts->issuer);
	}
}

void
callbacks_tls(
    SMFICTX *ctx, struct callbacks_texts *texts, struct mm_session_tls *ret)
{
	*ret = (struct mm_session_tls){
	    .version = macro(ctx, "{tls_version}"),
	    .cipher = macro(ctx, "{cipher}"),
	    .bits = macro(ctx, "{cipher_bits}"),
	};
	certificate(ctx, texts, ret);
}

/* Sendmail's "ESMTPSA" says of encryption and login what other macros say. */
static const char *
protocol(SMFICTX *ctx)
{
	const char *told = macro(ctx, "r");

	return told != NULL && mm_str_begins(told, "ESMTP") ? "ESMTP" : told;
}

void
callbacks_mail(SMFICTX *ctx, char *const *argv, struct callbacks_texts *texts,
    struct visit_mail *ret)
{
	bool sendmail = is_sendmail(ctx);
	const char *authen = macro(ctx, "{auth_authen}");
	const char *author = macro(ctx, "{auth_author}");

	*ret = (struct visit_mail){
	    .raw = argv[0],
	    .parameters = &argv[1],
	    .protocol = protocol(ctx),
	    .key = sendmail ? NULL : macro(ctx, "{mail_addr}"),
	    .type = macro(ctx, "{auth_type}"),
	    .authen = sendmail ? from_xtext(authen, texts->authen) : authen,
	    .author = sendmail ? from_xtext(author, texts->author) : author,
	};
	callbacks_tls(ctx, texts, &ret->tls);
}

/* Sendmail's is what its mailer gets: of "bob@example.com", who is one of its
 * own, "bob"; of an alias, who is behind it. */
const char *
callbacks_recipient(SMFICTX *ctx)
{
	return is_sendmail(ctx) ? NULL : macro(ctx, "{rcpt_addr}");
}

const char *
callbacks_queue_id(SMFICTX *ctx)
{
	return macro(ctx, "i");
}
