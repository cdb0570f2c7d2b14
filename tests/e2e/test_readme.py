"""The README tells the truth: its configuration and its commands, on the simulated venue, with its Python consumer.

Only the directory of the sockets and the port are replaced, so that it runs anywhere."""

import os
import re
import signal
import shutil
import subprocess
import sys
import tempfile
import unittest

from harness import FAIRLEAD, FAIRLEADCTL, PATIENCE, run_program
from waiting import wait_until

_ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
_COMMANDS = (
    "build/proxy/fairlead check fairlead.toml",
    "build/proxy/fairlead run --config fairlead.toml",
    "build/clients/ctl/fairleadctl tap data/demo/",
    "fairlead simulate --listen 127.0.0.1:9801",
    "build/clients/ctl/fairleadctl rotate demo",
    "build/clients/ctl/fairleadctl gaps demo",
    "build/clients/ctl/fairleadctl reload --dry-run",
    "build/proxy/fairlead check --print fairlead.toml",
    "build/proxy/fairlead probe fairlead.toml demo --seconds 5",
)


def _blocks(language):
    with open(os.path.join(_ROOT, "README.md"), encoding="utf-8") as file:
        return re.findall(rf"^```{language}\n(.*?)^```", file.read(), re.M | re.S)


class ReadmeTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="fl-")
        self.addCleanup(shutil.rmtree, self.directory)
        venue = self._start([FAIRLEAD, "simulate", "--listen", "127.0.0.1:0"])
        self.port = re.search(r"port (\d+)|127\.0\.0\.1:(\d+)", self._line(venue)).group(1)
        toml, *self.others = _blocks("toml")
        self.config = os.path.join(self.directory, "fairlead.toml")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(self._here(toml))

    def _here(self, text):
        return text.replace("/run/fairlead", self.directory).replace("9801", self.port)

    def _start(self, arguments, environment=None):
        process = subprocess.Popen(
            arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=dict(os.environ, PYTHONUNBUFFERED="1", **(environment or {})))  # fmt: skip
        self.addCleanup(self._end, process)
        return process

    def _end(self, process):
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=10 * PATIENCE)

    def _line(self, process):
        line = process.stdout.readline()
        self.assertTrue(line, "it ended without a word")
        return line

    def test_the_commands_and_the_consumer_do_what_it_says(self):
        with open(os.path.join(_ROOT, "README.md"), encoding="utf-8") as file:
            text = file.read()
        for command in _COMMANDS:
            self.assertIn(command, text)
        checked = run_program(FAIRLEAD, "check", self.config)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        relay = self._start([FAIRLEAD, "run", "--config", self.config])

        (code,) = _blocks("python")
        self.assertLessEqual(len(code.strip().splitlines()), 10)
        script = os.path.join(self.directory, "consumer.py")
        with open(script, "w", encoding="utf-8") as file:
            file.write(self._here(code))
        consumer = self._start([sys.executable, script])
        seen = set()

        def two_topics():
            seen.add(self._line(consumer).split(" ")[0])
            return {"data/demo/BTCUSDT/", "data/demo/ETHUSDT/"} <= seen

        wait_until(two_topics, lambda: f"both topics; seen are {seen}", 20)

        tap = self._start(
            [FAIRLEADCTL, "tap", "data/demo/"], {"FAIRLEAD_STREAM": f"ipc://{self.directory}/stream.sock"})  # fmt: skip
        wait_until(lambda: "data/demo/BTCUSDT/" in self._line(tap), "a line of tap", 20)
        self._commands_of_continuity()
        relay.send_signal(signal.SIGTERM)
        self.assertEqual(relay.wait(10 * PATIENCE), 0)

    def _commands_of_continuity(self):
        control = f"ipc://{self.directory}/control.sock"

        def ctl(*arguments):
            done = run_program(FAIRLEADCTL, "--control", control, *arguments)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            return done.stdout

        self.assertIn("a new socket is being opened", ctl("rotate", "demo"))
        wait_until(
            lambda: '"rotations":"1"' in ctl("--json", "connections", "demo").replace(" ", ""),
            "the new socket takes over", 20)  # fmt: skip
        self.assertIn("no gaps", ctl("gaps", "demo"))
        self.assertIn("nothing has changed", ctl("reload", "--dry-run"))

    def test_the_other_settings_are_in_order(self):
        self.assertEqual(len(self.others), 3)
        for number, toml in enumerate(self.others):
            config = os.path.join(self.directory, f"other{number}.toml")
            with open(config, "w", encoding="utf-8") as file:
                file.write(toml)
            checked = run_program(FAIRLEAD, "check", config)
            self.assertEqual(checked.returncode, 0, checked.stderr)

    def test_what_is_looked_at_before_it_runs(self):
        printed = run_program(FAIRLEAD, "check", "--print", self.config)
        self.assertEqual(printed.returncode, 0, printed.stderr)
        self.assertIn("# demo sends:", printed.stdout)
        probed = run_program(FAIRLEAD, "probe", self.config, "demo", "--seconds", "2")
        self.assertEqual(probed.returncode, 0, probed.stdout + probed.stderr)
        self.assertIn("verdict: in order", probed.stdout)


if __name__ == "__main__":
    unittest.main()
