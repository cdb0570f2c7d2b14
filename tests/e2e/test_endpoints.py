"""Several endpoints of one connection: which is used, when the next one is taken, and the way back."""

import json
import unittest

from fairlead.v1 import stream_pb2
from harness import FAIRLEADCTL, run_program
from market_test import CONNECTED, QUICK, STATE, MarketTest
from node_venue import NodeVenue
from waiting import PATIENCE

CHANNELS = ["c0", "c1"]
FAILURES = 3
BACK_S = 1 * PATIENCE


class EndpointsTest(MarketTest):
    def _start(self, order, **keys):
        """Two paths of one market stand for two endpoints: their messages are the same."""
        venue = self.venue(NodeVenue)
        network = {**QUICK, "max_consecutive_failures": FAILURES, "stable_after": "200ms"}
        return self.start(CHANNELS, venue, urls=[venue.url("/first"), venue.url("/second")], endpoints=order,
                          network=network, **keys)  # fmt: skip

    def _in_use(self):
        paths = [record.path for record in self.market.open_records()]
        return paths[0] if len(paths) == 1 else None

    def _wait_in_use(self, path, seconds=10):
        self.wait(lambda: self._in_use() == path and self.status().ready, f"{path} in use", seconds)
        self.assertTrue(self.status().url.endswith(path))

    def test_priority_fails_over_and_comes_back_without_a_gap(self):
        self._start("priority", fail_back_after=f"{BACK_S}s")
        self._wait_in_use("/first")
        self.flow(200)
        self.wait(self._is_stable, "a stable connection")
        self.market.refuse_path("/first", 503)
        self.market.terminate(self.market.open_records()[0])
        self._wait_in_use("/second")
        # An end of a stable connection is no failure of its endpoint; the refusals are.
        self.assertEqual(self.market.refused, FAILURES)
        self.flow(50)
        self.assertEqual(len(self.gaps("c0")), 1)

        # Each attempt to go back that is refused costs nothing.
        self.wait(lambda: self.market.refused > FAILURES, "an attempt to go back", 30)
        self.wait(lambda: self.status().rotations_failed >= 1, "its failure in the status")
        self.market.refuse_path("/first", 0)
        self._wait_in_use("/first", 30)
        told = [event for event in self.seen.states(STATE) if event.cause == stream_pb2.CAUSE_FAIL_BACK]
        self.assertEqual([(event.state, event.previous) for event in told], [(CONNECTED, CONNECTED)])
        self.flow(200)
        self.finish()
        for channel in CHANNELS:
            gaps = self.gaps(channel)
            self.assertEqual(len(gaps), 1, "the outage, and nothing at the way back")
            numbers = self.numbers(channel)
            holes = [(a, b) for a, b in zip(numbers, numbers[1:]) if b != a + 1]
            gap = gaps[0].body
            self.assertEqual([(gap.venue_sequence_before, gap.venue_sequence_after)] if gap.count else [], holes)
        self.assert_whole(self.seen)

    def _is_stable(self):
        """For longer than stable_after, as the status tells it."""
        return self.status().total_uptime_ms > 1000

    def test_round_robin_takes_turns(self):
        self._start("round_robin")
        for path in ("/first", "/second", "/first", "/second"):
            self._wait_in_use(path)
            self.flow(50)
            self.market.terminate(self.market.open_records()[0])
        self._wait_in_use("/first")
        self.flow(50)
        self.finish()
        self.assert_whole(self.seen)

    def test_rotations_take_turns_as_well(self):
        self._start("round_robin")
        for number, path in enumerate(("/second", "/first"), 1):
            self.assertEqual(self.sidecar_.control("rotate", connection="venue").code, 1)
            self.wait(lambda number=number: self.status().rotations == number, f"rotation {number}")
            self._wait_in_use(path)
        self.assert_nothing_lost()

    def test_the_endpoint_in_use_is_visible(self):
        self._start("round_robin")
        program = run_program(FAIRLEADCTL, "--control", self.sidecar_.control_endpoint, "--json", "connections")
        self.assertEqual(program.returncode, 0, program.stderr)
        self.assertIn("/first", program.stdout)
        self.assertIn(f"127.0.0.1:{self.market.port}", program.stdout)
        json.loads(program.stdout.splitlines()[0])
        self.market.terminate(self.market.open_records()[0])
        self._wait_in_use("/second")
        event = self.seen.wait_state("data/venue/c0/", CONNECTED)
        self.assertEqual(event.endpoint, f"127.0.0.1:{self.market.port}")
        socket = self.status().sockets[0]
        self.assertTrue(socket.url.endswith("/second"))
        program = run_program(FAIRLEADCTL, "--control", self.sidecar_.control_endpoint, "connections")
        self.assertIn("/second", program.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
