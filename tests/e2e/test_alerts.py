"""An outage as people are told of it: on the stream, in the log, by a webhook and an Alertmanager, and by command."""

import http.server
import json
import os
import shutil
import socket
import subprocess
import threading
import unittest
import urllib.error
import urllib.request

from fairlead.v1 import control_pb2, stream_pb2
from harness import PATIENCE, SidecarTest, wait_until
from py_venue import PyVenue

DATA = "data/venue/all/"
ALERTS = "alert/venue/"
INFO, WARNING, CRITICAL = stream_pb2.ALERT_LEVEL_INFO, stream_pb2.ALERT_LEVEL_WARNING, stream_pb2.ALERT_LEVEL_CRITICAL


class Hook:
    """A webhook that refuses, hangs or takes, as `mode` says, and keeps what it was sent."""

    def __init__(self, mode="take"):
        self.mode = mode
        self.requests = []  # (path, body), also those that were refused
        self.taken = []  # the alerts, in order
        self._release = threading.Event()
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.requests.append((self.path, body))
                mode = hook.mode
                if mode == "hang":
                    hook._release.wait()
                    return
                if mode == "take":
                    hook.taken.extend(json.loads(body)["alerts"])
                self.send_response(200 if mode == "take" else 503)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook?token=hooksecret"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def stop(self):
        self._release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Alertmanager:
    """A real one, on loopback, alone."""

    def __init__(self, program, directory):
        config = os.path.join(directory, "alertmanager.yml")
        with open(config, "w", encoding="utf-8") as file:
            file.write("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        self._process = subprocess.Popen(
            [program, f"--config.file={config}", f"--storage.path={directory}/alertmanager",
             f"--web.listen-address={self.url.removeprefix('http://')}", "--cluster.listen-address="],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        wait_until(self._is_ready, "an Alertmanager that is ready", 30, interval=0.05)

    def alerts(self):
        """Those that it takes for active, by name."""
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts", timeout=10) as answer:
            return {alert["labels"]["alertname"]: alert for alert in json.load(answer)}

    def _is_ready(self):
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=10) as answer:
                return answer.status == 200
        except (urllib.error.URLError, ConnectionError):
            return False

    def stop(self):
        self._process.terminate()
        self._process.wait()


