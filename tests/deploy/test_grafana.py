"""The dashboard: its panels do not lie on each other, its expressions can be read by Prometheus, and what they ask for
is measured."""

import json
import os
import re
import tempfile
import unittest

import yaml

from checkout import output_of, read
from expressions import metrics_of, table_of_metrics

_REFERENCE = {
    "network_reconnect_attempts_total", "network_reconnect_success_total", "network_reconnect_failures_total",
    "network_connection_uptime_seconds", "network_last_reconnect_timestamp", "network_reconnect_latency_seconds",
}  # fmt: skip
_COLUMNS = 24


class GrafanaTest(unittest.TestCase):
    def setUp(self):
        self.dashboard = json.loads(read("deploy", "grafana", "fairlead.json"))
        self.panels = self.dashboard["panels"]
        self.variables = {one["name"]: one for one in self.dashboard["templating"]["list"]}

    def _drawn(self):
        return [panel for panel in self.panels if panel["type"] != "row"]

    def _expressions(self):
        """Where it stands, and the expression."""
        for panel in self._drawn():
            for target in panel["targets"]:
                yield panel["title"], target["expr"]
        for annotation in self.dashboard["annotations"]["list"]:
            yield annotation["name"], annotation["expr"]

    def test_ids_are_unique_and_panels_have_a_title(self):
        ids = [panel["id"] for panel in self.panels]
        self.assertEqual(len(set(ids)), len(ids))
        self.assertTrue(all(panel["title"] for panel in self.panels))
        for panel in self._drawn():
            letters = [target["refId"] for target in panel["targets"]]
            self.assertTrue(letters)
            self.assertEqual(len(set(letters)), len(letters), panel["title"])

    def test_no_panel_lies_on_another(self):
        taken = {}
        for panel in self.panels:
            at = panel["gridPos"]
            self.assertLessEqual(at["x"] + at["w"], _COLUMNS, panel["title"])
            for cell in ((x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])):
                self.assertNotIn(cell, taken, f"{panel['title']} lies on {taken.get(cell)}")
                taken[cell] = panel["title"]

    def test_the_variables_are_there_and_nothing_else_is_fixed(self):
        self.assertEqual(set(self.variables), {"datasource", "instance", "connection"})
        text = json.dumps(self.dashboard)
        used = set(re.findall(r"\$\{?([a-z]\w*)", text)) - {"__rate_interval", "__all"}
        self.assertEqual(used - set(self.variables), set())
        for panel in self._drawn():
            for one in (panel, *panel["targets"]):
                self.assertEqual(one["datasource"], {"type": "prometheus", "uid": "${datasource}"}, panel["title"])

    def test_prometheus_can_read_every_expression(self):
        rules = [{"record": f"panel:{i}", "expr": re.sub(r"\$__rate_interval", "5m", expression)}
                 for i, (_, expression) in enumerate(self._expressions())]  # fmt: skip
        self.assertGreater(len(rules), len(self._drawn()))
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "panels.yml")
            with open(path, "w", encoding="utf-8") as file:
                yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}, file)
            output_of("promtool", "check", "rules", path)

    def test_what_it_shows_is_measured(self):
        known = table_of_metrics() | {"ALERTS"}
        for title, expression in self._expressions():
            self.assertEqual(metrics_of(expression) - known, set(), title)
        for variable in ("instance", "connection"):
            query = self.variables[variable]["query"]["query"]
            self.assertEqual(metrics_of(query) - known, set(), query)

    def test_the_metrics_of_the_reference_are_shown(self):
        shown = set().union(*(metrics_of(expression) for _, expression in self._expressions()))
        self.assertEqual(_REFERENCE - shown, set())

    def test_each_metric_of_a_connection_follows_the_choice_of_one(self):
        for title, expression in self._expressions():
            for metric, labels in re.findall(r"\b((?:fairlead|network)_\w+)(\{[^}]*\})?", expression):
                self.assertIn('instance=~"$instance"', labels, f"{title}: {metric}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
