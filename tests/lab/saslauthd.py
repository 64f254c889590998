"""Lets everybody log in to Sendmail: the part of saslauthd(8) that libsasl2
asks whether a password is right."""

import os
import socketserver
import struct
import threading

import space

PATH = "/run/saslauthd/mux"
CONF = "/etc/sasl2/Sendmail.conf"
# Lines of sendmail.mc, before MAILER_DEFINITIONS.
LINES = """
TRUST_AUTH_MECH(`PLAIN')dnl
define(`confAUTH_MECHANISMS', `PLAIN')dnl
define(`confAUTH_OPTIONS', `A')dnl
"""


class _Handler(socketserver.StreamRequestHandler):
    def handle(self):
        for _ in ("user", "password", "service", "realm"):
            (length,) = struct.unpack(">H", self.rfile.read(2))
            self.rfile.read(length)
        self.wfile.write(b"\0\2OK")


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


def start():
    """Runs until the namespace ends."""
    for path in PATH, CONF:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    space.write(CONF, "pwcheck_method: saslauthd\nmech_list: PLAIN\n")
    threading.Thread(target=_Server(PATH, _Handler).serve_forever,
                     daemon=True).start()
