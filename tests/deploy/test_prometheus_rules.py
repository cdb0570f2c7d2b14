"""The alert rules: promtool finds them in order, each is tested in both directions, each has its paragraph in the
runbook, and what they ask for is measured."""

import os
import re
import tempfile
import unittest

import yaml

from checkout import DEPLOY, HERE, output_of, read, run
from expressions import metrics_of, table_of_metrics

_RULES = os.path.join(DEPLOY, "prometheus", "fairlead.rules.yml")
_TESTS = os.path.join(HERE, "rules.test.yml")
_REFERENCE = (
    "NetworkReconnectFailureRate", "NetworkConnectionUptime", "NetworkReconnectLatency", "NetworkConsecutiveFailures",
)  # fmt: skip


def _rules():
    with open(_RULES, encoding="utf-8") as file:
        return [rule for group in yaml.safe_load(file)["groups"] for rule in group["rules"]]


def _save(value, path):
    with open(path, "w", encoding="utf-8") as file:
        yaml.safe_dump(value, file, sort_keys=False)


class RulesTest(unittest.TestCase):
    def setUp(self):
        self.rules = _rules()
        self.names = [rule["alert"] for rule in self.rules]

    def test_promtool_understands_them(self):
        output_of("promtool", "check", "rules", _RULES)
        output_of("promtool", "check", "config", os.path.join(DEPLOY, "prometheus", "prometheus.example.yml"))

    def test_they_fire_when_they_must_and_only_then(self):
        output_of("promtool", "test", "rules", _TESTS)

    def test_every_alert_is_seen_firing_beside_what_must_not(self):
        tests = read("tests", "deploy", "rules.test.yml")
        fired = set(re.findall(r'alertname="(\w+)"[,}]', tests)) | set(re.findall(r"- alertname: (\w+)", tests))
        self.assertEqual(set(self.names) - fired, set())

    def test_a_rule_that_never_fires_would_be_found(self):
        """Each rule is silenced in its turn: the tests must notice."""
        with open(_TESTS, encoding="utf-8") as file:
            tests = {**yaml.safe_load(file), "rule_files": ["rules.yml"]}
        with open(_RULES, encoding="utf-8") as file:
            groups = yaml.safe_load(file)
        with tempfile.TemporaryDirectory() as directory:
            _save(tests, os.path.join(directory, "tests.yml"))
            for rule in [rule for group in groups["groups"] for rule in group["rules"]]:
                whole = rule["expr"]
                rule["expr"] = f"({whole}) and on () vector(1) == 2"
                _save(groups, os.path.join(directory, "rules.yml"))
                result = run("promtool", "test", "rules", os.path.join(directory, "tests.yml"))
                self.assertIn(rule["alert"], result.stdout + result.stderr)
                self.assertNotEqual(result.returncode, 0, rule["alert"])
                rule["expr"] = whole

    def test_names_are_unique_and_those_of_the_reference_are_kept(self):
        self.assertEqual(len(set(self.names)), len(self.names))
        for name in _REFERENCE:
            self.assertIn(name, self.names)

    def test_every_alert_says_how_bad_it_is_and_what_to_do(self):
        for rule in self.rules:
            self.assertIn(rule["labels"]["severity"], ("warning", "critical"), rule["alert"])
            self.assertTrue(rule["annotations"]["summary"])
            self.assertEqual(rule["annotations"]["runbook_url"], f"deploy/README.md#{rule['alert'].lower()}")

    def test_the_runbook_has_each_of_them_and_no_other(self):
        runbook = read("deploy", "README.md").split("\n## Runbook\n")[1].split("\n## ")[0]
        paragraphs = dict(re.findall(r"(?m)^### (\w+)\n((?:(?!### ).*\n?)*)", runbook))
        self.assertEqual(sorted(paragraphs), sorted(self.names))
        for name, text in paragraphs.items():
            self.assertGreater(len(text.split()), 15, name)

    def test_the_runbook_leads_from_each_alert_of_the_sidecar_to_one_of_them(self):
        runbook = read("deploy", "README.md").split("\n## Runbook\n")[1].split("\n### ")[0]
        rows = re.findall(r"(?m)^\| `(\w+)` \| \[(\w+)\]\(#(\w+)\)", runbook)
        types = read("proxy", "core", "alert_rules.cpp").split("to_string(AlertType type)")[1].split("\n}\n")[0]
        self.assertEqual([kind for kind, _, _ in rows], re.findall(r'return "(\w+)"', types))
        for _, name, anchor in rows:
            self.assertIn(name, self.names)
            self.assertEqual(anchor, name.lower())

    def test_what_they_ask_for_is_measured(self):
        known = table_of_metrics() | {"up", "ALERTS"}
        for rule in self.rules:
            self.assertEqual(metrics_of(rule["expr"]) - known, set(), rule["alert"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
