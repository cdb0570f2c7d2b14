"""The sidecar works inside of what its systemd unit allows: it binds, connects, takes TLS, reloads and ends."""

import os
import signal
import subprocess
import sys
import unittest

from harness import FAIRLEAD, SidecarTest
from py_venue import PyVenue
from waiting import wait_until

_HERE = os.path.dirname(os.path.abspath(__file__))
_UNIT = os.path.join(_HERE, "..", "..", "deploy", "systemd", "fairlead.service.in")
_UID = 10001


class HardeningTest(SidecarTest):
    def _confined(self, *command, **named):
        return subprocess.Popen(
            [sys.executable, os.path.join(_HERE, "confined.py"), _UNIT, str(_UID), *command],
            stdin=subprocess.DEVNULL, **named)  # fmt: skip

    def _start(self, connections):
        sidecar = self.sidecar(connections, start=False)
        if os.geteuid() == 0:
            for folder, _, names in os.walk(self.directory):
                for path in (folder, *(os.path.join(folder, name) for name in names)):
                    os.chown(path, _UID, _UID)
        with open(sidecar.log_path, "ab") as log:
            sidecar.process = self._confined(FAIRLEAD, "run", "--config", sidecar.config, stdout=log, stderr=log)
        wait_until(lambda: os.path.exists(os.path.join(sidecar.directory, "control.sock")), sidecar.log)
        return sidecar

    def test_it_relays_reloads_and_ends(self):
        authority = self.authority()
        plain = self.venue(PyVenue)
        safe = self.venue(PyVenue, tls=authority.server("localhost"))
        sidecar = self._start({
            "plain": {"url": plain.url()},
            "safe": {"url": safe.url(), "tls": {"ca_file": authority.ca_file}},
            "lost": {"url": "ws://nowhere.invalid:1/"},
        })  # fmt: skip
        for name in ("plain", "safe"):
            sidecar.wait_connected(name)
        sidecar.wait_status("lost", lambda status: status.failed_attempts > 0, "a lookup that fails")
        consumer = self.consumer(sidecar, "data/")
        for name, venue in (("plain", plain), ("safe", safe)):
            venue.send_all("inside")
            consumer.wait_data(f"data/{name}/all/", 1)
        plain.kill()
        plain.restart()
        sidecar.wait_status("plain", lambda status: status.session > 1 and status.ready, "again")
        sidecar.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "reloaded" in sidecar.log(), "the reload")
        self.assertEqual(sidecar.control("get_status").status.connected, 2)
        self.assertEqual(sidecar.stop()[0], 0)

    def test_what_is_not_allowed_is_refused_there(self):
        """Or the test above would prove nothing."""
        for attempt in ("import socket; socket.socket(socket.AF_PACKET)",
                        "import os; os.chmod('/proc/self/fd/0', 0o4755)",
                        "import mmap; mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)",
                        "import os; os.nice(-5)"):  # fmt: skip
            process = self._confined(sys.executable, "-c", attempt, stderr=subprocess.PIPE, text=True)
            _, error = process.communicate(timeout=30)
            self.assertEqual(process.returncode, 1, (attempt, error))
            self.assertIn("PermissionError", error)


if __name__ == "__main__":
    unittest.main(verbosity=2)
