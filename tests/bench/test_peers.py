"""The parts of bench_peers that can be wrong without anybody seeing it."""

import unittest

import miltergreylist
import peers_senders
import peers_schedules as when
from peers_stream import Host, Mail
from peers_tally import Tally, send, span

HOUR, DAY = 3600, 86400


class Model(unittest.TestCase):
    def setUp(self):
        self.model = miltergreylist.MilterGreylist()

    def ask(self, now, address="198.18.0.1", sender="a@b.example",
            recipient="c@d.example"):
        return self.model.accepts(now, address, sender, recipient)

    def test_waits_for_half_an_hour(self):
        self.assertFalse(self.ask(0))
        self.assertFalse(self.ask(1799))
        self.assertTrue(self.ask(1800))

    def test_compares_the_whole_tuple(self):
        self.assertFalse(self.ask(0))
        for other in ({"address": "198.18.0.2"}, {"sender": "x@b.example"},
                      {"recipient": "x@d.example"}):
            self.assertFalse(self.ask(1800, **other))

    def test_drops_what_leads_up_to_an_equal_sign(self):
        self.assertFalse(self.ask(0, sender="n-1-c=d.example@b.example"))
        self.assertTrue(self.ask(1800, sender="n-2-c=d.example@b.example"))

    def test_allows_for_a_day_from_the_last_mail(self):
        self.ask(0)
        for now in (1800, 1800 + DAY, 1800 + 2 * DAY):
            self.assertTrue(self.ask(now))
        self.assertFalse(self.ask(1801 + 3 * DAY))

    def test_forgets_after_five_days(self):
        for come_back, want in ((5 * DAY + 1800, True), (
                5 * DAY + 1801, False)):
            self.model = miltergreylist.MilterGreylist()
            self.ask(0)
            self.assertEqual(want, self.ask(come_back))

    def test_knows_broken_senders(self):
        self.assertTrue(self.ask(0, address="209.85.208.9"))
        self.assertFalse(self.ask(0, address="2607:f8b0:4864:20::9"))


class Script:
    """A gate that says what it is told to, by recipient."""

    def __init__(self, **replies):
        self.replies, self.asked = replies, []

    def session(self, now, host, sender, recipients):
        self.asked.append((now, host.address, tuple(recipients)))
        return [self.replies[to].pop(0) for to in recipients]


def a_mail(times, recipients, worth=None, start=1000):
    hosts = [Host(None, f"198.18.0.{i}", None) for i in range(len(times))]
    return Mail("kind", start, times, hosts, "a@b.example", recipients, worth)


class Sent(unittest.TestCase):
    def test_tries_who_is_left_at_the_next_time(self):
        gate = Script(a=["defer", "defer", "accept"], b=["accept"],
                      c=["reject"])
        mail = a_mail([0, 60, 600, 6000], ["a", "b", "c"])
        fate, = send([mail], gate)
        self.assertEqual([(1000, "198.18.0.0", ("a", "b", "c")),
                          (1060, "198.18.0.1", ("a",)),
                          (1600, "198.18.0.2", ("a",))], gate.asked)
        self.assertEqual(([0, 600], 1), (fate.waited, fate.lost))

    def test_keeps_the_order_of_time(self):
        gate = Script(a=["defer", "accept"], b=["accept"])
        send([a_mail([0, 100], ["a"]), a_mail([0], ["b"], start=1050)], gate)
        self.assertEqual([1000, 1050, 1100], [now for now, *_ in gate.asked])

    def test_counts(self):
        mails = [a_mail([0], ["a"], worth=60), a_mail([0, 50], ["b"], 60),
                 a_mail([0, 70], ["c"], 60), a_mail([0, 9], ["d", "e"])]
        gate = Script(a=["accept"], b=["defer", "accept"],
                      c=["defer", "accept"], d=["accept"],
                      e=["defer", "defer"])
        tally = Tally(zip(mails, send(mails, gate)))
        self.assertEqual(
            (4, 3, 60, 70, 1, 1, 0),
            (tally.mails, tally.delayed, tally.median, tally.longest,
             tally.lost, tally.worthless, tally.stopped))

    def test_stopped_is_what_nobody_got(self):
        mails = [a_mail([0], ["a", "b"]), a_mail([0], ["c", "d"])]
        gate = Script(a=["defer"], b=["accept"], c=["defer"], d=["reject"])
        self.assertEqual(1, Tally(zip(mails, send(mails, gate))).stopped)

    def test_span(self):
        self.assertEqual(["0:09 min", "59:59 min", "1:00 h", "25:01 h"],
                         [span(t) for t in (9, 3599, 3600, 25 * HOUR + 119)])


class Stream(unittest.TestCase):
    def test_is_the_same_from_the_same_seed(self):
        one, two, other = (peers_senders.build(seed, 0.05)
                           for seed in (1, 1, 2))
        self.assertEqual(one, two)
        self.assertNotEqual(one, other)

    def test_has_a_host_for_each_attempt(self):
        for mail in peers_senders.build(3, 0.05)[0]:
            with self.subTest(mail.kind):
                self.assertEqual(len(mail.times), len(mail.hosts))
                self.assertEqual(0, mail.times[0])
                self.assertEqual(sorted(set(mail.times)), mail.times)
                self.assertTrue(mail.recipients)

    def test_schedules(self):
        import random
        for seed in range(50):
            rng = random.Random(seed)
            postfix, exim = when.postfix(rng), when.exim(rng)
            self.assertTrue(300 <= postfix[1] < 600)
            self.assertTrue(15 * 60 <= exim[1] < 45 * 60)
            self.assertTrue(4000 <= postfix[-1] - postfix[-2] < 4300)
            self.assertTrue(4 * DAY < postfix[-1] <= 5 * DAY)
            self.assertTrue(200 <= when.soon_then_hours(rng)[1] <= 285)
            self.assertTrue(when.at_once(rng)[-1] <= 60)
        self.assertEqual([0, 400, 1600, 3600], when.qmail(None)[:4])


if __name__ == "__main__":
    unittest.main()
