"""The programs as people use them: the demo, and fairleadctl against a running sidecar."""

import json
import os
import signal
import subprocess
import unittest

from harness import FAIRLEAD, FAIRLEADCTL, PATIENCE, SidecarTest, run_program, wait_until
from py_venue import PyVenue


class DemoTest(unittest.TestCase):
    def test_the_demo_shows_faults_and_returns_in_plain_words(self):
        result = run_program(FAIRLEAD, "demo", "--seconds", "8", seconds=30)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        said = result.stdout.lower()
        for word in ("connected", "disconnected", "messages"):
            self.assertIn(word, said)
        self.assertGreater(len(said.splitlines()), 5)
        self.assertNotIn("Sanitizer", result.stderr)

    def test_the_demo_can_be_interrupted_at_any_moment(self):
        for delay in (0.005, 0.02, 0.05, 0.2, 1.0):
            with self.subTest(delay):
                demo = subprocess.Popen([FAIRLEAD, "demo"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                try:
                    demo.wait(delay)  # the moment is the subject
                except subprocess.TimeoutExpired:
                    pass
                demo.send_signal(signal.SIGINT)
                output, _ = demo.communicate(timeout=10 * PATIENCE)
                # Before the handler is there, the signal itself is the end; too early, nothing has come to be summed up.
                self.assertIn(demo.returncode, (0, 1, -signal.SIGINT), output)

    def test_two_demos_do_not_meet(self):
        demos = [subprocess.Popen([FAIRLEAD, "demo", "--seconds", "5"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                 for _ in range(2)]  # fmt: skip
        for demo in demos:
            output, _ = demo.communicate(timeout=30 * PATIENCE)
            self.assertEqual(demo.returncode, 0, output)


class CtlTest(SidecarTest):
    def setUp(self):
        super().setUp()
        self.venue_ = self.venue(PyVenue)
        self.sidecar_ = self.sidecar({"a": {"url": self.venue_.url("/a"), "subscriptions": ["one"]}})
        self.sidecar_.wait_connected("a")
        self.record = self.venue_.records[0]

    def ctl(self, *arguments, code=0):
        result = run_program(FAIRLEADCTL, *self._endpoints(), *arguments)
        self.assertEqual(result.returncode, code, f"{arguments}: {result.stdout}{result.stderr}")
        return result.stdout if code == 0 else result.stderr

    def _endpoints(self):
        return "--control", self.sidecar_.control_endpoint, "--stream", self.sidecar_.stream

    def test_it_tells(self):
        self.assertIn("1", self.ctl("status"))
        listed = self.ctl("connections")
        self.assertIn("a", listed)
        self.assertIn("connected", listed)
        self.assertIn("one", self.ctl("subscriptions"))
        for command in ("status", "connections", "subscriptions"):
            json.loads(self.ctl("--json", command))

    def test_it_takes_endpoints_from_the_environment(self):
        environment = {"FAIRLEAD_CONTROL": self.sidecar_.control_endpoint}
        self.assertEqual(run_program(FAIRLEADCTL, "status", environment=environment).returncode, 0)

    def test_it_sends_and_subscribes(self):
        self.ctl("send", "a", "a text")
        path = os.path.join(self.directory, "binary")
        with open(path, "wb") as file:
            file.write(b"\x00\xff")
        self.ctl("send", "a", "--binary", path)
        self.ctl("subscribe", "a", "two", "three")
        wait_until(lambda: self.record.received == ["one", "a text", b"\x00\xff", "two", "three"], lambda: self.record.received)
        self.ctl("unsubscribe", "a", "two")
        self.assertNotIn("two", self.ctl("subscriptions"))

    def test_it_reconnects_pauses_and_resumes(self):
        self.ctl("reconnect", "a")
        self.sidecar_.wait_status("a", lambda status: status.session == 2 and status.ready, "the second session")
        self.ctl("reconnect", "a", "--hard")
        self.sidecar_.wait_status("a", lambda status: status.session == 3 and status.ready, "the third session")
        self.ctl("pause", "a")
        self.assertTrue(self.sidecar_.control.status("a").paused)
        self.ctl("resume", "a")
        self.sidecar_.wait_connected("a")

    def test_it_adds_and_removes(self):
        self.ctl("add", "b", "--url", self.venue_.url("/b"))
        self.sidecar_.wait_connected("b")
        self.ctl("remove", "b")
        self.assertNotIn("/b", self.ctl("connections"))

    def test_tap_prints_a_line_for_each_message(self):
        for arguments, expected in ((("tap",), "data/a/all/"), (("tap", "data/a/", "--raw"), "")):
            with self.subTest(arguments):
                tap = subprocess.Popen([FAIRLEADCTL, *self._endpoints(), *arguments], stdout=subprocess.PIPE)
                self.addCleanup(tap.stdout.close)
                self.addCleanup(tap.wait)
                self.addCleanup(tap.kill)
                os.set_blocking(tap.stdout.fileno(), False)
                output = bytearray()

                def read(tap=tap, output=output):
                    self.venue_.send_all("price 42")  # until the tap is subscribed
                    output.extend(tap.stdout.read() or b"")
                    return [line for line in output.decode().split("\n")[:-1] if "price 42" in line]

                line = wait_until(read, lambda: f"a line with the message: {output}", interval=0.05)[0]
                self.assertTrue(line.startswith(expected) or expected in line)
                if "--raw" in arguments:
                    self.assertEqual(line, "price 42")

    def test_failures_have_exit_codes(self):
        self.ctl("reconnect", "nobody", code=1)
        self.ctl("no-such-command", code=2)
        self.ctl("send", code=2)
        nobody = f"ipc://{self.directory}/nobody.sock"
        result = run_program(FAIRLEADCTL, "--control", nobody, "status")
        self.assertEqual(result.returncode, 3)
        self.assertIn(nobody, result.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
