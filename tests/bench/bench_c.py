"""DNS questions per session, beside Postfix's own restrictions.  Counted
where they arrive, at the zones' server: all that Postfix's resolver asks and
all that mailmum asks.  Every session has names and addresses of its own, so
nothing is cached but the servers."""

import itertools
import re
import time

import bench
import postfix as mta
import smtp

CLIENTS = "198.51.100"  # every address of it, once
# What a policy has that is not for Postfix, or not for this one (no verify).
NOT_NATIVE = (r",\s*greylist\b(?!_)", r"\bgreylist_if_reject\s+",
              r",\s*reject_unverified_recipient\b", r"^#.*\n")
KINDS = {"rcpt": "goes to the end, in no list", "auth": "AUTH, then the same",
         "connect": "quits after connect", "helo": "quits after HELO",
         "mail": "quits after MAIL"}


def native(policy):
    """The policy as parameters of Postfix."""
    for word in NOT_NATIVE:
        policy = re.sub(word, "", policy, flags=re.M)
    policy = re.sub(r"\[\s*(\S+)\s*\]", r"[\1]", policy)
    policy = re.sub(r"\n\s+", " ", policy)
    pairs = (line.split("=", 1) for line in policy.splitlines() if line)
    return {name.strip(): value.strip() for name, value in pairs} | {
        "smtpd_sasl_auth_enable": "yes"}


def serve():
    """The lists, and clients whose names and addresses agree."""
    served = bench.lists()
    reverse = ".".join(reversed(CLIENTS.split("."))) + ".in-addr.arpa"
    served[reverse] = bench.zone(reverse, "".join(
        f"{i} PTR h{i}.example.net.\n" for i in range(1, 255)))
    served["example.net"] = bench.zone("example.net", "".join(
        f"h{i} A {CLIENTS}.{i}\nmail{i} A {CLIENTS}.{i}\n"
        for i in range(1, 255)))
    served["example.org"] = bench.zone(
        "example.org", "*.s MX 10 mx\nmx A 203.0.113.200\n")
    return bench.Dns(served)


def session(kind, port, number):
    """One session that goes as far as its kind says."""
    with smtp.Smtp(f"{CLIENTS}.{number}", port) as s:
        if kind == "auth":
            s.need("XCLIENT LOGIN=joe")
        if kind != "connect":
            s.helo(f"mail{number}.example.net")  # not what the PTR says
        if kind not in ("connect", "helo"):
            s.mail(f"a@d{number}.s.example.org")
        if kind in ("rcpt", "auth"):
            reply = s.rcpt("info@example.com")
            if reply[:3] not in ("250", "451"):
                raise SystemExit(f"{kind}, port {port}: {reply}")
        time.sleep(0.1)  # for questions that are on their way
        s.quit()


def count(dns, kind, port, numbers):
    """Questions per session: Postfix's, mailmum's."""
    dns.questions()
    for number in numbers:
        session(kind, port, number)
    time.sleep(0.3)
    asked = dns.questions()
    return [sum(q.who == who for q in asked) / len(numbers)
            for who in (bench.POSTFIX, bench.MAILMUM)]


def target(letter, kind, alone, beside, ours):
    if kind == "rcpt":
        return f"<= {alone:.1f} {bench.verdict(beside + ours <= alone)}"
    if letter != "a" and kind in ("auth", "connect", "helo"):
        return f"0 {bench.verdict(ours == 0)}"
    return ""


def measure(dns, letter, numbers, args):
    """The rows of one policy."""
    gate = bench.gate(bench.policy(letter))
    postfix = mta.Postfix(mta.listeners(gate.socket),
                          native(bench.policy(letter)))
    rows = []
    for port in (mta.NATIVE, mta.MILTER_BUSY):
        bench.await_port(port)
        session("rcpt", port, next(numbers))  # servers become known
    for kind, what in KINDS.items():
        take = [list(itertools.islice(numbers, args.sessions))
                for _ in range(2)]
        alone = sum(count(dns, kind, mta.NATIVE, take[0]))
        beside, ours = count(dns, kind, mta.MILTER_BUSY, take[1])
        if kind == "rcpt" and not ours:
            raise SystemExit("mailmum was not asked, or asked nobody")
        rows.append([f"{letter.upper()}: {what}", f"{alone:.1f}",
                     f"{beside:.1f}", f"{ours:.1f}", f"{beside + ours:.1f}",
                     target(letter, kind, alone, beside, ours)])
    postfix.stop()
    bench.space.run("rm", "-r", postfix.dir)
    gate.stop()
    return rows


def main():
    args = bench.options(__doc__, ("--sessions", int, 8, "of each kind"))
    bench.title("(c) DNS questions per session")
    bench.furnish()
    dns = serve()
    numbers = iter(range(1, 255))
    rows = []
    for letter in "abc":
        rows += measure(dns, letter, numbers, args)
    bench.table(["policy, session", "Postfix alone", "Postfix +", "mailmum",
                 "= both", "target"], rows)
    print("Postfix +: what Postfix itself still asks with mailmum behind it, "
          "the client's name.\nTargets: never more than Postfix alone at the "
          "end; under B and C mailmum asks\nnothing before MAIL and nothing "
          "for a client that has authenticated.")


main()
