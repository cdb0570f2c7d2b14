"""What a profile says of venues that are particular: numbers instead of channels, a welcome, heartbeats that ask, packed
messages, refusals of each kind, a silence that is the end."""

import gzip
import itertools
import json
import time
import unittest
import zlib

from fairlead.v1 import stream_pb2
from profile_test import QUICK, ProfileTest, topic_of
from profile_venue import ProfileVenue
from waiting import PATIENCE

TOPICS = ["a", "b", "c"]
WELCOME = '{"event":"welcome"}'


def rule(means, event, *keys, **fields):
    """A rule for messages of that event, whose further fields have these values."""
    tests = [f'{{ field = "/{name}", value = "{value}" }}' for name, value in {"event": event, **fields}.items()]
    return "\n".join(["[[messages]]", f'means = "{means}"', f"when = [{', '.join(tests)}]", *keys, ""])


def refusal(kind, reason):
    keys = (f'kind = "{kind}"', 'id = "/id"', 'topic = "/name"', 'reason = "/reason"')
    return rule("reject", "refused", *keys, reason=reason)


class ChannelNumberTest(ProfileTest):
    DIALECT = {
        "top": 'channel_id = "/number"',
        "tables": rule("ack", "numbered", 'id = "/id"', 'topic = "/name"', 'channel_id = "/number"'),
        "unsubscribe": '{"op":"unsub","number":{channel_id},"id":{id}}',
        "batch": 1,
    }

    def begin(self):
        """Each socket numbers the topics otherwise, and so that every number means another topic on the next one."""
        venue = self.venue(ProfileVenue)
        counts = {}

        def number_of(record, topic):
            socket = venue.records.index(record)
            counts[socket] = counts.get(socket, 0) + 1
            return (TOPICS.index(topic) + socket) % len(TOPICS) + 100 * (counts[socket] > len(TOPICS))

        venue.number_of = number_of
        self.start(TOPICS, venue, self.DIALECT, rotation={"overlap": "200ms"})
        self.wait_flowing(TOPICS)
        return venue

    def assert_sorted(self):
        """Each message is on the topic that it is of, and all have found one."""
        for name in TOPICS:
            of = {json.loads(text)["of"] for text in self.seen.data(topic_of(name))}
            self.assertEqual(of, {name})
        self.assertEqual(self.seen.data(topic_of("unrouted")), [])

    def wait_more(self, *topics):
        at = self.market.n
        self.wait(lambda: all(max(self.numbers(name), default=0) > at + 3 for name in topics), "more data")

    def test_the_same_number_is_another_topic_on_the_next_socket(self):
        venue = self.begin()
        venue.drop_all()
        self.wait(lambda: len(venue.records) == 2, "the return")
        self.wait_flowing(TOPICS)
        self.wait_more(*TOPICS)
        self.assertEqual(venue.records[0].numbers, {"a": 0, "b": 1, "c": 2})
        self.assertEqual(venue.records[1].numbers, {"a": 1, "b": 2, "c": 0})
        self.assert_sorted()
        self.assert_whole(self.seen)

    def test_two_sockets_at_once_have_numbers_of_their_own(self):
        venue = self.begin()
        self.sidecar_.control("rotate", connection="venue")
        self.wait(lambda: self.status().rotations == 1 and len(venue.open_records()) == 1, "the rotation")
        self.wait_more(*TOPICS)
        self.assert_sorted()
        for name in TOPICS:
            self.assert_contiguous(name)

    def test_a_topic_is_unsubscribed_by_its_number_and_gets_another_one(self):
        venue = self.begin()
        record = venue.records[0]
        self.sidecar_.control("unsubscribe", connection="venue", channels=["b"])
        self.wait(lambda: venue.open_topics() == ["a", "c"], "the unsubscription")
        self.assertEqual([(op, topics) for op, topics, _ in record.requests[3:]], [("unsub", ["b"])])
        before = len(self.numbers("b"))
        self.sidecar_.control("subscribe", connection="venue", channels=["b"])
        self.wait(lambda: len(self.numbers("b")) > before + 3, "more data")
        self.assertEqual(record.numbers, {"a": 0, "b": 101, "c": 2})
        self.wait_more(*TOPICS)
        self.assert_sorted()


