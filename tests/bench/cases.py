"""The situations, and what is read off in each."""

import dataclasses
import time

from processes import Failure, usage
from subjects import Shape

WARM_RATE = 1000
WARM_SECONDS = 0.1
JOURNAL_SECONDS = 1.2  # after which the journal of a topic is full, and takes no new memory
IDLE_SHARE = 2  # of the seconds of a load: too little happens to be seen sooner


@dataclasses.dataclass(frozen=True)
class Case:
    """One load. `floors` = those whose numbers say something here."""

    name: str
    rate: int = 20_000  # messages a second over all connections; 0 = without limit
    size: int = 200
    burst: int = 1
    shape: Shape = Shape()
    floors: tuple = ()
    warm_seconds: float = WARM_SECONDS

    @property
    def is_paced(self):
        return self.rate > 0

    def measure(self, subject, seconds):
        with subject.chain(self.shape) as chain:
            chain.source.order(f"warm {WARM_RATE} {self.size}")
            chain.wait_first()
            time.sleep(self.warm_seconds)
            before = usage(chain.relay.pid)
            chain.source.order(f"load {self.rate} {self.size} {self.burst} {seconds}")
            sent = chain.wait_sent(seconds + 20)
            seen = chain.wait_complete(20)
            # A floor that is its own consumer has ended by then.
            used = usage(chain.relay.pid) - before if subject.has_relay else None
            own = subject.own_values()
        values, problems = self._values(seen, sent, used)
        return values | own, problems

    def _values(self, seen, sent, used):
        problems = []
        for consumer in seen:
            if not consumer["complete"]:
                problems.append("a consumer did not see the end")
            if consumer["disordered"]:
                problems.append(f"{consumer['disordered']} messages out of order")
            if consumer["received"] + consumer["holes"] != sent:
                problems.append(f"{consumer['received']} received and {consumer['holes']} missing of {sent}")
            if self.is_paced and consumer["holes"]:
                problems.append(f"{consumer['holes']} messages are missing")
        mean = {key: sum(consumer[key] for consumer in seen) / len(seen) for key in seen[0]}
        values = {key: mean[key] for key in ("p50_us", "p99_us", "p999_us", "max_us", "rate")}
        if used:
            values["cpu_us"] = used.cpu_ns / 1000 / sent
            values["main_us"] = used.main_ns / 1000 / sent
            values["switches"] = used.switches / sent
            values["rss_mib"] = used.rss_kib / 1024
        return values, problems


@dataclasses.dataclass(frozen=True)
class Start:
    """From the start of the process to the first message at a consumer that was already there; then its memory."""

    name: str = "start"
    floors: tuple = ()

    def measure(self, subject, seconds):
        began = []

        def on_start(source):
            source.order(f"warm {WARM_RATE} 200")
            began.append(time.monotonic_ns())

        with subject.chain(Shape(journal=False), on_start) as chain:
            first = chain.wait_first()[0]
            time.sleep(seconds / 2)
            rss = usage(chain.relay.pid).rss_kib
        return {"first_ms": (first - began[0]) / 1e6, "rss_mib": rss / 1024}, []


@dataclasses.dataclass(frozen=True)
class Idle:
    """Connected to a venue that says nothing, with a consumer."""

    name: str = "idle"
    floors: tuple = ()

    def measure(self, subject, seconds):
        with subject.chain(Shape()) as chain:
            chain.source.order(f"warm {WARM_RATE} 200")
            chain.wait_first()
            chain.source.order("stop")
            time.sleep(WARM_SECONDS)
            before, began = usage(chain.relay.pid), time.monotonic()
            time.sleep(seconds * IDLE_SHARE)
            used, passed = usage(chain.relay.pid) - before, time.monotonic() - began
        return {"cpu_percent": used.cpu_ns / 1e7 / passed, "wakeups": used.switches / passed}, []


FLOORS = ("socket", "ZeroMQ")
CASES = (
    Case("latency-1k", rate=1_000, floors=FLOORS),
    Case("latency-20k", floors=FLOORS),
    Case("tls-20k", shape=Shape(tls=True)),
    Case("bursts", rate=10_000, burst=500, floors=FLOORS),
    Case("saturation", rate=0, floors=FLOORS),
    Case("large", rate=500, size=65_536, floors=FLOORS, warm_seconds=JOURNAL_SECONDS),
    Case("connections-20", shape=Shape(connections=20)),
    Case("consumers-4", shape=Shape(consumers=4)),
    Start(),
    Idle(),
)


def plural(count, word):
    return f"{count:,} {word}{'' if count == 1 else 's'}"


# How cost grows: one thing at a time, the rest as in latency-20k.
GROWTH = (
    *(Case(f"{size:,} B at 2,000/s", rate=2_000, size=size) for size in (200, 1_024, 4_096, 16_384, 65_536)),
    *(Case(plural(count, "channel"), shape=Shape(channels=count)) for count in (1, 100, 1_000)),
    *(Case(plural(count, "connection"), shape=Shape(connections=count)) for count in (1, 20, 100, 500)),
    *(Case(plural(count, "consumer") + " at 5,000/s", rate=5_000, shape=Shape(consumers=count)) for count in (1, 4, 16)),
    Case("all at once: 100 connections, 5,000 channels, 16 consumers, at 5,000/s", rate=5_000,
         shape=Shape(connections=100, channels=50, consumers=16)),
)  # fmt: skip


def measure(case, subject, seconds):
    """(values, problems); what cannot be measured is a problem."""
    try:
        return case.measure(subject, seconds)
    except Failure as failure:
        return {}, [str(failure)]
