"""Memory and processor time: what a sidecar that runs for weeks must not eat."""

import glob
import os
import subprocess
import unittest

from fairlead.v1 import stream_pb2
from harness import SidecarTest
from node_venue import NodeVenue
from py_venue import PyVenue
from waiting import SANITIZED, wait_until

TOPIC = "data/venue/all/"
MAX_GROWTH_KIB = 4096  # messages lie in pages of 2 MiB, of which one more may have become whole
HUGE_PAGES = "/sys/kernel/mm/transparent_hugepage/enabled"
WARM_UP, MESSAGES = (5_000, 20_000) if SANITIZED else (200_000, 1_000_000)
WARM_UP_RECONNECTS, RECONNECTS = (20, 50) if SANITIZED else (200, 1000)
IDLE_SECONDS = 5


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def huge_kib(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("AnonHugePages:"))


def gives_huge_pages():
    """To those that ask, and to nobody else."""
    try:
        with open(HUGE_PAGES, encoding="ascii") as file:
            return "[madvise]" in file.read()
    except OSError:
        return False


def usage(pid):
    """(seconds on the processor, voluntary context switches), of all threads."""
    nanoseconds = switches = 0
    for task in glob.glob(f"/proc/{pid}/task/*"):
        with open(os.path.join(task, "schedstat"), encoding="ascii") as file:
            nanoseconds += int(file.read().split()[0])
        with open(os.path.join(task, "status"), encoding="ascii") as file:
            switches += next(int(line.split()[1]) for line in file if line.startswith("voluntary_ctxt_switches:"))
    return nanoseconds / 1e9, switches


async def one_message(socket, record, _message):
    await socket.send("hello")
    await socket.close()


class ResourcesTest(SidecarTest):
    def _assert_no_growth(self, sidecar, before):
        growth = resident_kib(sidecar.process.pid) - before
        print(f"resident before {before} KiB, growth {growth} KiB")
        if not SANITIZED:
            self.assertLess(growth, MAX_GROWTH_KIB, f"KiB of growth, from {before}")

    def test_memory_stays_over_a_million_messages(self):
        venue = self.venue(NodeVenue)
        # A short queue: what a consumer may leave waiting there is no leak, but would look like one.
        sidecar = self.sidecar({"venue": {"url": venue.url()}}, {"stream": {"high_water_mark": 1000}})
        consumer = self.consumer(sidecar, "data/")
        sidecar.wait_connected("venue")
        received = 0
        highest = 0

        def drain():
            nonlocal received, highest
            consumer.pump()
            for message in consumer.messages:
                if message.topic == TOPIC and message.kind == stream_pb2.KIND_DATA:
                    received += 1
                    self.assertGreater(message.header.sequence, highest)
                    highest = message.header.sequence
            consumer.messages.clear()

        def flood(first, count):
            venue.flood(count, 200, first=first)
            total = first - 1 + count
            look = iter(range(1 << 60))

            def done():
                return next(look) % 10 == 0 and sidecar.control.status("venue").messages == total

            wait_until(done, f"{total} messages", 120, drain)

        flood(1, WARM_UP)
        before = resident_kib(sidecar.process.pid)
        flood(WARM_UP + 1, MESSAGES)
        self._assert_no_growth(sidecar, before)
        # The consumer's losses are holes that it can see: what it missed and what it got are all there was.
        venue.send_all("end")
        wait_until(lambda: highest >= WARM_UP + MESSAGES + 1, "the end at the consumer", 10, drain)
        self.assertGreater(received, 0)
        if received < WARM_UP + MESSAGES + 1:
            self.assertGreater(sidecar.control("get_status").status.slow_consumer_episodes, 0)

    def test_memory_stays_over_a_thousand_reconnects(self):
        venue = self.venue(PyVenue, on_message=one_message)
        sidecar = self.sidecar(
            {"venue": {"url": venue.url(), "subscriptions": ["hello"]}},
            {"network": {"initial_delay": "1ms", "max_delay": "1ms"}})  # fmt: skip
        consumer = self.consumer(sidecar, "data/")

        def reconnects(count):
            consumer.wait(lambda: len(venue.records) > count, f"{count} connections", 120)
            consumer.wait_state("state/venue/", stream_pb2.CONNECTION_STATE_DISCONNECTED, count // 2)

        reconnects(WARM_UP_RECONNECTS)
        before = resident_kib(sidecar.process.pid)
        reconnects(WARM_UP_RECONNECTS + RECONNECTS)
        self._assert_no_growth(sidecar, before)
        self.assert_whole(consumer)
        self.assertEqual({len(record.received) for record in venue.records[:-2]}, {1})
        descriptors = len(os.listdir(f"/proc/{sidecar.process.pid}/fd"))
        self.assertLess(descriptors, 60, "descriptors are left open")

    @unittest.skipIf(SANITIZED, "sanitizers bring an allocator of their own")
    @unittest.skipUnless(gives_huge_pages(), f"{HUGE_PAGES} is not `madvise`")
    def test_a_journal_lies_in_huge_pages_and_nothing_else_does(self):
        for messages, has_some in ((1024, True), (0, False)):
            with self.subTest(messages_per_topic=messages):
                venue = self.venue(NodeVenue)
                sidecar = self.sidecar({"venue": {"url": venue.url()}}, {"journal": {"messages_per_topic": messages}})
                sidecar.wait_connected("venue")
                venue.flood(2000, 2000)
                wait_until(lambda: sidecar.control.status("venue").messages == 2000, "all messages")
                self.assertEqual(huge_kib(sidecar.process.pid) > 0, has_some)

    def test_an_idle_sidecar_sleeps(self):
        venue = self.venue(PyVenue)
        sidecar = self.sidecar({"venue": {"url": venue.url()}}, {"stream": {"heartbeat_interval": "1s"}})
        sidecar.wait_connected("venue")
        seconds, switches = usage(sidecar.process.pid)
        with self.assertRaises(subprocess.TimeoutExpired):  # time is the subject here
            sidecar.process.wait(IDLE_SECONDS)
        seconds, switches = (after - before for after, before in zip(usage(sidecar.process.pid), (seconds, switches)))
        print(f"idle for {IDLE_SECONDS} s: {seconds * 1000:.0f} ms on the processor, {switches} wake-ups")
        self.assertLess(switches / IDLE_SECONDS, 30, "wake-ups a second")
        if not SANITIZED:
            self.assertLess(seconds, 0.020, f"seconds on the processor in {IDLE_SECONDS} s")


if __name__ == "__main__":
    unittest.main(verbosity=2)