class WelcomeTest(ProfileTest):
    def test_nothing_is_sent_before_the_venue_has_said_welcome(self):
        """Each time anew. Pongs go out meanwhile, so that what must not be sent could have been."""
        venue = self.venue(ProfileVenue)
        venue.flood = 1
        self.start(TOPICS, venue, {"top": "waits_for_ready = true", "tables": rule("ready", "welcome")})
        for count in (1, 2, 3):
            self.wait(lambda: len(venue.records) == count and venue.records[-1].pongs > 5, "pongs")
            record = venue.records[-1]
            self.assertEqual((record.requests, self.status().ready), ([], False))
            venue.send_all(WELCOME)
            self.wait_flowing(TOPICS)
            self.assertEqual(record.subscribed(), [TOPICS])
            venue.drop_all()


class AskingVenueTest(ProfileTest):
    ANSWER = """answer = '{"op":"alive","said":{field:/ask/number},"id":{id}}'"""
    DIALECT = {"tables": rule("heartbeat_request", "ask", ANSWER)}

    def test_every_question_for_a_sign_of_life_is_answered_with_what_it_asks_for(self):
        venue = self.venue(ProfileVenue)
        venue.asks = True
        self.start(TOPICS, venue, self.DIALECT)
        self.wait_flowing(TOPICS)
        record = venue.records[0]
        self.wait(lambda: len(record.told) >= 20, "answers")
        told = list(record.told)
        self.assertEqual(told, [number for _, number in record.asked][: len(told)])
        self.assertEqual((venue.violations, self.losses(), len(venue.records)), ([], [], 1))
        for name in TOPICS:
            self.assert_contiguous(name)

    def test_a_venue_that_asks_before_anything_is_subscribed_is_answered(self):
        venue = self.venue(ProfileVenue)
        venue.asks = True
        tables = self.DIALECT["tables"] + rule("ready", "welcome")
        self.start(TOPICS, venue, {"top": "waits_for_ready = true", "tables": tables})
        self.wait(lambda: venue.records and len(venue.records[0].told) >= 5, "answers")
        self.assertEqual(venue.records[0].subscribed(), [])
        venue.send_all(WELCOME)
        self.wait_flowing(TOPICS)


def packed(form):
    """`form` as in zlib's window bits: raw below 0, gzip above 15."""

    def pack(text):
        packer = zlib.compressobj(wbits=form)
        return packer.compress(text.encode()) + packer.flush()

    return pack


class PackedTest(ProfileTest):
    def _arrive_as_text(self, decode, *packs):
        venue = self.venue(ProfileVenue)
        turn = itertools.cycle(packs)
        venue.pack = lambda text: next(turn)(text)
        self.start(TOPICS, venue, {"top": f'decode = "{decode}"'})
        self.wait_flowing(TOPICS)
        self.wait(lambda: all(len(self.numbers(name)) > 10 for name in TOPICS), "data")
        for name in TOPICS:
            self.assert_contiguous(name)
        text = json.dumps({"topic": "a", "n": self.numbers("a")[0]}).encode()
        self.assertEqual(self.seen.data(topic_of("a"))[0], text)
        self.assertEqual(self.seen.data(topic_of("unrouted")), [])
        self.assertEqual((self.losses(), len(venue.records)), ([], 1))
        self.assert_whole(self.seen)
        return venue

    def test_gzip(self):
        self._arrive_as_text("gzip", lambda text: gzip.compress(text.encode()))

    def test_raw_deflate(self):
        self._arrive_as_text("deflate", packed(-zlib.MAX_WBITS))

    def test_sniffed_of_every_form(self):
        forms = [packed(-zlib.MAX_WBITS), packed(zlib.MAX_WBITS), packed(zlib.MAX_WBITS + 16)]
        self._arrive_as_text("sniff", *forms, str)

    def test_what_cannot_be_unpacked_ends_the_connection_and_no_more(self):
        venue = self._arrive_as_text("gzip", lambda text: gzip.compress(text.encode()))
        venue.send_all(b"\x1f\x8b\x08\x00 and no more of it")
        self.wait(self.losses, "the end of the connection")
        self.assertEqual([event.cause for event in self.losses()], [stream_pb2.CAUSE_PROTOCOL_ERROR])
        self.wait(lambda: len(venue.records) == 2, "the return")
        self.wait_flowing(TOPICS)


