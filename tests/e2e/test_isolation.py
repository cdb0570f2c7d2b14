"""Connections that break in every way there is, beside others that must not notice."""

import unittest

from fairlead.v1 import stream_pb2
from harness import SidecarTest
from node_venue import NodeVenue
from py_venue import PyVenue
from raw_server import RawServer, answer, close_at_once, refused_port, stay_mute
from waiting import SANITIZED, wait_until

GOOD = 10
RATE = 200
MESSAGES = 300 if SANITIZED else 1000  # on each good connection
RETRY_AFTER_S = 300

UNAVAILABLE = f"HTTP/1.1 503 Service Unavailable\r\nRetry-After: {RETRY_AFTER_S}\r\nContent-Length: 0\r\n\r\n".encode()
UNAUTHORIZED = b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer\r\nContent-Length: 0\r\n\r\n"

LOST = stream_pb2.CAUSE_CONNECTION_LOST
UPGRADE_REFUSED = stream_pb2.CAUSE_UPGRADE_REFUSED
TLS_FAILED = stream_pb2.CAUSE_TLS_FAILED


async def refuse(socket, _record):
    await socket.close(1008, "not today")


class IsolationTest(SidecarTest):
    def _broken(self):
        """id -> (keys of the connection, causes that are true of it)."""
        authority = self.authority()
        other = self.authority("other")
        trusted = {"ca_file": authority.ca_file}

        def tls_url(certificate):
            return self.venue(PyVenue, tls=certificate).url()

        def raw(behaviour):
            server = self.venue(RawServer, behaviour)
            self.servers.append(server)
            return {"url": server.url()}

        self.servers = []
        cases = {
            "refused": ({"url": f"ws://localhost:{refused_port()}/"}, {stream_pb2.CAUSE_CONNECT_FAILED}),
            "unknown_authority": ({"url": tls_url(other.server("venue")), "tls": trusted}, {TLS_FAILED}),
            "other_name": (
                {"url": tls_url(authority.server("other", "DNS:other.example")), "tls": trusted}, {TLS_FAILED}),
            "expired": (
                {"url": tls_url(authority.server("expired", expired=True)), "tls": trusted}, {TLS_FAILED}),
            "unknown_host": ({"url": "ws://no-such-host.invalid/"}, {stream_pb2.CAUSE_RESOLVE_FAILED}),
            "tls_to_plain": (
                {"url": f"wss://localhost:{self.venue(PyVenue).port}/", "tls": trusted}, {TLS_FAILED, LOST}),
            "unauthorized": (raw(answer(UNAUTHORIZED)), {UPGRADE_REFUSED}),
            "closed_at_once": (raw(close_at_once), {LOST}),
            "mute": (raw(stay_mute), {stream_pb2.CAUSE_TIMEOUT}),
            "garbage": (raw(answer(b"\x00\x01 hello, I am no HTTP\r\n\r\n" * 20)),
                        {stream_pb2.CAUSE_PROTOCOL_ERROR, UPGRADE_REFUSED, LOST}),
            "unavailable": (raw(answer(UNAVAILABLE)), {UPGRADE_REFUSED}),
            "policy": ({"url": self.venue(PyVenue, on_open=refuse).url()}, {stream_pb2.CAUSE_PEER_CLOSED}),
        }  # fmt: skip
        return cases

    def test_broken_connections_cost_the_others_nothing(self):
        venue = self.venue(NodeVenue)
        broken = self._broken()
        connections = {f"good_{n}": {"url": venue.url(f"/good_{n}")} for n in range(GOOD)}
        for name, (keys, _) in broken.items():
            connections[name] = {**keys, "network": {"connection_timeout": "2s"}}
        sidecar = self.sidecar(connections, {"network": {"initial_delay": "50ms", "max_delay": "100ms"}})
        consumer = self.consumer(sidecar, "data/good_")
        wait_until(lambda: len(venue.open_records()) == GOOD, "all good connections at the venue")
        for n in range(GOOD):
            sidecar.wait_connected(f"good_{n}")

        load = venue.pace(MESSAGES, 200, RATE)
        wait_until(lambda: venue.finished(load), "the end of the load", 60, consumer.pump)
        for n in range(GOOD):
            topic = f"data/good_{n}/all/"
            received = consumer.wait_data(topic, MESSAGES)
            self.assertEqual([int(text[:10]) for text in received], list(range(1, MESSAGES + 1)), topic)
        told = {event.connection for topic in {m.topic for m in consumer.messages} for event in consumer.states(topic)
                if event.state == stream_pb2.CONNECTION_STATE_DISCONNECTED}  # fmt: skip
        self.assertFalse([name for name in told if name.startswith("good_")])
        self.assertEqual(len(venue.records), GOOD)
        self.assert_whole(consumer)

        for name, (_, causes) in broken.items():
            with self.subTest(name):
                events = [e for e in consumer.states(f"state/{name}/") if e.cause in causes]
                if not events:  # a name lookup may take its time
                    sidecar.wait_status(name, lambda status, causes=causes: status.last_cause in causes,
                                        f"one of {causes}", 30)  # fmt: skip
                status = sidecar.control.status(name)
                self.assertGreater(status.failed_attempts + status.successful_connects, 0)
        self._check_details(sidecar, consumer)

    def _check_details(self, sidecar, consumer):
        def first(name, cause):
            def told():
                return [event for event in consumer.states(f"state/{name}/") if event.cause == cause]

            consumer.wait(told, f"{name} told with {stream_pb2.Cause.Name(cause)}")
            return told()[0]

        # Asked to wait for long, it may have been told before the consumer was there: the status knows it still.
        unavailable = sidecar.control.status("unavailable")
        self.assertEqual(unavailable.last_cause, UPGRADE_REFUSED)
        self.assertIn("503", unavailable.last_detail)
        self.assertEqual(unavailable.failed_attempts, 1)
        self.assertGreater(unavailable.retry_in_ms, RETRY_AFTER_S * 500)  # with 100 ms of its own
        self.assertEqual(first("unauthorized", UPGRADE_REFUSED).http_status, 401)
        self.assertEqual(first("policy", stream_pb2.CAUSE_PEER_CLOSED).close_code, 1008)
        for name in ("unknown_authority", "other_name", "expired"):
            self.assertIn("certificate refused", first(name, TLS_FAILED).detail, name)
        self.assertIn("expired", first("expired", TLS_FAILED).detail)


