"""Another configuration for a running sidecar: what has not changed is not disturbed, what is wrong changes nothing."""

import signal
import unittest

from fairlead.v1 import control_pb2, stream_pb2
from harness import SidecarTest, wait_until
from py_venue import PyVenue

CONNECTED = stream_pb2.CONNECTION_STATE_CONNECTED
KEPT = "data/kept/all/"


class ReloadTest(SidecarTest):
    def setUp(self):
        super().setUp()
        self.kept = self.venue(PyVenue)
        self.moved = self.venue(PyVenue)
        connections = {"kept": {"url": self.kept.url()}, "moved": {"url": self.moved.url("/old")}}
        self.sidecar_ = self.sidecar(connections)
        for name in connections:
            self.sidecar_.wait_connected(name)
        self.seen = self.sidecar_.consumer("data/")

    def _write(self, old, new):
        with open(self.sidecar_.config, encoding="utf-8") as file:
            text = file.read()
        self.assertIn(old, text)
        with open(self.sidecar_.config, "w", encoding="utf-8") as file:
            file.write(text.replace(old, new))

    def _changes(self, **command):
        reply = self.sidecar_.control("reload", **command)
        self.assertEqual(reply.code, control_pb2.CODE_OK, reply)
        return {change.connection: change.action for change in reply.reload.changes}

    def _kept_is_undisturbed(self):
        self.assertEqual(len(self.kept.records), 1)
        self.assertEqual(self.sidecar_.control.status("kept").session, 1)

    def test_a_changed_url_rotates_and_nothing_else_is_touched(self):
        self._write("/old", "/new")
        self.assertEqual(self._changes(dry_run=True), {"moved": "rotated"})
        self.assertEqual([record.path for record in self.moved.records], ["/old"])
        self.assertEqual(self._changes(), {"moved": "rotated"})
        self.sidecar_.wait_status("moved", lambda status: status.rotations == 1, "the new socket takes over")
        wait_until(lambda: [r.path for r in self.moved.open_records()] == ["/new"], "the old socket is closed")
        self.assertEqual(self._changes(), {})
        self._kept_is_undisturbed()
        self.assertEqual(self.sidecar_.control.status("moved").status, CONNECTED)

    def test_sighup_adds_and_removes(self):
        with open(self.sidecar_.config, encoding="utf-8") as file:
            text = file.read().replace("[connections.moved]", "[connections.fresh]")
        with open(self.sidecar_.config, "w", encoding="utf-8") as file:
            file.write(text)
        self.sidecar_.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.sidecar_.control("list_connections", connection="fresh").code == control_pb2.CODE_OK,
                   "the new connection")  # fmt: skip
        self.sidecar_.wait_connected("fresh")
        self.assertEqual(self.sidecar_.control("list_connections", connection="moved").code, control_pb2.CODE_NOT_FOUND)
        self.kept.send_all("still here")
        self.seen.wait_data(KEPT, 1)
        self._kept_is_undisturbed()

    def test_an_error_leaves_everything_as_it_is_and_says_where(self):
        self._write("/old", "/new")
        self._write("[connections.kept]", "[connections.kept]\nlegs = 9")
        reply = self.sidecar_.control("reload")
        self.assertEqual(reply.code, control_pb2.CODE_INVALID)
        self.assertIn("connections.kept.legs", reply.message)
        self.assertIn("fairlead.toml:", reply.message)
        self.assertIn("reload_failed", self.sidecar_.log())
        self.assertEqual([record.path for record in self.moved.records], ["/old"])
        self._kept_is_undisturbed()

    def test_what_finds_no_room_leaves_everything_as_it_is_and_is_seen_everywhere(self):
        pooled = 'topics_per_socket = 1\nchannel = "/c"\n'
        self._write("[connections.moved]", f"[connections.moved]\n{pooled}")
        self._changes()
        channels = [f"text {number}" for number in range(64)]
        self.assertEqual(self.sidecar_.control("subscribe", connection="moved", channels=channels).code, control_pb2.CODE_OK)
        self._write(pooled, pooled + 'subscriptions = ["one more"]\n')
        self._write("[connections.kept]", "[connections.kept]\nmax_topics = 7")
        for dry_run in (True, False):
            reply = self.sidecar_.control("reload", dry_run=dry_run)
            self.assertEqual(reply.code, control_pb2.CODE_UNAVAILABLE)
            self.assertIn("nothing was changed: connection `moved`: a connection holds 64", reply.message)
            self.assertEqual(list(reply.reload.changes), [])
        last = self.sidecar_.control("get_status").status.last_reload
        self.assertEqual((last.ok, last.succeeded, last.failed), (False, 1, 1))
        self.assertIn("connection `moved`: a connection holds 64", last.detail)
        self.assertIn("reload_failed", self.sidecar_.log())
        self.assertNotIn("one more", self.sidecar_.control("get_config").config.toml)
        self._kept_is_undisturbed()

    def test_a_changed_policy_acts_on_a_connection_that_runs(self):
        self._write("[connections.moved]", "[connections.moved]\nnetwork.max_retries = 1")
        self.assertEqual(self._changes(), {"moved": "updated"})
        self.assertEqual(self.sidecar_.control.status("moved").session, 1)
        self.assertEqual(len(self.moved.records), 1)
        self.moved.kill()
        failed = self.sidecar_.wait_status(
            "moved", lambda status: status.status == stream_pb2.CONNECTION_STATE_FAILED, "it gives up", 30)  # fmt: skip
        self.assertEqual((failed.failed_attempts, failed.max_retries), (1, 1))
        self._kept_is_undisturbed()

    def test_what_needs_a_restart_is_told(self):
        self._write("[control]", "[journal]\nmessages_per_topic = 7\n[control]")
        self._write("[network]", "[network]\nbudget_dir = \"/tmp\"")
        reply = self.sidecar_.control("reload")
        told = [(change.action, change.detail) for change in reply.reload.changes]
        self.assertEqual(told, [("needs a restart", "[journal]"), ("needs a restart", "[network] budget_dir")])
        self.assertIn('budget_dir = ""', self.sidecar_.control("get_config").config.toml)


if __name__ == "__main__":
    unittest.main()
