"""Waiting for conditions with a deadline. No test sleeps for a guessed time: it names what it waits for."""

import os
import threading
import time

# Sanitizers make everything several times slower: deadlines grow, loads shrink.
SANITIZED = os.environ.get("FAIRLEAD_SANITIZED") == "1"
PATIENCE = 4 if SANITIZED else 1

_never = threading.Event()


class Timeout(AssertionError):
    pass


def wait_until(condition, what, seconds=10, pump=None, interval=0.005):
    """Returns the first true value of condition(). `what` is said when it does not come within `seconds`: a text, or a
    function that makes one. `pump` is called between looks and may take some milliseconds; without it the thread rests
    for `interval`."""
    deadline = time.monotonic() + seconds * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Timeout(f"not within {seconds * PATIENCE} s: {what() if callable(what) else what}")
        if pump:
            pump()
        else:
            _never.wait(interval)
