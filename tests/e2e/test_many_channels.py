"""Two thousand channels at a venue that allows little: 200 on a socket, 20 in a message, 5 messages a second. Who breaks a
limit is refused and told by the venue itself."""

import unittest

from profile_test import ProfileTest
from profile_venue import ProfileVenue
from waiting import SANITIZED

COUNT = 400 if SANITIZED else 2_000
PER_SOCKET = 200
TOPICS = [f"c{n}" for n in range(COUNT)]
KEY = "k3y-of-the-many"


class ManyChannelsTest(ProfileTest):
    def _wait_all(self, sockets):
        self.wait(lambda: len(self.market.open_topics()) == COUNT, "every topic at the venue", 30)
        self.wait(lambda: self.status().ready, "ready", 30)
        self.wait_flowing(TOPICS, 30)
        self.assertEqual(sorted(self.market.open_topics()), sorted(TOPICS))
        self.assertEqual(len(self.market.open_records()), sockets)
        self.assertEqual(self.market.violations, [])

    def _assert_told(self):
        """By fairleadctl, as a program would read it."""
        told = self.subscriptions()
        self.assertEqual(set(told), set(TOPICS))
        self.assertEqual({one["state"] for one in told.values()}, {"SUBSCRIPTION_STATE_FLOWING"})
        return told

    def test_they_come_up_and_come_back_within_the_limits(self):
        sockets = COUNT // PER_SOCKET
        venue = self.venue(ProfileVenue, per_second=5, per_message=20, per_socket=PER_SOCKET, interval=1)
        self.start(TOPICS, venue, {"batch": 20, "limits": 'messages = "5/1s"'}, url=venue.url("/?key=${env:MANY_KEY}"),
                   settings={"log": {"level": "debug"}}, environment={"MANY_KEY": KEY},
                   topics_per_socket=PER_SOCKET)  # fmt: skip
        self._wait_all(sockets)
        first = self._assert_told()
        self.assertEqual({int(one["times_sent"]) for one in first.values()}, {1})
        before = len(venue.records)
        venue.kill()
        self.wait(lambda: not self.status().ready, "the loss")
        venue.restart()
        self._wait_all(sockets)
        second = self._assert_told()
        self.assertEqual({int(one["times_sent"]) for one in second.values()}, {2})
        self.assertEqual(len(venue.records), before + sockets)
        for record in venue.records:
            self.assertEqual(len(record.requests), PER_SOCKET // 20)
            self.assertIn(KEY, record.path)
        self.assert_whole(self.seen)
        surfaces = [self.ctl("--json", name).stdout for name in ("status", "connections", "subscriptions", "config")]
        surfaces += [self.sidecar_.log(), repr(self.seen.messages[-1000:])]
        for text in surfaces:
            self.assertTrue(text)
            self.assertNotIn(KEY, text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
