"""Redis and Sentinel, Debian's own, and a line to one that is slow."""

import signal
import socket
import subprocess
import threading
import time

import space
from waiting import wait_for

ADDRESS = "127.0.0.1"


class Redis:
    """A server that keeps nothing on disk.  options: as of redis.conf."""

    program = "redis-server"

    def __init__(self, port, *options, cli=()):
        self.port, self.options, self.cli = port, options, cli
        self.dir = space.BASE / f"redis-{port}"
        self.dir.mkdir(exist_ok=True)
        self.process = None
        self.start()

    def command(self):
        return [self.program, "--port", str(self.port), "--bind", ADDRESS,
                "--save", "", "--dir", str(self.dir), *self.options]

    def start(self):
        with open(self.dir / "log", "ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log,
                                            stderr=log)
        wait_for(f"{self.program} {self.port}",
                 lambda: "PONG" in self.ask("PING"))

    def ask(self, *words):
        """What redis-cli says."""
        done = subprocess.run(
            ["redis-cli", "-h", ADDRESS, "-p", str(self.port), *self.cli,
             *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, check=False, timeout=30)
        return done.stdout.strip()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self):
        if self.process.poll() is None:
            self.thaw()
            self.kill()


class Tls(Redis):
    """One that speaks nothing else, and wants a certificate of its clients."""

    def command(self):
        return [self.program, "--port", "0", "--tls-port", str(self.port),
                "--bind", ADDRESS, "--save", "", "--dir", str(self.dir),
                *self.options]


class Sentinel(Redis):
    program = "redis-sentinel"

    def __init__(self, port, name, master):
        self.name, self.master = name, master
        super().__init__(port)

    def command(self):
        conf = space.write(self.dir / "sentinel.conf", f"""
port {self.port}
bind {ADDRESS}
dir {self.dir}
sentinel monitor {self.name} {ADDRESS} {self.master} 1
sentinel down-after-milliseconds {self.name} 500
sentinel failover-timeout {self.name} 2000
""")
        return [self.program, str(conf)]


class Line:
    """Passes on what comes, each piece after a while."""

    def __init__(self, port, to):
        self.to, self.delay = to, 0
        self.listener = socket.create_server((ADDRESS, port))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            near, _ = self.listener.accept()
            try:
                far = socket.create_connection((ADDRESS, self.to))
            except OSError:
                near.close()
                continue
            for pair in (near, far), (far, near):
                threading.Thread(target=self._pass_on, args=pair,
                                 daemon=True).start()

    def _pass_on(self, one, other):
        try:
            while data := one.recv(65536):
                time.sleep(self.delay)
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass
