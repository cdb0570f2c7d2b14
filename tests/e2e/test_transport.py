"""The ways to a venue: certificates of clients, names that differ, proxies, headers, venues that ask for patience."""

import os
import ssl
import time
import unittest

from certificates import server_context
from connect_proxy import ConnectProxy
from fairlead.v1 import stream_pb2
from harness import SidecarTest
from py_venue import PyVenue
from raw_server import RawServer, answer

DATA = "data/a/all/"


class TransportTest(SidecarTest):
    def _flows(self, venue, settings):
        sidecar = self.sidecar({"a": settings})
        consumer = self.consumer(sidecar, "data/")
        sidecar.wait_connected("a")
        venue.send_all("hello")
        consumer.wait(lambda: consumer.data(DATA) == [b"hello"], "the message")
        return sidecar

    def _fails(self, settings, cause, text):
        sidecar = self.sidecar({"a": settings})
        status = sidecar.wait_status("a", lambda status: status.failed_attempts > 0, "a failed attempt")
        self.assertEqual(status.last_cause, cause, status.last_detail)
        self.assertIn(text, status.last_detail)

    def _client_checking_venue(self, authority):
        context = server_context(authority.server("localhost"))
        context.load_verify_locations(authority.ca_file)
        context.verify_mode = ssl.CERT_REQUIRED
        return self.venue(PyVenue, tls=context)

    def test_a_venue_that_wants_a_certificate_gets_it(self):
        authority = self.authority()
        venue = self._client_checking_venue(authority)
        certificate, key = authority.server("client")
        tls = {"ca_file": authority.ca_file, "cert_file": certificate, "key_file": key}
        self._flows(venue, {"url": venue.url(), "tls": tls})

    def test_without_its_certificate_it_is_not_let_in(self):
        authority = self.authority()
        venue = self._client_checking_venue(authority)
        sidecar = self.sidecar({"a": {"url": venue.url(), "tls": {"ca_file": authority.ca_file}}})
        sidecar.wait_status("a", lambda status: status.failed_attempts > 1, "refused again and again")
        self.assertEqual(venue.records, [])

    def test_a_key_that_does_not_fit_is_a_config_error_of_that_connection(self):
        authority = self.authority()
        certificate, _ = authority.server("client")
        _, key = authority.server("another")
        tls = {"cert_file": certificate, "key_file": key}
        self._fails({"url": "wss://127.0.0.1:1/", "tls": tls}, stream_pb2.CAUSE_CONFIG, "key_file")

    def test_the_name_in_the_certificate_may_be_another_than_that_dialled(self):
        authority = self.authority()
        venue = self.venue(PyVenue, tls=authority.server("venue", "DNS:venue.example"))
        tls = {"ca_file": authority.ca_file}
        named = dict(tls, server_name="venue.example")
        for host in ("127.0.0.1", "localhost"):
            with self.subTest(host):
                self._flows(venue, {"url": venue.url(host=host), "tls": named})
        for host, other in (("127.0.0.1", tls), ("localhost", tls), ("localhost", dict(tls, server_name="x.example"))):
            with self.subTest(f"{host} {other}"):
                self._fails({"url": venue.url(host=host), "tls": other}, stream_pb2.CAUSE_TLS_FAILED, "mismatch")

    def test_every_verdict_on_a_certificate_is_named(self):
        authority = self.authority()
        good = {"ca_file": authority.ca_file}
        expired = self.venue(PyVenue, tls=authority.server("expired", expired=True))
        self._fails({"url": expired.url(), "tls": good}, stream_pb2.CAUSE_TLS_FAILED, "expired")
        other = self.authority("another")
        unknown = self.venue(PyVenue, tls=other.server("unknown"))
        self._fails({"url": unknown.url(), "tls": good}, stream_pb2.CAUSE_TLS_FAILED, "certificate refused")

    def test_through_a_proxy_with_a_password(self):
        authority = self.authority()
        for tls in (None, authority.server("venue", "DNS:venue.example")):
            with self.subTest("wss" if tls else "ws"):
                venue = self.venue(PyVenue, tls=tls)
                proxy = self.venue(ConnectProxy, {"venue.example": "127.0.0.1"})
                settings = {
                    "url": venue.url(host="venue.example"), "proxy": f"http://user:word@127.0.0.1:{proxy.port}"}  # fmt: skip
                if tls:
                    settings["tls"] = {"ca_file": authority.ca_file}
                self._flows(venue, settings)
                self.assertIn(f"CONNECT venue.example:{venue.port} ", proxy.requests[0])
                self.assertIn("dXNlcjp3b3Jk", proxy.requests[0])  # user:word
                self.assertEqual(venue.records[0].headers["Host"], f"venue.example:{venue.port}")

    def test_a_proxy_that_refuses_is_named(self):
        proxy = self.venue(ConnectProxy, {})
        for scheme in ("ws", "wss"):
            with self.subTest(scheme):
                settings = {"url": f"{scheme}://venue.example:9/", "proxy": f"http://127.0.0.1:{proxy.port}"}
                self._fails(settings, stream_pb2.CAUSE_CONNECT_FAILED, "proxy")

    def test_headers_and_subprotocol_reach_the_venue(self):
        venue = self.venue(PyVenue)
        self._flows(venue, {"url": venue.url("/path?a=1"), "headers": {"X-One": "1", "Authorization": "Bearer x"}})
        record = venue.records[0]
        self.assertEqual(record.path, "/path?a=1")
        self.assertEqual(record.headers["X-One"], "1")
        self.assertEqual(record.headers["Authorization"], "Bearer x")
        self.assertTrue(record.headers["User-Agent"].startswith("fairlead/"))

    def test_a_venue_that_asks_for_patience_is_left_alone(self):
        busy = self.venue(
            RawServer, answer(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n"))  # fmt: skip
        begun = time.monotonic()
        sidecar = self.sidecar({"a": {"url": f"ws://127.0.0.1:{busy.port}/"}})
        status = sidecar.wait_status("a", lambda status: status.failed_attempts == 1, "the first refusal")
        self.assertGreater(status.retry_in_ms, 1000)  # with 200 ms of its own
        self.assertIn("503", status.last_detail)
        sidecar.wait_status("a", lambda status: status.failed_attempts == 2, "the second refusal")
        self.assertGreater(time.monotonic() - begun, 1.9)

    def test_ipv6(self):
        if not os.path.exists("/proc/net/if_inet6"):
            self.skipTest("no IPv6 on this machine")
        authority = self.authority()
        for tls in (None, authority.server("venue", "IP:::1")):
            with self.subTest("wss" if tls else "ws"):
                venue = self.venue(PyVenue, tls=tls, address="::1")
                settings = {"url": venue.url(host="[::1]")}
                if tls:
                    settings["tls"] = {"ca_file": authority.ca_file}
                self._flows(venue, settings)
                self.assertEqual(venue.records[0].headers["Host"], f"[::1]:{venue.port}")


if __name__ == "__main__":
    unittest.main()
