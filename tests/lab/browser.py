"""A real browser without a window, told what to do over its own protocol
(Chrome DevTools), through a pair of pipes."""

import contextlib
import json
import os
import select
import shutil
import subprocess
import time

import space
from waiting import PATIENCE

PROGRAMS = ("chromium-headless-shell", "chromium")
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu",
           "--disable-dev-shm-usage", "--no-first-run",
           "--remote-debugging-pipe")


def find():
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Browser:
    """One page at a time."""

    def __init__(self):
        (from_us, self.to), (self.back, to_us) = os.pipe(), os.pipe()

        def three_and_four():
            for fd in (to_us, from_us):  # out of the way, inherited
                os.set_inheritable(fd, True)
            theirs, ours = os.dup(from_us), os.dup(to_us)
            os.dup2(theirs, 3)
            os.dup2(ours, 4)

        self.process = subprocess.Popen(
            [find(), *OPTIONS, f"--user-data-dir={space.BASE / 'browser'}"],
            preexec_fn=three_and_four, close_fds=False,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=os.environ | {"HOME": str(space.BASE)})
        os.close(from_us)
        os.close(to_us)
        self.number, self.rest, self.events = 0, b"", []
        target = self.call("Target.createTarget", url="about:blank")
        self.session = None
        self.session = self.call("Target.attachToTarget", flatten=True,
                                 targetId=target["targetId"])["sessionId"]
        for domain in "Page", "Runtime", "Log", "Network":
            self.call(f"{domain}.enable")

    def _receive(self):
        until = time.monotonic() + PATIENCE
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.back], [], [],
                                        max(0, until - time.monotonic()))
            more = os.read(self.back, 65536) if ready else b""
            if not more:
                raise AssertionError("the browser says nothing")
            self.rest += more
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **params):
        self.number += 1
        request = {"id": self.number, "method": method, "params": params}
        if getattr(self, "session", None):
            request["sessionId"] = self.session
        os.write(self.to, json.dumps(request).encode() + b"\0")
        while (message := self._receive()).get("id") != self.number:
            self.events.append(message)
        assert "error" not in message, message
        return message["result"]

    def open(self, path, width, height=900, dark=False):
        """Shows a file; returns once it is loaded."""
        self.events = []
        self.call("Emulation.setDeviceMetricsOverride", width=width,
                  height=height, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme",
             "value": "dark" if dark else "light"}])
        self.call("Page.navigate", url=f"file://{path}")
        while not self.happened("Page.loadEventFired"):
            self.events.append(self._receive())

    def happened(self, method):
        """What came with each such event since the page was opened."""
        return [event["params"] for event in self.events
                if event.get("method") == method]

    def ask(self, expression):
        """The value of a JavaScript expression in the page."""
        result = self.call("Runtime.evaluate", expression=expression,
                           returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def stop(self):
        self.session = None
        with contextlib.suppress(AssertionError, OSError):
            self.call("Browser.close")
        self.process.wait(PATIENCE)
        os.close(self.to)
        os.close(self.back)
