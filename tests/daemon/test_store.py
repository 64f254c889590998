"""The greylist's database in trouble: mail flows, and it is said once each
way.

usage: MAILMUM=path/to/mailmum test_store.py
"""
import ctypes
import glob
import json
import os
import signal
import sqlite3
import subprocess
import time
import unittest

from gate import Gate, until
from mta import session

CLONE_NEWNS = 0x20000
GREYLIST = "smtpd_recipient_restrictions = greylist\n"


def known(gate, addresses):
    """Mail from all of them has passed before."""
    for address in addresses:
        assert session(gate.milter, address)[:3] == "451"
    time.sleep(1.1)
    for address in addresses:
        assert session(gate.milter, address) == "continue"


def store(gate):
    return gate.stats()["store"]


def begun(gate):
    """Of the delays: how many mails had to wait."""
    _, _, body = gate.control(b"greylist-delays\n")
    return json.loads(body)["begun"]


class Damage(unittest.TestCase):
    def restart(self, gate):
        os.unlink(gate.path("log"))
        gate.start()

    def test_a_file_that_is_no_database(self):
        with Gate(GREYLIST) as gate:
            gate.stop()
            gate.replace("greylist.sqlite", "garbage\n" * 1000)
            self.restart(gate)
            self.assertEqual(session(gate.milter)[:3], "451")
            self.assertEqual(len(gate.lines("greylist store is damaged")), 1)
            self.assertEqual(len(gate.lines("greylist store is rebuilt")), 1)
            aside = glob.glob(gate.path("greylist.sqlite.damaged-*[0-9]"))
            self.assertEqual(len(aside), 1)
            self.assertIn(aside[0], gate.lines("is damaged")[0])
            self.assertEqual(store(gate)["damaged"], 1)
            with open(aside[0], encoding="ascii") as f:
                self.assertEqual(f.read(), "garbage\n" * 1000)
            gate.stop()
            self.restart(gate)
            self.assertEqual(session(gate.milter)[:3], "451")
            self.assertEqual(gate.lines("damaged"), [])

    def test_what_was_learned_is_kept(self):
        addresses = [f"192.0.{n}.1" for n in range(2, 12)]
        with Gate(GREYLIST, "greylist_delay = 1s") as gate:
            known(gate, addresses)
            before = begun(gate)
            gate.stop()
            db = sqlite3.connect(gate.path("greylist.sqlite"))
            db.execute("DROP TABLE waiting")
            db.close()
            self.restart(gate)
            for address in addresses:  # carried over by now, or not
                self.assertEqual(session(gate.milter, address), "continue")
            until(lambda: gate.lines("is rebuilt"), "word of it")
            self.assertNotIn("could not", gate.lines("is rebuilt")[0])
            for address in addresses:
                self.assertEqual(session(gate.milter, address), "continue")
            self.assertEqual(session(gate.milter, "198.51.100.1")[:3], "451")
            self.assertGreaterEqual(store(gate)["carried"], len(addresses))
            gate.stop()
            self.restart(gate)
            self.assertEqual(begun(gate), before + 1)

    def test_another_program_s_file_is_left_alone(self):
        with Gate(GREYLIST) as gate:
            gate.stop()
            os.unlink(gate.path("greylist.sqlite"))
            db = sqlite3.connect(gate.path("greylist.sqlite"))
            db.execute("CREATE TABLE theirs (a)")
            db.commit()
            db.close()
            self.restart(gate)
            self.assertEqual(session(gate.milter), "continue")
            self.assertEqual(len(gate.lines("not a database of mailmum")), 1)
            self.assertEqual(
                glob.glob(gate.path("greylist.sqlite.damaged*")), [])


