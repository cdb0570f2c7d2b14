"""What a sidecar tells of itself and lets be done to it: its consumers, its configuration, its log, its end."""

import hashlib
import os
import resource
import signal
import subprocess
import sys
import unittest

from fairlead.v1 import control_pb2, stream_pb2
from harness import FAIRLEAD, SidecarTest, run_program, wait_until
from py_venue import PyVenue
from waiting import SANITIZED

DATA = "data/venue/all/"
_CONSUMER = """
import sys, zmq
socket = zmq.Context().socket(zmq.SUB)
socket.subscribe("")
socket.connect(sys.argv[1])
socket.recv_multipart()
print("reads", flush=True)
while True:
    socket.recv_multipart()
"""


class ProcessTest(SidecarTest):
    def _start(self, settings=None, **connection):
        self.venue_ = self.venue(PyVenue)
        self.sidecar_ = self.sidecar({"venue": {"url": self.venue_.url(), **connection}}, settings)
        self.sidecar_.wait_connected("venue")
        return self.sidecar_.control

    def _ok(self, command, **fields):
        reply = self.sidecar_.control(command, **fields)
        self.assertEqual(reply.code, control_pb2.CODE_OK, reply)
        return reply

    def _consumers(self, **fields):
        return list(self._ok("list_consumers", **fields).consumers.consumers)

    def _status(self):
        return self._ok("get_status").status

    def _edit(self, old, new):
        """In its place, as a plain editor writes."""
        with open(self.sidecar_.config, encoding="utf-8") as file:
            text = file.read()
        self.assertIn(old, text)
        with open(self.sidecar_.config, "w", encoding="utf-8") as file:
            file.write(text.replace(old, new))

    def _reader(self):
        reader = subprocess.Popen([sys.executable, "-c", _CONSUMER, self.sidecar_.stream], stdout=subprocess.PIPE, text=True)
        self.addCleanup(reader.stdout.close)
        self.addCleanup(reader.wait)
        self.addCleanup(reader.kill)
        self.assertEqual(reader.stdout.readline(), "reads\n")
        return reader

    def test_a_consumer_is_named_while_it_reads_and_its_end_is_told(self):
        self._start()
        self.assertEqual(self._consumers(), [])
        killed, gone = self._reader(), self._reader()
        opened = self._consumers(open_only=True)
        self.assertEqual([c.peer.split(" (")[0] for c in opened], [f"process {p.pid}" for p in (killed, gone)])
        self.assertTrue(all("python" in c.peer for c in opened), opened)
        self.assertEqual({(c.endpoint, c.until_ns, c.reason) for c in opened}, {(self.sidecar_.stream, 0, "")})
        self.assertEqual((self._status().consumers, self._status().consumers_opened), (2, 2))
        killed.kill()
        wait_until(lambda: len(self._consumers(open_only=True)) == 1, "the end of the one that was killed")
        gone.terminate()
        wait_until(lambda: not self._consumers(open_only=True), "the end of the other")
        ended = self._consumers()
        self.assertEqual([c.reason for c in ended], ["closed by the consumer"] * 2)
        self.assertTrue(all(c.since_ns <= c.until_ns for c in ended), ended)
        self.assertEqual((self._status().consumers, self._status().consumers_opened), (0, 2))

    def test_a_consumer_that_stops_reading_is_named_as_slow(self):
        self._start({"stream": {"slow_consumer": "disconnect", "high_water_mark": 100}})
        reader = self._reader()
        reader.send_signal(signal.SIGSTOP)
        self.addCleanup(reader.send_signal, signal.SIGCONT)
        wait_until(lambda: not self._consumers(open_only=True), "it is disconnected", 20)
        self.assertIn("slow", self._consumers()[0].reason)

    def test_the_configuration_in_force_is_told_without_secrets(self):
        os.environ["FAIRLEAD_TEST_TOKEN"] = "geheim"
        self.addCleanup(os.environ.pop, "FAIRLEAD_TEST_TOKEN")
        self._start(headers={"X-Token": "${env:FAIRLEAD_TEST_TOKEN}"})
        config = self._ok("get_config").config
        self.assertEqual(config.file, self.sidecar_.config)
        self.assertEqual(config.digest, hashlib.sha256(config.toml.encode()).hexdigest())
        self.assertIn("${env:FAIRLEAD_TEST_TOKEN}", config.toml)
        self.assertNotIn("geheim", config.toml)
        self.assertEqual(config.loaded_ns, self._status().config_loaded_ns)
        self.assertEqual(config.last_reload.time_ns, 0)
        path = os.path.join(self.directory, "again.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(config.toml)
        checked = run_program(FAIRLEAD, "check", path)
        self.assertEqual(checked.returncode, 0, checked.stderr)

        # What was added by command is not of the file.
        self._ok("add_connection", connection="added", url=self.venue_.url("/added"))
        self.assertEqual(self._ok("get_config").config.digest, config.digest)
        # What needs a restart is not in force.
        self._edit("[control]", "[journal]\nmessages_per_topic = 7\n[control]")
        self._edit("[connections.venue]", "[connections.venue]\nmax_topics = 77")
        self._ok("reload")
        changed = self._ok("get_config").config
        self.assertIn("max_topics = 77", changed.toml)
        self.assertIn("messages_per_topic = 1024", changed.toml)
        self.assertGreater(changed.loaded_ns, config.loaded_ns)

    def test_the_result_of_the_last_reload_is_told(self):
        self._start()
        self.assertEqual(self._status().last_reload.time_ns, 0)
        self._ok("reload", dry_run=True)
        self.assertEqual(self._status().last_reload.time_ns, 0)
        self._ok("reload")
        done = self._status().last_reload
        self.assertTrue(done.ok)
        self.assertEqual((done.detail, done.succeeded, done.failed), ("nothing has changed", 1, 0))
        loaded = self._status().config_loaded_ns
        self._edit("[connections.venue]", "[connections.venue]\nlegs = 9")
        self.sidecar_.process.send_signal(signal.SIGHUP)
        failed = wait_until(lambda: next((s for s in [self._status()] if s.last_reload.failed), None), "the reload")
        self.assertFalse(failed.last_reload.ok)
        self.assertIn("connections.venue.legs", failed.last_reload.detail)
        self.assertGreater(failed.last_reload.time_ns, done.time_ns)
        self.assertEqual(failed.config_loaded_ns, loaded)
        self.assertEqual(self._ok("get_config").config.last_reload, failed.last_reload)

    def test_what_is_worth_knowing_is_logged_once_on_reload(self):
        self._start()
        notice = "there are none; they can be added while fairlead runs"
        with open(self.sidecar_.config, encoding="utf-8") as file:
            text = file.read()
        with open(self.sidecar_.config, "w", encoding="utf-8") as file:
            file.write(text[: text.index("[connections.venue]")])
        for _ in range(3):
            self._ok("reload")
        wait_until(lambda: self.sidecar_.log().count(" reloaded ") == 3, self.sidecar_.log)
        self.assertEqual(self.sidecar_.log().count(notice), 1)

    def test_the_level_of_the_log_is_set_while_it_runs(self):
        self._start({"log": {"level": "error"}})
        self._ok("reload")
        self.assertNotIn("reloaded", self.sidecar_.log())
        self.assertIn("debug", self._ok("set_log_level", level="debug").message)
        self._ok("reload")
        wait_until(lambda: "reloaded" in self.sidecar_.log(), "a line of that level")
        reply = self.sidecar_.control("set_log_level", level="trace")
        self.assertEqual(reply.code, control_pb2.CODE_INVALID)
        # The file has the word again when it says something new.
        self._edit('level = "error"', 'level = "warning"')
        changes = self._ok("reload").reload.changes
        self.assertEqual([(c.action, c.detail) for c in changes], [("updated", "[log] level")])
        self.assertIn('level = "warning"', self._ok("get_config").config.toml)
        before = self.sidecar_.log().count("reloaded")
        self._ok("reload")
        self._ok("get_status")
        self.assertEqual(self.sidecar_.log().count("reloaded"), before)

    def test_drain_answers_first_and_then_ends_in_order(self):
        self._start()
        consumer = self.consumer(self.sidecar_, "data/")
        self.venue_.send_all("last words")
        consumer.wait_data(DATA, 1)
        self.assertFalse(self._status().draining)
        self._ok("drain")
        self.assertEqual(self.sidecar_.wait_exit(5), 0)
        consumer.wait(lambda: consumer.of(DATA, stream_pb2.KIND_END), "END")
        self.assertEqual(consumer.of(DATA, stream_pb2.KIND_END)[0].body.code, stream_pb2.END_CODE_SHUTDOWN)
        wait_until(lambda: self.venue_.records[0].closed, "the close at the venue")
        self.assertEqual(self.venue_.records[0].close_code, 1001)
        self.assert_whole(consumer)

    def test_while_it_drains_it_says_so_and_reloads_nothing(self):
        self._start()
        with self.venue_.frozen():  # it does not answer the close, which takes the second that there is
            self._ok("drain")
            status = wait_until(lambda: next((s for s in [self._status()] if s.draining), None), "draining", 1)
            self.assertTrue(status.draining)
            self.assertEqual(self.sidecar_.control("reload").code, control_pb2.CODE_UNAVAILABLE)
            self.assertIn("already", self._ok("drain").message)
        self.assertEqual(self.sidecar_.wait_exit(5), 0)


class FileWatchTest(SidecarTest):
    """[reload] watch: a file that has become another one is loaded without a word."""

    def _start(self, config=None):
        self.venue_ = self.venue(PyVenue)
        self.sidecar_ = self.sidecar({"old": {"url": self.venue_.url("/old")}}, {"reload": {"watch": True}}, start=False)
        with open(self.sidecar_.config, encoding="utf-8") as file:
            self.text = file.read()
        if config:
            config(self.sidecar_)
        self.sidecar_.start()
        self.sidecar_.wait_connected("old")

    def _wait_connection(self, name):
        wait_until(lambda: self.sidecar_.control("list_connections", connection=name).code == control_pb2.CODE_OK, name)
        self.sidecar_.wait_connected(name)

    def _renamed(self, name):
        return self.text.replace("[connections.old]", f"[connections.{name}]")

    def test_a_file_replaced_by_rename_is_loaded(self):
        self._start()
        for name in ("first", "second"):
            with open(self.sidecar_.config + "~", "w", encoding="utf-8") as file:
                file.write(self._renamed(name))
            os.rename(self.sidecar_.config + "~", self.sidecar_.config)
            self._wait_connection(name)
        self.assertEqual(self.sidecar_.control("list_connections", connection="old").code, control_pb2.CODE_NOT_FOUND)

    def test_an_error_in_it_changes_nothing_and_is_told(self):
        self._start()
        with open(self.sidecar_.config, "w", encoding="utf-8") as file:
            file.write(self.text + "\nlegs = 9\n")
        wait_until(lambda: self.sidecar_.control("get_status").status.last_reload.failed == 1, "the failed reload")
        self.sidecar_.wait_connected("old")
        self.assertEqual(len(self.venue_.records), 1)

    def test_a_config_map_is_loaded_when_its_link_is_swapped(self):
        volume = os.path.join(self.directory, "volume")

        def publish(name, text):
            os.makedirs(os.path.join(volume, name))
            with open(os.path.join(volume, name, "fairlead.toml"), "w", encoding="utf-8") as file:
                file.write(text)
            os.symlink(name, os.path.join(volume, "..data_tmp"))
            os.rename(os.path.join(volume, "..data_tmp"), os.path.join(volume, "..data"))

        def mount(sidecar):
            publish("..1", self.text)
            os.symlink("..data/fairlead.toml", os.path.join(volume, "fairlead.toml"))
            sidecar.config = os.path.join(volume, "fairlead.toml")

        self._start(mount)
        publish("..2", self._renamed("first"))
        self._wait_connection("first")
        publish("..3", self._renamed("second"))
        self._wait_connection("second")

    def _core_limit(self, environment=None):
        """The soft limit of a sidecar that is started where core files are allowed."""
        before = resource.getrlimit(resource.RLIMIT_CORE)
        if before[1] == 0:
            self.skipTest("core files are forbidden here")
        resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
        try:
            sidecar = self.sidecar({"venue": {"url": "ws://127.0.0.1:1/"}}, environment=environment)
        finally:
            resource.setrlimit(resource.RLIMIT_CORE, before)
        with open(f"/proc/{sidecar.process.pid}/limits", encoding="utf-8") as limits:
            return next(line for line in limits if line.startswith("Max core file size")).split()[4]

    def test_it_leaves_no_core_file_unless_asked_to(self):
        self.assertEqual(self._core_limit(), "0")
        if not SANITIZED:  # sanitizers forbid it themselves
            self.assertNotEqual(self._core_limit({"FAIRLEAD_CORE": "1"}), "0")


if __name__ == "__main__":
    unittest.main(verbosity=2)
