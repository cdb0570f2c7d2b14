"""Those who look at a running sidecar: Prometheus that scrapes it, and somebody with the page open."""

import contextlib
import http.client
import json
import os
import socket
import threading
import time

SCRAPES_PER_SECOND = 10
# What the page asks for once a second while it is seen.
PAGE = ("/api/v1/status", "/api/v1/network/connections", "/api/v1/alerts?limit=100")


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def forward_latency(port, share):
    """Seconds that this share of the messages has taken at most, with values spread evenly within a bucket."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        connection.request("GET", "/api/v1/status")
        histogram = json.load(connection.getresponse())["forward_latency"]
    bounds = [0.0, *histogram["bounds"]]
    counts = [int(count) for count in histogram["counts"]]
    wanted = share * sum(counts)
    for bucket, count in enumerate(counts):
        if count >= wanted and bucket + 1 < len(bounds):
            return bounds[bucket] + (bounds[bucket + 1] - bounds[bucket]) * wanted / count
        wanted -= count
    return bounds[-1]


class Operators:
    """Asks until it is left; `answers` and `failures` are counted."""

    def __init__(self, port):
        self._port = port
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(("/metrics",), 1 / SCRAPES_PER_SECOND)),
                         threading.Thread(target=self._ask, args=(PAGE, 1))]  # fmt: skip
        self.answers = 0
        self.failures = 0

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, paths, interval):
        # They sit at other machines: what they cost here is not fairlead's, and everybody else goes first.
        os.sched_setscheduler(threading.get_native_id(), os.SCHED_IDLE, os.sched_param(0))
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
        due = time.monotonic()
        while not self._over.wait(max(0.0, due - time.monotonic())):
            due += interval
            for path in paths:
                try:
                    connection.request("GET", path)
                    answer = connection.getresponse()
                    answer.read()
                    self.answers += answer.status == 200
                    self.failures += answer.status != 200
                except (OSError, http.client.HTTPException):
                    connection.close()
                    self.failures += 1
