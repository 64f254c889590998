"""Many at once, for some seconds, with reloads in between."""

import concurrent.futures
import pathlib
import random
import sys
import threading
import time

import gate
import postfix
import zones
from case import Lab, greylisted
from smtp import Smtp

sys.path.append(str(pathlib.Path(__file__).parents[1] / "daemon"))
import mta  # noqa: E402 (the milter protocol, as tests/daemon speaks it)

SMTP_CLIENTS, MILTER_CLIENTS = 24, 40
SECONDS = 8


class Stress(Lab):
    policy = gate.policy("a")

    def smtp(self, done, n):
        """Whole sessions through Postfix."""
        count = 0
        while not done.is_set():
            with Smtp(f"198.51.100.{100 + n}", postfix.MILTER_BUSY) as c:
                c.helo()
                for _ in range(2):
                    c.mail()
                    recipient = self.recipient()
                    self.assertEqual(greylisted(recipient),
                                     c.rcpt(recipient))
                    c.need("RSET")
                c.quit()
            count += 1
        return count

    def milter(self, done, n):
        """Sessions straight at the daemon, some of them cut off."""
        chance, count = random.Random(n), 0
        while not done.is_set():
            listed = chance.random() < 0.3
            with mta.Mta(gate.SOCKET) as m:
                m.connect(zones.ADDRESS["listed"] if listed else
                          f"203.0.113.{chance.randrange(256)}")
                m.helo()
                m.mail("<alice@example.org>")
                if chance.random() < 0.1:
                    continue
                self.assertRegex(m.rcpt(f"<{self.recipient()}>"),
                                 "^554 5.7.1 Service" if listed
                                 else "^451 4.7.1 .*: Greylisted")
                m.abort()
            count += 1
        return count

    def test_many(self):
        done = threading.Event()
        with concurrent.futures.ThreadPoolExecutor(64) as pool:
            clients = [pool.submit(self.smtp, done, n)
                       for n in range(SMTP_CLIENTS)]
            clients += [pool.submit(self.milter, done, n)
                        for n in range(MILTER_CLIENTS)]
            try:
                until = time.monotonic() + SECONDS
                while time.monotonic() < until:
                    time.sleep(0.5)
                    code, text = self.gate.ctl("reload")
                    self.assertEqual(0, code, text)
            finally:
                done.set()
            self.assertGreater(sum(c.result() for c in clients), 64)
        # every verdict is in the log, or counted as dropped
        stats = self.gate.stats()
        self.assertEqual(0, stats["counters"]["log_dropped"])
