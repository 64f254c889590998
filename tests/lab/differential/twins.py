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
from differential import login, policyd, sessions
from smtp import Smtp
from waiting import wait_for

HERE = pathlib.Path(__file__).parent
TABLES = pathlib.Path("/etc/mailmum/tables")  # a copy of tables/
INDEXED = ("hash", "btree", "lmdb")
# The restrictions of the one that leaves them to mailmum.  Of the rest of the
# policy it has what belongs to the MTA: its domains, for instance.
OPEN = ("soft_bounce = no", "smtpd_reject_footer =",
        "smtpd_client_restrictions =", "smtpd_helo_restrictions =",
        "smtpd_sender_restrictions =", "smtpd_recipient_restrictions =",
        "smtpd_relay_restrictions = check_client_access static:OK, reject",
        "smtpd_relay_before_recipient_restrictions = yes")
# In Postfix's log, but for what is said of strangers all the time.
COMPLAINT = re.compile(" (error|fatal|panic): | warning: (?!hostname |Illegal "
                       "address|.* overriding earlier entry)")
# What neither policy nor mailmum is to know about.
BASE = """
smtpd_reject_unlisted_recipient = no
""" + login.PARAMETERS


def servers(_):
    """In place of case.servers: one more Postfix."""
    milter = postfix.MILTER_OF.format(gate.SOCKET, "tempfail")
    return serve(milter, *OPEN)


@contextlib.contextmanager
def serve(*options):
    """options: of the smtpd of the second Postfix."""
    native = postfix.Postfix(
        postfix.smtpd(postfix.NATIVE), BASE)
    guarded = postfix.Postfix(
        postfix.smtpd(postfix.MILTER, *options), BASE, "guarded")
    services = [login.start(), policyd.start()]
    dns = nameserver.Dns()
    for port in (postfix.NATIVE, postfix.MILTER):
        wait_for("Postfix", lambda port=port: postfix.listens(port))
    case.Lab.mta, case.Lab.guarded = native, guarded
    try:
        yield
    finally:
        for server in (native, guarded, dns):
            server.stop()
        for service in services:
            service.shutdown()


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
    """gate: the mailmum; guarded: its Postfix; mta: the other Postfix."""

    def __init__(self, lab):
        self.mta, self.guarded, self.gate = lab.mta, lab.guarded, lab.gate
        self.begun = 0  # where the log of this policy begins

    def take(self, policy):
        """Both take the policy.  What mailmum says when it will not."""
        self.gate.configure(policy + "\n")
        code, text = self.gate.ctl("reload")
        if code != 0:
            return text or f"exit code {code}"
        self.begun = len(self.mta.log())
        for server in (self.mta, self.guarded):
            server.configure(BASE + policy)
            server.reload()
        self._ready()
        return None

    def _ready(self):
        """Postfix greets, or it does not like the policy."""
        with Smtp("127.0.0.9", postfix.NATIVE, greeted=False) as smtp:
            wait_for("a greeting or a complaint", lambda:
                     smtp.readable() or "throttling" in self.warnings())
        if "throttling" in self.warnings():
            raise AssertionError(f"Postfix: {self.warnings()}")

    def warnings(self):
        """What Postfix complained of since it took the policy."""
        lines = self.mta.log()[self.begun:].splitlines()
        return "\n".join([line for line in lines if COMPLAINT.search(line)][-9:])

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
