"""Where libcurl or libsystemd is missing: a sidecar that makes no HTTP request, or is under no service manager, does
without, and whoever needs it is told what to install."""

import os
import tempfile
import unittest

from fairlead.v1 import control_pb2
from harness import FAIRLEAD, SidecarTest, run_program, wait_until
from py_venue import PyVenue

LIBRARY = "libcurl.so.4"
SYSTEMD = "libsystemd.so.0"
TOLD = f"{LIBRARY} cannot be loaded"
ADVICE = "install libcurl4, 7.88 or later"
WEBHOOK = "alerts.channels.webhook"
URL = "http://127.0.0.1:1/"


class LateLibrariesTest(SidecarTest):
    def setUp(self):
        super().setUp()
        folder = tempfile.mkdtemp(dir=self.directory)
        for name in (LIBRARY, SYSTEMD):
            with open(os.path.join(folder, name), "wb"):
                pass  # found before the real one, and of no use
        self.without = {"LD_LIBRARY_PATH": folder}
        self.venue_ = self.venue(PyVenue)

    def _sidecar(self, settings=None, **named):
        return self.sidecar({"venue": {"url": self.venue_.url()}}, settings, environment=self.without, **named)

    def _loaded(self, sidecar):
        with open(f"/proc/{sidecar.process.pid}/maps", encoding="utf-8") as maps:
            return LIBRARY in maps.read()

    def _add_webhook(self, sidecar):
        with open(sidecar.config, "a", encoding="utf-8") as file:
            file.write(f'\n[{WEBHOOK}]\nurl = "{URL}"\n')

    def test_without_a_request_it_is_not_missed(self):
        sidecar = self._sidecar()
        sidecar.wait_connected("venue")
        self.assertEqual(sidecar.stop()[0], 0)
        self.assertNotIn(TOLD, sidecar.log())

    def test_under_a_service_manager_the_start_fails_without_its_library(self):
        environment = {**self.without, "NOTIFY_SOCKET": os.path.join(self.directory, "notify")}
        sidecar = self.sidecar({"venue": {"url": self.venue_.url()}}, environment=environment, start=False)
        sidecar.spawn()
        self.assertEqual(sidecar.wait_exit(), 1)
        self.assertIn(f"{SYSTEMD} cannot be loaded", sidecar.log())
        self.assertIn("install libsystemd0", sidecar.log())

    def test_a_webhook_has_the_start_fail_and_the_check_does_not_mind(self):
        sidecar = self._sidecar({WEBHOOK: {"url": URL}}, start=False)
        self.assertEqual(run_program(FAIRLEAD, "check", sidecar.config, environment=self.without).returncode, 0)
        sidecar.spawn()
        self.assertEqual(sidecar.wait_exit(), 1)
        self.assertIn(TOLD, sidecar.log())
        self.assertIn(ADVICE, sidecar.log())

    def test_an_http_request_before_connecting_has_the_start_fail(self):
        connection = {"url": self.venue_.url("/{token}"), "profile": "asked"}
        sidecar = self.sidecar({"venue": connection}, environment=self.without, start=False)
        os.mkdir(os.path.join(sidecar.directory, "venues"))
        with open(os.path.join(sidecar.directory, "venues", "asked.toml"), "w", encoding="utf-8") as file:
            file.write(f'[prepare]\nurl = "{URL}"\nextract = {{ token = "/token" }}\n')
        self.assertEqual(run_program(FAIRLEAD, "check", sidecar.config, environment=self.without).returncode, 0)
        sidecar.spawn()
        self.assertEqual(sidecar.wait_exit(), 1)
        self.assertIn(TOLD, sidecar.log())
        self.assertEqual(self.venue_.records, [])

    def test_a_reload_that_needs_it_changes_nothing(self):
        sidecar = self._sidecar()
        sidecar.wait_connected("venue")
        self._add_webhook(sidecar)
        for dry_run in (True, False):
            reply = sidecar.control("reload", dry_run=dry_run)
            self.assertEqual(reply.code, control_pb2.CODE_UNAVAILABLE)
            self.assertTrue(reply.message.startswith(f"nothing was changed: {TOLD}"), reply.message)
            self.assertTrue(reply.message.endswith(ADVICE), reply.message)
        channels = sidecar.control("list_alert_channels").alert_channels.channels
        self.assertEqual([channel.channel for channel in channels], ["log", "stream"])
        self.assertEqual(sidecar.control.status("venue").session, 1)
        self.assertEqual(sidecar.log().count("reload_failed"), 1)

    def test_it_is_loaded_by_the_reload_that_first_needs_it(self):
        sidecar = self.sidecar({"venue": {"url": self.venue_.url()}})
        sidecar.wait_connected("venue")
        self.assertFalse(self._loaded(sidecar))
        self._add_webhook(sidecar)
        self.assertEqual(sidecar.control("reload").code, control_pb2.CODE_OK)
        wait_until(lambda: self._loaded(sidecar), "libcurl is loaded")
        self.assertEqual(sidecar.control.status("venue").session, 1)

    def test_a_dry_run_starts_nothing(self):
        sidecar = self.sidecar({"venue": {"url": self.venue_.url()}})
        sidecar.wait_connected("venue")
        self._add_webhook(sidecar)

        def threads():
            return len(os.listdir(f"/proc/{sidecar.process.pid}/task"))

        before = threads()
        self.assertEqual(sidecar.control("reload", dry_run=True).code, control_pb2.CODE_OK)
        self.assertEqual(threads(), before)
        self.assertEqual(sidecar.control("reload").code, control_pb2.CODE_OK)
        self.assertEqual(threads(), before + 1)

    def test_healthcheck_says_so(self):
        result = run_program(FAIRLEAD, "healthcheck", "--http", "127.0.0.1:1", environment=self.without)
        self.assertEqual(result.returncode, 1)
        self.assertTrue(result.stderr.startswith(f"fairlead healthcheck: {TOLD}"), result.stderr)
        self.assertIn(ADVICE, result.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
