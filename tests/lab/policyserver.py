"""A policy server that records what it is asked, and another one that hands
each connection to a program."""

import socketserver
import subprocess
import threading

END = b"\n\n"


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 100


class PolicyServer:
    """answer(request) gives the bytes to send; None: the connection is
    closed without a reply.  A request is a list of (name, value)."""

    def __init__(self, port, answer):
        self.requests = []  # (number of the connection, request)
        self.connections = 0
        self.lock = threading.Lock()
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                outer._serve(self.request, answer)

        self.server = _Server(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    def _serve(self, sock, answer):
        with self.lock:
            self.connections += 1
            number = self.connections
        data = b""
        while more := sock.recv(65536):
            data += more
            if not data.endswith(END):
                continue
            request = [tuple(line.split("=", 1)) for line in
                       data.decode("latin1").splitlines()[:-1]]
            data = b""
            with self.lock:
                self.requests.append((number, request))
            reply = answer(dict(request))
            if reply is None:
                return
            sock.sendall(reply)

    def of(self, recipient):
        """The requests about a recipient."""
        with self.lock:
            return [request for _, request in self.requests
                    if dict(request)["recipient"] == recipient]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Spawn:
    """Each connection is a program's input and output, as with Postfix's
    spawn(8)."""

    def __init__(self, port, *command):
        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                subprocess.run(command, stdin=self.request,
                               stdout=self.request, check=False)

        self.server = _Server(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
