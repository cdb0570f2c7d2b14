"""Start, stop, a second instance, what a crash leaves behind, and configurations that cannot be."""

import os
import signal
import unittest

from fairlead.v1 import control_pb2, stream_pb2
from harness import FAIRLEAD, PATIENCE, SidecarTest, run_program
from profile_venue import profile
from py_venue import PyVenue
from waiting import wait_until

DATA = "data/venue/all/"
STATE = "state/venue/"


class LifecycleTest(SidecarTest):
    def _start(self):
        venue = self.venue(PyVenue)
        sidecar = self.sidecar({"venue": {"url": venue.url()}})
        consumer = self.consumer(sidecar, "data/")
        sidecar.wait_connected("venue")
        return venue, sidecar, consumer

    def _flows(self, venue, sidecar, consumer, text):
        """A message still gets from the venue to the consumer, and the control socket answers."""
        venue.send_all(text)
        consumer.wait(lambda: text.encode() in consumer.data(DATA), text)
        self.assertEqual(sidecar.control("get_status").code, control_pb2.CODE_OK)

    def test_an_end_is_told_on_every_side(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number.name):
                venue, sidecar, consumer = self._start()
                self._flows(venue, sidecar, consumer, "last words")
                sidecar.process.send_signal(number)
                consumer.wait(lambda: consumer.of(STATE, stream_pb2.KIND_END), "END on state/", 2)
                for topic in (DATA, STATE):
                    end = consumer.of(topic, stream_pb2.KIND_END)
                    self.assertEqual([message.body.code for message in end], [stream_pb2.END_CODE_SHUTDOWN], topic)
                    event = consumer.states(topic)[-1]
                    self.assertEqual(event.state, stream_pb2.CONNECTION_STATE_DISCONNECTED)
                    self.assertEqual(event.cause, stream_pb2.CAUSE_SHUTDOWN)
                self.assert_whole(consumer)
                self.assertEqual(sidecar.wait_exit(2), 0)
                wait_until(lambda: venue.records[-1].closed, "the close at the venue")
                self.assertEqual(venue.records[-1].close_code, 1001)
                self.assertFalse(os.path.exists(sidecar.stream[len("ipc://"):]), "its socket is left behind")

    def test_an_end_while_a_venue_is_away(self):
        venue = self.venue(PyVenue)
        venue.kill()
        sidecar = self.sidecar({"venue": {"url": venue.url()}})
        code, seconds = sidecar.stop()
        self.assertEqual(code, 0)
        self.assertLess(seconds, 2 * PATIENCE)

    def test_an_end_while_a_venue_is_mute(self):
        venue, sidecar, _consumer = self._start()
        with venue.frozen():
            code, seconds = sidecar.stop()
        self.assertEqual(code, 0)
        self.assertLess(seconds, 2 * PATIENCE)

    def test_an_end_while_names_are_looked_up(self):
        # The others give the end something to do, so that lookups fall into it.
        connections = {f"lookup_{n}": {"url": f"wss://no-such-host-{n}.invalid/"} for n in range(16)}
        for n in range(8):
            connections[f"refused_{n}"] = {"url": "wss://127.0.0.1:1/", "tls": {"server_name": f"name-{n}"}}
        for _ in range(5):
            sidecar = self.sidecar(connections, {"network": {"initial_delay": "1ms", "max_delay": "1ms"}})
            sidecar.wait_status("refused_7", lambda status: status.failed_attempts > 0, "a failed attempt")
            self.assertEqual(sidecar.stop()[0], 0)

    def test_an_end_while_nobody_reads_the_log(self):
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        os.set_blocking(writer, False)
        with self.assertRaises(BlockingIOError):
            while True:
                os.write(writer, b"x" * 4096)
        os.set_blocking(writer, True)
        venue = self.venue(PyVenue)
        sidecar = self.sidecar({"venue": {"url": venue.url()}}, start=False)
        sidecar.spawn(writer)
        os.close(writer)
        sidecar.wait_connected("venue")
        code, seconds = sidecar.stop()
        self.assertEqual(code, 0)
        self.assertLess(seconds, 2 * PATIENCE)

    def test_a_second_instance_is_refused_and_harms_nothing(self):
        venue, sidecar, consumer = self._start()
        second = run_program(FAIRLEAD, "run", "--config", sidecar.config)
        self.assertEqual(second.returncode, 1, second.stderr)
        self.assertIn(sidecar.directory, second.stderr + second.stdout)
        self._flows(venue, sidecar, consumer, "after the second")
        fresh = self.consumer(sidecar, "data/")
        self._flows(venue, sidecar, fresh, "to a newcomer")

    def test_a_file_in_the_way_is_left_alone(self):
        for name in ("stream.sock", "control.sock"):
            with self.subTest(name):
                sidecar = self.sidecar({"venue": {"url": "ws://localhost:1/"}}, start=False)
                path = os.path.join(sidecar.directory, name)
                with open(path, "w", encoding="utf-8") as file:
                    file.write("precious")
                self.assertEqual(sidecar.spawn().wait_exit(), 1)
                self.assertIn(path, sidecar.log())
                with open(path, encoding="utf-8") as file:
                    self.assertEqual(file.read(), "precious")

    def test_what_a_crash_leaves_behind_is_taken_over(self):
        venue, sidecar, consumer = self._start()
        epoch = sidecar.control("get_status").status.epoch
        sidecar.kill()
        self.assertTrue(os.path.exists(os.path.join(sidecar.directory, "stream.sock")))
        sidecar.start()
        sidecar.wait_connected("venue")
        consumer.wait(lambda: consumer.messages and consumer.messages[-1].header.epoch > epoch, "a greater epoch")
        self._flows(venue, sidecar, consumer, "after the crash")
        self.assert_whole(consumer)

    def test_the_epoch_grows_with_every_start(self):
        _venue, sidecar, _consumer = self._start()
        epochs = [sidecar.control("get_status").status.epoch]
        for _ in range(3):
            self.assertEqual(sidecar.stop()[0], 0)
            epochs.append(sidecar.start().control("get_status").status.epoch)
        self.assertEqual(epochs, sorted(set(epochs)))

    def test_a_place_where_no_socket_can_be(self):
        for path in ("/proc/fairlead/stream.sock", "/proc/stream.sock"):  # not even root can write there
            with self.subTest(path):
                sidecar = self.sidecar(
                    {"venue": {"url": "ws://localhost:1/"}}, {"stream": {"endpoint": f"ipc://{path}"}}, start=False)  # fmt: skip
                self.assertEqual(sidecar.spawn().wait_exit(), 1)
                self.assertIn(os.path.dirname(path), sidecar.log())

    def test_the_socket_files_have_the_mode_of_the_config(self):
        sidecar = self.sidecar({"venue": {"url": "ws://localhost:1/"}}, {"stream": {"socket_mode": "0620"}})
        for name in ("stream.sock", "control.sock"):
            self.assertEqual(os.stat(os.path.join(sidecar.directory, name)).st_mode & 0o777, 0o620, name)


