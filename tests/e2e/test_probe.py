"""`fairlead probe`: what it tells of a venue that behaves, and of those that do not."""

import json
import os
import re
import signal
import socket
import subprocess
import unittest

from harness import FAIRLEAD, PATIENCE, SidecarTest, run_program, to_toml
from py_venue import PyVenue
from waiting import wait_until

_PROFILE = """
hints = ['"event"']
credentials = {credentials}
[connection]
channel = "/channel"
[subscribe]
text = '{{"op":"subscribe","id":{{id}},"args":[{{topics}}]}}'
topic = '"{{topic}}"'
acknowledged = true
ack_timeout = "5s"
[login]
text = '{login}'
[[messages]]
means = "login_ack"
when = [{{ field = "/event", value = "login" }}]
[[messages]]
means = "ack"
when = [{{ field = "/event", value = "subscribed" }}]
id = "/id"
topic = "/topic"
[[messages]]
means = "reject"
when = [{{ field = "/event", value = "refused" }}]
id = "/id"
reason = "/why"
[[messages]]
means = "notice"
when = [{{ field = "/event", value = "hello" }}]
"""
_SECRET = "a-very-secret-value"


async def _answer(venue, record, text):
    """Acknowledges and sends; refuses topics that begin with `no`; repeats a login, as some venues do."""
    message = json.loads(text)
    if message["op"] == "login":
        await venue.send(json.dumps({"event": "hello", "you_said": message}))
        await venue.send(json.dumps({"event": "login"}))
        return
    for topic in message["args"]:
        if topic.startswith("no"):
            await venue.send(json.dumps({"event": "refused", "id": message["id"], "why": f"{topic} is unknown"}))
            continue
        await venue.send(json.dumps({"event": "subscribed", "id": message["id"], "topic": topic}))
        await venue.send(json.dumps({"event": "hello", "secret": _SECRET}))
        await venue.ping()
        await venue.send(json.dumps({"channel": topic, "price": 1}))
        await venue.send(json.dumps({"nothing": "that has a channel"}))


