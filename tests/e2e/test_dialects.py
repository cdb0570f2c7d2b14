"""The shipped profiles against a venue that speaks the same ones, turned round: both ends of the conversation are the
programs that people run, only the address is another."""

import json
import os
import unittest

from fairlead.v1 import control_pb2, stream_pb2
from harness import FAIRLEAD, SidecarTest, run_program
from simulator import Simulator
from waiting import wait_until

DISCONNECTED = stream_pb2.CONNECTION_STATE_DISCONNECTED
QUICK = {"initial_delay": "100ms", "max_delay": "100ms", "max_retries": 0}
ROTATION = {"overlap": "1s"}
FAST = "rate = 100\nsymbols = ['btcusdt', 'ethusdt']\n"


class Dialect:
    """`topics` are two streams whose messages are numbered, by number(); `beats`: the client speaks a heartbeat."""

    def __init__(self, profile, topics, refused, number, beats=False, drains=True):
        self.profile, self.topics, self.refused, self.number = profile, topics, refused, number
        self.beats, self.drains = beats, drains


DIALECTS = (
    Dialect("binance-spot", ["btcusdt@trade", "ethusdt@trade"], "btcusdt@bookTicker",
            lambda text: json.loads(text)["data"]["t"]),
    Dialect("okx", ["trades:BTC-USDT", "books:ETH-USDT"], "books:BTC-USDT",
            lambda text: int(json.loads(text)["data"][0].get("tradeId") or json.loads(text)["data"][0]["seqId"]),
            beats=True),
    Dialect("bybit", ["orderbook.50.BTCUSDT", "orderbook.1.ETHUSDT"], "orderbook.50.ETHUSDT",
            lambda text: json.loads(text)["data"]["u"], beats=True, drains=False),
)  # fmt: skip
BEATING = [dialect for dialect in DIALECTS if dialect.beats]


def topic_of(channel):
    return f"data/venue/{channel}/"


