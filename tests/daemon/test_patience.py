"""What takes the daemon its time: files that it looks at every few seconds,
and control clients that it waits for.  Apart from the quick tests for that.

usage: MAILMUM=path/to/mailmum test_patience.py
"""
import os
import signal
import socket
import threading
import time
import unittest

from gate import Gate, until
from mta import session


PERMIT = "smtpd_recipient_restrictions = permit\n"


class Change(unittest.TestCase):
    """Files that tables and lists are read from."""

    def test_a_table_that_changes(self):
        with Gate("") as gate:
            gate.stop()
            gate.replace("table", "192.0.2.1 REJECT one\n")
            gate.replace("nets", "192.0.2.9\n")
            gate.configure(
                f"mynetworks = {gate.path('nets')}\n"
                "smtpd_recipient_restrictions = permit_mynetworks,\n"
                " check_client_access unionmap:{static:DUNNO,inline:{a=OK}}\n"
                " check_client_access pipemap:{"
                f"hash:{gate.path('table')},pcre:{{{{/(.*)/ $$1}}}}}}\n"
                " reject\n")
            os.remove(gate.path("log"))
            gate.start()
            def reply(address="192.0.2.1"):
                return str(session(gate.milter, address))[:3] + str(
                    session(gate.milter, address))[-3:]

            self.assertEqual(reply(), "554one")
            gate.replace("table", "192.0.2.1 REJECT two\n")
            until(lambda: reply() == "554two", "the new table")
            until(lambda: gate.lines("reloaded "), "word of it")
            self.assertEqual(gate.lines("has changed"),
                             [gate.path("table") + " has changed"])
            self.assertEqual(len(gate.lines("reloaded ")), 1)

            # a faulty one leaves what runs; said once
            gate.replace("table", "192.0.2.1 REJECT three\nlonely\n")
            until(lambda: gate.lines("not reloaded"), "a refusal")
            self.assertEqual(len(gate.lines("table:2: a value is missing")),
                             1)
            self.assertEqual(reply(), "554two")

            # so does one that has gone, until it is back
            os.remove(gate.path("table"))
            until(lambda: len(gate.lines("not reloaded")) == 2, "another")
            self.assertEqual(reply(), "554two")
            gate.replace("table", "192.0.2.1 REJECT four\n")
            until(lambda: reply().endswith("our"), "the table to be back")
            self.assertEqual(len(gate.lines("not reloaded")), 2)

            self.assertEqual(reply("192.0.2.8")[:3], "554")
            gate.replace("nets", "192.0.2.9\n192.0.2.8\n")
            until(lambda: reply("192.0.2.8") == "connue", "the new list")
            until(lambda: gate.lines("nets has changed"), "word of it")
            counters = gate.counters()
            self.assertEqual(counters["reloads"], 3)
            self.assertEqual(counters["reloads_failed"], 2)

    def test_a_table_that_changes_during_a_reload_in_vain(self):
        with Gate("") as gate:
            gate.stop()
            gate.replace("table", "192.0.2.1 REJECT one\n")
            gate.configure("smtpd_recipient_restrictions = "
                           f"check_client_access hash:{gate.path('table')}\n")
            os.remove(gate.path("log"))
            gate.start()
            os.rename(gate.config, gate.path("good"))
            os.mkfifo(gate.config)
            gate.signal(signal.SIGHUP)
            with open(gate.config, "w", encoding="utf-8") as f:
                # it is being read: the reload has begun
                gate.replace("table", "192.0.2.1 REJECT two\n")
                os.rename(gate.path("good"), gate.config)
                f.write("nonsense\n")
            until(lambda: gate.lines("not reloaded"), "a reload in vain")
            until(lambda: str(session(gate.milter, "192.0.2.1"))
                  .endswith("two"), "the new table")

    def test_a_reload_by_hand_is_not_repeated(self):
        with Gate("") as gate:
            gate.stop()
            gate.replace("table", "192.0.2.1 OK\n")
            gate.configure("smtpd_recipient_restrictions = "
                           f"check_client_access hash:{gate.path('table')}\n")
            os.remove(gate.path("log"))
            gate.start()
            for text, code in (("192.0.2.1 REJECT\n", 200),
                               ("lonely\n", 500)):
                gate.replace("table", text)
                got = gate.control(b"reload\n")[0]
                self.assertEqual(got // 100, code // 100)
            time.sleep(5)  # some looks
            self.assertEqual(gate.lines("has changed"), [])


class Control(unittest.TestCase):
    def test_a_slow_reload_is_answered(self):
        """Slower than the patience for clients that keep us waiting."""
        with Gate(PERMIT) as gate:
            with open(gate.config, encoding="utf-8") as f:
                text = f.read()
            os.unlink(gate.config)
            os.mkfifo(gate.config)
            answers = []
            client = threading.Thread(
                target=lambda: answers.append(gate.control(b"reload\n")[0]))
            client.start()
            with open(gate.config, "w", encoding="utf-8") as f:
                time.sleep(11.5)
                f.write(text)
            client.join()
            self.assertEqual(answers, [200])

    def test_silent_clients_lose_their_places(self):
        with Gate(PERMIT) as gate:
            silent = []
            for _ in range(8):
                sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                sock.connect(gate.path("control.sock"))
                silent.append(sock)
            self.assertEqual(session(gate.milter), "continue")
            gate.signal(signal.SIGHUP)
            until(lambda: gate.lines("reloaded"), "a reload meanwhile")
            self.assertEqual(gate.control(b"stats\n")[0], 200)
            for sock in silent:
                sock.close()


if __name__ == "__main__":
    unittest.main()
