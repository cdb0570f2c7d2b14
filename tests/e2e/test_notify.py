"""What a service manager is told (sd_notify). The test is the service manager: it holds the socket that NOTIFY_SOCKET
names."""

import os
import signal
import socket
import unittest

from harness import SidecarTest
from py_venue import PyVenue
from waiting import wait_until


class Manager:
    """Takes datagrams; says what has come, one entry for each KEY=value line."""

    def __init__(self, directory):
        self.path = os.path.join(directory, "notify")
        self.lines = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.setblocking(False)

    def read(self):
        while True:
            try:
                self.lines += self.socket.recv(4096).decode().splitlines()
            except BlockingIOError:
                return self.lines

    def count(self, line):
        return self.read().count(line)

    def wait(self, condition, what):
        return wait_until(lambda: condition(self.read()), lambda: f"{what}; told so far: {self.lines}")


class NotifyTest(SidecarTest):
    def setUp(self):
        super().setUp()
        self.manager = Manager(self.directory)
        self.addCleanup(self.manager.socket.close)
        self.venue_ = self.venue(PyVenue)
        self.environment = {"NOTIFY_SOCKET": self.manager.path, "WATCHDOG_USEC": "200000"}

    def _sidecar(self, **environment):
        return self.sidecar({"a": {"url": self.venue_.url()}}, environment={**self.environment, **environment})

    def test_ready_reloading_stopping(self):
        sidecar = self._sidecar()
        self.manager.wait(lambda lines: "READY=1" in lines, "ready")
        before = self.manager.count("READY=1")
        self.assertEqual(before, 1)
        sidecar.process.send_signal(signal.SIGHUP)
        self.manager.wait(lambda lines: lines.count("READY=1") == 2, "ready once more")
        lines = self.manager.lines
        reloading = lines.index("RELOADING=1")
        self.assertLess(lines.index("READY=1"), reloading)
        self.assertRegex(lines[reloading + 1], "^MONOTONIC_USEC=[1-9][0-9]+$")
        self.assertNotIn("STOPPING=1", lines)
        self.assertEqual(sidecar.stop()[0], 0)
        self.assertEqual(self.manager.count("STOPPING=1"), 1)
        self.assertEqual(self.manager.count("READY=1"), 2)

    def test_a_reload_that_is_refused_ends_as_well(self):
        sidecar = self._sidecar()
        self.manager.wait(lambda lines: "READY=1" in lines, "ready")
        with open(sidecar.config, "a", encoding="utf-8") as file:
            file.write("[nonsense]\n")
        sidecar.process.send_signal(signal.SIGHUP)
        self.manager.wait(lambda lines: lines.count("READY=1") == 2, "ready once more")
        self.assertIn("reload_failed", sidecar.log())

    def test_the_status_follows_the_connections(self):
        self._sidecar()
        self.manager.wait(lambda lines: "STATUS=1 of 1 connections connected, 0 failed" in lines, "connected")
        self.venue_.kill()
        told = "STATUS=0 of 1 connections connected, 0 failed"
        self.manager.wait(lambda lines: [line for line in lines if line.startswith("STATUS=")][-1] == told, "lost")

    def test_the_watchdog_is_fed(self):
        self._sidecar()
        self.manager.wait(lambda lines: lines.count("WATCHDOG=1") >= 10, "beats")

    def test_no_watchdog_no_beats(self):
        for environment in ({"WATCHDOG_USEC": ""}, {"WATCHDOG_PID": "1"}):
            sidecar = self._sidecar(**environment)
            self.manager.wait(lambda lines: "READY=1" in lines, "ready")
            self.assertEqual(sidecar.stop()[0], 0)
            self.manager.wait(lambda lines: "STOPPING=1" in lines, "the end")
            self.assertEqual(self.manager.count("WATCHDOG=1"), 0)
            self.manager.lines.clear()

    def test_a_service_manager_that_reads_no_more_costs_nothing(self):
        """What systemd does when it has crashed: its socket stays and fills up."""
        sidecar = self._sidecar(WATCHDOG_USEC="2000")
        sidecar.wait_connected("a")
        # The kernel keeps at most max_dgram_qlen datagrams; then a blocking send waits for ever.
        with open("/proc/sys/net/unix/max_dgram_qlen", encoding="ascii") as file:
            room = int(file.read())
        turned = sidecar.control("get_status").status.uptime_ms
        wait_until(lambda: sidecar.control("get_status").status.uptime_ms > turned + 4 * room, "more beats than fit")
        consumer = self.consumer(sidecar, "data/a/")
        self.venue_.send_all("still here")
        consumer.wait_data("data/a/all/", 1)
        code, seconds = sidecar.stop()
        self.assertEqual(code, 0)
        self.assertGreaterEqual(len(self.manager.read()), room)

    def test_a_socket_that_is_not_there_is_no_failure(self):
        sidecar = self._sidecar(NOTIFY_SOCKET=os.path.join(self.directory, "nobody"))
        sidecar.wait_connected("a")
        self.assertEqual(sidecar.stop()[0], 0)
        self.assertEqual(self.manager.read(), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
