"""A real Prometheus scrapes a real sidecar, judges by the shipped rules (with shorter times), and hands what fires to a
real Alertmanager."""

import os
import re
import sys
import tempfile
import unittest

from harness import SidecarTest
from monitoring import Monitoring, free_address, short_rules
from py_venue import PyVenue
from waiting import wait_until

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "deploy"))
from expressions import metrics_of  # noqa: E402

# What says that the outage is one, and nothing else is wrong.
_OUTAGE = {"FairleadConnectionDown", "NetworkConsecutiveFailures", "NetworkReconnectFailureRate"}


class PrometheusTest(SidecarTest):
    def setUp(self):
        super().setUp()
        self.venue_ = self.venue(PyVenue)
        authority = self.authority()
        safe = self.venue(PyVenue, tls=authority.server("localhost"))
        http = free_address()
        self.sidecar_ = self.sidecar(
            {"a": {"url": self.venue_.url()}, "safe": {"url": safe.url(), "tls": {"ca_file": authority.ca_file}}},
            {"http": {"listen": http}})  # fmt: skip
        for name in ("a", "safe"):
            self.sidecar_.wait_connected(name)
        self.monitoring = Monitoring(tempfile.mkdtemp(dir=self.directory), http)
        self.addCleanup(self.monitoring.stop)
        self._wait(lambda: self.monitoring.query("up == 1"), "a scrape")
        self._wait(lambda: not self.monitoring.alerts(), "nothing to tell")

    def _wait(self, condition, what, seconds=45):
        return wait_until(
            condition, lambda: f"{what}; Prometheus: {self.monitoring.alerts()}, Alertmanager: "
            f"{sorted(self.monitoring.received())}, {self.monitoring.log()}", seconds, interval=0.1)  # fmt: skip

    def _one_more_message(self):
        """After the return a topic tells its gap in front of the first message."""
        self.venue_.send_all("on we go")
        return "FairleadUpstreamGaps" in self.monitoring.received()

    def test_an_outage_and_its_end(self):
        self.venue_.send_all("before")
        self.sidecar_.wait_status("a", lambda status: status.messages == 1, "the message")
        self.venue_.kill()
        self._wait(lambda: _OUTAGE <= set(self.monitoring.received()), "the outage at Alertmanager")
        for name, labels in self.monitoring.received().items():
            self.assertEqual(labels["connection"], "a", name)
            self.assertIn(labels["severity"], ("warning", "critical"))
            self.assertIn(labels["connection"], labels["summary"])
            self.assertEqual(labels["runbook_url"], f"deploy/README.md#{name.lower()}")

        self.venue_.restart()
        self.sidecar_.wait_connected("a")
        self._wait(lambda: "FairleadConnectionDown" not in self.monitoring.alerts(), "that it is over")
        self._wait(self._one_more_message, "the loss")

    def test_a_sidecar_that_is_gone(self):
        self.sidecar_.kill()
        gone = self._wait(lambda: self.monitoring.received().get("FairleadSidecarDown"), "the alert")
        self.assertEqual(gone["severity"], "critical")

    def test_everything_that_the_rules_ask_for_is_there(self):
        expressions = re.findall(r"expr: (\|\n(?: {10,}.*\n)+|.*\n)", short_rules())
        asked = set().union(*(metrics_of(text) for text in expressions))
        self.assertIn("fairlead_connection_up", asked)
        there = {re.sub("_bucket$", "", name) for name in self.monitoring.names()}
        self.assertEqual(asked - there, set())


if __name__ == "__main__":
    unittest.main(verbosity=2)
