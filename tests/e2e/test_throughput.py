"""A hundred thousand messages at twenty thousand a second: all of them, in order."""

import unittest

from fairlead.v1 import stream_pb2
from harness import SidecarTest
from node_venue import NodeVenue
from waiting import SANITIZED, wait_until

TOPIC = "data/venue/all/"
RATE = 2_000 if SANITIZED else 20_000
COUNT = 5 * RATE
SIZE = 200


class ThroughputTest(SidecarTest):
    def _check(self, tls):
        authority = self.authority() if tls else None
        venue = self.venue(NodeVenue, tls=authority.server("venue") if tls else None)
        keys = {"url": venue.url()}
        if tls:
            keys["tls"] = {"ca_file": authority.ca_file}
        sidecar = self.sidecar({"venue": keys})
        consumer = self.consumer(sidecar, "data/")
        sidecar.wait_connected("venue")
        load = venue.pace(COUNT, SIZE, RATE)
        wait_until(lambda: venue.finished(load), "the end of the load", 60, consumer.pump)
        last = b"%010d" % COUNT
        consumer.wait(lambda: any(m.payload[:10] == last for m in consumer.messages[-50:]), "the last message", 20)
        received = consumer.data(TOPIC)
        self.assertEqual(len(received), COUNT)
        self.assertEqual([int(text[:10]) for text in received], list(range(1, COUNT + 1)))
        self.assertEqual({len(text) for text in received}, {SIZE})
        self.assert_whole(consumer)
        status = sidecar.control.status("venue")
        self.assertEqual((status.messages, status.bytes), (COUNT, COUNT * SIZE))
        self.assertEqual(status.status, stream_pb2.CONNECTION_STATE_CONNECTED)
        self.assertEqual(sidecar.control("get_status").status.slow_consumer_episodes, 0)

    def test_all_arrive_in_order(self):
        self._check(tls=False)

    def test_all_arrive_in_order_over_tls(self):
        self._check(tls=True)


if __name__ == "__main__":
    unittest.main(verbosity=2)
