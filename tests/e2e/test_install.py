"""What `meson install` puts down is enough to build a consumer with pkg-config, and that consumer works."""

import os
import shutil
import signal
import subprocess
import tempfile
import unittest

from fairlead.v1 import stream_pb2
from harness import PATIENCE, SidecarTest, run_program
from py_venue import PyVenue
from waiting import wait_until

_EXAMPLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "clients", "cpp", "examples", "print.cpp")


@unittest.skipIf(os.environ.get("FAIRLEAD_SANITIZED") == "1", "the library would want the sanitizers' runtime")
class InstallTest(SidecarTest):
    def _run(self, *arguments, environment=None):
        result = run_program(*arguments, seconds=120, environment=environment)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stdout

    def test_a_consumer_outside_of_the_tree(self):
        root = tempfile.mkdtemp(prefix="fl-")
        self.addCleanup(shutil.rmtree, root)
        self._run("meson", "install", "--no-rebuild", "--quiet", "-C", os.environ["FAIRLEAD_BUILD"], "--destdir", root)
        pkgconfig = subprocess.check_output(["find", root, "-name", "fairlead-client.pc"], text=True).strip()
        prefix = os.path.join(root, "usr", "local")
        flags = self._run(
            "pkg-config", f"--define-variable=prefix={prefix}", "--cflags", "--libs", "fairlead-client",
            environment={"PKG_CONFIG_PATH": os.path.dirname(pkgconfig)}).split()  # fmt: skip
        program = os.path.join(root, "example")
        self._run("g++", "-std=c++20", "-O0", _EXAMPLE, "-o", program, *flags)

        venue = self.venue(PyVenue)
        sidecar = self.sidecar({"a": {"url": venue.url()}})
        consumer = subprocess.Popen([program, sidecar.stream, "data/a/"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(consumer.stdout.close)
        self.addCleanup(consumer.kill)
        sidecar.wait_connected("a")
        wait_until(lambda: sidecar.control("get_status").status.consumer_filters >= 2, "its filters", 10)
        venue.send_all("hello from outside")
        wait_until(lambda: "hello from outside" in consumer.stdout.readline(), "the message", 10)
        venue.kill()
        wait_until(lambda: "disconnected" in consumer.stdout.readline(), "the loss", 10)
        consumer.send_signal(signal.SIGINT)
        self.assertEqual(consumer.wait(10 * PATIENCE), 0)
        self.assertEqual(sidecar.control.status("a").status, stream_pb2.CONNECTION_STATE_RECONNECTING)

    def test_what_is_installed(self):
        root = tempfile.mkdtemp(prefix="fl-")
        self.addCleanup(shutil.rmtree, root)
        self._run("meson", "install", "--no-rebuild", "--quiet", "-C", os.environ["FAIRLEAD_BUILD"], "--destdir", root)
        prefix = os.path.join(root, "usr", "local")
        for path in ("bin/fairlead", "bin/fairleadctl", "include/fairlead/client.hpp", "include/fairlead/v1/stream.pb.h",
                     "share/fairlead/proto/fairlead/v1/stream.proto"):  # fmt: skip
            self.assertTrue(os.path.exists(os.path.join(prefix, path)), path)
        self.assertIn("fairlead", self._run(os.path.join(prefix, "bin", "fairlead"), "version"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
