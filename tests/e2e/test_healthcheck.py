"""`fairlead healthcheck`: asks for readiness, says why not, and is not misled by what else answers."""

import contextlib
import http.server
import socket
import threading
import unittest

from harness import FAIRLEAD, run_program


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append((self.path, self.headers["Host"]))
        status, headers, body = self.server.answers.get(self.path.split("?")[0], (404, {}, b"no such path\n"))
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # who has heard enough may go
            self.wfile.write(body)

    def log_message(self, *_):
        pass


class HealthcheckTest(unittest.TestCase):
    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.server.answers = {}
        self.server.asked = []
        thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"

    def _ask(self, *arguments, address=None, environment=None):
        command = (FAIRLEAD, "healthcheck", "--http", address or self.address)
        return run_program(*command, *arguments, environment=environment)

    def test_ready(self):
        self.server.answers["/readyz"] = (200, {}, b"ready\n")
        result = self._ask()
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "ready\n", ""))
        self.assertEqual(self.server.asked, [("/readyz?verbose", self.address)])

    def test_not_ready_tells_why_and_does_not_ask_for_less(self):
        self.server.answers["/readyz"] = (503, {}, b"binance_ws: reconnecting\nokx: failed")
        self.server.answers["/livez"] = (200, {}, b"ok\n")
        result = self._ask()
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stdout, "binance_ws: reconnecting\nokx: failed\n")
        self.assertIn("answers 503", result.stderr)
        self.assertEqual([path for path, _ in self.server.asked], ["/readyz?verbose"])

    def test_live_asks_only_whether_it_turns(self):
        self.server.answers["/livez"] = (200, {}, b"ok\n")
        self.assertEqual(self._ask("--live").returncode, 0)
        self.assertEqual([path for path, _ in self.server.asked], ["/livez"])
        self.server.answers["/livez"] = (503, {}, b"the loop has stood still for 6 s\n")
        self.assertEqual(self._ask("--live").returncode, 1)

    def test_started_asks_only_whether_each_connection_was_tried(self):
        self.server.answers["/startupz"] = (200, {}, b"ok\n")
        self.assertEqual(self._ask("--started").returncode, 0)
        self.assertEqual([path for path, _ in self.server.asked], ["/startupz"])
        self.assertEqual(self._ask("--started", "--live").returncode, 2)

    def test_any_other_answer_is_not_health(self):
        self.server.answers["/elsewhere"] = (200, {}, b"ok\n")
        moved = (302, {"Location": "/elsewhere"}, b"")
        for answer in (moved, (204, {}, b""), (404, {}, b""), (200, {}, b"x" * 100_000)):
            self.server.answers["/readyz"] = answer
            self.assertEqual(self._ask().returncode, 1, answer[0])

    def test_nobody_there(self):
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))  # and does not listen
            result = self._ask(address=f"127.0.0.1:{held.getsockname()[1]}")
        self.assertEqual(result.returncode, 1)
        self.assertIn("healthcheck: 127.0.0.1:", result.stderr)

    def test_somebody_who_never_answers(self):
        with socket.create_server(("127.0.0.1", 0)) as mute:
            result = self._ask(address=f"127.0.0.1:{mute.getsockname()[1]}")
        self.assertEqual(result.returncode, 1)
        self.assertIn("imeout", result.stderr)

    def test_a_proxy_of_the_environment_is_not_asked(self):
        self.server.answers["/readyz"] = (200, {}, b"ready\n")
        proxy = {"http_proxy": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1", "no_proxy": ""}
        self.assertEqual(self._ask(environment=proxy).returncode, 0)

    def test_an_address_that_is_none(self):
        for address in ("127.0.0.1", "http://127.0.0.1:9810", "127.0.0.1:9810/livez?", "user@127.0.0.1:9810", ""):
            result = run_program(FAIRLEAD, "healthcheck", "--http", address)
            self.assertEqual(result.returncode, 2, address)
        self.assertEqual(self.server.asked, [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
