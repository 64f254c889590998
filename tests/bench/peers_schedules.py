"""When senders try again.  A schedule is a function of a random generator
that gives the seconds from the first attempt to each attempt, the first one
(0) included, for a mail that is put off every time.

Where a figure is not a program's documented default, its source is named:

[P] F. Pagani and others, "Measuring the role of greylisting and nolisting in
    fighting spam", DSN 2016: what ten webmail providers did when every
    attempt was put off for six hours.
[M] mail-in-a-box, pull requests 403 and 413: "a lot of legit mail server try
    again between 200 and 285 seconds, then 3 hours later".
[L] J. Levine, "Greylisting still works, part II", CircleID: of the addresses
    that were put off 36 % did not come back, 32 % came back within a minute
    and not later, 11 % came back once.
"""

MINUTE, HOUR, DAY = 60, 3600, 86400


def _until(end, step, first=0):
    """Attempts at step(seconds since the first attempt) from each other."""
    times, now = [0], first
    while now <= end:
        if now > 0:
            times.append(now)
        now += step(now)
    return times


def _runs(period, rng, due, end):
    """A queue that is looked at every period: an attempt is made in the
    first run in which due(age at the last attempt) have passed since it."""
    times, now = [0], rng.uniform(0, period)
    while now <= end:
        if now - times[-1] >= due(times[-1]):
            times.append(round(now))
        now += period
    return times


def postfix(rng):
    """queue_run_delay = minimal_backoff_time = 300s, maximal_backoff_time =
    4000s, maximal_queue_lifetime = 5d: a mail waits as long as it is old."""
    return _runs(300, rng, lambda age: min(max(age, 300), 4000), 5 * DAY)


def exim(rng):
    """The default retry rule, F,2h,15m; G,16h,1h,1.5; F,4d,6h, and Debian's
    queue runner every 30 minutes."""
    def due(age):
        if age < 2 * HOUR:
            return 15 * MINUTE
        return max(HOUR, age / 2) if age < 16 * HOUR else 6 * HOUR
    return _runs(30 * MINUTE, rng, due, 4 * DAY)


def sendmail(rng):
    """-q30m, Timeout.queuereturn=5d."""
    return _runs(30 * MINUTE, rng, lambda age: 0, 5 * DAY)


def qmail(rng):
    """Remote mail: attempt n after (20 n)^2 seconds, queuelifetime 7 days."""
    del rng
    return [(20 * n) ** 2 for n in range(39)]


def exchange(rng):
    """MessageRetryInterval 15 minutes, MessageExpirationTimeout 2 days."""
    return _until(2 * DAY, lambda age: rng.randint(890, 910))


def microsoft365(rng):
    """About every 15 minutes for 24 hours (Microsoft's Japanese support, as
    told by cloudsteady.jp, 2019)."""
    return _until(DAY, lambda age: rng.randint(840, 960))


def soon_then_hours(rng):
    """[M]."""
    first = rng.randint(200, 285)
    return [0] + _until(4 * DAY, lambda age: 3 * HOUR, first)[1:]


def newsletter(rng):
    """A bulk mailer's retry after 10 minutes, for 4 days."""
    return _until(4 * DAY, lambda age: rng.randint(590, 640))


def _published(text):
    """A row of [P], "minutes:seconds"; five percent of jitter."""
    times = [int(m) * 60 + int(s) for m, s in
             (word.split(":") for word in text.split())]

    def schedule(rng):
        jitter = rng.uniform(0.95, 1.05)
        return [0] + [round(t * jitter) for t in times]
    return schedule


def _kept_up(schedule, days):
    """[P] stopped looking after six hours; they go on in the same steps."""
    def longer(rng):
        times = schedule(rng)
        step = times[-1] - times[-2]
        return times + list(range(times[-1] + step, days * DAY, step))
    return longer


gmail = _kept_up(_published("6:02 29:02 56:36 98:44 162:03 229:44 309:05 "
                            "434:46"), 3)
gmx = _kept_up(_published("5:01 12:33 23:50 40:46 66:09 104:14 161:22 247:04 "
                          "375:36"), 5)
mail_ru = _kept_up(_published("1:18 19:15 49:14 79:49 113:20 154:18 187:53 "
                              "235:20 271:03 305:50 340:38 373:45"), 2)
aol = _published("5:32 11:32 21:32 31:32")  # and gave up


def ses(rng):
    """Not published; taken to be Postfix's for 14 hours."""
    return [t for t in postfix(rng) if t < 14 * HOUR]


# spam

def once(rng):
    """[L], did not come back."""
    del rng
    return [0]


def at_once(rng):
    """[L], came back within a minute only."""
    times = [0]
    for _ in range(rng.randint(1, 4)):
        times.append(times[-1] + rng.randint(1, 14))
    return times


def bot_that_retries(rng):
    """[P] has one family of bots that comes back: after 300 to 600 seconds,
    and again after most of a day."""
    return [0, rng.randint(300, 600), rng.randint(80000, 90000)]


def snowshoe(rng):
    """Real mail programs with little patience: two of five mails are tried
    once more (an assumption, by [L]'s "came back once")."""
    return [0, rng.randint(300, 900)] if rng.random() < 0.4 else [0]
