"""The sidecar on HTTP: every route, every bad request, metrics, and the description that it gives of itself."""

import os
import re
import socket
import unittest

from prometheus_client.parser import text_string_to_metric_families

from fairlead.v1 import control_pb2
from harness import FAIRLEAD, SidecarTest, run_program
from py_venue import PyVenue
from rest import Description, Rest
from waiting import wait_until

API = "/api/v1"
CONNECTIONS = f"{API}/network/connections"
ANY_PORT = {"listen": "127.0.0.1:0"}
FORM = "application/x-www-form-urlencoded"


class HttpTest(SidecarTest):
    def start_http(self, connections=None, http=None, **settings):
        sidecar = self.sidecar(connections or {}, {"http": {**ANY_PORT, **(http or {})}, **settings})
        return sidecar, Rest(sidecar)

    def one_venue(self, http=None, **settings):
        venue = self.venue(PyVenue)
        sidecar, rest = self.start_http({"venue": {"url": venue.url(), "subscriptions": ["hello"]}}, http, **settings)
        sidecar.wait_connected("venue")
        return venue, sidecar, rest

    def description(self, rest):
        return Description(rest.get("/openapi.json").json)

    def assert_error(self, answer, status, code):
        self.assertEqual((answer.status, answer.json["error"]["code"]), (status, code), answer.text)
        self.assertEqual(list(answer.json), ["error"])
        self.assertTrue(answer.json["error"]["message"])