class AnswerKindTest(ProfileTest):
    def _begin_refused(self, kind, reason, topics):
        venue = self.venue(ProfileVenue)
        venue.refused, venue.excuse = {"a"}, reason
        self.start(topics, venue, {"tables": refusal(kind, reason)}, late=True)
        return venue

    def _requests_of(self, topic):
        return [op for record in self.market.records for op, topics, _ in record.requests if topic in topics]

    def test_too_fast_is_a_pause_and_no_refusal(self):
        """The venue means the pace, not the topic."""
        venue = self._begin_refused("rate", "slow down", TOPICS)
        self.wait(lambda: self._requests_of("a"), "the request")
        self.wait_flowing(["b", "c"])
        self.assertEqual(self.states()["a"], "pending")
        self.assertIn("slow down", self.subscriptions()["a"]["detail"])
        venue.refused = set()
        self.wait_flowing(TOPICS)
        self.assertEqual(self.told("a"), [])
        self.assertEqual((self.losses(), len(venue.records)), ([], 1))

    def test_not_now_is_asked_again_soon(self):
        venue = self._begin_refused("retryable", "busy", TOPICS)
        self.wait(lambda: len(self._requests_of("a")) == 2, "the second request")
        self.assertEqual((self.states()["a"], self.told("a")), ("pending", []))
        venue.refused = set()
        self.wait_flowing(TOPICS)
        self.assertEqual(self._requests_of("b"), ["sub"])

    def test_subscribed_already_is_as_good_as_a_yes(self):
        """The first answer was lost; the second is no."""
        venue = self.venue(ProfileVenue)
        venue.loses_answers = venue.refuses_twice = True
        venue.mute = lambda record, topic: True
        self.start(["a"], venue, {"tables": refusal("duplicate", "subscribed already"), "ack_timeout": "1s"}, late=True)
        self.wait(lambda: self._requests_of("a"), "the request")
        venue.loses_answers = False
        self.wait(lambda: self.states()["a"] == "acknowledged", "the answer that is as good as a yes")
        self.assertEqual(self._requests_of("a"), ["sub", "sub"])
        venue.mute = lambda record, topic: False
        self.wait_flowing(["a"])
        self.assertEqual(self.told("a"), [])


class SilenceTest(ProfileTest):
    def test_heartbeats_are_life_and_without_them_the_connection_is_dead(self):
        venue = self.venue(ProfileVenue)
        self.start(TOPICS, venue, {"tables": '[heartbeat]\nsilence = "1s"\n'},
                   network={**QUICK, "ping_interval": "300ms", "pong_timeout": "300ms"})  # fmt: skip
        self.wait_flowing(TOPICS)
        first = venue.records[0]
        venue.mute = lambda record, topic: record is first
        end = time.monotonic() + 2.5 * PATIENCE

        def lives():
            venue.send_all('{"event":"alive"}')
            return time.monotonic() > end

        self.wait(lives, "a time in which there are heartbeats only")
        self.assertEqual((self.losses(), first.closed), ([], False))
        pings = first.pings
        self.wait(self.losses, "the end of the connection")
        self.assertEqual([event.cause for event in self.losses()], [stream_pb2.CAUSE_VENUE_SILENT])
        self.assertGreater(first.pings, pings)  # pongs are no sign of life here
        self.wait_flowing(TOPICS)
        self.assertEqual(len(venue.records), 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
