"""What venues do wrong once a connection stands: silence, refusals, late answers, floods. Twelve faults, of which the
others are in test_venue_faults2.py."""

import threading
import unittest

from fairlead.v1 import control_pb2, stream_pb2
from profile_test import DISCONNECTED, QUICK, ProfileTest
from profile_venue import HEARTBEAT, ProfileVenue

TOPICS = [f"t{n}" for n in range(6)]
FIFTY = [f"t{n}" for n in range(50)]


class SilenceTest(ProfileTest):
    def test_one_channel_is_acknowledged_and_silent_while_its_siblings_flow(self):
        """It is told, subscribed anew, and when that does not help the socket is replaced."""
        venue = self.venue(ProfileVenue)
        venue.mute = lambda record, topic: topic == "t3" and record is venue.records[0] and len(self.numbers("t3")) > 5
        self.start(TOPICS, venue, channel_stale_after="1s", rotation={"overlap": "200ms"})
        self.wait(lambda: self.status().rotations == 1, "the rotation", 20)
        first = venue.records[0]
        self.assertEqual([op for op, topics, _ in first.requests if topics == ["t3"]], ["unsub", "sub"])
        self.wait_flowing(TOPICS)
        states = [state for state, _ in self.told("t3")]
        self.assertEqual((states[0], states[-1]), ("stale", "flowing"), states)
        self.assertIn("others are not", self.told("t3")[0][1])
        self.assertEqual([name for name in TOPICS if name != "t3" and self.told(name)], [])
        log = self.sidecar_.log()
        self.assertLess(log.index("repair_resubscribe"), log.index("repair_rotate"))
        self.assertEqual(len(self.events(stream_pb2.CAUSE_STALE)), 1)
        self.assertEqual(self.losses(), [])
        for name in TOPICS:
            if name != "t3":
                self.assert_contiguous(name)
        self.assert_whole(self.seen)

    def test_one_channel_is_acknowledged_and_never_brings_anything(self):
        """From its first acknowledgement on, while its siblings flow: the same repairs, in the same order."""
        venue = self.venue(ProfileVenue)
        venue.mute = lambda record, topic: topic == "t3" and record is venue.records[0]
        self.start(TOPICS, venue, channel_stale_after="1s", rotation={"overlap": "200ms"})
        self.wait(lambda: self.states().get("t3") == "acknowledged", "the acknowledgement")
        self.wait(lambda: self.status().rotations == 1, "the rotation", 20)
        self.assertEqual([op for op, topics, _ in venue.records[0].requests if topics == ["t3"]], ["unsub", "sub"])
        self.wait_flowing(TOPICS)
        states = [state for state, _ in self.told("t3")]
        self.assertEqual((states[0], states[-1]), ("stale", "flowing"), states)
        self.assertEqual(self.losses(), [])
        for name in TOPICS:
            if name != "t3":
                self.assert_contiguous(name)

    def test_signs_of_life_without_data_are_no_life(self):
        """Pings, pongs, answers and heartbeats go on; data does not."""
        venue = self.venue(ProfileVenue)
        self.start(TOPICS, venue, {"tables": HEARTBEAT}, stale_after="2s",
                   network={**QUICK, "ping_interval": "300ms", "pong_timeout": "300ms"})  # fmt: skip
        self.wait_flowing(TOPICS)
        first = venue.records[0]
        venue.flood = 1
        venue.mute = lambda record, topic: record is first
        pings = first.pings

        def life():
            venue.send_all('{"event":"alive"}')
            venue.send_all('{"event":"ack","id":1}')
            return self.losses()

        self.wait(life, "the end of the connection")
        self.assertEqual([event.cause for event in self.losses()], [stream_pb2.CAUSE_STALE])
        self.assertGreater(first.pings, pings)
        self.assertGreater(first.pongs, 10)
        self.assertIn("ping", [op for op, _, _ in first.requests])
        self.wait_flowing(TOPICS)
        self.assertEqual(len(venue.records), 2)