class ConfigTest(SidecarTest):
    def _write(self, text):
        path = os.path.join(self.directory, "fairlead.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def test_every_mistake_is_told_at_once(self):
        path = self._write(
            '[network]\ninitial_delay = "soon"\nmax_retry = 3\n\n'
            '[connections.a]\nurl = "http://example.com"\n\n[connections.b]\nlegs = 1\n')  # fmt: skip
        for arguments in (("run", "--config", path), ("--config", path), ("check", path)):
            with self.subTest(arguments[0]):
                result = run_program(FAIRLEAD, *arguments)
                self.assertEqual(result.returncode, 78)
                said = result.stderr + result.stdout
                for place in (f"{path}:2:", f"{path}:3:", f"{path}:6:", "connections.b"):
                    self.assertIn(place, said)
                for key in ("network.initial_delay", "network.max_retry", "connections.a.url"):
                    self.assertIn(key, said)

    def test_a_missing_file_is_a_config_error(self):
        result = run_program(FAIRLEAD, "run", "--config", "/nonexistent/fairlead.toml")
        self.assertEqual(result.returncode, 78)
        self.assertIn("/nonexistent/fairlead.toml", result.stderr)

    def test_wrong_arguments_are_usage(self):
        for arguments in (("fly",), ("run", "--no-such-option"), ("check",)):
            with self.subTest(arguments):
                self.assertEqual(run_program(FAIRLEAD, *arguments).returncode, 2)

    def test_a_good_file_passes_and_can_be_printed(self):
        path = self._write('[connections.a]\nurl = "wss://example.com/ws"\n')
        self.assertEqual(run_program(FAIRLEAD, "check", path).returncode, 0)
        printed = run_program(FAIRLEAD, "check", path, "--print")
        self.assertEqual(printed.returncode, 0)
        again = run_program(FAIRLEAD, "check", self._write(printed.stdout), "--print")
        self.assertEqual((again.returncode, again.stdout), (0, printed.stdout))

    def _write_profile_with_a_wrong_example(self):
        os.mkdir(os.path.join(self.directory, "venues"))
        path = os.path.join(self.directory, "venues", "own.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(profile() + "[[examples]]\ntext = '{\"topic\":\"a\",\"n\":1}'\nis = \"data\"\n"
                       'channel = "b"\nsequence = "1"\n')  # fmt: skip
        return path

    def _assert_tells_the_wrong_example(self, result, path):
        self.assertEqual((result.returncode, result.stdout), (78, ""))
        self.assertIn("profile own: examples[0]: has channel `a`, not `b`", result.stderr)
        self.assertIn(f"{path}: 1 problem", result.stderr)

    def test_a_profile_that_does_not_do_what_its_example_says(self):
        path = self._write_profile_with_a_wrong_example()
        self._assert_tells_the_wrong_example(run_program(FAIRLEAD, "check", "--profile", path), path)

    def test_a_configuration_with_a_profile_that_does_not_do_what_its_example_says(self):
        self._write_profile_with_a_wrong_example()
        path = self._write('[connections.a]\nprofile = "own"\nsubscriptions = ["a"]\n')
        self._assert_tells_the_wrong_example(run_program(FAIRLEAD, "check", path), path)

    def test_the_version(self):
        result = run_program(FAIRLEAD, "version")
        self.assertEqual(result.returncode, 0)
        self.assertRegex(result.stdout, r"fairlead \d+\.\d+\.\d+")


if __name__ == "__main__":
    unittest.main(verbosity=2)
