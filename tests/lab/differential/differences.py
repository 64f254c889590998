"""The deliberate differences, each named after its paragraph in
mailmum.conf(5).  What is not here, and not equal, is a failure."""

import dataclasses
import re

LINE = 510  # bytes of a reply


@dataclasses.dataclass
class Pair:
    """Where the two part: stage, and what either says there."""

    policy: str
    session: object
    stage: str
    native: str
    ours: str

    def __str__(self):
        return (f"{self.stage}\n Postfix {self.native}\n mailmum {self.ours}\n"
                f"# session: {self.session}\n{self.policy}")


def line_length(pair):
    return (len(pair.native) > LINE and pair.stage == "rcpt"
            and pair.native[:LINE] == pair.ours)


def stays_in_main_cf(pair):
    """Without the MTA's domains the relay words say nothing here."""
    return ("mydestination" not in pair.policy and pair.stage == "rcpt"
            and pair.native.endswith(": Relay access denied"))


OWN = (r"501 5.1.[37] Bad (sender|recipient) address syntax$|"
       "503 5.5.1 Error: need MAIL command$|"
       "554 5.5.1 Error: no valid recipients$")


def own_replies(pair):
    """What the MTA says without asking anybody is its own."""
    return (re.search("^(soft_bounce|smtpd_reject_footer) =", pair.policy,
                      re.M) and re.match(OWN, pair.ours))


def told(pair):
    """A milter does not learn whether it was HELO or EHLO."""
    return ("protocol_name=[SMTP]" in pair.native
            and pair.session.verb != "EHLO"
            and pair.native.replace("[SMTP]", "[ESMTP]") == pair.ours)


def helo_as_kept(pair):
    """What an early HELO list put off is said later, in its own words."""
    return ("smtpd_delay_reject = no" in pair.policy
            and ": Helo command rejected: " in pair.native
            and kept_helo(pair.native) == pair.ours)


DIFFERENCES = {
    "Early refusals in the MTA's words.": helo_as_kept,
    "What a policy service is told.": told,
    "Words and lists that stay in main.cf": stays_in_main_cf,
    "A reply ends at 510 bytes ,": line_length,
    "soft_bounce and smtpd_reject_footer": own_replies,
}


EARLY = ("connect", "xclient", "helo")
BANNER = "554 mx.example.com ESMTP not accepting connections"
BYE = "421 mx.example.com Service unavailable - try again later"


def told_late(i, reply, ours):
    """Refused by Postfix before MAIL, where the MTA speaks for a milter:
    of a connection it says so in words of its own, to HELO it says yes.
    Does the client hear the same at MAIL?"""
    where, mine = ours[i] if i < len(ours) else ("closed", "")
    if where in ("connect", "xclient"):
        if reply.startswith(("421", "521")):
            return mine == (BYE if reply[0] == "4" else BANNER)
        if reply[0] == "5" and mine != BANNER:
            return False
    at_mail = [kept_helo(text) for stage, text in ours[i:] if stage == "mail"]
    return kept_helo(reply)[:LINE] in at_mail or any(
        re.match(OWN, text) for text in at_mail)


def kept_helo(reply):
    """A milter's HELO is judged in the form in which it is kept."""
    return re.sub('[`"()\\\\;@]', "?", reply)


def first(policy, session, native, ours):
    """The first difference without an explanation: a Pair, or None."""
    at_once = "smtpd_delay_reject = no" in policy
    for i, (stage, reply) in enumerate(native):
        if at_once and stage == "ehlo before":
            continue  # nothing is told at MAIL of a HELO that is repeated
        if at_once and stage in EARLY and reply[0] in "45":
            if told_late(i, reply, ours):
                return None
            return Pair(policy, session, stage, reply, str(ours[i:]))
        mine = ours[i] if i < len(ours) else ("closed", "")
        if mine == (stage, reply):
            continue
        pair = Pair(policy, session, stage, reply, mine[1])
        if not any(explains(pair) for explains in DIFFERENCES.values()):
            return pair
    if len(ours) > len(native):
        return Pair(policy, session, "closed", "", ours[len(native)][1])
    return None
