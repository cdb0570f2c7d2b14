"""Prometheus and Alertmanager as programs on loopback, with short times, and the shipped rules made as short."""

import contextlib
import json
import os
import re
import socket
import subprocess
import urllib.parse
import urllib.request

from waiting import wait_until

_HERE = os.path.dirname(os.path.abspath(__file__))
_RULES = os.path.join(_HERE, "..", "..", "deploy", "prometheus", "fairlead.rules.yml")
_WINDOW = "15s"
_PATIENCE = "2s"  # instead of the minutes of `for`

_PROMETHEUS = """
global: {{scrape_interval: 500ms, evaluation_interval: 500ms}}
rule_files: [rules.yml]
scrape_configs:
  - job_name: fairlead
    static_configs: [{{targets: ["{target}"]}}]
alerting:
  alertmanagers: [{{static_configs: [{{targets: ["{alertmanager}"]}}]}}]
"""
_ALERTMANAGER = """
route: {receiver: nobody, group_wait: 100ms, group_interval: 1s}
receivers: [{name: nobody}]
"""


def free_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def short_rules():
    """The shipped rules with seconds in the place of minutes; nothing else is changed."""
    with open(_RULES, encoding="utf-8") as file:
        text = file.read()
    text, waits = re.subn(r"(?m)^( +for:) \d+[mh]$", rf"\1 {_PATIENCE}", text)
    text, windows = re.subn(r"\[\d+[mh]\]", f"[{_WINDOW}]", text)
    if not waits or not windows:
        raise AssertionError("the rules have changed their form")
    return text


class Monitoring:
    """Scrapes `target`. `directory` is its own."""

    def __init__(self, directory, target):
        self._directory = directory
        self._processes = []
        self.alertmanager = free_address()
        self.prometheus = free_address()
        self._write("alertmanager.yml", _ALERTMANAGER)
        self._write("rules.yml", short_rules())
        self._write("prometheus.yml", _PROMETHEUS.format(target=target, alertmanager=self.alertmanager))
        self._run("prometheus-alertmanager", "--config.file=alertmanager.yml", "--storage.path=alertmanager",
                  f"--web.listen-address={self.alertmanager}", "--cluster.listen-address=")  # fmt: skip
        self._run("prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=prometheus",
                  f"--web.listen-address={self.prometheus}")  # fmt: skip
        for address in (self.alertmanager, self.prometheus):
            wait_until(lambda address=address: self._is_ready(address), self.log, 30, interval=0.05)

    def stop(self):
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait(30)

    def log(self):
        with open(os.path.join(self._directory, "log"), encoding="utf-8") as file:
            return f"the log:\n{file.read()}"

    def query(self, expression):
        """[(labels, value)]"""
        answer = self._get(self.prometheus, "/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
        return [(one["metric"], float(one["value"][1])) for one in answer["data"]["result"]]

    def names(self):
        return set(self._get(self.prometheus, "/api/v1/label/__name__/values")["data"])

    def alerts(self):
        """Names of what Prometheus sees, pending or firing."""
        return {one["labels"]["alertname"] for one in self._get(self.prometheus, "/api/v1/alerts")["data"]["alerts"]}

    def received(self):
        """name -> labels of what Alertmanager has and counts as active."""
        alerts = self._get(self.alertmanager, "/api/v2/alerts?active=true")
        return {one["labels"]["alertname"]: {**one["labels"], **one["annotations"]} for one in alerts}

    def _is_ready(self, address):
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(f"http://{address}/-/ready", timeout=5).status == 200
        return False

    def _get(self, address, path):
        with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
            return json.load(answer)

    def _write(self, name, text):
        with open(os.path.join(self._directory, name), "w", encoding="utf-8") as file:
            file.write(text)

    def _run(self, *command):
        with open(os.path.join(self._directory, "log"), "ab") as log:
            process = subprocess.Popen(
                command, cwd=self._directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # fmt: skip
        self._processes.append(process)
