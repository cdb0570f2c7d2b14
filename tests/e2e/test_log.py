"""What the log tells, and what no surface ever tells: secrets."""

import json
import unittest

from fairlead.v1 import stream_pb2
from harness import FAIRLEAD, SidecarTest, run_program, wait_until
from py_venue import PyVenue

CONNECTED = stream_pb2.CONNECTION_STATE_CONNECTED
SECRETS = {"FEED_KEY": "k3y-in-the-query", "FEED_TOKEN": "t0ken-in-a-header", "FEED_LOGIN": "l0gin-in-a-text"}


class LogTest(SidecarTest):
    def _one_loss(self, log):
        venue = self.venue(PyVenue)
        sidecar = self.sidecar({"venue_x": {"url": venue.url()}}, {"log": log})
        sidecar.wait_connected("venue_x")
        venue.close_all(4002, "as told")
        sidecar.wait_status("venue_x", lambda status: status.session == 2 and status.ready, "the second session")
        self.assertEqual(sidecar.stop()[0], 0)
        return [line for line in sidecar.log().splitlines() if line]

    def test_each_edge_is_one_line(self):
        lines = [line for line in self._one_loss({"format": "text"}) if "venue_x" in line]
        for edge, count in (("peer_closed", 1), ("4002", 1), ("session=2", 1), ("shutdown", 1)):
            self.assertEqual(len([line for line in lines if edge in line]), count, (edge, lines))
        self.assertTrue(all("venue_x" in line for line in lines))

    def test_a_line_of_json_is_an_object(self):
        lines = [json.loads(line) for line in self._one_loss({"format": "json"})]
        lost = [line for line in lines if line.get("cause") == "peer_closed"]
        self.assertTrue(lost, lines)
        self.assertTrue(all(line["connection"] == "venue_x" for line in lost))
        self.assertTrue(all(isinstance(line, dict) for line in lines))

    def test_a_failure_that_repeats_is_quiet(self):
        venue = self.venue(PyVenue)
        venue.kill()
        sidecar = self.sidecar({"venue_x": {"url": venue.url()}}, {"network": {"initial_delay": "5ms", "max_delay": "5ms"}})
        sidecar.wait_status("venue_x", lambda status: status.failed_attempts > 50, "fifty failures")
        lines = [line for line in sidecar.log().splitlines() if "connect_failed" in line]
        self.assertGreaterEqual(len(lines), 1)
        self.assertLess(len(lines), 5)

    def test_no_secret_appears_anywhere(self):
        venue = self.venue(PyVenue)
        keys = {
            "url": venue.url("/feed?key=${env:FEED_KEY}"),
            "headers": {"Authorization": "Bearer ${env:FEED_TOKEN}"},
            "subscriptions": ['{"login":"${env:FEED_LOGIN}"}'],
        }
        broken = {**keys, "url": keys["url"].replace(str(venue.port), "1")}
        sidecar = self.sidecar({"good": keys, "broken": broken}, {"log": {"level": "debug"}}, environment=SECRETS)
        consumer = self.consumer(sidecar, "data/")
        sidecar.wait_connected("good")
        sidecar.wait_status("broken", lambda status: status.failed_attempts > 1, "failures")

        # They did reach the venue.
        wait_until(lambda: venue.records[0].received, "the login")
        self.assertIn(SECRETS["FEED_KEY"], venue.records[0].path)
        self.assertEqual(venue.records[0].headers["Authorization"], "Bearer " + SECRETS["FEED_TOKEN"])
        self.assertIn(SECRETS["FEED_LOGIN"], venue.records[0].received[0])

        venue.close_all(4000, "bye")
        sidecar.wait_status("good", lambda status: status.session == 2 and status.ready, "the second session")
        surfaces = {
            "connections": str(sidecar.control("list_connections")),
            "subscriptions": str(sidecar.control("list_subscriptions")),
            "print": run_program(FAIRLEAD, "check", sidecar.config, "--print", environment=SECRETS).stdout,
        }
        consumer.wait(lambda: any(e.state == CONNECTED for e in consumer.states("state/good/")), "the return")
        self.assertEqual(sidecar.stop()[0], 0)
        consumer.pump()
        surfaces["log"] = sidecar.log()
        surfaces["stream"] = repr(consumer.messages)
        for name, text in surfaces.items():
            self.assertTrue(text, name)
            for secret in SECRETS.values():
                self.assertNotIn(secret, text, name)
        self.assertIn("${env:FEED_KEY}", surfaces["print"])

    def test_a_secret_that_is_missing_is_named(self):
        sidecar = self.sidecar({"venue": {"url": "ws://localhost:1/${env:FAIRLEAD_NO_SUCH_VARIABLE}"}})
        status = sidecar.wait_status("venue", lambda status: status.last_cause == stream_pb2.CAUSE_CONFIG, "the cause")
        self.assertIn("FAIRLEAD_NO_SUCH_VARIABLE", status.last_detail)


if __name__ == "__main__":
    unittest.main(verbosity=2)