class ProbeTest(SidecarTest):
    def config(self, keys, login=False, limits="", budget=""):
        os.makedirs(os.path.join(self.directory, "venues"), exist_ok=True)
        with open(os.path.join(self.directory, "venues", "mine.toml"), "w", encoding="utf-8") as file:
            file.write(_PROFILE.format(
                credentials='["key"]' if login else "[]", login='{"op":"login","key":"{key}"}' if login else "") + limits)  # fmt: skip
        path = os.path.join(self.directory, "fairlead.toml")
        network = {"initial_delay": "50ms", "max_delay": "50ms", "connection_timeout": "5s", "budget_dir": budget}
        tables = {"network": network, "connections.a": keys, "connections.b": {"url": "ws://127.0.0.1:1/"}}
        with open(path, "w", encoding="utf-8") as file:
            file.write(to_toml(tables))
        return path

    def probe(self, config, *arguments, connection="a", environment=None):
        return run_program(FAIRLEAD, "probe", config, connection, *arguments, environment=environment)

    def report(self, done):
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(lines[-1]["event"], "report", done.stdout + done.stderr)
        return lines[:-1], lines[-1]

    def test_a_venue_in_order(self):
        venue = self.venue(PyVenue, on_message=_answer)
        config = self.config({"url": venue.url(), "profile": "mine", "subscriptions": ["one", "two"]})
        done = self.probe(config, "--seconds", "2")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for part in ("attempt", "open", "ready", "acknowledged", "data ", "answer", "venue_ping", "round_trip"):
            self.assertRegex(done.stdout, rf"(?m)^ +\d+\.\d{{3}}s  {part}")
        self.assertRegex(done.stdout, r"(?m)^one +flowing")
        self.assertRegex(done.stdout, r"unrouted messages: 2, such as .*that has a channel")
        self.assertRegex(done.stdout, r"verdict: in order: .*2 flowing\n$")
        self.assertEqual(len(venue.records), 1)
        wait_until(lambda: venue.records[0].closed, "the probe's goodbye")
        self.assertEqual(venue.records[0].close_code, 1001)

    def test_a_refused_topic(self):
        venue = self.venue(PyVenue, on_message=_answer)
        config = self.config({"url": venue.url(), "profile": "mine", "subscriptions": ["one", "nothing"]})
        done = self.probe(config, "--seconds", "1", "--json")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        events, report = self.report(done)
        rejected = [event for event in events if event["event"] == "rejected"]
        self.assertEqual([(e["subscription"], e["reason"]) for e in rejected], [("nothing", "nothing is unknown")])
        states = {entry["subscription"]: entry for entry in report["subscriptions"]}
        self.assertEqual((states["one"]["state"], states["nothing"]["state"]), ("flowing", "rejected"))
        self.assertIsNotNone(states["one"]["acknowledged"])
        self.assertEqual((states["one"]["messages"], report["unrouted"]["messages"]), (1, 1))
        self.assertEqual(report["venue_pings"]["count"], 1)
        self.assertFalse(report["good"])
        self.assertIn("nothing is unknown", report["verdict"])

    def test_a_dead_port_ends_it_early(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
            config = self.config({"url": f"ws://127.0.0.1:{port}/", "profile": "mine", "subscriptions": ["one"]})
            done = self.probe(config, "--seconds", "600")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"(?m)  failed +cause=connect_failed")
        self.assertEqual(len(re.findall(r"(?m)  attempt ", done.stdout)), 4, done.stdout)
        self.assertRegex(done.stdout, r"verdict: NOT in order: never connected: ")

    def test_tls(self):
        authority = self.authority()
        venue = self.venue(PyVenue, tls=authority.server("venue"), on_message=_answer)
        keys = {"url": venue.url(), "profile": "mine", "subscriptions": ["one"]}
        events, report = self.report(self.probe(self.config(keys), "--seconds", "600", "--json"))
        self.assertEqual(report["good"], False)
        self.assertIn("tls_failed", [e["cause"] for e in events if e["event"] == "failed"])
        self.assertIn("TLS failed", report["verdict"])
        trusted = self.config({**keys, "tls": {"ca_file": authority.ca_file}})
        events, report = self.report(self.probe(trusted, "--seconds", "1", "--json"))
        self.assertEqual(report["good"], True)
        self.assertIn("TLSv1.3", next(e for e in events if e["event"] == "open")["tls"])

    def test_a_login_and_its_secrets_are_not_shown(self):
        venue = self.venue(PyVenue, on_message=_answer)
        config = self.config(
            {"url": venue.url(), "profile": "mine", "subscriptions": ["one"], "credentials": {"key": "${env:PROBE_KEY}"}},
            login=True)  # fmt: skip
        for extra in ((), ("--json",)):
            done = self.probe(config, "--seconds", "1", *extra, environment={"PROBE_KEY": _SECRET})
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn("accepted", done.stdout)
            self.assertNotIn(_SECRET, done.stdout + done.stderr)
            # What repeats a credential is not published, and so not shown.
            self.assertNotIn("you_said", done.stdout)
            self.assertNotIn("notice", done.stdout)
        self.assertIn(_SECRET, venue.records[0].received[0])

    def test_an_interrupt_ends_it_with_the_report(self):
        venue = self.venue(PyVenue, on_message=_answer)
        config = self.config({"url": venue.url(), "profile": "mine", "subscriptions": ["one"]})
        process = subprocess.Popen(
            [FAIRLEAD, "probe", config, "a", "--seconds", "600", "--json"], stdout=subprocess.PIPE, text=True)  # fmt: skip
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        wait_until(lambda: '"data"' in process.stdout.readline(), "the first data")
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        self.assertEqual(process.wait(10 * PATIENCE), 0)
        self.assertEqual(json.loads(rest.splitlines()[-1])["good"], True)

    def test_it_takes_its_place_among_the_attempts_of_the_sidecars(self):
        venue = self.venue(PyVenue, on_message=_answer)
        keys = {"url": venue.url(), "profile": "mine", "subscriptions": ["one"]}
        budget = os.path.join(self.directory, "budget")
        config = self.config(keys, limits='[limits]\nconnections = "1/4s"\n', budget=budget)
        settings = {"network": {"budget_dir": budget}, "profiles": {"dir": os.path.join(self.directory, "venues")}}
        sidecar = self.sidecar({"a": keys}, settings)
        sidecar.wait_connected("a")
        events, report = self.report(self.probe(config, "--seconds", "1", "--json"))
        names = [event["event"] for event in events]
        self.assertEqual(names[:3], ["attempt", "wait", "attempt"], events)
        wait = events[1]
        self.assertEqual((wait["cause"], wait["detail"]), ("budget", "the venue allows 1 attempts in 4s"))
        self.assertGreater(int(wait["retry_in"].removesuffix("ms")), 0)
        self.assertEqual([event for event in events if event["event"] == "failed"], [])
        # What it waited is not taken from the time that it was given.
        self.assertTrue(report["good"], report)
        self.assertEqual(len(venue.records), 2)

        # The probe's own attempt counts as well: the next one waits for it, and can be told to end.
        process = subprocess.Popen([FAIRLEAD, "probe", config, "a", "--seconds", "1"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        wait_until(lambda: "  wait " in process.stdout.readline(), "its wait on the terminal")
        process.send_signal(signal.SIGINT)
        self.assertIn("NOT in order: never connected: waits for its place: the venue allows", process.stdout.read())
        self.assertEqual(process.wait(PATIENCE), 1)
        self.assertEqual(len(venue.records), 2)

    def test_a_limit_that_cannot_be_shared_is_told(self):
        venue = self.venue(PyVenue, on_message=_answer)
        keys = {"url": venue.url(), "profile": "mine", "subscriptions": ["one"]}
        config = self.config(
            keys, limits='[limits]\nconnections = "1/4s"\n', budget=os.path.join(self.directory, "not", "there"))  # fmt: skip
        done = self.probe(config, "--seconds", "1")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stderr, r"limit of connections is not shared: network\.budget_dir: .*No such file")
        self.assertEqual(done.stderr.count("not shared"), 1)

    def test_what_cannot_be_probed(self):
        config = self.config({"url": "ws://127.0.0.1:1/", "profile": "mine"})
        unknown = self.probe(config, connection="c")
        self.assertEqual(unknown.returncode, 2)
        self.assertIn("there are: a, b", unknown.stderr)
        with open(config, "a", encoding="utf-8") as file:
            file.write("nonsense = 1\n")
        self.assertEqual(self.probe(config).returncode, 78)
        self.assertEqual(run_program(FAIRLEAD, "probe", config).returncode, 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
