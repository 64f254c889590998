"""Tables: the same lookups as postmap -q, the same replies as smtpd."""

import os
import subprocess

import postfix
import space
import tables
import zones
from case import Lab
from smtp import Smtp

ROUNDS = int(os.environ.get("LAB_ROUNDS", "100"))
SEED = int(os.environ.get("LAB_SEED", "1"))
LINE = 510

# A table under check_sender_access, and its file.
REPLIES = {
    "inline:{ { a@example.org = REJECT one } }": "",
    "unionmap:{inline:{a@example.org=OK},inline:{a@example.org=REJECT}}": "",
    "unionmap:{inline:{a@example.org=permit},"
    "inline:{a@example.org=reject}}": "",
    "unionmap:{inline:{a@example.org=permit_mynetworks},"
    "inline:{a@example.org=reject}}": "",
    "unionmap:{inline:{{a@example.org=REJECT a}},"
    "inline:{{a@example.org=REJECT b}}}": "",
    "unionmap:{pcre:{{/^x/ OK}},inline:{example.org=REJECT}}": "",
    "unionmap:{inline:{x=OK},inline:{example.org=REJECT}}": "",
    "unionmap:{inline:{x=OK},pcre:{{/^example/ REJECT}}}": "",
    "pipemap:{inline:{example.org=b},inline:{b=REJECT}}": "",
    "pipemap:{pcre:{{/^(a)@/ $$1}},inline:{a=REJECT}}": "",
    "pipemap:{inline:{example.org=b},inline:{c=REJECT}}": "",
    "randmap:{REJECT}": "",
    "fail:so": "",
    "unionmap:{inline:{a@example.org=OK},fail:so}": "",
    "pipemap:{inline:{a@example.org=OK},fail:so}": "",
    "pipemap:{inline:{b@example.org=OK},fail:so}": "",
    "texthash:{}": "a@example.org OK\nb 1\nA@example.org REJECT\n",
    "hash:{}": "a@example.org REJECT a\nA@example.org OK\n",
    "btree:{}": "a@example.org REJECT a\nA@example.org OK\n",
    "inline:{a@example.org=REJECT,A@example.org=450}": "",
    "hash:{} ": '"b c"@example.org REJECT b\n',
    "hash:{}  ": '"b c"@example.org REJECT b\nb\\ c@example.org REJECT d\n',
    "hash:{}   ": '"b@c"@example.org REJECT b\n',
    "hash:{}    ": 'b@c@example.org REJECT b\n',
    "hash:{}     ": '"b@c"@ REJECT b\n',
    "hash:{}      ": 'b@c@ REJECT b\n',
    "pcre:{{/^b c@/ REJECT}}": "",
    "pcre:{{/^\"b c\"@/ REJECT}}": "",
    "hash:{}       ": '"b c"@ REJECT b\n',
    "hash:{}        ": '"a"@example.org REJECT b\n',
    "static:REJECT": "",
    "pcre:{{/^(x)?a@/ $$1}}": "",
    "unionmap:{inline:{a@example.org=DUNNO},pcre:{{/^(x)?a@/ $$1}}}": "",
    "unionmap:{static:OK,pcre:{{/^(x)?a@/ $$1}}}": "",
}
SENDERS = ("a@example.org", '"b c"@example.org', '"b@c"@example.org',
           "b@sub.example.org")


class Lookups(Lab):
    """postmap -q beside the tables of mailmum."""

    policy = "smtpd_recipient_restrictions = permit\n"

    def test_all(self):
        config = self.mta.dir / "etc"
        for seed in range(SEED, SEED + ROUNDS):
            maker = tables.Maker(seed)
            directory = space.BASE / f"tables{seed}"
            directory.mkdir()
            spec = maker.table(directory, "t")
            with self.subTest(seed=seed, spec=spec):
                found, said = tables.postmap(config, spec, maker.keys())
                ours, complaints = tables.ours(spec, maker.keys())
                if ours is None:
                    self.assertTrue(said, complaints)
                elif tables.twice(spec, said):
                    if spec.startswith("texthash:"):
                        self.assertEqual("FAILED\n", ours)
                else:
                    self.assertEqual(found, ours, said)


class Replies(Lab):
    """smtpd's own check_sender_access beside mailmum's."""

    policy = "smtpd_recipient_restrictions = permit\n"

    def take(self, policy):
        self.gate.configure("".join(
            f"{k} = {v}\n" for k, v in policy.items()))
        code, text = self.gate.ctl("reload")
        self.assertEqual(0, code, text)
        self.mta.configure(policy)

    def reply(self, sender, port):
        with Smtp(zones.ADDRESS["plain"], port) as c:
            c.helo()
            c.mail(sender)
            reply = c.rcpt("bob@example.com")
            if not reply.startswith(("421", "521")):
                c.quit()
        return reply[:LINE]

    def test_all(self):
        for i, (spec, text) in enumerate(REPLIES.items()):
            spec = spec.strip()
            if text:
                path = space.write(space.BASE / f"table{i}", text)
                spec = spec.replace("{}", str(path))
                if spec.startswith(("hash:", "btree:")):
                    subprocess.run(["postmap", "-c", self.mta.dir / "etc",
                                    spec], check=True, capture_output=True)
            policy = {"smtpd_recipient_restrictions":
                      f"check_sender_access {spec}, permit",
                      "smtpd_relay_restrictions": "reject_unauth_destination"}
            with self.subTest(spec=spec, text=text):
                self.take(policy)
                for sender in SENDERS:
                    self.assertEqual(self.reply(sender, postfix.NATIVE),
                                     self.reply(sender, postfix.MILTER),
                                     sender)