class RoutesTest(HttpTest):
    def test_the_connections(self):
        _venue, sidecar, rest = self.one_venue()
        status = sidecar.control.status("venue")
        listed = rest.get(CONNECTIONS).json
        self.assertEqual(list(listed), ["connections"])
        self.assertEqual(list(listed["connections"]), ["venue"])
        one = rest.get(f"{CONNECTIONS}/venue").json
        self.assertEqual(list(one)[:8], [
            "id", "url", "status", "last_connected", "reconnect_attempts", "consecutive_failures", "total_uptime",
            "last_reconnect_latency"])  # fmt: skip
        self.assertEqual((one["id"], one["url"], one["status"]), ("venue", status.url, "connected"))
        self.assertRegex(one["last_connected"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
        self.assertRegex(one["total_uptime"], r"^\d+s$")
        self.assertEqual((one["ready"], one["session"], one["sockets"][0]["status"]), (True, 1, "connected"))
        self.assertEqual(one["subscriptions_by_state"]["pending"], 0)
        self.assert_error(rest.get(f"{CONNECTIONS}/nobody"), 404, "not_found")

    def test_the_commands(self):
        venue, sidecar, rest = self.one_venue()
        for command in ("reconnect?hard=true", "rotate", "reconnect"):
            session = sidecar.control.status("venue").session
            # A command in a loop is no storm: it may have to wait.
            answer = wait_until(
                lambda: (got := rest.post(f"{CONNECTIONS}/venue/{command}")).status == 200 and got, command, interval=0.1)
            self.assertEqual(answer.json["code"], "ok")

            def taken_over(session=session):
                venue.send_all("tick")  # a new socket has to bring something
                status = sidecar.control.status("venue")
                return status.session > session and status.ready

            wait_until(taken_over, command, 20, interval=0.1)
        self.assertEqual(rest.post(f"{CONNECTIONS}/venue/pause").status, 200)
        self.assertTrue(rest.get(f"{CONNECTIONS}/venue").json["paused"])
        self.assert_error(rest.post(f"{CONNECTIONS}/venue/rotate"), 503, "unavailable")
        self.assertEqual(rest.post(f"{CONNECTIONS}/venue/resume", {}).status, 200)
        sidecar.wait_connected("venue")
        for command in ("reconnect", "rotate", "pause", "resume"):
            self.assert_error(rest.post(f"{CONNECTIONS}/nobody/{command}"), 404, "not_found")

    def test_reload_and_log_level(self):
        _venue, sidecar, rest = self.one_venue()
        with open(sidecar.config, encoding="utf-8") as file:
            text = file.read()
        with open(sidecar.config, "w", encoding="utf-8") as file:
            file.write(text.replace('"hello"', '"hello", "more"'))
        dry = rest.post(f"{API}/reload?dry_run=true").json
        self.assertEqual((dry["code"], dry["applied"], dry["changes"][0]["connection"]), ("ok", False, "venue"))
        self.assertTrue(rest.post(f"{API}/reload").json["applied"])
        self.assertIn("more", rest.get(f"{API}/config").json["toml"])
        self.assertEqual(rest.post(f"{API}/log-level", {"level": "debug"}).status, 200)
        self.assert_error(rest.post(f"{API}/log-level", {"level": "loud"}), 400, "invalid")
        with open(sidecar.config, "w", encoding="utf-8") as file:
            file.write("nonsense")
        self.assert_error(rest.post(f"{API}/reload"), 400, "invalid")

    def test_the_channels_of_alerts(self):
        _sidecar, rest = self.start_http()
        self.assertEqual(rest.post(f"{API}/alerts/channels/log", {"enabled": False, "level": "critical"}).status, 200)
        channels = {channel["channel"]: channel for channel in rest.get(f"{API}/alerts/channels").json["channels"]}
        self.assertEqual((channels["log"]["enabled"], channels["log"]["level"]), (False, "critical"))
        self.assertEqual(channels["stream"]["enabled"], True)
        self.assert_error(rest.post(f"{API}/alerts/channels/pigeon", {"enabled": True}), 404, "not_found")

    def test_lists_and_their_filters(self):
        venue, sidecar, rest = self.one_venue()
        consumer = self.consumer(sidecar, "data/")
        venue.send_all("one")
        consumer.wait(lambda: consumer.data("data/venue/all/"), "the first message")
        venue.close_all(4000, "as told")
        sidecar.wait_status("venue", lambda status: status.session == 2 and status.ready, "the second session")
        venue.send_all("two")
        gaps = wait_until(lambda: rest.get(f"{API}/gaps?connection=venue").json["gaps"], "the gap")
        self.assertEqual(gaps[0]["gap"]["reason"], "peer_closed")
        self.assertEqual(rest.get(f"{API}/gaps?since={gaps[0]['gap']['to']}").json["gaps"], [])
        self.assertEqual(rest.get(f"{API}/gaps?prefix=data/other/").json["gaps"], [])
        self.assertEqual(rest.get(f"{API}/subscriptions?connection=venue").json["subscriptions"][0]["channel"], "hello")
        self.assert_error(rest.get(f"{API}/subscriptions?connection=nobody"), 404, "not_found")
        self.assertEqual(len(rest.get(f"{API}/consumers?open=true").json["consumers"]), 1)
        self.assertTrue(rest.get(f"{API}/alerts?connection=venue&limit=5&level=info").json["alerts"])
        self.assertEqual(rest.get(f"{API}/alerts?since=2200-01-01T00:00:00Z").json["alerts"], [])

    def test_drain_ends_the_sidecar(self):
        sidecar, rest = self.start_http()
        self.assertEqual(rest.post(f"{API}/drain").json["code"], "ok")
        self.assertEqual(sidecar.wait_exit(), 0)

    def test_an_end_does_not_wait_for_those_who_are_mute(self):
        sidecar, rest = self.start_http()
        with socket.create_connection((rest.host, rest.port)) as mute:
            mute.sendall(b"GET / HT")
            self.assertEqual(sidecar.stop()[0], 0)

    def test_the_page_and_its_files(self):
        _sidecar, rest = self.start_http()
        page = rest.get("/")
        self.assertEqual(page.headers["Content-Type"], "text/html; charset=utf-8")
        for name in re.findall(r'(?:src|href)="(/[\w.-]+\.(?:js|css))"', page.text):
            self.assertEqual(rest.get(name).status, 200, name)
        head = rest("HEAD", "/")
        self.assertEqual((head.status, head.body), (200, b""))
        self.assertEqual(head.headers["Content-Length"], str(len(page.body)))

    def test_every_answer_has_the_headers_of_caution(self):
        _sidecar, rest = self.start_http()
        for answer in (rest.get("/"), rest.get("/nothing"), rest.get(CONNECTIONS), rest.get("/metrics"), rest.post("/")):
            self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
            self.assertEqual(answer.headers["X-Frame-Options"], "DENY")
            self.assertEqual(answer.headers["Referrer-Policy"], "no-referrer")
            self.assertEqual(answer.headers["Cache-Control"], "no-store")
            self.assertTrue(answer.headers["Content-Security-Policy"].startswith("default-src 'none'; "))


class DescriptionTest(HttpTest):
    def test_it_describes_what_is_answered(self):
        venue, sidecar, rest = self.one_venue()
        self.consumer(sidecar, "data/")
        venue.close_all(4000, "as told")
        sidecar.wait_status("venue", lambda status: status.session == 2 and status.ready, "the second session")
        venue.send_all("two")
        wait_until(lambda: rest.get(f"{API}/gaps").json["gaps"], "the gap")
        description = self.description(rest)
        bodies = {"log-level": {"level": "info"}, "{name}": {"enabled": True}}
        operations = sorted(description.operations(), key=lambda one: one[1].endswith("/drain"))  # the last answer
        for method, path, _operation in operations:
            with self.subTest(f"{method} {path}"):
                real = path.replace("{id}", "venue").replace("{name}", "log")
                answer = rest.get(real) if method == "GET" else rest.post(real, bodies.get(path.rsplit("/", 1)[-1]))
                self.assertNotIn(answer.status, (404, 405), answer.text)
                description.check(method, path, answer)
        self.assertEqual(sidecar.wait_exit(), 0)

    def test_it_describes_what_is_refused(self):
        _venue, _sidecar, rest = self.one_venue()
        description = self.description(rest)
        for method, path, _operation in description.operations():
            with self.subTest(f"{method} {path}"):
                real = path.replace("{id}", "venue").replace("{name}", "log")
                refused = [rest(method, real + "?no-such-key=1"), rest(method, real, headers={"Host": "evil.example"})]
                if "{id}" in path:
                    refused.append(rest(method, path.replace("{id}", "nobody")))
                for answer in refused:
                    self.assertGreaterEqual(answer.status, 400)
                    description.check(method, path, answer)

    def test_its_objects_are_those_of_the_contract(self):
        _sidecar, rest = self.start_http()
        schemas = self.description(rest).document["components"]["schemas"]
        names = {"Connection": "ConnectionStatus"}
        compared = 0
        for name, schema in schemas.items():
            message = getattr(control_pb2, names.get(name, name), None)
            if message is None or "properties" not in schema or not hasattr(message, "DESCRIPTOR"):
                continue
            fields = set()
            for field in message.DESCRIPTOR.fields:
                is_time = field.name.endswith("_ns") and field.type == field.TYPE_FIXED64
                bare = field.name[:-3] if is_time else field.name
                fields.add(bare + "_at" if is_time and bare in message.DESCRIPTOR.fields_by_name else bare)
            if name == "Connection":
                fields |= {"total_uptime", "last_reconnect_latency"}
            self.assertEqual(set(schema["properties"]), fields, name)
            compared += 1
        self.assertGreater(compared, 15)


class BadRequestsTest(HttpTest):
    def test_paths_and_methods(self):
        _sidecar, rest = self.start_http()
        for path in ("/nothing", f"{API}/", f"{CONNECTIONS}/", f"{API}/status/", "/../../etc/passwd", "/%2e%2e/etc/passwd"):
            self.assert_error(rest.get(path), 404, "not_found")
        for method, path, allowed in (
            ("POST", f"{API}/status", "GET, HEAD"), ("DELETE", f"{CONNECTIONS}/a", "GET, HEAD"),
            ("GET", f"{API}/drain", "POST"), ("PUT", f"{API}/reload", "POST"), ("POST", "/metrics", "GET, HEAD"),
            ("OPTIONS", f"{API}/reload", "POST")):  # fmt: skip
            answer = rest(method, path)
            self.assert_error(answer, 405, "method_not_allowed")
            self.assertEqual(answer.headers["Allow"], allowed)

    def test_bodies(self):
        _sidecar, rest = self.start_http()
        path = f"{API}/log-level"
        as_json = {"Content-Type": "application/json"}
        for body in ("", "{", "[]", '"debug"', "{}", '{"level": 1}', '{"level": "debug", "more": 1}', "\xff\x00", "[" * 60000):
            self.assert_error(rest("POST", path, body.encode("latin-1"), as_json), 400, "invalid")
        self.assert_error(rest("POST", path, b"x" * 65537, as_json), 413, "too_large")
        self.assert_error(rest("POST", path, b"x" * 1_000_000, as_json), 413, "too_large")
        padded = b'{"level": "debug"}' + b" " * (65536 - 18)
        self.assertEqual(rest("POST", path, padded, as_json).status, 200)
        self.assertEqual(rest.post(path, {"level": "info"}).status, 200)

    def test_queries(self):
        _sidecar, rest = self.start_http()
        for query in ("limit=many", "level=loud", "since=now", "conection=a", "limit=1&limit=2", "connection=%zz"):
            self.assert_error(rest.get(f"{API}/alerts?{query}"), 400, "invalid")

    def test_the_host_must_be_this_server(self):
        _sidecar, rest = self.start_http()
        for host in ("evil.example", f"evil.example:{rest.port}", f"127.0.0.1:{rest.port + 1}", "127.0.0.1", ""):
            for path in ("/", CONNECTIONS, "/metrics", "/livez", "/nothing"):
                self.assert_error(rest.get(path, Host=host), 421, "misdirected")
        for host in ("localhost", "127.0.0.1", "[::1]"):
            self.assertEqual(rest.get("/livez", Host=f"{host}:{rest.port}").status, 200)

    def test_no_page_of_another_site_changes_anything(self):
        _venue, sidecar, rest = self.one_venue()
        path = f"{CONNECTIONS}/venue/pause"
        self.assert_error(rest("POST", path, "", {"Content-Type": FORM}), 403, "forbidden")
        self.assert_error(rest("POST", path, "{}", {"Content-Type": "text/plain"}), 403, "forbidden")
        for origin in ("null", "http://evil.example", f"http://localhost:{rest.port}"):
            self.assert_error(rest.post(path, Origin=origin), 403, "forbidden")
        self.assertFalse(sidecar.control.status("venue").paused)
        self.assertEqual(rest.post(path, Origin=f"http://127.0.0.1:{rest.port}").status, 200)
        self.assertTrue(sidecar.control.status("venue").paused)

    def test_what_is_no_http(self):
        sidecar, rest = self.start_http()
        host = f"Host: 127.0.0.1:{rest.port}\r\n".encode()
        refused = [
            b"nonsense\r\n\r\n",
            b"GET\r\n\r\n",
            b"BREW / HTTP/1.1\r\n" + host + b"\r\n",
            b"GET / HTTP/1.1\r\n" + host + b"X: " + b"x" * 40_000 + b"\r\n\r\n",
            b"GET /\x00 HTTP/1.1\r\n" + host + b"\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00",
        ]
        for data in refused:
            with self.subTest(data[:30]):
                try:
                    answer = rest.raw(data + b"\r\n\r\n")
                except ConnectionResetError:
                    continue
                if answer:
                    self.assertRegex(answer, rb"^HTTP/1\.1 [45]\d\d ")
                    self.assertIn(b"X-Content-Type-Options: nosniff", answer)
        incomplete = b"POST /api/v1/drain HTTP/1.1\r\n" + host + b"Content-Length: 5\r\n\r\n{}"
        self.assertIn(b"the body is not complete", rest.raw(incomplete, finish=True))
        upgrade = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        self.assertTrue(rest.raw(b"GET / HTTP/1.1\r\n" + host + upgrade + b"\r\n").startswith(b"HTTP/1.1 200 "))
        self.assertEqual(rest.get("/livez").status, 200)
        self.assertIsNone(sidecar.process.poll())


class TokenTest(HttpTest):
    def _token_file(self, text="s3cret\n"):
        path = os.path.join(self.directory, "token")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def test_changes_need_it_and_questions_do_not(self):
        path = self._token_file()
        _venue, _sidecar, rest = self.one_venue({"token_file": path})
        change = f"{CONNECTIONS}/venue/pause"
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic s3cret"}):
            answer = rest.post(change, **headers)
            self.assert_error(answer, 401, "unauthorized")
            self.assertEqual(answer.headers["WWW-Authenticate"], "Bearer")
        self.assertEqual(rest.get(CONNECTIONS).status, 200)
        self.assertEqual(rest.post(change, Authorization="Bearer s3cret").status, 200)
        self._token_file("another")
        self.assert_error(rest.post(change, Authorization="Bearer s3cret"), 401, "unauthorized")
        self.assertEqual(rest.post(change, Authorization="Bearer another").status, 200)
        os.unlink(path)
        self.assert_error(rest.post(change, Authorization="Bearer another"), 503, "unavailable")

    def test_one_that_cannot_be_read_ends_the_start(self):
        for text in (None, "", "\n"):
            path = os.path.join(self.directory, "missing") if text is None else self._token_file(text)
            sidecar = self.sidecar({}, {"http": {**ANY_PORT, "token_file": path}}, start=False).spawn()
            self.assertEqual(sidecar.wait_exit(), 1)
            self.assertIn("token_file", sidecar.log())

    def test_outside_loopback_it_must_be_set(self):
        for listen in ("0.0.0.0:9810", "10.0.0.1:0", "sidecar.internal:9810"):
            config = os.path.join(self.directory, "open.toml")
            with open(config, "w", encoding="utf-8") as file:
                file.write(f'[http]\nlisten = "{listen}"\n')
            result = run_program(FAIRLEAD, "check", config)
            self.assertEqual(result.returncode, 78)
            self.assertIn("open.toml:2:10: http.listen: is outside loopback: set token_file", result.stderr)

    def test_outside_loopback_an_address_may_be_the_host(self):
        _sidecar, rest = self.start_http(http={"listen": "0.0.0.0:0", "token_file": self._token_file()})
        self.assertEqual(rest.get("/livez", Host=f"10.1.2.3:{rest.port}").status, 200)
        self.assert_error(rest.get("/livez", Host=f"evil.example:{rest.port}"), 421, "misdirected")
        self.assert_error(rest.post(f"{API}/drain"), 401, "unauthorized")


class ListenTest(HttpTest):
    def test_an_address_that_is_taken_ends_the_start(self):
        _sidecar, rest = self.start_http()
        second = self.sidecar({}, {"http": {"listen": f"127.0.0.1:{rest.port}"}}, start=False).spawn()
        self.assertEqual(second.wait_exit(), 1)
        self.assertIn(f"cannot listen on 127.0.0.1:{rest.port}: Address already in use", second.log())

    def test_the_default_address_that_is_taken_costs_only_http(self):
        with socket.socket() as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                taken.bind(("127.0.0.1", 9810))
                taken.listen()
            except OSError:
                pass  # by somebody else: just as well
            sidecar = self.sidecar({}, start=False)
            with open(sidecar.config, encoding="utf-8") as file:
                text = file.read()
            with open(sidecar.config, "w", encoding="utf-8") as file:
                file.write(text.replace('[http]\nlisten = ""\n', ""))
            sidecar.start()
            wait_until(lambda: "no_http" in sidecar.log(), "the warning")
            self.assertEqual(sidecar.stop()[0], 0)

    def test_off_is_off(self):
        sidecar = self.sidecar({}, {"http": {"listen": ""}})
        self.assertEqual(sidecar.stop()[0], 0)
        self.assertNotIn("listen=", sidecar.log())


class MetricsTest(HttpTest):
    def _scrape(self, rest):
        """name -> {labels -> value}, by a strict parser."""
        answer = rest.get("/metrics")
        self.assertEqual(answer.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        samples = {}
        for family in text_string_to_metric_families(answer.text):
            self.assertTrue(family.documentation, family.name)
            self.assertIn(family.type, ("counter", "gauge", "histogram"), family.name)
            for sample in family.samples:
                labels = tuple(sorted(sample.labels.items()))
                self.assertNotIn(labels, samples.setdefault(sample.name, {}), sample.name)
                samples[sample.name][labels] = sample.value
        return samples

    def _value(self, rest, name, **labels):
        return self._scrape(rest).get(name, {}).get(tuple(sorted(labels.items())))

    def test_what_happens_is_counted(self):
        venue, sidecar, rest = self.one_venue()
        consumer = self.consumer(sidecar, "data/")
        for number in range(100):
            venue.send_all(f"message {number}")
        consumer.wait(lambda: len(consumer.data("data/venue/all/")) == 100, "the messages")
        wait_until(lambda: self._value(rest, "fairlead_messages_total", connection="venue") == 100, "the count")
        self.assertEqual(self._value(rest, "fairlead_forward_latency_seconds_count"), 100)
        self.assertEqual(self._value(rest, "fairlead_forward_latency_seconds_bucket", le="+Inf"), 100)
        self.assertEqual(self._value(rest, "fairlead_published_total", kind="data"), 100)
        self.assertEqual(self._value(rest, "fairlead_connection_up", connection="venue"), 1)
        self.assertEqual(self._value(rest, "fairlead_consumers"), 1)
        venue.close_all(4000, "as told")
        sidecar.wait_status("venue", lambda status: status.session == 2 and status.ready, "the second session")
        wait_until(lambda: self._value(rest, "network_reconnect_success_total", connection="venue") == 1, "the return")
        samples = self._scrape(rest)
        venue_only = (("connection", "venue"),)
        self.assertEqual(samples["network_reconnect_latency_seconds_count"][venue_only], 1)
        self.assertGreater(samples["network_last_reconnect_timestamp"][venue_only], 1.6e9)
        ends = samples["fairlead_disconnects_total"]
        self.assertEqual(ends[(("close_code", "4000"), ("connection", "venue"), ("reason", "peer_closed"))], 1)
        self.assertGreater(samples["process_resident_memory_bytes"][()], 1e6)
        self.assertGreater(samples["fairlead_snapshot_timestamp_seconds"][()], 1.6e9)

    def test_the_certificate_of_a_venue(self):
        authority = self.authority()
        certificate, key = authority.server("localhost")
        venue = self.venue(PyVenue, tls=(certificate, key))
        sidecar, rest = self.start_http(
            {"venue": {"url": venue.url(), "tls": {"ca_file": authority.ca_file}}, "plain": {"url": "ws://127.0.0.1:1/"}})
        sidecar.wait_connected("venue")
        expiry = wait_until(
            lambda: self._value(rest, "fairlead_certificate_expiry_timestamp_seconds", connection="venue"), "its end")
        shown = run_program("openssl", "x509", "-in", certificate, "-noout", "-enddate", "-dateopt", "iso_8601").stdout
        self.assertEqual(shown.strip(), f"notAfter={rest.get(f'{CONNECTIONS}/venue').json['certificate_expires']}"
                         .replace("T", " "))  # fmt: skip
        self.assertGreater(expiry, 1.6e9)
        self.assertIsNone(rest.get(f"{CONNECTIONS}/plain").json["certificate_expires"])

    def test_every_metric_of_the_readme_is_there(self):
        readme = os.path.join(os.path.dirname(__file__), "../../proxy/metrics/README.md")
        with open(readme, encoding="utf-8") as file:
            names = set(re.findall(r"^\| `(\w+)` \| (?:counter|gauge|histogram)", file.read(), re.M))
        venue, sidecar, rest = self.one_venue()
        venue.close_all(4000, "as told")
        sidecar.wait_status("venue", lambda status: status.session == 2, "the second session")
        with_tls_only = {"fairlead_certificate_expiry_timestamp_seconds"}
        for name in ("fairlead_disconnects_total", "fairlead_connection_up"):
            wait_until(lambda name=name: name in self._scrape(rest), name)
        told = set(re.findall(r"^# TYPE (\w+) ", rest.get("/metrics").text, re.M))
        self.assertEqual(told, names - with_tls_only)


if __name__ == "__main__":
    unittest.main()
