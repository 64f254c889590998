"""Time to the RCPT verdict with many lists behind a slow DNS, through a real
Postfix: its own reject_rbl_client beside mailmum's.  Every session has a
client address that no one has asked for yet; servers are known from a
session before."""

import ipaddress
import itertools
import time

import bench
import postfix as mta
import smtp

# in DNS round trips, from the first question on
UNLISTED, LISTED, NATIVE = 1.5, 2.5, 10
BEYOND_PERMIT = 1.0  # ms, of a client that takes its time
PAUSE = 0.025
HOSTS = {False: "192.0.2.0/24", True: "198.51.100.0/24"}  # by: listed
PARAMETER = "smtpd_recipient_restrictions"


def serve(count, delay):
    """So many lists; the last one lists a whole network."""
    names = [f"bl{i:02}.bench.example" for i in range(1, count + 1)]
    served = {name: bench.zone(name, "2.0.0.127 A 127.0.0.2\n")
              for name in names}
    served[names[-1]] += ("*.100.51.198 A 127.0.0.2\n"
                          '*.100.51.198 TXT "listed for the benchmark"\n')
    for net in ("2.0.192", "100.51.198"):
        name = f"{net}.in-addr.arpa"
        served[name] = bench.zone(name)
    return names, bench.Dns(served, delay)


class Clients:
    """Addresses that no session has had."""

    def __init__(self):
        self.left = {listed: iter(ipaddress.ip_network(net).hosts())
                     for listed, net in HOSTS.items()}

    def take(self, listed):
        return str(next(self.left[listed]))


def session(port, client, listed, pause=0):
    """RCPT's wait and when it was over; seconds."""
    with smtp.Smtp(client, port) as s:
        for step in (s.helo, s.mail):
            time.sleep(pause)
            step()
        time.sleep(pause)
        begin = time.monotonic()
        reply = s.rcpt("info@example.com")
        end = time.monotonic()
        if reply[:3] != ("554" if listed else "250"):
            raise SystemExit(f"{client}, port {port}: {reply}")
        time.sleep(pause)
        s.quit()
    return end - begin, end


def verdicts(dns, port, clients, listed, args):
    """Medians: RCPT's wait in ms; from the first question about a list to
    the verdict in round trips; questions to lists."""
    waits, trips, asked = [], [], []
    for _ in range(args.sessions):
        dns.questions()
        wait, end = session(port, clients.take(listed), listed)
        seen = [q.time for q in dns.questions()
                if q.name.endswith("bench.example")]
        waits.append(wait * 1000)
        trips.append((end - min(seen)) * 1000 / args.delay)
        asked.append(len(seen))
    return bench.median(waits), bench.median(trips), bench.median(asked)


def compare(dns, clients, args):
    rows = []
    for listed, ours in ((False, UNLISTED), (True, LISTED)):
        for name, port in (("Postfix", mta.NATIVE),
                           ("mailmum", mta.MILTER_BUSY)):
            wait, trips, asked = verdicts(dns, port, clients, listed, args)
            if name == "mailmum":
                target = f"<= {ours} {bench.verdict(trips <= ours)}"
            else:
                target = f"> {NATIVE} {bench.verdict(trips > NATIVE)}"
            rows.append([f"{'listed' if listed else 'unlisted'}, {name}",
                         f"{wait:.1f}", f"{trips:.2f}", target,
                         f"{asked:.0f}"])
    bench.table(["straight dialogue", "RCPT ms",
                 "first question to verdict, round trips", "target",
                 "questions"], rows)


def slow_client(lists, permit, clients, args):
    """The two policies in turn behind the same socket."""
    waits = {lists: [], permit: []}
    for policy in itertools.islice(itertools.cycle(waits), 4):
        gate = bench.gate(policy)
        for i in range(1 + args.sessions // 2):  # the first one warms up
            wait, _ = session(mta.MILTER_BUSY, clients.take(False), False,
                              PAUSE)
            waits[policy] += [wait * 1000] if i else []
        gate.stop()
    p50 = {policy: bench.median(w) for policy, w in waits.items()}
    beyond = p50[lists] - p50[permit]
    print(f"\na client that pauses 4 x {PAUSE * 1000:.0f} ms, RCPT p50: "
          f"{args.lists} lists {p50[lists]:.2f} ms, permit "
          f"{p50[permit]:.2f} ms,\ndifference {beyond:.2f} ms, target < "
          f"{BEYOND_PERMIT}: {bench.verdict(beyond < BEYOND_PERMIT)}")


def main():
    args = bench.options(
        __doc__, ("--lists", int, 16, "lists in the policy"),
        ("--delay", int, 30, "of every DNS answer, ms"),
        ("--sessions", int, 30, "of each kind"))
    bench.title(f"(a) time to the verdict: {args.lists} lists, "
                f"{args.delay} ms DNS")
    bench.furnish()
    names, dns = serve(args.lists, args.delay)
    value = ", ".join(f"reject_rbl_client {name}" for name in names)
    lists = f"{PARAMETER} = {value}"
    clients = Clients()
    gate = bench.gate(lists)
    postfix = mta.Postfix(mta.listeners(gate.socket), {PARAMETER: value})
    for port in (mta.NATIVE, mta.MILTER_BUSY):
        bench.await_port(port)
        session(port, clients.take(False), False)  # servers become known
    compare(dns, clients, args)
    gate.stop()
    slow_client(lists, f"{PARAMETER} = permit", clients, args)
    postfix.stop()


main()
