"""A thousand reloads under load: who is not concerned does not notice, and nothing is left behind."""

import ctypes
import os
import signal
import unittest

from fairlead.v1 import control_pb2
from harness import SidecarTest
from node_venue import NodeVenue
from py_venue import PyVenue
from test_resources import resident_kib
from waiting import SANITIZED, wait_until

# The first thousand fills what is bounded: histories, receipts, answers that are kept.
WARM_UP, RELOADS = (40, 60) if SANITIZED else (1000, 1000)
# What each does to the connection `moved`, in turn; nothing to the others.
KINDS = ("added", "updated", "rotated", "refused", "rotated", "replaced", "removed")
KEPT = ("kept_a", "kept_b", "kept_c")
MAX_GROWTH_KIB = 2048
PR_SET_THP_DISABLE = 41
MAX_DESCRIPTORS = 8  # sockets that are still being closed when they are counted
MESSAGES_EACH = 40  # to each connection, between two reloads


class ReloadManyTest(SidecarTest):
    def setUp(self):
        super().setUp()
        # In pages of 2 MiB memory would grow in steps that hide what is looked for. Inherited by what is started.
        ctypes.CDLL(None).prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)
        self.load = {name: self.venue(NodeVenue) for name in KEPT}
        self.moved = self.venue(PyVenue)
        connections = {name: {"url": venue.url()} for name, venue in self.load.items()}
        connections["moved"] = {"url": self.moved.url("/0"), "rotation": {"overlap": "1s"}}
        self.sidecar_ = self.sidecar(connections)
        self.pid = self.sidecar_.process.pid
        for name in connections:
            self.sidecar_.wait_connected(name)
        with open(self.sidecar_.config, encoding="utf-8") as file:
            self.text = file.read()
        self.seen = self.consumer(self.sidecar_, "data/")
        self.highest = {}
        self.sent = 0
        self.succeeded = self.failed = 0

    def _drain(self, milliseconds=1):
        """Each topic without a hole; what was looked at is forgotten."""
        self.seen.pump(milliseconds)
        self.assertEqual(self.seen.sequence_errors(), [])
        last = {}
        for message in self.seen.messages:
            before = self.highest.get(message.topic)
            if before is not None and message.header.sequence and message.topic not in last:
                self.assertEqual(message.header.sequence, before + 1, message)
            if message.header.sequence:
                last[message.topic] = message.header.sequence
        self.highest.update(last)
        self.seen.messages.clear()

    def _flood(self):
        for venue in self.load.values():
            venue.flood(MESSAGES_EACH, 100, first=self.sent + 1)
        self.sent += MESSAGES_EACH

    def _write(self, text):
        """In one step, as whoever reloads should."""
        with open(self.sidecar_.config + "~", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(self.sidecar_.config + "~", self.sidecar_.config)

    def _reload(self, number):
        """One of several kinds in turn, half of them by signal."""
        kind = KINDS[number % len(KINDS)]
        text = self.text
        moved = "[connections.moved]"
        if kind == "updated":
            text = text.replace(moved, f'{moved}\nnetwork.max_delay = "{number + 1}s"')
        elif kind == "rotated":
            text = text.replace("/0", f"/{number}")
        elif kind == "replaced":
            text = text.replace(moved, f"{moved}\nmax_topics = 77")
        elif kind == "refused":
            text += "\nnonsense = [1"
        elif kind == "removed":
            text = text[: text.index(moved)]
        self._write(text)
        self.succeeded += kind != "refused"
        self.failed += kind == "refused"
        if number % 2:
            self.sidecar_.process.send_signal(signal.SIGHUP)
            wait_until(self._is_reloaded, f"reload {number}", 10, lambda: self._drain(milliseconds=10))
        else:
            reply = self.sidecar_.control("reload")
            self.assertEqual(reply.code, control_pb2.CODE_INVALID if kind == "refused" else control_pb2.CODE_OK)
            actions = [(change.connection, change.action) for change in reply.reload.changes]
            self.assertEqual(actions, [] if kind == "refused" else [("moved", kind)])
            self._drain()

    def _is_reloaded(self):
        """Asked seldom: the sidecar keeps its answers for a minute, which is no leak, but would look like one."""
        last = self.sidecar_.control("get_status").status.last_reload
        return (last.succeeded, last.failed) == (self.succeeded, self.failed)

    def _settle(self):
        """Until nothing is on its way any more; how many descriptors are open then."""
        self._write(self.text)
        self.succeeded += 1
        self.assertEqual(self.sidecar_.control("reload").code, control_pb2.CODE_OK)
        self.sidecar_.wait_connected("moved", 30)
        self.sidecar_.wait_status("moved", lambda status: len(status.sockets) == 1, "one socket", 30)
        wait_until(lambda: len(self.moved.open_records()) == 1, "one connection at the venue", 30, self._drain)
        wait_until(lambda: all(self.sidecar_.control.status(name).messages == self.sent for name in KEPT),
                   "all messages", 30, self._drain)  # fmt: skip
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def _reload_often(self, count):
        """The most that was resident meanwhile, in KiB: what is free goes back to the system when its time has come."""
        most = 0
        for number in range(count):
            self._flood()
            self._reload(number)
            most = max(most, resident_kib(self.pid))
        return most

    def test_what_has_not_changed_is_not_touched_and_nothing_grows(self):
        # Journals are filled to their end first: what they hold is no leak.
        for _ in range(30):
            self._flood()
        self._reload(KINDS.index("removed"))
        memory = self._reload_often(WARM_UP)
        descriptors = self._settle()
        self._reload(KINDS.index("removed"))
        memory_after = self._reload_often(RELOADS)
        descriptors_after = self._settle()
        print(f"{RELOADS} reloads: {memory} KiB and {descriptors} descriptors before, "
              f"{memory_after} KiB and {descriptors_after} after")  # fmt: skip

        for name in KEPT:
            status = self.sidecar_.control.status(name)
            self.assertEqual((status.session, status.successful_connects, status.rotations), (1, 1, 0), name)
            topic = f"data/{name}/all/"
            self.seen.wait(lambda topic=topic: self._drained_to(topic), f"{self.sent} messages on {topic}", 30)
        status = self.sidecar_.control("get_status").status
        self.assertEqual((status.last_reload.succeeded, status.last_reload.failed), (self.succeeded, self.failed))
        self.assertEqual(status.slow_consumer_episodes, 0)
        self.assertLessEqual(descriptors_after, descriptors + MAX_DESCRIPTORS)
        if not SANITIZED:
            self.assertLess(memory_after - memory, MAX_GROWTH_KIB, "KiB of growth")

    def _drained_to(self, topic):
        self._drain()
        return self.highest.get(topic, 0) >= self.sent


if __name__ == "__main__":
    unittest.main(verbosity=2)
