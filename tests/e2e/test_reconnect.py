"""A venue that goes away and comes back: consumers are told in the stream itself, and the subscriptions are restored."""

import time
import unittest

from fairlead.v1 import stream_pb2
from harness import PATIENCE, SidecarTest, wait_until
from py_venue import PyVenue

DATA = "data/venue/all/"
STATE = "state/venue/"
SUBSCRIPTIONS = ["subscribe trades", "subscribe book", '{"op":"subscribe","args":["ticker"]}']
INITIAL_DELAY = 0.2
JITTER = 0.1
ROUNDS = 10

DISCONNECTED = stream_pb2.CONNECTION_STATE_DISCONNECTED
CONNECTING = stream_pb2.CONNECTION_STATE_CONNECTING
CONNECTED = stream_pb2.CONNECTION_STATE_CONNECTED
RECONNECTING = stream_pb2.CONNECTION_STATE_RECONNECTING
FAILED = stream_pb2.CONNECTION_STATE_FAILED


async def hello(socket, record, _message):
    """Data begins when the last subscription is there."""
    if len(record.received) == len(SUBSCRIPTIONS):
        await socket.send("hello")


class ReconnectTest(SidecarTest):
    def _start(self, **keys):
        """The consumer is there before the venue, so that it sees everything from the first connection on."""
        venue = self.venue(PyVenue, on_message=hello)
        venue.kill()
        sidecar = self.sidecar({"venue": {"url": venue.url(), "subscriptions": SUBSCRIPTIONS, **keys}})
        consumer = self.consumer(sidecar, "data/")
        venue.restart()
        consumer.wait_data(DATA, 1)
        return venue, sidecar, consumer

    def test_ten_restarts_of_the_venue_are_told_and_survived(self):
        venue, sidecar, consumer = self._start()
        late = None
        number = 1
        for round_number in range(1, ROUNDS + 1):
            venue.send_all(f"before {round_number}")
            number += 1
            consumer.wait_data(DATA, number)
            venue.kill()
            lost = consumer.wait_state(DATA, DISCONNECTED, round_number)
            self.assertEqual(lost.cause, stream_pb2.CAUSE_CONNECTION_LOST)
            self.assertGreater(lost.last_byte_time_ns, 0)
            if round_number == ROUNDS // 2:
                late = self.consumer(sidecar, "data/")
            if round_number % 2 == 0:  # every other time it is away for long enough to be missed
                failed = sidecar.control.status("venue").failed_attempts
                sidecar.wait_status("venue", lambda status: status.failed_attempts > failed, "a failed attempt")
            venue.restart()
            returned_at = time.monotonic()
            number += 1
            consumer.wait_data(DATA, number)
            delay = consumer.of(DATA, stream_pb2.KIND_DATA)[-1].time - returned_at
            self.assertLess(delay, (INITIAL_DELAY * (1 + JITTER) + 0.5) * PATIENCE, f"round {round_number}")

        self.assertEqual(consumer.data(DATA),
                         [b"hello"] + [text for n in range(1, ROUNDS + 1) for text in (b"before %d" % n, b"hello")])  # fmt: skip
        self.assertEqual([record.received for record in venue.records], [SUBSCRIPTIONS] * (ROUNDS + 1))
        for topic in (DATA, STATE):
            edges = [event.state for event in consumer.states(topic) if event.state != event.previous]
            edges = [state for state in edges if state in (DISCONNECTED, CONNECTED)]
            pairs = edges[edges.index(DISCONNECTED):]
            self.assertEqual(pairs, [DISCONNECTED, CONNECTED] * ROUNDS, topic)
        self.assertEqual(
            {message.header.session for message in consumer.of(DATA, stream_pb2.KIND_DATA)}, set(range(1, ROUNDS + 2)))  # fmt: skip
        self.assertGreater(consumer.wait_state(DATA, CONNECTED, ROUNDS).reconnect_latency_ms, 0)
        ready = [event for event in consumer.states(STATE) if event.ready]
        self.assertGreaterEqual(len(ready), ROUNDS)
        self.assertEqual({event.subscriptions for event in ready}, {len(SUBSCRIPTIONS)})
        self.assert_whole(consumer)

        heard = 1 + 2 * (ROUNDS - ROUNDS // 2)  # the hello of the round in which it came, two messages in each later one
        late.wait_data(DATA, heard)
        self.assert_whole(late)
        numbers = [[m.header.sequence for m in c.of(DATA, stream_pb2.KIND_DATA)] for c in (late, consumer)]
        self.assertEqual(numbers[0], numbers[1][-heard:])

        status = sidecar.control.status("venue")
        self.assertEqual(status.session, ROUNDS + 1)
        self.assertEqual(status.successful_connects, ROUNDS + 1)
        subscriptions = sidecar.control("list_subscriptions", connection="venue").subscriptions.subscriptions
        self.assertEqual([s.times_sent for s in subscriptions], [ROUNDS + 1] * len(SUBSCRIPTIONS))

    def test_a_consumer_from_before_the_sidecar_sees_every_number_and_the_next_epoch(self):
        venue = self.venue(PyVenue, on_message=hello)
        sidecar = self.sidecar({"venue": {"url": venue.url(), "subscriptions": SUBSCRIPTIONS}}, start=False)
        consumer = self.consumer(sidecar, "data/", wait=False)
        sidecar.start()
        consumer.wait_subscribed()
        sidecar.wait_connected("venue")
        for number in range(50):
            venue.send_all(f"{number}")
        consumer.wait(lambda: b"49" in consumer.data(DATA), "the last of the first life")
        sidecar.stop()
        sidecar.start()
        sidecar.wait_connected("venue")
        consumer.wait(lambda: len({m.header.epoch for m in consumer.messages}) == 2, "a message of the second life")
        venue.send_all("second life")
        consumer.wait(lambda: b"second life" in consumer.data(DATA), "the message of the second life")
        epochs = [m.header.epoch for m in consumer.messages if m.topic == DATA]
        self.assertEqual(epochs, sorted(epochs))
        for epoch in set(epochs):
            numbers = [m.header.sequence for m in consumer.messages
                       if m.topic == DATA and m.header.epoch == epoch and m.header.sequence > 0]  # fmt: skip
            self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))

    def test_the_order_of_states_around_a_loss(self):
        venue, _sidecar, consumer = self._start()
        venue.close_all(4001, "maintenance")
        consumer.wait_data(DATA, 2)
        events = [event for event in consumer.states(STATE) if event.state != event.previous]
        first = next(i for i, event in enumerate(events) if event.state == DISCONNECTED and event.close_code == 4001)
        self.assertEqual([event.state for event in events[first:first + 4]],
                         [DISCONNECTED, RECONNECTING, CONNECTING, CONNECTED])  # fmt: skip
        for before, after in zip(events[first:], events[first + 1:]):
            self.assertEqual(after.previous, before.state)
        self.assertEqual(events[first].cause, stream_pb2.CAUSE_PEER_CLOSED)
        self.assertIn("maintenance", events[first].detail)
        wait = events[first + 1].retry_in_ms / 1000
        self.assertGreaterEqual(wait, INITIAL_DELAY * (1 - JITTER) - 0.002)
        self.assertLessEqual(wait, INITIAL_DELAY * (1 + JITTER) + 0.002)

    def test_a_gap_tells_what_the_outage_covered(self):
        venue, _sidecar, consumer = self._start()
        venue.drop_all()
        consumer.wait_data(DATA, 2)
        gap = consumer.of(DATA, stream_pb2.KIND_GAP)[0]
        self.assertEqual(gap.body.cause, stream_pb2.GAP_CAUSE_UPSTREAM)
        self.assertLess(gap.body.from_ns, gap.body.to_ns)
        second = consumer.of(DATA, stream_pb2.KIND_DATA)[1]
        self.assertLess(gap.header.sequence, second.header.sequence)

    def test_given_up_after_max_retries_and_left_by_command(self):
        venue = self.venue(PyVenue, on_message=hello)
        venue.kill()
        sidecar = self.sidecar({"venue": {"url": venue.url(), "subscriptions": SUBSCRIPTIONS}},
                               {"network": {"max_retries": 3}})  # fmt: skip
        consumer = self.consumer(sidecar, "data/")
        sidecar.wait_status("venue", lambda status: status.status == FAILED, "failed")
        self.assertEqual(sidecar.control.status("venue").last_cause, stream_pb2.CAUSE_MAX_RETRIES)
        venue.restart()
        sidecar.control("reconnect", connection="venue")
        consumer.wait_data(DATA, 1)
        self.assertEqual(len(venue.records), 1)

    def test_consumers_are_told_nothing_new_by_a_venue_that_stays(self):
        venue, _sidecar, consumer = self._start()
        before = len(consumer.states(STATE))
        for number in range(100):
            venue.send_all(str(number))
        consumer.wait_data(DATA, 101)
        self.assertEqual(len(consumer.states(STATE)), before)
        self.assertEqual(len(venue.records), 1)

    def test_silence_beyond_stale_after_is_a_loss(self):
        venue, _sidecar, consumer = self._start(stale_after="1s")
        lost = consumer.wait_state(STATE, DISCONNECTED)
        self.assertEqual(lost.cause, stream_pb2.CAUSE_STALE)
        wait_until(lambda: len(venue.records) >= 2, "the second connection")

    def test_a_mute_peer_is_found_by_ping(self):
        venue, _sidecar, consumer = self._start(network={"ping_interval": "1s", "pong_timeout": "1s"})
        with venue.frozen():
            lost = consumer.wait_state(DATA, DISCONNECTED)
        self.assertEqual(lost.cause, stream_pb2.CAUSE_PONG_TIMEOUT)
        consumer.wait_data(DATA, 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