class DialectTest(SidecarTest):
    def run_each(self, check, dialects=DIALECTS):
        for dialect in dialects:
            with self.subTest(dialect.profile):
                check(dialect)

    def start(self, dialect, scenario="", profile="", topics=None, **keys):
        """The venue, the sidecar with its profile, and a consumer."""
        venue = self.venue(Simulator, self.directory, dialect.profile, FAST + scenario)
        connection = {"profile": profile or dialect.profile, "url": venue.url, "network": QUICK,
                      "subscriptions": dialect.topics if topics is None else topics, **keys}  # fmt: skip
        settings = {"profiles": {"dir": self.directory}} if profile else None
        sidecar = self.sidecar({"venue": connection}, settings)
        return venue, sidecar, self.consumer(sidecar, "data/")

    def states(self, sidecar):
        listed = sidecar.control("list_subscriptions", connection="venue").subscriptions.subscriptions
        return {one.channel: one for one in listed}

    def wait_state(self, sidecar, topic, state, seconds=10):
        name = stream_pb2.SubscriptionState.Name(state)
        return wait_until(lambda: topic in self.states(sidecar) and self.states(sidecar)[topic].state == state,
                          lambda: f"{topic} {name}; there are {self.states(sidecar)}", seconds, interval=0.05)  # fmt: skip

    def assert_unbroken(self, dialect, consumer, topics=None):
        """No number of the venue is missing or comes twice, from the first to the last that has arrived."""
        topics = topics or dialect.topics
        for topic in topics:
            numbers = [dialect.number(text) for text in consumer.data(topic_of(topic))]
            self.assertGreater(len(numbers), 0, topic)
            self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))), topic)
            self.assertEqual(consumer.of(topic_of(topic), stream_pb2.KIND_GAP), [])
        self.assert_whole(consumer)

    def test_subscriptions_flow_and_can_be_taken_back(self):
        def check(dialect):
            _, sidecar, consumer = self.start(dialect)
            first, second = dialect.topics
            for topic in dialect.topics:
                consumer.wait_data(topic_of(topic), 20)
                self.wait_state(sidecar, topic, stream_pb2.SUBSCRIPTION_STATE_FLOWING)
            self.assertEqual(sidecar.control("unsubscribe", connection="venue", channels=[second]).code,
                             control_pb2.CODE_OK)  # fmt: skip
            wait_until(lambda: second not in self.states(sidecar), "the end of a subscription", pump=consumer.pump)
            self._wait_quiet(consumer, first, second)
            self.assertEqual(sidecar.control("subscribe", connection="venue", channels=[second]).code,
                             control_pb2.CODE_OK)  # fmt: skip
            count = len(consumer.data(topic_of(second)))
            consumer.wait_data(topic_of(second), count + 20)
            self.assert_unbroken(dialect, consumer, [first])
            self.assertEqual(sidecar.control.status("venue").session, 1)

        self.run_each(check)

    def _wait_quiet(self, consumer, flowing, ended):
        """Until 50 messages of one stream have passed without any of the other, which would bring as many."""
        def is_quiet():
            before = len(consumer.data(topic_of(ended)))
            consumer.wait_data(topic_of(flowing), len(consumer.data(topic_of(flowing))) + 50)
            return len(consumer.data(topic_of(ended))) == before

        wait_until(is_quiet, f"silence of {ended}")

    def _own_profile(self, dialect, heartbeat):
        with open(os.path.join(self.directory, "own.toml"), "w", encoding="utf-8") as file:
            file.write(f'extends = "{dialect.profile}"\n[heartbeat]\n{heartbeat}\n')
        return "own"

    def test_the_heartbeat_is_answered(self):
        def check(dialect):
            own = self._own_profile(dialect, 'interval = "300ms"\ntimeout = "250ms"')
            _, sidecar, consumer = self.start(dialect, profile=own)
            topic = dialect.topics[0]
            consumer.wait_data(topic_of(topic), 200)  # two seconds: six heartbeats
            status = sidecar.control.status("venue")
            self.assertEqual(status.session, 1)
            self.assertEqual([s for s in consumer.states("state/venue/") if s.state == DISCONNECTED], [])
            self.assert_unbroken(dialect, consumer)

        self.run_each(check, BEATING)

    def test_a_heartbeat_that_is_not_understood_ends_the_connection(self):
        """The counterpart: that the answers count is seen where they are missing."""
        def check(dialect):
            own = self._own_profile(dialect, 'text = "nonsense"\ninterval = "300ms"\ntimeout = "250ms"')
            _, sidecar, consumer = self.start(dialect, profile=own)
            consumer.wait_state(topic_of(dialect.topics[0]), DISCONNECTED)
            sidecar.wait_status("venue", lambda status: status.session > 1, "another session")

        self.run_each(check, BEATING)

    def test_a_refused_topic_is_told_and_the_others_flow(self):
        def check(dialect):
            fault = f"[[fault]]\nat = '0s'\nkind = 'reject'\ntopics = ['{dialect.refused}']\n"
            venue, sidecar, consumer = self.start(dialect, fault, topics=[*dialect.topics, dialect.refused])
            self.wait_state(sidecar, dialect.refused, stream_pb2.SUBSCRIPTION_STATE_REJECTED)
            self.assertIn("refused", self.states(sidecar)[dialect.refused].detail)
            for topic in dialect.topics:
                consumer.wait_data(topic_of(topic), 20)
                self.wait_state(sidecar, topic, stream_pb2.SUBSCRIPTION_STATE_FLOWING)
            self.assertEqual(consumer.data(topic_of(dialect.refused)), [])
            self.assertEqual(len(venue.said(f"refuses {dialect.refused}")), 1)

        self.run_each(check)

    def test_a_topic_that_is_acknowledged_stays_silent_for_a_while(self):
        def check(dialect):
            first, second = dialect.topics
            fault = f"[[fault]]\nat = '0s'\nfor = '3s'\nkind = 'ack_silence'\ntopics = ['{second}']\n"
            venue, sidecar, consumer = self.start(dialect, fault)
            consumer.wait_data(topic_of(first), 50)
            self.assertEqual(venue.said("sends data of every topic again"), [])
            self.assertEqual(consumer.data(topic_of(second)), [])
            consumer.wait_data(topic_of(second), 20)
            self.assertEqual(len(venue.said("sends data of every topic again")), 1)
            self.assertEqual(sidecar.control.status("venue").session, 1)

        self.run_each(check)

    def test_a_notice_of_the_end_rotates_without_a_gap(self):
        def check(dialect):
            fault = "[[fault]]\nat = '3s'\nkind = 'drain'\n"
            venue, sidecar, consumer = self.start(dialect, fault, rotation=ROTATION)
            for topic in dialect.topics:
                consumer.wait_data(topic_of(topic), 20)
            self.assertEqual(len(venue.said("announces its end")), 0)
            self._wait_rotation(sidecar, consumer)
            self._assert_flows_unbroken(dialect, consumer)
            causes = [s.cause for s in consumer.states("state/venue/")]
            self.assertEqual(causes.count(stream_pb2.CAUSE_DRAIN), 1)

        self.run_each(check, [dialect for dialect in DIALECTS if dialect.drains])

    def test_a_rotation_loses_nothing(self):
        """Every venue knows this one; of those without a notice it is the only way."""
        def check(dialect):
            _, sidecar, consumer = self.start(dialect, rotation=ROTATION)
            for topic in dialect.topics:
                consumer.wait_data(topic_of(topic), 20)
            wait_until(lambda: sidecar.control("rotate", connection="venue").code == control_pb2.CODE_OK,
                       "a rotation to be accepted", pump=consumer.pump)  # fmt: skip
            self._wait_rotation(sidecar, consumer)
            self._assert_flows_unbroken(dialect, consumer)

        self.run_each(check)

    def _wait_rotation(self, sidecar, consumer):
        wait_until(lambda: sidecar.control.status("venue").rotations == 1, "a rotation", 20, consumer.pump)

    def _assert_flows_unbroken(self, dialect, consumer):
        for topic in dialect.topics:
            consumer.wait_data(topic_of(topic), len(consumer.data(topic_of(topic))) + 50)
        self.assert_unbroken(dialect, consumer)
        self.assertEqual([s for s in consumer.states("state/venue/") if s.state == DISCONNECTED], [])


class CommandLineTest(SidecarTest):
    def test_a_scenario_names_the_profile_as_well(self):
        venue = self.venue(Simulator, self.directory, scenario="profile = 'okx'\n")
        self.assertTrue(venue.url.endswith("/ws/v5/public"), venue.url)

    def test_a_profile_that_it_cannot_speak_is_refused(self):
        for profile, why in (("nope", "no profile that is known"), ("kraken", "[simulator]")):
            result = run_program(FAIRLEAD, "simulate", "--listen", "127.0.0.1:0", "--profile", profile)
            self.assertEqual(result.returncode, 78, result.stderr)
            self.assertIn(why, result.stderr)


if __name__ == "__main__":
    unittest.main()
