dnl mailmum in front of Sendmail.  At the end of /etc/mail/sendmail.mc:
dnl
dnl     include(`/usr/share/mailmum/sendmail/mailmum.m4')dnl
dnl
dnl and then "sendmailconfig --no-reload", or whatever makes your sendmail.cf.
dnl Before Sendmail is reloaded, "sendmail -bs </dev/null" should greet you.
dnl README in the same directory has the rest.
dnl
dnl S=  the socket.  Not a symbolic link, and in no directory that others may
dnl     write to: Sendmail would not start with it.
dnl F=  is left out: while mailmum is away, mail goes on as it did without it.
dnl     F=T would put all mail off, F=R refuse all of it.
dnl T=  C: to connect, S: to tell it something, R: to wait for an answer, for
dnl     which mailmum has a limit of its own (dns_deadline), E: for all of a
dnl     message's end.
dnl
dnl Filters are asked in the order of their lines.
INPUT_MAIL_FILTER(`mailmum', `S=local:/run/mailmum.sock, T=C:10s;S:10s;R:30s;E:1m')dnl
dnl
dnl mailmum asks for the macros that it needs.  These lines are for a Sendmail
dnl before 8.14, which cannot be asked.
define(`confMILTER_MACROS_CONNECT', defn(`confMILTER_MACROS_CONNECT')``, {client_name}, {client_ptr}, {client_resolve}, {client_port}, {daemon_addr}, {daemon_port}, {daemon_flags}'')dnl
define(`confMILTER_MACROS_HELO', defn(`confMILTER_MACROS_HELO')``, {verify}, {cn_subject}, {cn_issuer}'')dnl
define(`confMILTER_MACROS_ENVFROM', defn(`confMILTER_MACROS_ENVFROM')``, r, {tls_version}, {cipher}, {cipher_bits}, {verify}, {cn_subject}, {cn_issuer}'')dnl
define(`confMILTER_MACROS_ENVRCPT', defn(`confMILTER_MACROS_ENVRCPT')``, i'')dnl
