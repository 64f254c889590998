"""Policies made up by chance, judged by Postfix's own restrictions and by
mailmum: the same replies, byte for byte.  LAB_ROUNDS and LAB_SEED say how
many, and which."""

import os

import case
from differential import chance, differences, twins

SERVERS = twins.servers
ROUNDS = int(os.environ.get("LAB_ROUNDS", "60"))
SEED = int(os.environ.get("LAB_SEED", "1"))
SESSIONS = 20  # to a policy


class Chance(case.Lab):
    policy = "smtpd_recipient_restrictions = permit\n"

    def test_all(self):
        pair = twins.Twins(self)
        for seed in range(SEED, SEED + ROUNDS):
            with self.subTest(seed=seed):
                self.one(pair, chance.Chance(seed))

    def one(self, pair, maker):
        text = "".join(f"{k} = {v}\n" for k, v in maker.policy().items())
        self.assertIsNone(pair.take(text), text)
        many = [maker.session() for _ in range(SESSIONS)]
        for session, native, ours in pair.hold_all(many):
            found = differences.first(text, session, native, ours)
            self.assertIsNone(found, f"{found}\n{pair.warnings()}")
