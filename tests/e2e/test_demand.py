"""On demand: what consumers ask for is subscribed at the venue, once for all of them, and released after a linger."""

import time
import unittest

from profile_test import ProfileTest, topic_of
from waiting import wait_until

LINGER = 0.5


class DemandTest(ProfileTest):
    def begin(self, topics=(), linger=LINGER):
        venue, _ = self.start(list(topics), on_demand=True, on_demand_linger=f"{int(1000 * linger)}ms")
        self.sidecar_.wait_connected("venue")
        return venue

    def wants(self, *topics):
        """A consumer of just these that has got something of each."""
        consumer = self.consumer(self.sidecar_, *[topic_of(name) for name in topics], wait=False)
        for name in topics:
            consumer.wait_data(topic_of(name), 1)
        return consumer

    def leave(self, consumer):
        """Until the sidecar has noticed it; returns when it began."""
        before, at = self._filters(), time.monotonic()
        consumer.close()
        wait_until(lambda: self._filters() < before, "the consumer's going")
        return at

    def wait_requests(self, *expected, record=0):
        """Exactly these, in order."""
        self.wait(lambda: len(self._requests(record)) >= len(expected), f"{len(expected)} requests")
        self.assertEqual(self._requests(record), list(expected))

    def _filters(self):
        return self.sidecar_.control("get_status").status.consumer_filters

    def _requests(self, record):
        return [(op, topics) for op, topics, _ in self.market.records[record].requests]

    def test_many_consumers_are_one_subscription(self):
        venue = self.begin()
        self.assertEqual(self._requests(0), [])
        first, second = self.wants("a"), self.wants("a")
        self.wait_requests(("sub", ["a"]))
        self.assertEqual(self.subscriptions()["a"]["wanted_by"], ["demand"])
        first.close()
        # What the first one's going would have released has been, when a topic that was left later is.
        self.leave(self.wants("b"))
        self.wait_requests(("sub", ["a"]), ("sub", ["b"]), ("unsub", ["b"]))
        at = venue.n
        self.wait(lambda: max(self.numbers("a"), default=0) > at, "more of what the other one wants")
        left = self.leave(second)
        self.wait_requests(("sub", ["a"]), ("sub", ["b"]), ("unsub", ["b"]), ("unsub", ["a"]))
        self.assertGreaterEqual(time.monotonic() - left, LINGER)
        self.wait(lambda: not self.states(), "the end of every subscription")
        self.assertEqual((len(venue.records), self.losses()), (1, []))
        self.assert_whole(self.seen)

    def test_who_returns_within_the_linger_costs_the_venue_nothing(self):
        self.begin(linger=2)
        consumer = self.wants("a")
        for _ in range(3):
            self.leave(consumer)
            self.assertEqual(list(self.states()), ["a"])
            consumer = self.wants("a")
        self.leave(self.wants("b"))
        self.wait_requests(("sub", ["a"]), ("sub", ["b"]), ("unsub", ["b"]))
        self.assert_contiguous("a")

    def test_what_the_configuration_wants_stays_when_consumers_have_gone(self):
        self.begin(["kept"])
        self.leave(self.wants("kept"))
        self.leave(self.wants("a"))
        self.wait_requests(("sub", ["kept"]), ("sub", ["a"]), ("unsub", ["a"]))
        self.assertEqual(self.subscriptions()["kept"]["wanted_by"], ["config"])

    def test_a_venue_that_restarts_is_asked_once_for_what_is_wanted_still(self):
        venue = self.begin()
        self.wants("a", "b")
        gone = self.wants("c")
        venue.kill()
        self.wait(self.losses, "the end of the connection")
        self.leave(gone)
        self.wait(lambda: sorted(self.states()) == ["a", "b"], "the release of what nobody wants any more")
        venue.restart()
        self.wait_flowing(["a", "b"])
        self.assertEqual(len(venue.records), 2)
        self.assertEqual({op for op, _, _ in venue.records[1].requests}, {"sub"})
        self.assertEqual(sorted(sum(venue.records[1].subscribed(), [])), ["a", "b"])

    def test_a_consumer_that_was_there_before_the_sidecar(self):
        venue = self.begin()
        self.sidecar_.stop()
        consumer = self.consumer(self.sidecar_, topic_of("a"), wait=False)
        self.sidecar_.start()
        consumer.wait_data(topic_of("a"), 3)
        self.wait_requests(("sub", ["a"]), record=1)
        self.assertEqual(venue.open_topics(), ["a"])

    def test_a_connection_that_is_not_on_demand_subscribes_nothing_for_consumers(self):
        self.start(["a"])
        self.wait_flowing(["a"])
        self.consumer(self.sidecar_, topic_of("b"))
        self.assertEqual(list(self.states()), ["a"])
        self.wait_requests(("sub", ["a"]))


if __name__ == "__main__":
    unittest.main(verbosity=2)
