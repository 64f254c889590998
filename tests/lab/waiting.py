"""Waiting for what has to happen."""

import time

PATIENCE = 30  # seconds: far beyond anything that a test waits for


def wait_for(what, found, patience=PATIENCE):
    """Calls found() until it returns something true, which is returned."""
    until = time.monotonic() + patience
    while True:
        value = found()
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.01)
