"""mailmumctl import, policies made up by chance: a Postfix that judges by its
own restrictions, and beside it one whose main.cf has been cut in two.  Words
that only Postfix can carry out are strewn in, so that there is something to
cut at; no session of these sets them off.  Who is let in is let in by
either, and what no word stays for is refused in the same words.  LAB_ROUNDS
and LAB_SEED say how many policies, and which."""

import os
import re

import case
from differential import chance, differences, twins
from test_import import carry_out, import_main

ROUNDS = int(os.environ.get("LAB_ROUNDS", "40"))
SEED = int(os.environ.get("LAB_SEED", "1"))
SESSIONS = 12  # to a policy
STAY = ("reject_unauth_pipelining", "reject_unlisted_sender",
        "warn_if_reject reject_unauth_pipelining", "permit_tls_clientcerts")
# Something does, beside the relay control that is in each of them.
STAYS = re.compile(r"(?m)^\S+main\.cf:\d+: smtpd_\w+: "
                   r"(?!reject_unauth_destination)")


def servers(_):
    """The second one has what its main.cf says, and nothing else."""
    return twins.serve()


SERVERS = servers


def overtaken(found, said):
    """What stays is asked first: where both refuse, the refusal may be
    another one, and one of a kind that ends the session (521) too."""
    return ((found.stage == "closed" or found.native.startswith(("4", "5")))
            and found.ours.startswith(("4", "5"))
            and (": Relay access denied" in found.ours
                 or STAYS.search(said)))


class Pair(twins.Twins):
    """mta: the Postfix with native restrictions; guarded: the one that has
    been cut in two."""

    def take(self, policy):
        etc = self.guarded.dir / "etc"
        self.begun = len(self.mta.log())
        for server in (self.mta, self.guarded):
            server.configure(twins.BASE + policy)
        self.said = import_main(etc)
        carry_out(etc)
        self.gate.configure((etc / "out/mailmum.conf").read_text())
        code, text = self.gate.ctl("reload")
        if code != 0:
            return text or f"exit code {code}"
        for server in (self.mta, self.guarded):
            server.reload()
        self._ready()
        return None


class Halves(case.Lab):
    policy = "smtpd_recipient_restrictions = permit\n"

    def test_all(self):
        pair = Pair(self)
        self.held = self.cut = 0
        for seed in range(SEED, SEED + ROUNDS):
            with self.subTest(seed=seed):
                self.one(pair, chance.Chance(seed))
        print(f"{self.held} policies, {self.cut} cut", end=" ", flush=True)
        self.assertGreater(self.cut, 0)

    @staticmethod
    def strew(maker, policy):
        for name in chance.LISTS:
            words = policy[f"smtpd_{name}_restrictions"]
            if maker.random() < 0.4:
                words.insert(maker.randint(0, len(words)),
                             maker.choice(STAY))

    def one(self, pair, maker):
        policy = maker.policy()
        policy.pop("smtpd_delay_reject", None)  # the chance group has it
        self.strew(maker, policy)
        text = chance.render(policy)
        if "DISCARD" in text:
            return  # where it stays, it overtakes what mailmum would refuse
        self.assertIsNone(pair.take(text), text)
        self.held += 1
        self.cut += STAYS.search(pair.said) is not None
        many = [maker.session() for _ in range(SESSIONS)]
        for session, native, ours in pair.hold_all(many):
            found = differences.first(text, session, native, ours)
            if found and overtaken(found, pair.said):
                continue
            self.assertIsNone(
                found, f"{found}\n{pair.said}\n{pair.warnings()}")
