"""Rotation: a socket is replaced by a new one while it still works, and consumers see neither a gap nor a duplicate."""

import unittest

from fairlead.v1 import control_pb2, stream_pb2
from market_test import CONNECTED, DISCONNECTED, QUICK, RATE, STATE, MarketTest, topic_of
from node_venue import NodeVenue
from waiting import SANITIZED

CHANNELS = ["c0", "c1", "c2"]
ROTATIONS = 10 if SANITIZED else 50
DRAIN = '{"event":"drain"}'


class RotationTest(MarketTest):
    def _rotate(self, command="rotate"):
        """By command, once the last one is long enough ago."""
        def ask():
            code = self.sidecar_.control(command, connection="venue").code
            self.assertIn(code, (control_pb2.CODE_OK, control_pb2.CODE_LIMITED))
            return code == control_pb2.CODE_OK

        self.wait(ask, "a rotation to be accepted")

    def _wait_rotations(self, count, seconds=10):
        self.wait(lambda: self.status().rotations >= count, f"{count} rotations", seconds)

    def _told(self, cause):
        return [m.body for m in self.seen.of(STATE, stream_pb2.KIND_STATE) if m.body.cause == cause]

    def test_many_rotations_under_load(self):
        self.start(CHANNELS)
        self.flow(100)
        self.market.fewest()
        for number in range(1, ROTATIONS + 1):
            self._rotate()
            self._wait_rotations(number)
        self.assertGreaterEqual(self.market.fewest(), 1)
        self.flow(100)
        last = self.assert_nothing_lost()
        status = self.status()
        self.assertEqual((status.rotations, status.rotations_failed), (ROTATIONS, 0))
        self.assertEqual(status.messages, sum(last.values()))
        self.assertEqual((status.session, len(self.market.records)), (ROTATIONS + 1, ROTATIONS + 1))
        self.assertEqual((status.venue_gaps, status.venue_repeats, status.venue_out_of_order), (0, 0, 0))
        self.assertEqual(len(self._told(stream_pb2.CAUSE_COMMAND)), ROTATIONS)
        self.wait(lambda: len(self.market.open_records()) == 1, "the end of the replaced sockets")
        # Closed in order; who still sends at that moment may see a reset before the close frame.
        codes = [record.close_code for record in self.market.records if record.closed]
        self.assertLessEqual(set(codes), {1000, 1006})
        self.assertGreater(codes.count(1000), ROTATIONS / 2)

    def test_identical_copies_need_no_pointers_and_no_numbers(self):
        self.start(CHANNELS, dedupe=[], sequence={})
        for number in range(1, 4):
            self._rotate()
            self._wait_rotations(number)
        self.assert_nothing_lost()

    def test_a_single_channel_rotates_as_well(self):
        """Nothing is read from the messages: their bytes are what is compared."""
        self.start(["c0"], channel=[], dedupe=[], sequence={})
        self.channels = []
        for number in range(1, 4):
            self._rotate()
            self._wait_rotations(number)
        last = self.market.stop_market()["c0"]
        self.wait(lambda: len(self.seen.data(topic_of("all"))) >= last, "the last message")
        numbers = [int(text.split(b'"n":')[1].split(b",")[0]) for text in self.seen.data(topic_of("all"))]
        self.assertEqual(numbers, list(range(1, last + 1)))
        self.assertEqual(self.gaps("all"), [])

    def test_the_new_socket_is_ahead_of_the_old_one(self):
        """It brings first what the old one has still to bring."""
        venue = self.venue(NodeVenue)
        self.start(CHANNELS, venue, urls=[venue.url("/?delay=200"), venue.url("/quick")], endpoints="round_robin")
        self.flow(RATE // 2)
        for number in range(1, 5):
            self._rotate()
            self._wait_rotations(number)
            self.flow(RATE // 2)
        self.assert_nothing_lost()

    def test_a_drain_notice_rotates(self):
        self.start(CHANNELS, drain={"field": "/event", "value": "drain"})
        self.flow(100)
        self.market.send_all(DRAIN)
        self._wait_rotations(1)
        self.flow(100)
        self.assertEqual(len(self._told(stream_pb2.CAUSE_DRAIN)), 1)
        self.assertEqual([m.payload.decode() for m in self.seen.messages if m.payload == DRAIN.encode()], [DRAIN])
        self.channels_data_only()

    def channels_data_only(self):
        """As assert_nothing_lost, of the numbered channels."""
        self.seen.messages = [m for m in self.seen.messages if "unrouted" not in m.topic]
        self.assert_nothing_lost()

    def test_age_rotates(self):
        self.start(CHANNELS, rotation={"max_age": "1s", "overlap": "400ms"})
        self._wait_rotations(3, seconds=20)
        self.wait(lambda: len(self._told(stream_pb2.CAUSE_AGE)) >= 3, "the third rotation in the stream")
        self.assert_nothing_lost()

    def test_a_soft_reconnect_is_a_rotation(self):
        self.start(CHANNELS)
        self._rotate("reconnect")
        self._wait_rotations(1)
        self.assert_nothing_lost()

    def test_a_hard_reconnect_is_an_outage(self):
        self.start(CHANNELS)
        self.flow(100)
        self.sidecar_.control("reconnect", connection="venue", hard=True)
        self.seen.wait_state(topic_of("c0"), DISCONNECTED)
        self.flow(100)
        self.finish()
        for channel in CHANNELS:
            numbers = self.numbers(channel)
            holes = [(a, b) for a, b in zip(numbers, numbers[1:]) if b != a + 1]
            self.assertEqual(len(self.gaps(channel)), 1)
            gap = self.gaps(channel)[0].body
            self.assertEqual(gap.reason, stream_pb2.CAUSE_COMMAND)
            self.assertEqual([(gap.venue_sequence_before, gap.venue_sequence_after)] if gap.count else [], holes)
        self.assertEqual(self.status().rotations, 0)
        self.assert_whole(self.seen)

    def test_a_new_socket_that_is_refused_leaves_the_old_one_in_use(self):
        self.start(CHANNELS)
        self.market.refuse(503)
        self._rotate()
        self.wait(lambda: self.status().rotations_failed == 1, "the rotation to be abandoned")
        self.flow(RATE // 2)
        status = self.status()
        self.assertEqual((status.rotations, status.session, status.status), (0, 1, CONNECTED))
        self.assertEqual(self.market.refused, 1)
        self.market.refuse(0)
        self._rotate()
        self._wait_rotations(1)
        self.assert_nothing_lost()

    def test_the_old_socket_dies_while_the_new_one_takes_over(self):
        """What the new one had not shown before is told as a gap, or is proved not to be missing."""
        self.start(CHANNELS)
        for number in range(1, 6):
            old = self.market.open_records()[-1]
            self._rotate()
            self.wait(lambda: len(self.sockets()) == 2, "both sockets", 10)
            self.market.terminate(old)
            self.wait(lambda number=number: len(self.market.open_records()) == 1 and self.status().ready, "one socket")
            self.flow(RATE // 5)
        self.finish()
        for channel in CHANNELS:
            numbers = self.numbers(channel)
            holes = [(a, b) for a, b in zip(numbers, numbers[1:]) if b != a + 1]
            told = [(gap.body.venue_sequence_before, gap.body.venue_sequence_after) for gap in self.gaps(channel)]
            self.assertLessEqual(set(holes), set(told), "every hole is told")
        self.assert_whole(self.seen)

    def test_a_topic_that_never_flows_on_the_new_socket_is_given_up(self):
        self.start(CHANNELS, rotation={"overlap": "1s"})
        self.flow(RATE // 5)
        self.market.withhold("c2")
        self._rotate()
        self._wait_rotations(1)
        ended_at = self.numbers("c2")[-1]
        self.market.withhold()
        self._rotate()
        self._wait_rotations(2)
        self.flow(RATE // 5)
        self.finish()
        self.wait(lambda: self.gaps("c2"), "the gap of the topic that was given up")
        gap = self.gaps("c2")[0].body
        self.assertEqual((gap.cause, gap.reason), (stream_pb2.GAP_CAUSE_UPSTREAM, stream_pb2.CAUSE_ROTATION))
        self.assertGreaterEqual(gap.venue_sequence_before, ended_at)
        self.assertEqual(gap.count, gap.venue_sequence_after - gap.venue_sequence_before - 1)
        numbers = self.numbers("c2")
        holes = [(a, b) for a, b in zip(numbers, numbers[1:]) if b != a + 1]
        self.assertEqual(holes, [(gap.venue_sequence_before, gap.venue_sequence_after)])
        for channel in ("c0", "c1"):
            self.assertEqual(self.gaps(channel), [])
            self.assertEqual(self.numbers(channel), list(range(1, self.numbers(channel)[-1] + 1)))
        self.assert_whole(self.seen)

    def test_rotating_both_legs(self):
        self.start(CHANNELS, legs=2)
        for number in (2, 4, 6):
            self._rotate()
            self._wait_rotations(number)
        self.assert_nothing_lost()

    def test_nothing_to_rotate_and_too_often(self):
        self.start(CHANNELS, network={**QUICK, "initial_delay": "10s", "max_delay": "10s"})
        ask = self.sidecar_.control
        self.assertEqual(ask("rotate", connection="venue").code, control_pb2.CODE_OK)
        self._wait_rotations(1)
        self.assertEqual(ask("rotate", connection="venue").code, control_pb2.CODE_LIMITED)
        ask("pause", connection="venue")
        self.assertEqual(ask("rotate", connection="venue").code, control_pb2.CODE_UNAVAILABLE)
        self.assertEqual(ask("rotate", connection="nobody").code, control_pb2.CODE_NOT_FOUND)


if __name__ == "__main__":
    unittest.main(verbosity=2)
