"""Policies made up by chance, judged by Postfix's own restrictions and by
mailmum: the same replies, byte for byte.  LAB_ROUNDS and LAB_SEED say how
many, and which.  A difference is made as small as it can be; what is printed
then is a policy for policies/, with its session."""

import os

import case
from differential import chance, differences, shrink, twins

SERVERS = twins.servers
ROUNDS = int(os.environ.get("LAB_ROUNDS", "60"))
SEED = int(os.environ.get("LAB_SEED", "1"))
SESSIONS = 20  # to a policy


class Chance(case.Lab):
    policy = "smtpd_recipient_restrictions = permit\n"

    def test_all(self):
        self.pair = twins.Twins(self)
        for seed in range(SEED, SEED + ROUNDS):
            with self.subTest(seed=seed):
                self.one(chance.Chance(seed))

    def one(self, maker):
        policy = maker.policy()
        text = chance.render(policy)
        self.assertIsNone(self.pair.take(text), text)
        many = [maker.session() for _ in range(SESSIONS)]
        if "smtpd_delay_reject" in policy:  # who trusts XCLIENT is judged too
            many = [session for session in many if not session.xclient]
        for session, native, ours in self.pair.hold_all(many):
            found = differences.first(text, session, native, ours)
            if found:
                print(found, "made smaller:", sep="\n", flush=True)
                self.tell(*shrink.shrink((policy, session), self.differs))
        self.gate.check()

    def differs(self, policy, session):
        """The difference, if there is one."""
        text = chance.render(policy)
        try:
            if self.pair.take(text) is not None:
                return None
        except AssertionError:  # nor does Postfix run with it
            return None
        return differences.first(text, session, *self.pair.hold(session))

    def tell(self, policy, session):
        found = self.differs(policy, session)
        self.fail(f"{found}\n{self.pair.warnings()}\n"
                  "as a file of policies/:\n# found by chance\n"
                  f"{chance.render(policy)}# session: {session}")