class ProtocolErrorTest(SidecarTest):
    """A venue that upgrades well and then breaks the protocol: the close code and the cause say how."""

    def _check(self, frames, cause, **keys):
        import base64
        import hashlib
        import re

        from raw_server import read_request

        def behave(connection):
            request = read_request(connection).decode()
            key = re.search(r"(?i)sec-websocket-key: *(\S+)", request).group(1)
            digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
            connection.sendall(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n" + frames)  # fmt: skip
            return True

        server = self.venue(RawServer, behave)
        sidecar = self.sidecar({"venue": {"url": server.url(), **keys}})
        consumer = self.consumer(sidecar, "data/")
        consumer.wait(lambda: any(e.cause == cause for e in consumer.states("state/venue/")),
                      stream_pb2.Cause.Name(cause))  # fmt: skip
        return consumer

    def test_text_that_is_not_utf8(self):
        self._check(b"\x81\x02\xc3\x28", stream_pb2.CAUSE_PROTOCOL_ERROR)

    def test_a_reserved_opcode(self):
        self._check(b"\x83\x01x", stream_pb2.CAUSE_PROTOCOL_ERROR)

    def test_a_message_above_the_limit(self):
        frames = b"\x81\x03one" + b"\x82\x7e\x10\x00" + b"x" * 4096
        consumer = self._check(frames, stream_pb2.CAUSE_MESSAGE_TOO_BIG, max_message_bytes="2KiB")
        self.assertNotIn(b"x" * 4096, consumer.data("data/venue/all/"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
