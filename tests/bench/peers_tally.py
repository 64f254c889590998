"""The stream is sent through a gate, and what became of it is counted."""

import heapq
import statistics


class Fate:
    """What became of one mail.  waited: of each recipient that got it, how
    long after the first attempt; lost: how many never did."""

    def __init__(self):
        self.waited, self.lost = [], 0


def send(mails, gate):
    """Each mail's fate, in the order of mails.  A recipient that has
    accepted is not tried again; the others are at the next of the mail's
    times, until there is none."""
    fates = [Fate() for _ in mails]
    queue = [(m.start, i, 0, m.recipients) for i, m in enumerate(mails)]
    heapq.heapify(queue)
    while queue:
        now, i, attempt, left = heapq.heappop(queue)
        mail, fate = mails[i], fates[i]
        replies = gate.session(now, mail.hosts[attempt], mail.sender, left)
        fate.waited += [now - mail.start] * replies.count("accept")
        fate.lost += replies.count("reject")
        left = [to for to, got in zip(left, replies) if got == "defer"]
        if attempt + 1 == len(mail.times):
            fate.lost += len(left)
        elif left:
            heapq.heappush(queue, (mail.start + mail.times[attempt + 1], i,
                                   attempt + 1, left))
    return fates


class Tally:
    """Figures of some mails; a mail counts as one, however many recipients
    it has, and as its worst one."""

    def __init__(self, pairs):
        pairs = list(pairs)
        waits = [max(f.waited) for _, f in pairs if f.waited]
        late = [w for w in waits if w > 0]
        self.mails = len(pairs)
        self.delayed = sum(bool(f.lost or max(f.waited)) for _, f in pairs)
        self.median = statistics.median(late) if late else 0
        self.longest = max(waits, default=0)
        self.lost = sum(f.lost > 0 for _, f in pairs)
        self.worthless = sum(
            m.worth is not None and (f.lost > 0 or max(f.waited) > m.worth)
            for m, f in pairs)
        self.stopped = sum(not f.waited for _, f in pairs)


def span(seconds):
    """A time as people say it."""
    if seconds < 3600:
        return f"{seconds // 60:.0f}:{seconds % 60:02.0f} min"
    return f"{seconds // 3600:.0f}:{seconds % 3600 // 60:02.0f} h"
