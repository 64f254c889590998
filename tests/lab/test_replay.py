"""The scenarios of native.replay, judged by Postfix's own restrictions: what
mailmum is expected to say there is what Postfix says."""

import contextlib
import pathlib
import re

import case
import postfix
import zones
from differential import twins
from smtp import Smtp

SERVERS = twins.servers
FILE = (pathlib.Path(__file__).parents[1]
        / "replay/scenarios/native.replay")
OPEN = "smtpd_relay_restrictions = check_client_access static:OK, reject\n"


def scenarios():
    """(title, policy, [(line number, directive, rest)])."""
    found = []
    for number, line in enumerate(FILE.read_text().splitlines(), 1):
        word, _, rest = line.partition(" ")
        rest = rest.strip()
        if word == "scenario":
            found.append((rest, [], []))
        elif word == "config":
            found[-1][1].append(rest)
        elif line.startswith(" "):
            found[-1][1].append(line)
        elif word and word not in ("#", "zone"):
            found[-1][2].append((number, word, rest))
    return found


def connect(rest):
    """A connection whose client Postfix takes for this one."""
    address, _, name = rest.partition(" ")
    smtp = Smtp(zones.ADDRESS["grey"], postfix.NATIVE)
    smtp.need("EHLO trusted.example.org")
    if ":" in address:
        address = f"IPV6:{address}"
    smtp.need(f"XCLIENT ADDR={address} NAME={name or '[UNAVAILABLE]'} "
              f"REVERSE_NAME={name or '[UNAVAILABLE]'}")
    return smtp


class Replay(case.Lab):
    policy = "smtpd_recipient_restrictions = permit\n"

    def test_native(self):
        pair, judged = twins.Twins(self), 0
        for title, policy, dialogue in scenarios():
            with self.subTest(title):
                self.assertIsNone(pair.take(OPEN + "\n".join(policy) + "\n"))
                with contextlib.ExitStack() as connections:
                    judged += self.speak(dialogue, connections)
        self.assertLess(40, judged)

    def speak(self, dialogue, connections):
        smtp, reply, judged = None, None, 0
        for number, word, rest in dialogue:
            if word == "connect":
                smtp = connections.enter_context(connect(rest))
            elif word == "helo":
                smtp.cmd(f"EHLO {rest}")
            elif word == "mail":
                smtp.cmd("RSET")
                smtp.need(f"MAIL FROM:{rest}")
            elif word == "rcpt":
                reply = smtp.cmd(f"RCPT TO:{rest}")
            else:
                self.assertEqual("expect", word)
                wanted = re.sub(" text=", " ", rest, count=1)
                self.assertEqual(case.OK if wanted == "accept" else wanted,
                                 reply, f"{FILE.name}:{number}")
                judged += 1
        return judged
