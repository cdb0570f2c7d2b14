"""Redundant legs: two sockets carry the same, and the death of either costs nothing."""

import os
import time
import unittest

from fairlead.v1 import stream_pb2
from market_test import CONNECTED, QUICK, RATE, STATE, MarketTest
from node_venue import NodeVenue
from waiting import PATIENCE, SANITIZED

LONG = os.environ.get("FAIRLEAD_LONG") == "1"
SECONDS = 60 if LONG else 10
CHANNELS = ["c0", "c1", "c2"]
DELAY_MS = 200 if SANITIZED else 50


class LegsTest(MarketTest):
    def _leg(self, number):
        return next((socket for socket in self.sockets() if socket.leg == number), None)

    @staticmethod
    def _is_newer(leg, session):
        return leg is not None and leg.session > session

    def _record_of(self, leg):
        """The venue's side of a leg: each prefers a path of its own."""
        return next(record for record in self.market.open_records() if record.path.startswith(f"/{leg}"))

    def _start_two(self, first="", second="", **keys):
        venue = self.venue(NodeVenue)
        urls = [venue.url(f"/0{first}"), venue.url(f"/1{second}")]
        keys.setdefault("network", {**QUICK, "max_consecutive_failures": 1000})  # each stays with its path
        return self.start(CHANNELS, venue, urls=urls, legs=2, **keys)

    def _kill_alternately(self, seconds):
        """Returns how many times a leg was killed, about once a second: each time both carry everything again."""
        deaths = 0
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            leg = deaths % 2
            session = self._leg(leg).session
            self.market.terminate(self._record_of(leg))
            deaths += 1

            def is_back(leg=leg, session=session):
                socket = self._leg(leg)
                return socket and socket.session > session

            self.wait(is_back, f"leg {leg} after its death {deaths}")
            self.flow(RATE * 3 // 4)
        return deaths

    def _assert_told(self, edges, deaths):
        """The state topic tells each death and each return, of a connection that stays connected."""
        lost = [event for event in edges if event.sockets_connected == 1]
        back = [event for event in edges if event.sockets_connected == 2]
        self.assertEqual([event.leg for event in lost], [n % 2 for n in range(deaths)])
        self.assertEqual([event.leg for event in back], [n % 2 for n in range(deaths)])
        for event in lost + back:
            self.assertEqual((event.state, event.previous, event.sockets), (CONNECTED, CONNECTED, 2))
        self.assertEqual({event.cause for event in lost}, {stream_pb2.CAUSE_CONNECTION_LOST})

    def test_either_leg_dies_in_turn_and_nothing_is_lost(self):
        self._start_two()
        before = len(self.seen.states(STATE))
        deaths = self._kill_alternately(SECONDS)
        self.assertGreaterEqual(deaths, SECONDS // (2 * PATIENCE) if SANITIZED else SECONDS // 2)
        last = self.assert_nothing_lost()
        self.assertEqual(self.status().messages, sum(last.values()))
        self._assert_told(self.seen.states(STATE)[before:], deaths)

    def test_copies_that_differ_in_their_stamps_are_the_same(self):
        self._start_two("?stamp", "?stamp")
        self._kill_alternately(2)
        self.assert_nothing_lost()

    def test_identical_copies_need_no_pointers(self):
        self._start_two(dedupe=[])
        self._kill_alternately(2)
        self.assert_nothing_lost()

    def test_without_venue_numbers_it_is_the_same(self):
        self._start_two(sequence={})
        self._kill_alternately(2)
        self.assert_nothing_lost()

    def test_wins_and_losses_add_up(self):
        self._start_two()
        self.flow(RATE)
        last = self.assert_nothing_lost()
        sent = sum(last.values())
        status = self.status()
        self.assertEqual(sum(socket.wins for socket in status.sockets), sent)
        self.assertEqual(sum(socket.losses for socket in status.sockets), sent)
        self.assertEqual([socket.wins + socket.losses for socket in status.sockets], [sent, sent])
        self.assertEqual(status.duplicates_dropped, sent)
        self.assertEqual((status.venue_gaps, status.venue_repeats, status.venue_out_of_order), (0, 0, 0))

    def test_a_leg_that_lags_behind_loses_and_costs_nothing(self):
        self._start_two(second=f"?delay={DELAY_MS}")
        self.flow(RATE)
        last = self.assert_nothing_lost()
        self.wait(lambda: self._leg(1).losses + self._leg(1).wins == sum(last.values()), "the last late copies")
        quick, slow = self._leg(0), self._leg(1)
        self.assertEqual(quick.wins + slow.wins, sum(last.values()), f"{quick} {slow}")
        self.assertEqual(slow.wins + slow.losses, sum(last.values()))
        self.assertLess(slow.wins, 0.1 * sum(last.values()))
        self.assertGreater(slow.mean_delay_us, 500 * DELAY_MS)

    def test_the_quick_leg_of_two_dies(self):
        """The messages that were on their way on the slow one are not missing."""
        self._start_two(second=f"?delay={DELAY_MS}")
        for death in range(3):
            session = self._leg(0).session
            self.flow(RATE // 2)
            self.market.terminate(self._record_of(0))
            self.wait(lambda session=session: self._is_newer(self._leg(0), session), f"return {death}")
        self.flow(RATE // 2)
        self.assert_nothing_lost()

    def test_both_legs_away_is_an_outage(self):
        self._start_two()
        self.flow(100)
        for record in self.market.open_records():
            self.market.terminate(record)
        self.wait_sockets(2)
        self.flow(100)
        self.finish()
        for channel in CHANNELS:
            events = [m.body for m in self.seen.of(f"data/venue/{channel}/", stream_pb2.KIND_STATE)]
            self.assertEqual([event.state for event in events[-2:]],
                             [stream_pb2.CONNECTION_STATE_DISCONNECTED, CONNECTED])  # fmt: skip
            numbers = self.numbers(channel)
            holes = [(a, b) for a, b in zip(numbers, numbers[1:]) if b != a + 1]
            gaps = [m.body for m in self.gaps(channel)]
            self.assertEqual([(g.venue_sequence_before, g.venue_sequence_after) for g in gaps if g.count], holes)
            self.assertEqual([b - a - 1 for a, b in holes], [gap.count for gap in gaps if gap.count])
            self.assertEqual(len(gaps), 1)
        self.assert_whole(self.seen)


if __name__ == "__main__":
    unittest.main(verbosity=2)
