"""The test venues themselves, against a client that is not fairlead: what they send and record can be relied on."""

import ssl
import tempfile
import threading
import unittest

import websockets

import asyncio

from certificates import Authority
from node_venue import NodeVenue
from py_venue import PyVenue
from waiting import wait_until


async def _talk(url, trust, act, messages):
    """Connects, says hello, lets the venue act from a thread of its own, and returns `messages` messages."""
    async with websockets.connect(url, ssl=trust, max_size=None, compression=None) as socket:
        await socket.send("hello")
        await socket.send(b"\x00\x01")
        actor = threading.Thread(target=act)
        actor.start()
        received = [await asyncio.wait_for(socket.recv(), 10) for _ in range(messages)]
        await asyncio.get_running_loop().run_in_executor(None, actor.join)
        return received


class VenueTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        authority = Authority(directory.name + "/ca")
        self.tls = authority.server("venue")
        self.trust = ssl.create_default_context(cafile=authority.ca_file)
        self.expired = authority.server("expired", expired=True)

    def _check(self, kind, tls):
        venue = kind(tls=self.tls if tls else None)
        self.addCleanup(venue.stop)
        payloads = ["text ✓", b"\x00\xff", "x" * (1 << 20), ["frag", "mented"], [b"\x01", b"\x02", b"\x03"]]

        def act():
            wait_until(lambda: venue.records and len(venue.records[0].received) == 2, "both messages at the venue")
            for payload in payloads:
                venue.send_all(payload, path="/stream")

        received = asyncio.run(_talk(venue.url("/stream"), self.trust if tls else None, act, len(payloads)))
        self.assertEqual(received, ["text ✓", b"\x00\xff", "x" * (1 << 20), "fragmented", b"\x01\x02\x03"])
        record = venue.records[0]
        self.assertEqual((record.path, record.received), ("/stream", ["hello", b"\x00\x01"]))
        wait_until(lambda: record.closed, "the record of the close")
        self.assertEqual(record.close_code, 1000)

    def test_the_python_venue_sends_and_records(self):
        self._check(PyVenue, tls=False)

    def test_the_python_venue_sends_and_records_over_tls(self):
        self._check(PyVenue, tls=True)

    def test_the_node_venue_sends_and_records(self):
        self._check(NodeVenue, tls=False)

    def test_the_node_venue_sends_and_records_over_tls(self):
        self._check(NodeVenue, tls=True)

    def test_the_node_venue_numbers_its_messages(self):
        for load in (lambda venue: venue.pace(500, 50, 5000), lambda venue: venue.flood(500, 50)):
            venue = NodeVenue()
            self.addCleanup(venue.stop)

            def act():
                wait_until(lambda: venue.records, "the connection")
                command = load(venue)
                wait_until(lambda: venue.finished(command), "the end of the load")

            received = asyncio.run(_talk(venue.url(), None, act, 500))
            self.assertEqual([int(text[:10]) for text in received], list(range(1, 501)))
            self.assertEqual({len(text) for text in received}, {50})

    def test_the_python_venue_comes_back_on_the_same_port(self):
        venue = PyVenue()
        self.addCleanup(venue.stop)
        url = venue.url()
        venue.kill()
        with self.assertRaises(OSError):
            asyncio.run(_talk(url, None, lambda: None, 0))
        venue.restart()
        asyncio.run(_talk(url, None, lambda: None, 0))
        self.assertEqual(len(venue.records), 1)

    def test_an_expired_certificate_is_expired(self):
        venue = PyVenue(tls=self.expired)
        self.addCleanup(venue.stop)
        with self.assertRaisesRegex(ssl.SSLCertVerificationError, "expired"):
            asyncio.run(_talk(venue.url(), self.trust, lambda: None, 0))


if __name__ == "__main__":
    unittest.main(verbosity=2)