class RefusalTest(ProfileTest):
    def _one_is_refused(self, refuses, detail, dialect=None, **limits):
        venue = self.venue(ProfileVenue, per_message=50, **limits)
        venue.refused, venue.refuses = {"t17"}, refuses
        self.start(FIFTY, venue, {"batch": 50, **(dialect or {})}, late=True)
        good = [name for name in FIFTY if name != "t17"]
        self.wait_flowing(good, 20)
        self.wait(lambda: self.states()["t17"] == "rejected", "the refusal")
        entry = self.subscriptions()["t17"]
        self.assertIn(detail, entry["detail"])
        self.assertGreater(int(entry["retry_in_ms"]), 0)
        self.wait(lambda: self.told("t17"), "the refusal on the stream")
        self.assertEqual(self.told("t17")[-1][0], "rejected")
        self.assertIn(detail, self.told("t17")[-1][1])
        self.assertEqual([name for name in good if self.told(name)], [])
        self.assertEqual((venue.violations, len(venue.records)), ([], 1))
        self.assertTrue(self.status().ready)
        return venue.records[0].subscribed()

    def test_one_of_fifty_is_refused_by_name(self):
        self.assertEqual(self._one_is_refused("named", "there is no t17"), [FIFTY])

    def test_one_of_fifty_is_missing_in_the_list_of_the_accepted(self):
        self.assertEqual(self._one_is_refused("listed", "not among the accepted"), [FIFTY])

    def test_a_batch_is_refused_without_naming_the_culprit(self):
        sent = self._one_is_refused("whole", "one of them is wrong", {"limits": 'messages = "5/1s"'}, per_second=5)
        self.assertEqual(sent[0], FIFTY)
        self.assertEqual([topics for topics in sent if len(topics) == 1 and "t17" in topics], [["t17"]])
        self.assertLessEqual(len(sent), 13)  # two for each time that fifty can be halved
        for name in FIFTY:
            self.assertLessEqual(sum(name in topics for topics in sent), 7, name)

    def test_the_refusal_holds_on_the_next_socket(self):
        """It is not tried with every connection."""
        self._one_is_refused("named", "there is no t17")
        self.market.drop_all()
        self.wait(lambda: len(self.market.records) == 2 and self.status().ready, "the return")
        self.wait_flowing([name for name in FIFTY if name != "t17"])
        self.assertNotIn("t17", self.market.records[1].topics)
        self.assertNotIn("t17", sum(self.market.records[1].subscribed(), []))


class LateAnswerTest(ProfileTest):
    def _in_the_background(self, command, topics):
        """A command whose answer waits for the venue's."""
        thread = threading.Thread(
            target=self.sidecar_.control, args=(command,), kwargs={"connection": "venue", "channels": topics, "seconds": 20})
        thread.start()
        self.addCleanup(thread.join)

    def _requests(self):
        return [(op, topics) for op, topics, _ in self.market.records[0].requests]

    def _wait_requests(self, count):
        self.wait(lambda: len(self._requests()) >= count, f"{count} requests")
        return self._requests()

    def test_unsubscribed_and_subscribed_again_before_the_answers(self):
        """One request of a topic is under way at a time, and the last wish wins."""
        venue, _ = self.start(["a"])
        self.wait_flowing(["a"])
        venue.hold = True
        self._in_the_background("subscribe", ["b"])
        self.assertEqual(self._wait_requests(2)[1:], [("sub", ["b"])])
        self.assertEqual(self.sidecar_.control("unsubscribe", connection="venue", channels=["b"]).code, control_pb2.CODE_OK)
        self.assertNotIn("b", self.states())
        venue.release()  # yes to what nobody wants any more
        self.assertEqual(self._wait_requests(3)[2:], [("unsub", ["b"])])
        self._in_the_background("subscribe", ["b"])
        self.wait(lambda: "b" in self.states(), "the wish")
        self.assertEqual(len(self._requests()), 3)
        venue.release()  # yes to the unsubscription
        self.assertEqual(self._wait_requests(4)[3:], [("sub", ["b"])])
        venue.release()
        self.wait_flowing(["a", "b"])
        self.assertEqual((len(self._requests()), venue.open_topics()), (4, ["a", "b"]))

    def test_an_answer_that_comes_after_its_time(self):
        """The request is repeated meanwhile; a late yes is a yes."""
        venue = self.venue(ProfileVenue)
        venue.hold = True
        venue.mute = lambda record, topic: True
        self.start(["a"], venue, {"ack_timeout": "1s"})
        requests = self._wait_requests(2)
        self.assertEqual(requests[:2], [("sub", ["a"]), ("sub", ["a"])])
        venue.release()
        self.wait(lambda: self.states()["a"] == "acknowledged", "the late yes")
        venue.mute = lambda record, topic: False
        self.wait_flowing(["a"])
        self.assertEqual(venue.open_topics(), ["a"])
        self.assertEqual((self.losses(), len(venue.records)), ([], 1))

    def test_wishes_that_change_faster_than_the_venue_answers(self):
        venue, _ = self.start(["a"])
        self.wait_flowing(["a"])
        venue.hold = True
        for _ in range(20):
            self._in_the_background("subscribe", ["b"])
            self.wait(lambda: "b" in self.states(), "the wish")
            self.sidecar_.control("unsubscribe", connection="venue", channels=["b"])
        self.assertEqual(self._requests()[1:], [("sub", ["b"])])
        venue.hold = False
        venue.release()
        self.wait(lambda: self._requests()[-1] == ("unsub", ["b"]), "the unsubscription")
        self.wait(lambda: venue.open_topics() == ["a"], "the venue's answer")
        self.assertEqual(len(self._requests()), 3)


