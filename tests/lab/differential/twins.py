"""Two gates that ought to be one: a Postfix that judges by its own
restrictions, and a Postfix that leaves everything to mailmum.  They have
the same name, the same DNS and the same policy, letter for letter."""

import concurrent.futures
import contextlib
import pathlib
import re

import case
import gate
import nameserver
import postfix
import space
from differential import sessions
from waiting import wait_for

HERE = pathlib.Path(__file__).parent
TABLES = pathlib.Path("/etc/mailmum/tables")  # a copy of tables/
INDEXED = ("hash", "btree", "lmdb")
# Its mail comes from mailmum's verdict alone: whatever is asked of this
# smtpd itself is let in.
OPEN = ("smtpd_client_restrictions =", "smtpd_helo_restrictions =",
        "smtpd_sender_restrictions =", "smtpd_recipient_restrictions =",
        "smtpd_relay_restrictions = check_client_access static:OK, reject")
# What neither policy nor mailmum is to know about.
BASE = """
smtpd_reject_unlisted_recipient = no
"""


@contextlib.contextmanager
def servers(_):
    """In place of case.servers: one more Postfix."""
    milter = postfix.MILTER_OF.format(gate.SOCKET, "tempfail")
    native = postfix.Postfix(
        postfix.smtpd(postfix.NATIVE), BASE)
    guarded = postfix.Postfix(
        postfix.smtpd(postfix.MILTER, milter, *OPEN), BASE, "guarded")
    dns = nameserver.Dns()
    for port in (postfix.NATIVE, postfix.MILTER):
        wait_for("Postfix", lambda port=port: postfix.listens(port))
    case.Lab.mta = native
    try:
        yield
    finally:
        for server in (native, guarded, dns):
            server.stop()


def lay_tables(mta):
    """The files that policies name, with an index for Postfix.  A name that
    ends in .TYPE is to be read as that type."""
    TABLES.mkdir(exist_ok=True)
    for source in (HERE / "tables").iterdir():
        path = space.write(TABLES / source.name, source.read_text())
        kind = source.suffix[1:]
        if kind in INDEXED:
            space.run("postmap", "-c", mta.dir / "etc", f"{kind}:{path}")


class Twins:
    """gate: the mailmum.  mta: the Postfix with native restrictions."""

    def __init__(self, mta, mailmum):
        self.mta, self.gate = mta, mailmum

    def take(self, policy):
        """Both take the policy.  What mailmum says when it will not."""
        self.gate.configure(policy + "\n")
        code, text = self.gate.ctl("reload")
        if code != 0:
            return text or f"exit code {code}"
        self.mta.configure(BASE + policy)
        self.mta.reload()
        return None

    def warnings(self):
        """What Postfix has complained of, names that do not resolve apart."""
        return "\n".join(line for line in self.mta.log().splitlines()
                         if re.search(" (warning|error|fatal|panic): ", line)
                         and " warning: hostname " not in line)

    @staticmethod
    def hold(session):
        """One session with either: what Postfix says, what mailmum says."""
        return (sessions.hold(session, postfix.NATIVE),
                sessions.hold(session, postfix.MILTER))

    def hold_all(self, many):
        """(session, Postfix's replies, ours), several at a time."""
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            for session, both in zip(many, pool.map(self.hold, many)):
                yield session, *both
