"""The main job: what a venue sends arrives at a consumer, byte for byte, whatever its size, kind and framing."""

import unittest

import zmq

from fairlead.v1 import stream_pb2
from harness import SidecarTest, wait_until
from node_venue import NodeVenue
from py_venue import PyVenue

TOPIC = "data/venue/all/"
KIB = 1024

MESSAGES = [
    "x",
    '{"channel":"trades","price":"42.10"}',
    "größer · 東京 · 🚢",
    b"\x00",
    bytes(range(256)) * 5,
    "t" * 125,
    "t" * 126,
    b"b" * 65535,
    b"b" * 65536,
    "é" * (100 * KIB),
    "T" * (1024 * KIB),
    bytes(range(256)) * (4 * KIB),
    ["one ", "message ", "in four ", "pieces"],
    [b"\x01" * 70000, b"\x02", b"\x03" * 300],
    ["cut between", " characters é"],
    "last",
]


def whole(message):
    return message if not isinstance(message, list) else type(message[0])().join(message)


def as_bytes(message):
    return message if isinstance(message, bytes) else message.encode()


class MainJobTest(SidecarTest):
    def _plain_consumer(self, sidecar):
        """What the contract promises to anyone with a ZeroMQ binding."""
        plain = self.context.socket(zmq.SUB)
        self.addCleanup(plain.close, 0)
        plain.rcvhwm = 0
        plain.subscribe(TOPIC)
        plain.connect(sidecar.stream)
        return plain

    def _check(self, kind, tls, host="localhost"):
        certificate = authority = None
        if tls:
            authority = self.authority()
            certificate = authority.server("venue")
        venue = self.venue(kind, tls=certificate)
        connection = {"url": venue.url("/feed?x=1", host), "subscriptions": ['{"op":"subscribe"}']}
        if tls:
            connection["tls"] = {"ca_file": authority.ca_file}
        sidecar = self.sidecar({"venue": connection})
        plain = self._plain_consumer(sidecar)
        consumer = self.consumer(sidecar, "data/")
        wait_until(lambda: venue.records and venue.records[0].received, "the subscription at the venue")
        self.assertEqual(venue.records[0].path, "/feed?x=1")
        self.assertEqual(venue.records[0].received, ['{"op":"subscribe"}'])

        # The plain socket has no way to know that it is subscribed but to hear something.
        venue.send_all("first")
        consumer.wait_data(TOPIC, 1)
        self.assertTrue(plain.poll(10000), "the plain consumer hears a message or a heartbeat")
        for message in MESSAGES:
            venue.send_all(message)
        expected = [as_bytes(whole(message)) for message in MESSAGES]
        received = consumer.wait_data(TOPIC, 1 + len(MESSAGES), 20)
        for number, (got, want) in enumerate(zip(received[1:], expected)):
            self.assertTrue(got == want, f"message {number}: {len(got)} bytes, {got[:40]}… instead of {len(want)}")
        data = consumer.of(TOPIC, stream_pb2.KIND_DATA)[1:]
        binary = [bool(message.header.flags & stream_pb2.FLAG_BINARY) for message in data]
        self.assertEqual(binary, [isinstance(whole(message), bytes) for message in MESSAGES])
        self.assertEqual({message.header.session for message in data}, {1})
        stamps = [message.header.receive_time_ns for message in data]
        self.assertEqual(stamps, sorted(stamps))
        self.assert_whole(consumer)

        payloads = []
        while plain.poll(500):
            head, payload = plain.recv_multipart()
            topic = head.split(b"\0", 1)[0]
            self.assertEqual(topic, TOPIC.encode())
            payloads.append(payload)
            if payload == b"last":
                break
        remaining = iter(payloads)
        self.assertTrue(all(any(got == want for got in remaining) for want in expected), "the plain consumer has all")

    def test_python_venue(self):
        self._check(PyVenue, tls=False)

    def test_python_venue_over_tls(self):
        self._check(PyVenue, tls=True)

    def test_node_venue(self):
        self._check(NodeVenue, tls=False)

    def test_node_venue_over_tls(self):
        self._check(NodeVenue, tls=True)

    def test_by_address_instead_of_name(self):
        self._check(PyVenue, tls=True, host="127.0.0.1")

    def test_the_channel_of_a_message_chooses_its_topic(self):
        venue = self.venue(PyVenue)
        sidecar = self.sidecar({"venue": {"url": venue.url(), "channel": "/arg/channel"}})
        consumer = self.consumer(sidecar, "data/")
        sidecar.wait_connected("venue")
        messages = ['{"arg":{"channel":"BTC"},"n":1}', '{"arg":{"channel":"BTCX"},"n":2}', '{"n":3}', "no JSON",
                    '{"arg":{"channel":"a/b c"},"n":4}']  # fmt: skip
        for message in messages:
            venue.send_all(message)
        consumer.wait(lambda: len([m for m in consumer.messages if m.kind == stream_pb2.KIND_DATA]) == 5, "5 messages")
        self.assertEqual(consumer.data("data/venue/BTC/"), [messages[0].encode()])
        self.assertEqual(consumer.data("data/venue/BTCX/"), [messages[1].encode()])
        self.assertEqual(consumer.data("data/venue/unrouted/"), [messages[2].encode(), messages[3].encode()])
        self.assertEqual(consumer.data("data/venue/a%2Fb%20c/"), [messages[4].encode()])
        self.assertEqual(sidecar.control.status("venue").unrouted, 2)
        self.assert_whole(consumer)

    def test_the_welcome_tells_what_a_consumer_needs(self):
        venue = self.venue(PyVenue)
        sidecar = self.sidecar({"venue": {"url": venue.url()}})
        consumer = self.consumer(sidecar, "data/", welcome=True)
        consumer.wait(lambda: consumer.of("welcome/"), "the welcome")
        welcome = consumer.of("welcome/")[0].body
        self.assertEqual(welcome.epoch, sidecar.control("get_status").status.epoch)
        self.assertEqual(welcome.control_endpoint, sidecar.control_endpoint)
        self.assertEqual(welcome.heartbeat_interval_ms, 200)


if __name__ == "__main__":
    unittest.main(verbosity=2)
