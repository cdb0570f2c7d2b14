"""Whether the sidecar lives, has started and is ready, as probes and `fairlead healthcheck` ask it."""

import contextlib
import socket
import time
import unittest

from harness import FAIRLEAD, run_program
from py_venue import PyVenue
from test_http import CONNECTIONS, HttpTest
from waiting import PATIENCE, wait_until


class HealthTest(HttpTest):
    def test_a_venue_that_goes_and_comes(self):
        venue = self.venue(PyVenue)
        venue.kill()
        sidecar, rest = self.start_http({"venue": {"url": venue.url()}})
        self.assertEqual(rest.get("/livez").text, "ok\n")
        wait_until(lambda: rest.get("/startupz").status == 200, "the end of the start")
        ready = rest.get("/readyz")
        self.assertEqual((ready.status, ready.text), (503, "not ready\n"))
        why = rest.get("/readyz?verbose")
        self.assertEqual(why.status, 503)
        self.assertRegex(why.text, r"^venue: (reconnecting|connecting), last cause connect_failed\n$")
        venue.restart()
        wait_until(lambda: rest.get("/readyz").status == 200, "ready")
        venue.kill()
        wait_until(lambda: rest.get("/readyz").status == 503, "not ready any more")
        self.assertEqual((rest.get("/livez").status, rest.get("/startupz").status), (200, 200))
        self.assertEqual(rest.post(f"{CONNECTIONS}/venue/pause").status, 200)
        wait_until(lambda: rest.get("/readyz?verbose").text == "ok\n", "ready, because it is paused")
        self.assertIsNone(sidecar.process.poll())

    def test_half_a_request_keeps_no_probe_waiting(self):
        _sidecar, rest = self.start_http()
        with contextlib.ExitStack() as held:
            for _ in range(8):
                mute = held.enter_context(socket.create_connection((rest.host, rest.port)))
                mute.sendall(b"GET /livez HT")
            began = time.monotonic()
            self.assertEqual(rest.get("/livez").status, 200)
            self.assertLess(time.monotonic() - began, 1.5 * PATIENCE)  # they are given up after 3 s


class HealthcheckTest(HttpTest):
    def test_it_understands_the_sidecar(self):
        venue = self.venue(PyVenue)
        venue.kill()
        _sidecar, rest = self.start_http({"venue": {"url": venue.url()}})

        def ask(*arguments):
            return run_program(FAIRLEAD, "healthcheck", "--http", f"{rest.host}:{rest.port}", *arguments)

        self.assertEqual(ask("--live").returncode, 0)
        wait_until(lambda: ask("--started").returncode == 0, "the end of the start", interval=0.1)
        not_ready = ask()
        self.assertEqual(not_ready.returncode, 1)
        self.assertRegex(not_ready.stdout, r"^venue: (reconnecting|connecting), last cause connect_failed\n$")
        venue.restart()
        wait_until(lambda: ask().returncode == 0, "ready", interval=0.1)
        self.assertEqual((ask().stdout, ask().stderr), ("ok\n", ""))


if __name__ == "__main__":
    unittest.main()
