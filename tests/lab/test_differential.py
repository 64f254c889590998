"""The written policies, judged by Postfix's own restrictions and by mailmum:
the same replies, byte for byte, at each stage.  LAB_LONG=1 holds all of
their sessions; LAB_POLICY=NAME,NAME takes these policies only."""

import os
import pathlib
import re
import time

import case
from differential import differences, sessions, twins

SERVERS = twins.servers
POLICIES = twins.HERE / "policies"
LONG = "LAB_LONG" in os.environ
ONLY = os.environ.get("LAB_POLICY", "").split(",")
SAMPLE = 7  # every seventh session, in the quick run
PAIRS = 25
TELL = 4  # differences to a policy that are shown


def policies():
    for path in sorted(pathlib.Path(POLICIES).glob("*.cf")):
        if ONLY == [""] or path.stem in ONLY:
            yield path.stem, path.read_text()


def chosen(name, text):
    """The sessions of a policy: its own ones first, which are always held,
    then those that every policy has."""
    mark = "# session:"
    own = [sessions.parse(line.removeprefix(mark))
           for line in text.splitlines() if line.startswith(mark)]
    common = [*sessions.one_at_a_time(), *sessions.pairs(name, PAIRS)]
    if not LONG and ONLY == [""]:
        common = common[sum(name.encode()) % SAMPLE::SAMPLE]
    return own + common


class Differential(case.Lab):
    policy = "smtpd_recipient_restrictions = permit\n"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        twins.lay_tables(cls.mta)

    def test_written(self):
        pair = twins.Twins(self)
        held = 0
        for name, text in policies():
            with self.subTest(name):
                begun = time.monotonic()
                self.assertIsNone(pair.take(text))
                held += self.compare(pair, name, text)
                if "LAB_TIMES" in os.environ:
                    print(name, round(time.monotonic() - begun, 1))
        print(f"{held} sessions", end=" ", flush=True)

    def test_manual(self):
        """Each difference let pass is one that the manual tells of."""
        manual = (twins.HERE / "../../../man/mailmum.conf.5").read_text()
        told = re.findall(r"^\.It Sy (.*)$", manual[manual.index(
            ".Sh DELIBERATE DIFFERENCES"):], re.M)
        self.assertLess(10, len(told))
        self.assertLessEqual(set(differences.DIFFERENCES), set(told))

    def compare(self, pair, name, text):
        found = []
        many = chosen(name, text)
        for session, native, ours in pair.hold_all(many):
            part = differences.first(text, session, native, ours)
            found += [part] if part else []
        self.gate.check()
        for part in found[:TELL]:
            with self.subTest(policy=name, session=str(part.session)):
                self.fail(f"{len(found)} differ, this one thus:\n{part}\n"
                          f"{pair.warnings()}")
        return len(many)
