"""Lets everybody log in: as much of Dovecot's authentication protocol as
Postfix's AUTH PLAIN needs.  Which user it was, is in what the client says."""

import base64
import socketserver
import threading

ADDRESS = ("127.0.0.1", 9996)
GREETING = (b"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\n"
            b"COOKIE\t0\nDONE\n")
PARAMETERS = f"""
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:{ADDRESS[0]}:{ADDRESS[1]}
"""


def token(user):
    return base64.b64encode(f"\0{user}\0secret".encode()).decode()


class _Handler(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(GREETING)
        for line in self.rfile:
            words = line.decode().rstrip("\n").split("\t")
            if words[0] == "AUTH":
                said = base64.b64decode(words[-1].removeprefix("resp="))
                user = said.decode().split("\0")[1]
                self.wfile.write(f"OK\t{words[1]}\tuser={user}\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


def start():
    """Runs until the namespace ends."""
    server = _Server(ADDRESS, _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
