"""What every end-to-end test starts from: a fairlead process with a configuration and a directory of its own.

The environment comes from tests/e2e/meson.build: FAIRLEAD and FAIRLEADCTL are the programs, PYTHONPATH leads to the
modules that protoc made of the contract."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import zmq

from certificates import Authority
from consumer import Consumer
from control import Control
from fairlead.v1 import control_pb2
from waiting import PATIENCE, Timeout, wait_until

FAIRLEAD = os.environ["FAIRLEAD"]
FAIRLEADCTL = os.environ.get("FAIRLEADCTL", "")

# Short times, so that a test is quick; the heartbeat makes consumers know soon that they are subscribed.
_DEFAULTS = {
    "stream": {"heartbeat_interval": "200ms"},
    "http": {"listen": ""},
    "network": {"max_retries": 0, "initial_delay": "200ms", "max_delay": "200ms"},
}


def to_toml(tables):
    lines = []
    for name, values in tables.items():
        lines.append(f"[{name}]")
        for key, value in values.items():
            lines.append(f"{key} = {_toml_value(value)}")
    return "\n".join(lines) + "\n"


def _toml_value(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml_value(item)}" for key, item in value.items()) + "}"
    return json.dumps(value)


class Sidecar:
    """One fairlead in `directory`. `connections` maps ids to the keys of their tables; `settings` maps further tables."""

    def __init__(self, context, directory, connections, settings=None, environment=None):
        self.directory = directory
        self.stream = f"ipc://{directory}/stream.sock"
        self.control_endpoint = f"ipc://{directory}/control.sock"
        self.control = Control(context, self.control_endpoint)
        self.process = None
        self._context = context
        self._environment = dict(os.environ, **(environment or {}))
        self.config = os.path.join(directory, "fairlead.toml")
        self.log_path = os.path.join(directory, "fairlead.log")
        tables = {name: dict(values) for name, values in _DEFAULTS.items()}
        tables["stream"]["endpoint"] = self.stream
        tables["control"] = {"endpoint": self.control_endpoint}
        for name, values in (settings or {}).items():
            tables.setdefault(name, {}).update(values)
        for name, values in connections.items():
            tables[f"connections.{name}"] = values
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(to_toml(tables))

    def spawn(self, stderr=None):
        """Starts the process; the caller says what it waits for, and may take its log."""
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [FAIRLEAD, "run", "--config", self.config], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log if stderr is None else stderr, env=self._environment)  # fmt: skip
        return self

    def start(self):
        """Starts the process and waits until it answers on its control socket."""
        self.spawn()
        if self.control("get_status", seconds=10).code != control_pb2.CODE_OK:
            raise AssertionError("get_status was refused")
        return self

    def wait_exit(self, seconds=10):
        try:
            return self.process.wait(seconds * PATIENCE)
        except subprocess.TimeoutExpired:
            raise Timeout(f"fairlead still runs after {seconds * PATIENCE} s") from None

    def stop(self, seconds=10):
        """SIGTERM; returns (exit code, seconds that it took)."""
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.wait_exit(seconds)
        return code, time.monotonic() - begin

    def kill(self):
        self.process.kill()
        self.process.wait()

    def log(self):
        with open(self.log_path, encoding="utf-8") as file:
            return file.read()

    def consumer(self, *prefixes, wait=True, welcome=False):
        """Subscribed to the prefixes and to state/; the sidecar must have a connection for `wait` to end."""
        consumer = Consumer(self._context, self.stream, prefixes, welcome)
        if wait:
            consumer.wait_subscribed()
        return consumer

    def wait_connected(self, connection, seconds=10):
        """Until it is connected and its subscriptions have been sent."""
        return self.wait_status(connection, lambda status: status.ready, "connected and ready", seconds)

    def wait_status(self, connection, condition, what, seconds=10):
        """Polls the status of one connection until condition(status) holds, and returns it."""
        seen = []

        def look():
            seen[:] = [self.control.status(connection)]
            return seen[0] if condition(seen[0]) else None

        return wait_until(look, lambda: f"{connection}: {what}; its status is {seen}", seconds, interval=0.05)


class SidecarTest(unittest.TestCase):
    """Gives each test a directory, and ends what the test started, in reverse order."""

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="fl-")  # short: a socket path has at most 107 characters
        self.addCleanup(shutil.rmtree, self.directory)
        self.context = zmq.Context()
        self.addCleanup(self.context.destroy, linger=0)

    def sidecar(self, connections, settings=None, environment=None, start=True):
        directory = tempfile.mkdtemp(dir=self.directory)
        sidecar = Sidecar(self.context, directory, connections, settings, environment)
        self.addCleanup(self._end, sidecar)
        return sidecar.start() if start else sidecar

    def venue(self, kind, *arguments, **named):
        venue = kind(*arguments, **named)
        self.addCleanup(venue.stop)
        return venue

    def consumer(self, sidecar, *prefixes, **named):
        consumer = sidecar.consumer(*prefixes, **named)
        self.addCleanup(consumer.close)
        return consumer

    def authority(self, name="authority"):
        return Authority(os.path.join(self.directory, name))

    def assert_whole(self, consumer):
        self.assertEqual(consumer.sequence_errors(), [])

    def _end(self, sidecar):
        """Also the place where a sanitizer's or an assertion's verdict is noticed: a crash is an exit code of its own."""
        if sidecar.process is None:
            return
        code = sidecar.process.poll()
        if code is None:
            code = sidecar.stop()[0]
        # 1 and 78 are for tests that made it refuse to start; -9 for those that killed it.
        if code not in (0, 1, 78, -signal.SIGKILL) or self._failed():
            print(f"--- fairlead ended with {code}; its log:\n{sidecar.log()}---", file=sys.stderr)
        self.assertIn(code, (0, 1, 78, -signal.SIGKILL), "the exit code of fairlead")
        self.assertNotIn("Sanitizer", sidecar.log())

    def _failed(self):
        outcome = getattr(self, "_outcome", None)
        if outcome is None:
            return False
        if hasattr(outcome, "errors"):  # until Python 3.10
            return any(error for _, error in outcome.errors)
        return not outcome.success


def run_program(*arguments, seconds=30, environment=None):
    """Runs a program to its end; text in, text out."""
    return subprocess.run(
        arguments, capture_output=True, text=True, timeout=seconds * PATIENCE, stdin=subprocess.DEVNULL,
        env=dict(os.environ, **(environment or {})), check=False)  # fmt: skip