class Locked(unittest.TestCase):
    def test_mail_flows_and_reads_do_not_wait(self):
        with Gate(GREYLIST, "greylist_delay = 1s") as gate:
            known(gate, ["192.0.2.1"])
            db = sqlite3.connect(gate.path("greylist.sqlite"),
                                 isolation_level=None)
            db.execute("BEGIN IMMEDIATE")
            for _ in range(3):
                self.assertEqual(session(gate.milter, "192.0.2.1"),
                                 "continue")
            self.assertEqual(gate.counters()["store_errors"], 0)
            for _ in range(3):  # has to be written
                self.assertEqual(session(gate.milter, "198.51.100.1"),
                                 "continue")
            self.assertEqual(gate.counters()["store_errors"], 3)
            until(lambda: gate.lines("greylist store fails"), "word of it")
            self.assertEqual(len(gate.lines("greylist store fails")), 1)
            self.assertIn("database is locked",
                          gate.lines("greylist store fails")[0])
            db.execute("ROLLBACK")
            db.close()
            self.assertEqual(session(gate.milter, "198.51.100.1")[:3], "451")
            until(lambda: session(gate.milter, "192.0.2.1") == "continue"
                  and gate.lines("greylist store works again"), "the end")
            self.assertEqual(len(gate.lines("greylist store fails")), 1)


def mount(*args):
    subprocess.run(["mount", *args], check=True)


@unittest.skipUnless(os.geteuid() == 0, "mounts")
class Disk(unittest.TestCase):
    """A small file system of its own, seen by nobody else."""

    @classmethod
    def setUpClass(cls):
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(CLONE_NEWNS) != 0:
            raise unittest.SkipTest(os.strerror(ctypes.get_errno()))
        mount("--make-rprivate", "/")

    def setUp(self):
        self.gate = Gate(GREYLIST, "greylist_delay = 1s\n"
                         "state_directory = {dir}/state")
        self.state = self.gate.path("state")
        os.mkdir(self.state)
        mount("-t", "tmpfs", "-o", "size=512k", "test", self.state)

    def tearDown(self):
        code = self.gate.stop()
        subprocess.run(["umount", self.state], check=True)
        self.gate.__exit__(None)
        self.assertEqual(code, 0)

    def test_full(self):
        gate = self.gate.start()
        known(gate, ["192.0.2.1"])
        filler = os.path.join(self.state, "filler")
        with open(filler, "wb", buffering=0) as f:
            with self.assertRaises(OSError):
                while True:
                    f.write(bytes(4096))
        # what room is left in pages that are there is soon used up
        new = (f"198.51.{n}.1" for n in range(200))
        until(lambda: session(gate.milter, next(new)) == "continue",
              "no room")
        for _ in range(3):
            self.assertEqual(session(gate.milter, next(new)), "continue")
            self.assertEqual(session(gate.milter, "192.0.2.1"), "continue")
        self.assertGreaterEqual(gate.counters()["store_errors"], 4)
        until(lambda: gate.lines("greylist store fails"), "word of it")
        self.assertEqual(len(gate.lines("greylist store fails")), 1)
        os.unlink(filler)
        until(lambda: session(gate.milter, "203.0.113.1")[:3] == "451",
              "room again")
        until(lambda: session(gate.milter, "192.0.2.1") == "continue"
              and session(gate.milter, "203.0.113.2")
              and gate.lines("greylist store works again"), "word of it")
        self.assertEqual(len(gate.lines("greylist store fails")), 1)
        self.assertEqual(store(gate)["damaged"], 0)

    def test_read_only(self):
        gate = self.gate.start()
        known(gate, ["192.0.2.1"])
        gate.stop()
        os.unlink(gate.path("log"))
        mount("-o", "remount,ro", self.state)
        gate.start()
        for address in ("192.0.2.1", "198.51.100.1", "198.51.100.1"):
            self.assertEqual(session(gate.milter, address), "continue")
        self.assertEqual(gate.counters()["store_errors"], 2)
        self.assertEqual(gate.counters()["greylist_known"], 1)
        until(lambda: gate.lines("greylist store fails"), "word of it")
        self.assertEqual(len(gate.lines("greylist store fails")), 1)
        mount("-o", "remount,rw", self.state)
        gate.signal(signal.SIGHUP)
        until(lambda: gate.lines("reloaded"), "the reload")
        until(lambda: session(gate.milter, "198.51.100.1")[:3] == "451",
              "a disk to write on")
        self.assertEqual(session(gate.milter, "192.0.2.1"), "continue")
        until(lambda: session(gate.milter, "198.51.100.2")
              and gate.lines("greylist store works again"), "word of it")
        self.assertEqual(len(gate.lines("greylist store fails")), 1)


if __name__ == "__main__":
    unittest.main()