class AlertsTest(SidecarTest):
    def _start(self, alerts=None, **network):
        """A connection that is up, and a consumer of its data and alerts."""
        venue = self.venue(PyVenue)
        settings = {"network": {"initial_delay": "50ms", "max_delay": "50ms", **network}, **(alerts or {})}
        sidecar = self.sidecar({"venue": {"url": venue.url()}}, settings)
        consumer = self.consumer(sidecar, "data/", "alert/")
        sidecar.wait_connected("venue")
        return venue, sidecar, consumer

    def _hook(self, mode="take"):
        hook = Hook(mode)
        self.addCleanup(hook.stop)
        return hook

    def _wait_alert(self, consumer, kind, level=None):
        def found():
            for message in consumer.of(ALERTS, stream_pb2.KIND_ALERT):
                if message.body.type == kind and level in (None, message.body.level):
                    return message
            return None

        return consumer.wait(found, f"the alert {kind}")

    @staticmethod
    def _list(sidecar, **fields):
        reply = sidecar.control("list_alerts", **fields)
        assert reply.code == control_pb2.CODE_OK, reply
        return reply.alerts

    @staticmethod
    def _channels(sidecar):
        reply = sidecar.control("list_alert_channels")
        return {channel.channel: channel for channel in reply.alert_channels.channels}

    def test_an_outage_is_told_from_its_first_edge_to_its_last(self):
        venue, sidecar, consumer = self._start()
        venue.kill()
        lost = self._wait_alert(consumer, "connection_lost")
        self.assertEqual(lost.header.sequence, 0)
        self.assertEqual((lost.body.connection, lost.body.level), ("venue", INFO))
        self.assertGreater(lost.body.time_ns, 0)
        self._wait_alert(consumer, "reconnect_attempt")
        self._wait_alert(consumer, "reconnect_failure", WARNING)
        self._wait_alert(consumer, "reconnect_failure", CRITICAL)
        self.assertEqual(consumer.of(ALERTS, stream_pb2.KIND_HEARTBEAT), [])
        venue.restart()
        self._wait_alert(consumer, "reconnect_success")
        sidecar.wait_connected("venue")

        types = [message.body.type for message in consumer.of(ALERTS)]
        self.assertEqual(types[0], "connection_lost")
        self.assertEqual(types[-1], "reconnect_success")
        self.assertEqual(types.count("connection_lost"), 1)
        listed = self._list(sidecar, connection="venue")
        self.assertEqual([entry.alert.type for entry in listed.alerts], types)
        self.assertEqual([entry.number for entry in listed.alerts], list(range(1, len(types) + 1)))
        self.assertTrue(all(entry.resolved and entry.resolved_ns >= entry.alert.time_ns for entry in listed.alerts))
        self.assertEqual(listed.raised, len(types))
        grave = self._list(sidecar, min_level=CRITICAL)
        self.assertEqual([entry.alert.type for entry in grave.alerts], ["reconnect_failure"])
        self.assertEqual(len(self._list(sidecar, limit=1).alerts), 1)
        self.assertEqual(sidecar.control("list_alerts", connection="nobody").code, control_pb2.CODE_NOT_FOUND)
        self.assertIn("alert_resolved", sidecar.log())
        self.assert_whole(consumer)

    def test_giving_up_is_critical_on_every_channel(self):
        hook = self._hook()
        settings = {"alerts.channels.webhook": {"url": "${env:HOOK}", "level": "critical"}}
        venue = self.venue(PyVenue)
        sidecar = self.sidecar({"venue": {"url": venue.url()}},
                               {"network": {"max_retries": 2, "initial_delay": "50ms", "max_delay": "50ms"}, **settings},
                               environment={"HOOK": hook.url})  # fmt: skip
        consumer = self.consumer(sidecar, "alert/")
        sidecar.wait_connected("venue")
        venue.kill()
        self._wait_alert(consumer, "max_retries_exceeded", CRITICAL)
        told = wait_until(lambda: hook.taken, "the webhook is told")[0]
        self.assertEqual((told["type"], told["level"], told["connection"]), ("max_retries_exceeded", "critical", "venue"))
        self.assertFalse(told["resolved"])
        standing = [entry for entry in self._list(sidecar).alerts if entry.alert.type == "max_retries_exceeded"]
        self.assertEqual([entry.resolved for entry in standing], [False])
        wait_until(lambda: "max_retries_exceeded" in sidecar.log(), "the log tells it")

        venue.restart()
        self.assertEqual(sidecar.control("reconnect", connection="venue").code, control_pb2.CODE_OK)
        wait_until(lambda: len(hook.taken) == 2, "the webhook is told the end")
        self.assertEqual((hook.taken[1]["number"], hook.taken[1]["resolved"]), (told["number"], True))
        wait_until(lambda: self._channels(sidecar)["webhook"].delivered == 2, "both are counted")
        shown = sidecar.log() + str(self._channels(sidecar))
        self.assertNotIn("hooksecret", shown)

    def test_a_webhook_that_refuses_is_asked_again_and_gets_everything_in_order(self):
        hook = self._hook("refuse")
        venue, sidecar, consumer = self._start({"alerts.channels.webhook": {"url": hook.url}})
        venue.kill()
        self._wait_alert(consumer, "reconnect_failure", CRITICAL)
        wait_until(lambda: self._channels(sidecar)["webhook"].last_error == "it answered 503", "the refusal is told")
        waiting = self._channels(sidecar)["webhook"]
        self.assertEqual((waiting.delivered, waiting.failed), (0, 0))
        self.assertGreater(waiting.queued, 0)
        hook.mode = "take"
        venue.restart()
        self._wait_alert(consumer, "reconnect_success")
        wait_until(lambda: any(alert["type"] == "reconnect_success" for alert in hook.taken), "the webhook has it all",
                   seconds=20)  # fmt: skip
        self.assertGreater(len(hook.requests), 1)
        begun = [alert["number"] for alert in hook.taken if not alert["resolved"] or alert["type"] == "reconnect_success"]
        self.assertEqual(begun, sorted(set(begun)))
        wait_until(lambda: self._channels(sidecar)["webhook"].queued == 0, "nothing is left")
        self.assertEqual(self._channels(sidecar)["webhook"].last_error, "")

    def test_a_webhook_that_hangs_delays_no_data_and_no_end(self):
        hook = self._hook("hang")
        venue, sidecar, consumer = self._start({"alerts.channels.webhook": {"url": hook.url, "queue": 3}})
        for round_number in range(1, 4):
            before = len(consumer.data(DATA))
            venue.kill()
            venue.restart()
            consumer.wait(lambda: len(consumer.of(ALERTS)) >= round_number * 3, "another outage is told")
            sidecar.wait_connected("venue")
            for number in range(100):
                venue.send_all(f"{round_number} {number}")
            consumer.wait_data(DATA, before + 100)
        wait_until(lambda: hook.requests, "the webhook was asked")
        channel = wait_until(lambda: next((c for c in [self._channels(sidecar)["webhook"]] if c.dropped), None),
                             "what finds no room is counted")  # fmt: skip
        self.assertEqual((channel.capacity, channel.delivered), (3, 0))
        self.assertLessEqual(channel.queued, 3)
        self.assert_whole(consumer)
        code, seconds = sidecar.stop()
        self.assertEqual(code, 0)
        self.assertLess(seconds, 5 * PATIENCE)  # well before the request would be given up

    def test_channels_are_switched_by_command_until_the_next_reload(self):
        venue, sidecar, consumer = self._start()
        self.assertEqual({name: (channel.enabled, channel.level) for name, channel in self._channels(sidecar).items()},
                         {"stream": (True, INFO), "log": (True, WARNING)})  # fmt: skip
        reply = sidecar.control("set_alert_channel", channel="stream", enabled=False)
        self.assertEqual(reply.code, control_pb2.CODE_OK)
        reply = sidecar.control("set_alert_channel", channel="log", level=CRITICAL)
        self.assertEqual({channel.channel: (channel.enabled, channel.level) for channel in reply.alert_channels.channels},
                         {"stream": (False, INFO), "log": (True, CRITICAL)})  # fmt: skip
        venue.kill()
        wait_until(lambda: len(self._list(sidecar).alerts) >= 2, "alerts are kept all the same")
        venue.restart()
        sidecar.wait_connected("venue")
        self.assertEqual(consumer.of(ALERTS), [])

        self.assertEqual(sidecar.control("reload").code, control_pb2.CODE_OK)
        self.assertTrue(self._channels(sidecar)["stream"].enabled)
        venue.kill()
        self._wait_alert(consumer, "connection_lost")
        for fields, code in (({"channel": "email", "enabled": True}, control_pb2.CODE_NOT_FOUND),
                             ({"channel": "webhook", "enabled": True}, control_pb2.CODE_NOT_FOUND),
                             ({"channel": "log"}, control_pb2.CODE_INVALID)):  # fmt: skip
            self.assertEqual(sidecar.control("set_alert_channel", **fields).code, code, fields)

    def test_a_reload_adds_a_webhook_and_bounds_the_history(self):
        hook = self._hook()
        venue, sidecar, consumer = self._start()
        venue.kill()
        self._wait_alert(consumer, "reconnect_failure", CRITICAL)
        with open(sidecar.config, "a", encoding="utf-8") as file:
            file.write(f'\n[alerts]\nhistory = 1\n[alerts.channels.webhook]\nurl = "{hook.url}"\n')
        dry = sidecar.control("reload", dry_run=True)
        self.assertEqual([(change.detail, change.action) for change in dry.reload.changes], [("[alerts]", "updated")])
        self.assertGreater(len(self._list(sidecar).alerts), 1)
        self.assertEqual(sidecar.control("reload").code, control_pb2.CODE_OK)
        listed = self._list(sidecar)
        self.assertEqual(len(listed.alerts), 1)
        self.assertEqual(listed.forgotten, listed.raised - 1)
        venue.restart()
        wait_until(lambda: any(alert["type"] == "reconnect_success" for alert in hook.taken), "the new webhook is told")

    def test_an_alertmanager_gets_the_alert_and_its_end(self):
        program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
        self.assertIsNotNone(program, "prometheus-alertmanager is missing: tests/run.sh installs it")
        manager = Alertmanager(program, self.directory)
        self.addCleanup(manager.stop)
        venue, sidecar, _ = self._start(
            {"alerts.channels.webhook": {"url": manager.url, "format": "alertmanager", "level": "info"}})  # fmt: skip
        venue.kill()
        alert = wait_until(lambda: manager.alerts().get("connection_lost"), "the Alertmanager has the alert", 20)
        self.assertEqual(alert["labels"]["connection"], "venue")
        self.assertEqual(alert["labels"]["severity"], "info")
        self.assertIn(str(sidecar.process.pid), alert["labels"]["instance"])
        self.assertEqual(alert["status"]["state"], "active")
        self.assertIn("connection lost: the socket ended without a close frame", alert["annotations"]["summary"])
        venue.restart()
        sidecar.wait_connected("venue")
        wait_until(lambda: "connection_lost" not in manager.alerts(), "the Alertmanager takes it for resolved", 20)
        self.assertEqual(self._channels(sidecar)["webhook"].failed, 0)


if __name__ == "__main__":
    unittest.main()
