"""Exceptions from greylisting, in the running daemon: what they are good for
is counted, and what has changed is read.

usage: MAILMUM=path/to/mailmum test_exceptions.py
"""
import json
import os
import unittest

from gate import Gate, until
from mta import session


class Exceptions(unittest.TestCase):
    def test_exceptions_and_what_they_were_good_for(self):
        with Gate("") as gate:
            gate.stop()
            gate.replace("own", "client 192.0.2.0/24\n  reason a pool\n"
                                "recipient abuse@\n")
            gate.configure("smtpd_recipient_restrictions = greylist\n"
                           f"greylist_exceptions = {gate.path('own')}\n")
            os.remove(gate.path("log"))
            gate.start()

            def used():
                code, _, body = gate.control(b"greylist-exceptions\n")
                self.assertEqual(code, 200)
                rows = json.loads(body)["exceptions"]
                for row in rows:
                    self.assertEqual(row["used"] > 0, row["last"] > 0)
                return {row["pattern"]: row["used"] for row in rows}

            self.assertEqual({"192.0.2.0/24": 0, "abuse@": 0}, used())
            self.assertEqual("continue", session(gate.milter, "192.0.2.1"))
            self.assertEqual("451", session(gate.milter, "198.51.100.1")[:3])
            record = gate.record(action="accept")
            self.assertEqual("greylist_exceptions", record["reason"])
            self.assertEqual("192.0.2.0/24", record["answer"])
            self.assertEqual({"192.0.2.0/24": 1, "abuse@": 0}, used())
            self.assertEqual(1, gate.counters()["greylist_exempt"])

            # a new file: what stays keeps its count, and a fault nothing
            gate.replace("own", "client 198.51.100.0/24\n"
                               "client 192.0.2.0/24\n")
            until(lambda: "198.51.100.0/24" in used(), "the new file")
            self.assertEqual("continue", session(gate.milter, "192.0.2.1"))
            self.assertEqual("continue", session(gate.milter, "198.51.100.1"))
            self.assertEqual({"198.51.100.0/24": 1, "192.0.2.0/24": 2},
                             used())
            gate.replace("own", "client 192.0.2.0/24 and more\n")
            until(lambda: gate.lines("own:1: "), "a refusal")
            self.assertEqual({"198.51.100.0/24": 1, "192.0.2.0/24": 2},
                             used())


if __name__ == "__main__":
    unittest.main()
