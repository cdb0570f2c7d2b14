"""The control socket: every request of the contract, every envelope, and what ill-formed input gets."""

import unittest

import zmq

from control import make_request
from fairlead.v1 import control_pb2, stream_pb2
from harness import SidecarTest, wait_until
from py_venue import PyVenue

CONNECTED = stream_pb2.CONNECTION_STATE_CONNECTED
DISCONNECTED = stream_pb2.CONNECTION_STATE_DISCONNECTED


class ControlTest(SidecarTest):
    def setUp(self):
        super().setUp()
        self.venue_ = self.venue(PyVenue)
        self.sidecar_ = self.sidecar({"a": {"url": self.venue_.url("/a"), "subscriptions": ["one"]}})
        self.control = self.sidecar_.control
        self.sidecar_.wait_connected("a")
        self._wait_received(0, ["one"])

    def _wait_received(self, connection, expected):
        """The venue's thread takes a moment longer than the sidecar."""
        records = self.venue_.records
        wait_until(lambda: len(records) > connection and len(records[connection].received) >= len(expected),
                   lambda: f"{expected} at the venue")  # fmt: skip
        self.assertEqual(records[connection].received, expected)

    def assert_code(self, reply, code):
        self.assertEqual(control_pb2.Code.Name(reply.code), control_pb2.Code.Name(code), reply.message)
        if code != control_pb2.CODE_OK:
            self.assertTrue(reply.message, "a refusal says why")
        return reply

    def ok(self, command, **fields):
        return self.assert_code(self.control(command, **fields), control_pb2.CODE_OK)

    def ok_when_connected(self, command, **fields):
        self.sidecar_.wait_connected("a")
        return self.ok(command, connection="a", **fields)

    def test_status(self):
        self.venue_.send_all("12345")
        self.sidecar_.wait_status("a", lambda status: status.messages == 1, "one message")
        status = self.ok("get_status").status
        self.assertEqual((status.connections, status.connected, status.failed), (1, 1, 0))
        self.assertEqual((status.messages, status.bytes), (1, 5))
        self.assertTrue(status.version)
        self.assertTrue(status.instance)
        self.assertGreater(status.epoch, 1_600_000_000 * 10**9)

    def test_list_connections(self):
        listed = self.ok("list_connections").connections.connections
        self.assertEqual([connection.id for connection in listed], ["a"])
        only = listed[0]
        self.assertEqual((only.url, only.status, only.profile), (self.venue_.url("/a"), CONNECTED, "generic"))
        self.assertEqual((only.session, only.successful_connects, only.paused), (1, 1, False))
        self.assertIn(str(self.venue_.port), only.endpoint)
        self.assertEqual(self.ok("list_connections", connection="a").connections.connections[0].id, "a")

    def test_nothing_is_known_of_an_unknown_connection(self):
        for command, fields in (
            ("list_connections", {}), ("list_subscriptions", {}), ("reconnect", {}), ("remove_connection", {}),
            ("pause", {}), ("resume", {}), ("subscribe", {"channels": ["x"]}), ("unsubscribe", {"channels": ["x"]}),
            ("send", {"payload": b"x"})):  # fmt: skip
            with self.subTest(command):
                self.assert_code(self.control(command, connection="nobody", **fields), control_pb2.CODE_NOT_FOUND)

    def test_send_keeps_kind_and_order(self):
        for number in range(20):
            self.ok("send", connection="a", payload=b"%d" % number, binary=number % 2 == 1)
        expected = [str(number) if number % 2 == 0 else b"%d" % number for number in range(20)]
        self._wait_received(0, ["one", *expected])

    def test_send_of_a_large_message(self):
        payload = bytes(range(256)) * 2000
        self.ok("send", connection="a", payload=payload, binary=True)
        self._wait_received(0, ["one", payload])

    def test_send_without_a_connection_keeps_nothing(self):
        self.ok("pause", connection="a")
        self.assert_code(self.control("send", connection="a", payload=b"x"), control_pb2.CODE_UNAVAILABLE)
        self.ok("resume", connection="a")
        self.ok_when_connected("send", payload=b"later")
        self._wait_received(1, ["one", "later"])

    def test_text_that_is_not_utf8_is_refused(self):
        self.assert_code(self.control("send", connection="a", payload=b"\xff\xfe"), control_pb2.CODE_INVALID)

    def test_subscribe_and_unsubscribe(self):
        self.ok("subscribe", connection="a", channels=["two", "three", "one"])
        self._wait_received(0, ["one", "two", "three"])
        listed = self.ok("list_subscriptions", connection="a").subscriptions.subscriptions
        self.assertEqual([(s.channel, s.times_sent) for s in listed], [("one", 1), ("two", 1), ("three", 1)])
        self.ok("unsubscribe", connection="a", channels=["two"])
        self.assert_code(self.control("unsubscribe", connection="a", channels=["two"]), control_pb2.CODE_NOT_FOUND)
        self.ok("reconnect", connection="a")
        self._wait_received(1, ["one", "three"])

    def test_reconnect_is_a_new_session(self):
        self.ok("reconnect", connection="a", hard=True)
        self.sidecar_.wait_status("a", lambda status: status.session == 2 and status.ready, "a second session")
        wait_until(lambda: self.venue_.records[0].closed, "the end of the first")
        self._wait_received(1, ["one"])
        self.assertEqual(self.venue_.records[0].received, ["one"])

    def test_pause_and_resume(self):
        self.ok("pause", connection="a")
        status = self.control.status("a")
        self.assertTrue(status.paused)
        self.assertEqual(status.status, DISCONNECTED)
        wait_until(lambda: self.venue_.records[0].closed, "the end at the venue")
        self.ok("resume", connection="a")
        self.sidecar_.wait_connected("a")
        self.assertFalse(self.control.status("a").paused)

    def test_add_and_remove(self):
        self.ok("add_connection", connection="b", url=self.venue_.url("/b"), subscriptions=["sub b"],
                options='channel = "/c"\n')  # fmt: skip
        self.sidecar_.wait_connected("b")
        consumer = self.consumer(self.sidecar_, "data/b/")
        self.venue_.send_all('{"c":"x"}', path="/b")
        consumer.wait_data("data/b/x/", 1)
        self._wait_received(1, ["sub b"])
        again = self.control("add_connection", connection="b", url=self.venue_.url("/b"))
        self.assert_code(again, control_pb2.CODE_EXISTS)
        self.ok("remove_connection", connection="b")
        for topic in ("data/b/x/", "state/b/"):
            consumer.wait(lambda topic=topic: consumer.of(topic, stream_pb2.KIND_END), f"END on {topic}")
            self.assertEqual(consumer.of(topic, stream_pb2.KIND_END)[0].body.code, stream_pb2.END_CODE_REMOVED)
        wait_until(lambda: self.venue_.records[1].closed, "the end at the venue")
        self.assert_code(self.control("list_connections", connection="b"), control_pb2.CODE_NOT_FOUND)
        self.assertFalse(self.venue_.records[0].closed)

        # The same name again: numbering goes on, so that a consumer which saw the first one loses nothing.
        self.ok("add_connection", connection="b", url=self.venue_.url("/b"), options='channel = "/c"\n')
        self.sidecar_.wait_connected("b")
        self.venue_.send_all('{"c":"x"}', path="/b")
        consumer.wait_data("data/b/x/", 2)
        self.assert_whole(consumer)

    def test_an_impossible_connection_is_refused(self):
        for fields in ({"url": "http://localhost/"}, {"url": ""}, {"url": "ws://localhost/", "options": "no_such = 1"},
                       {"url": "ws://localhost/", "options": "not toml ]["},
                       {"url": "ws://localhost/", "profile": "no-such-profile"},
                       {"url": "ws://localhost/${env:HOME}"}):  # fmt: skip
            with self.subTest(**fields):
                reply = self.control("add_connection", connection="c", **fields)
                self.assert_code(reply, control_pb2.CODE_INVALID)
        self.assert_code(self.control("add_connection", connection="a/b", url="ws://localhost/"),
                         control_pb2.CODE_INVALID)  # fmt: skip
        self.assertEqual(len(self.ok("list_connections").connections.connections), 1)

    def test_every_envelope_is_echoed(self):
        request = make_request("get_status").SerializeToString()
        correlate = ((zmq.REQ_CORRELATE, 1), (zmq.REQ_RELAXED, 1))
        for title, kind, frames, options, before in (
            ("REQ", zmq.REQ, [request], (), []),
            ("REQ with RELAXED and CORRELATE", zmq.REQ, [request], correlate, []),
            ("DEALER without the empty frame", zmq.DEALER, [request], (), []),
            ("DEALER with the empty frame", zmq.DEALER, [b"", request], (), [b""]),
            ("DEALER with frames of its own", zmq.DEALER, [b"mine", b"", request], (), [b"mine", b""])):  # fmt: skip
            with self.subTest(title):
                answer = self.control.raw(kind, frames, options)
                self.assertEqual(answer[:-1], before)
                self.assert_code(control_pb2.Reply.FromString(answer[-1]), control_pb2.CODE_OK)

    def test_ill_formed_requests_get_an_answer(self):
        for title, frames in (
            ("no protobuf", [b"", b"\xff\xff\xff"]), ("nothing", [b"", b""]), ("no command", [b"", b"\x09" + b"1" * 8]),
            ("too large", [b"", b"\x00" * (3 << 20)]), ("too many frames", [b"", *[b"x"] * 50])):  # fmt: skip
            with self.subTest(title):
                reply = control_pb2.Reply.FromString(self.control.raw(zmq.DEALER, frames)[-1])
                self.assertIn(reply.code, (control_pb2.CODE_INVALID, control_pb2.CODE_LIMITED), reply)
                self.assertTrue(reply.message)
        self.ok("get_status")

    def test_a_repeated_request_has_one_effect(self):
        request = make_request("send", request_id=4711, connection="a", payload=b"once").SerializeToString()
        dealer = self.context.socket(zmq.DEALER)
        self.addCleanup(dealer.close, 0)
        dealer.connect(self.sidecar_.control_endpoint)
        answers = []
        for _ in range(3):
            dealer.send_multipart([b"", request])
            self.assertTrue(dealer.poll(5000))
            answers.append(dealer.recv_multipart()[-1])
        self.assertEqual(len(set(answers)), 1)
        self.assert_code(control_pb2.Reply.FromString(answers[0]), control_pb2.CODE_OK)
        self.ok("send", connection="a", payload=b"then")
        self._wait_received(0, ["one", "once", "then"])

    def test_a_client_that_gave_up_its_socket_repeats_without_a_second_effect(self):
        for _ in range(2):  # each on a REQ socket of its own, as a lazy pirate does
            reply = self.control("send", request_id=815, connection="a", payload=b"once")
            self.assert_code(reply, control_pb2.CODE_OK)
        self.ok("send", connection="a", payload=b"then")
        self._wait_received(0, ["one", "once", "then"])

    def test_many_requests_in_flight_are_all_answered(self):
        dealer = self.context.socket(zmq.DEALER)
        self.addCleanup(dealer.close, 0)
        dealer.connect(self.sidecar_.control_endpoint)
        for number in range(1, 501):
            dealer.send(make_request("get_status", request_id=number).SerializeToString())
        answered = []
        while len(answered) < 500:
            self.assertTrue(dealer.poll(5000), f"{len(answered)} answers")
            answered.append(control_pb2.Reply.FromString(dealer.recv_multipart()[-1]).request_id)
        self.assertEqual(answered, list(range(1, 501)))


if __name__ == "__main__":
    unittest.main(verbosity=2)
