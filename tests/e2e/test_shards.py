"""More subscriptions than a socket may carry: a pool of sockets, of which each concerns its own topics alone."""

import unittest

from fairlead.v1 import control_pb2, stream_pb2
from market_test import CONNECTED, DISCONNECTED, RATE, STATE, MarketTest, topic_of
from waiting import wait_until

PER_SOCKET = 10
CHANNELS = [f"c{n}" for n in range(35)]


class ShardsTest(MarketTest):
    def _start(self, **keys):
        self.start(CHANNELS, topics_per_socket=PER_SOCKET, sockets=4, **keys)
        self.wait(lambda: sorted(self._at_venue()) == sorted(CHANNELS), "every subscription at the venue")
        self.wait(lambda: all(self.numbers(name) for name in CHANNELS), "a message of each channel")

    def _at_venue(self):
        """Each channel as often as it is subscribed."""
        return [name for record in self.market.open_records() for name in record.channels]

    def _assert_limit_kept(self):
        self.assertLessEqual(max(len(record.channels) for record in self.market.records), PER_SOCKET)
        self.assertLessEqual(max(len(record.received) for record in self.market.records), PER_SOCKET)

    def _holes(self, channel):
        numbers = self.numbers(channel)
        return [(a, b) for a, b in zip(numbers, numbers[1:]) if b != a + 1]

    def test_the_pool_has_as_many_sockets_as_it_needs(self):
        self._start()
        self.assertEqual(sorted(len(record.channels) for record in self.market.open_records()), [5, 10, 10, 10])
        status = self.status()
        self.assertEqual(sorted(socket.subscriptions for socket in status.sockets), [5, 10, 10, 10])
        self.assertEqual([socket.shard for socket in status.sockets], [0, 1, 2, 3])
        self.flow(RATE // 2)
        last = self.finish()
        for channel in CHANNELS:
            numbers = self.numbers(channel)
            self.assertEqual(numbers, list(range(numbers[0], last[channel] + 1)))
        self._assert_limit_kept()
        self.assert_whole(self.seen)

    def test_a_socket_that_dies_concerns_its_own_topics_only(self):
        self._start()
        victim = self.market.open_records()[1]
        its_own = set(victim.channels)
        self.market.terminate(victim)
        self.wait(lambda: len(self.market.open_records()) == 4 and self.status().ready, "the return of the socket")
        self.wait(lambda: all(self.gaps(name) for name in its_own), "the gap of each of its topics")
        self.flow(RATE // 5)
        self.finish()
        for channel in CHANNELS:
            events = [m.body.state for m in self.seen.of(topic_of(channel), stream_pb2.KIND_STATE)]
            if channel not in its_own:
                self.assertEqual((self._holes(channel), self.gaps(channel)), ([], []), channel)
                self.assertNotIn(DISCONNECTED, events, channel)
                continue
            self.assertEqual(events[-2:], [DISCONNECTED, CONNECTED], channel)
            self.assertEqual(len(self.gaps(channel)), 1)
            gap = self.gaps(channel)[0].body
            self.assertEqual(gap.reason, stream_pb2.CAUSE_CONNECTION_LOST)
            told = [(gap.venue_sequence_before, gap.venue_sequence_after)] if gap.count else []
            self.assertEqual(told, self._holes(channel))
        lost = [event for event in self.seen.states(STATE) if event.cause == stream_pb2.CAUSE_CONNECTION_LOST]
        self.assertEqual([(e.state, e.previous, e.sockets_connected) for e in lost], [(CONNECTED, CONNECTED, 3)])
        self.assert_whole(self.seen)
        self._assert_limit_kept()

    def test_subscribing_grows_the_pool_and_unsubscribing_shrinks_it(self):
        self._start()
        more = [f"sub d{n}" for n in range(10)]
        ask = self.sidecar_.control
        self.assertEqual(ask("subscribe", connection="venue", channels=more).code, control_pb2.CODE_OK)
        self.wait_sockets(5)
        self.wait(lambda: len(self._at_venue()) == 45, "45 subscriptions at the venue")
        self._assert_limit_kept()
        placed = {name: record for record in self.market.open_records() for name in record.channels}
        last_socket = placed["d9"]
        alone = [f"sub {name}" for name in last_socket.channels]
        self.assertEqual(ask("unsubscribe", connection="venue", channels=alone).code, control_pb2.CODE_OK)
        wait_until(lambda: last_socket.closed, "the end of the socket that carries nothing")
        self.assertEqual(len(self.sockets()), 4)
        pool = [event for event in self.seen.states(STATE) if event.state == DISCONNECTED]
        self.assertEqual(pool, [])
        self.finish()
        for channel in set(CHANNELS) - set(last_socket.channels):
            self.assertEqual((self._holes(channel), self.gaps(channel)), ([], []), channel)

    def test_the_pool_rotates_without_a_gap(self):
        self._start()
        self.assertEqual(self.sidecar_.control("rotate", connection="venue").code, control_pb2.CODE_OK)
        self.wait(lambda: self.status().rotations == 4, "four rotations")
        self.flow(RATE // 5)
        last = self.finish()
        for channel in CHANNELS:
            numbers = self.numbers(channel)
            self.assertEqual(numbers, list(range(numbers[0], last[channel] + 1)), channel)
            self.assertEqual(self.gaps(channel), [])
        self._assert_limit_kept()

    def test_redundant_shards(self):
        self.start(CHANNELS, topics_per_socket=PER_SOCKET, legs=2, sockets=8)
        self.wait(lambda: len(self._at_venue()) == 70, "each subscription twice at the venue")
        self.flow(RATE // 2)
        before = len(self.seen.states(STATE))
        self.market.terminate(self.market.open_records()[0])
        self.wait(lambda: len(self.market.open_records()) == 8 and self.status().ready, "the return of the leg")
        self.flow(RATE // 2)
        last = self.finish()
        for channel in CHANNELS:
            numbers = self.numbers(channel)
            self.assertEqual(numbers, list(range(numbers[0], last[channel] + 1)), channel)
            self.assertEqual(self.gaps(channel), [])
        self.assertEqual({event.state for event in self.seen.states(STATE)[before:]}, {CONNECTED})


if __name__ == "__main__":
    unittest.main(verbosity=2)
