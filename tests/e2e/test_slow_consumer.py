"""A consumer that reads too slowly, on a bare ZeroMQ socket: what it misses are holes in the numbers, the sidecar counts
them, and nobody else is concerned."""

import unittest

import zmq

from consumer import Message
from fairlead.v1 import stream_pb2
from harness import SidecarTest
from py_venue import PyVenue

TOPIC = "data/venue/all/"
QUEUE = 100  # messages, in the sidecar for each consumer
BURST = 5_000
SIZE = 2_000  # bytes: what the kernel keeps between the two is soon full


class SlowSub:
    """Reads only when it is told to, and keeps no queue of its own to speak of."""

    def __init__(self, context, endpoint):
        self.numbers = []  # of everything that takes one, in order
        self._socket = context.socket(zmq.SUB)
        self._socket.rcvhwm = 1
        self._socket.linger = 0
        self._socket.subscribe(TOPIC)
        self._socket.connect(endpoint)

    def read(self):
        """Everything that is there."""
        while self._socket.poll(300):
            message = Message(*self._socket.recv_multipart())
            if message.header.sequence:
                self.numbers.append(message.header.sequence)

    def holes(self):
        return [(a, b) for a, b in zip(self.numbers, self.numbers[1:]) if b != a + 1]

    def close(self):
        self._socket.close()


class SlowConsumerTest(SidecarTest):
    def _start(self):
        self.market = self.venue(PyVenue)
        sidecar = self.sidecar({"venue": {"url": self.market.url()}}, {"stream": {"high_water_mark": QUEUE}})
        sidecar.wait_connected("venue")
        self.sent = 0
        return sidecar

    def _send(self, count):
        for _ in range(count):
            self.sent += 1
            self.market.send_all(f"{self.sent:010}".ljust(SIZE, "x"))

    def _episodes(self, sidecar):
        return sidecar.control("get_status").status.slow_consumer_episodes

    def _slow(self, sidecar):
        slow = SlowSub(self.context, sidecar.stream)
        self.addCleanup(slow.close)
        # Subscribed when a message of its topic comes: a heartbeat, or what is sent meanwhile.
        for _ in range(100):
            self._send(1)
            slow.read()
            if slow.numbers:
                return slow
        raise AssertionError("the slow consumer never got anything")

    def _fall_behind(self, slow, times):
        for _ in range(times):
            self._send(BURST // 5)
            slow.read()
            self._send(1)  # shows the hole at the end
            slow.read()

    def test_each_hole_of_one_slow_consumer_is_an_episode(self):
        sidecar = self._start()
        slow = self._slow(sidecar)
        self.assertEqual(self._episodes(sidecar), 0)
        self._fall_behind(slow, 3)
        self.assertGreater(len(slow.holes()), 0)
        self.assertEqual(self._episodes(sidecar), len(slow.holes()))

    def test_a_fast_one_beside_a_slow_one_loses_nothing(self):
        sidecar = self._start()
        fast = self.consumer(sidecar, TOPIC)
        slow = self._slow(sidecar)
        for _ in range(3):
            for _ in range(BURST // 250):
                self._send(50)  # less than the queue: who reads loses nothing
                fast.wait(lambda: self.sent in {int(m.payload[:10]) for m in fast.messages[-100:]
                                                if m.kind == stream_pb2.KIND_DATA}, "the last message")  # fmt: skip
            slow.read()
            self._send(1)
            slow.read()
        fast.wait(lambda: self.sent == int(fast.data(TOPIC)[-1][:10]), "the last message")
        numbers = [int(text[:10]) for text in fast.data(TOPIC)]
        self.assertEqual(numbers, list(range(numbers[0], self.sent + 1)))
        self.assert_whole(fast)
        self.assertGreater(len(slow.holes()), 0)
        self.assertEqual(self._episodes(sidecar), len(slow.holes()))


if __name__ == "__main__":
    unittest.main(verbosity=2)