class DrainTest(ProfileTest):
    def test_a_venue_that_announces_its_end_is_left_before_it(self):
        venue, _ = self.start(TOPICS, rotation={"overlap": "200ms"})
        self.wait_flowing(TOPICS)
        venue.send_all('{"event":"drain"}')
        self.wait(lambda: self.status().rotations == 1, "the rotation")
        self.wait(lambda: len(venue.open_records()) == 1, "the end of the old socket")
        at = venue.n
        self.wait(lambda: all(self.numbers(name)[-1] > at + 5 for name in TOPICS), "more data")
        for name in TOPICS:
            self.assert_contiguous(name)
        self.assertEqual(len(self.events(stream_pb2.CAUSE_DRAIN)), 1)
        self.assertEqual([event for event in self.events() if event.state == DISCONNECTED], [])
        self.assertEqual(self.status().venue_gaps, 0)
        self.assertEqual([sorted(record.topics) for record in venue.records], [TOPICS, TOPICS])
        self.assert_whole(self.seen)


class ControlFrameTest(ProfileTest):
    LIMITS = {"limits": 'messages = "5/1s"\npings_count = true'}

    def test_hundreds_of_pings_in_a_second(self):
        """Each pong counts; the newest ping is answered when the limit allows it."""
        venue = self.venue(ProfileVenue, per_second=5, counts_pings=True)
        venue.flood = 20  # every 50 ms
        self.start(TOPICS, venue, {"batch": 6, **self.LIMITS})
        self.wait_flowing(TOPICS)
        record = venue.records[0]
        self.wait(lambda: record.pongs >= 4, "pongs", 20)
        self.assertEqual((venue.violations, len(venue.records), self.losses()), ([], 1, []))
        for name in TOPICS:
            self.assert_contiguous(name)

    def test_a_venue_that_counts_pings_and_pongs_as_messages(self):
        """A hundred topics, five in a message, and our own pings beside the venue's."""
        venue = self.venue(ProfileVenue, per_second=5, per_message=5, counts_pings=True)
        venue.flood = 1
        topics = [f"t{n}" for n in range(100)]
        self.start(topics, venue, {"batch": 5, "tables": HEARTBEAT, **self.LIMITS},
                   network={**QUICK, "ping_interval": "1500ms", "pong_timeout": "1500ms"})  # fmt: skip
        self.wait(lambda: venue.violations or len(venue.open_topics()) == 100, "every topic at the venue", 30)
        self.assertEqual(venue.violations, [])
        self.wait_flowing(topics)
        record = venue.records[0]
        pings = record.pings
        self.wait(lambda: record.pings >= pings + 3 or venue.violations, "our pings", 20)
        self.assertEqual((venue.violations, self.losses(), len(venue.records)), ([], [], 1))
        self.assertEqual(sorted(record.topics), sorted(topics))


if __name__ == "__main__":
    unittest.main(verbosity=2)
