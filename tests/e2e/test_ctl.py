"""fairleadctl on a terminal and in a shell: top through a pty, completion in a bash that has really loaded it, and the
commands about the sidecar as a whole."""

import fcntl
import json
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import termios
import unittest

from harness import FAIRLEADCTL, PATIENCE, SidecarTest, run_program, wait_until
from py_venue import PyVenue

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, arguments, columns=100, lines=30, **environment):
        self.fd, inner = pty.openpty()
        self._inner = inner  # kept, so that its settings can be looked at after the program has gone
        self.resize(columns, lines)
        self.before = termios.tcgetattr(inner)
        self.text = ""
        self.process = subprocess.Popen(
            arguments, stdin=inner, stdout=inner, stderr=inner, start_new_session=True,
            env=dict(os.environ, TERM="xterm", **environment), preexec_fn=self._take)  # fmt: skip
        os.set_blocking(self.fd, False)

    def _take(self):
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def resize(self, columns, lines):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def settings(self):
        return termios.tcgetattr(self._inner)

    def read(self):
        try:
            self.text += os.read(self.fd, 65536).decode(errors="replace")
        except (BlockingIOError, OSError):
            pass
        return self.text

    def wait(self, condition, what):
        return wait_until(lambda: condition(self.read()), lambda: f"{what} in {self.text!r}", 10)

    def picture(self):
        """The last whole one, without its escapes."""
        pictures = self.read().split("\x1b[H")[1:]
        whole = [picture for picture in pictures if picture.endswith("\x1b[J") or "\x1b[J" in picture]
        return _ESCAPES.sub("", whole[-1]).replace("\r", "") if whole else ""

    def press(self, keys):
        os.write(self.fd, keys)

    def end(self):
        code = self.process.wait(10 * PATIENCE)
        self.read()
        return code

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.fd)
        os.close(self._inner)


class CtlTest(SidecarTest):
    def setUp(self):
        super().setUp()
        self.venue_ = self.venue(PyVenue)
        self.sidecar_ = self.sidecar({"alpha": {"url": self.venue_.url("/a")}, "beta-2": {"url": self.venue_.url("/b")}})
        for name in ("alpha", "beta-2"):
            self.sidecar_.wait_connected(name)
        self.base = [FAIRLEADCTL, "--control", self.sidecar_.control_endpoint]

    def ctl(self, *arguments, code=0):
        result = run_program(*self.base, *arguments)
        self.assertEqual(result.returncode, code, f"{arguments}: {result.stdout}{result.stderr}")
        return result.stdout if code == 0 else result.stderr

    def top(self, *arguments, **terminal):
        terminal = Terminal([*self.base, "top", *arguments], **terminal)
        self.addCleanup(terminal.close)
        return terminal

    def _assert_restored(self, terminal):
        self.assertEqual(terminal.text.count(ENTER), 1)
        self.assertEqual(terminal.text.count(LEAVE), 1)
        self.assertTrue(terminal.text.endswith(LEAVE), repr(terminal.text[-100:]))
        self.assertIn("\x1b[?25h", terminal.text)
        self.assertEqual(terminal.settings(), terminal.before)


class TopTest(CtlTest):
    def test_it_shows_every_connection_each_second_anew_and_leaves_by_a_key(self):
        terminal = self.top()
        terminal.wait(lambda _: "alpha" in terminal.picture() and "beta-2" in terminal.picture(), "both connections")
        self.assertNotEqual(terminal.settings(), terminal.before)
        self.assertIn("\x1b[32mconnected\x1b[0m", terminal.text)

        def counted(_):
            self.venue_.send_all("x" * 100, path="/a")
            row = next((line for line in terminal.picture().split("\n") if line.startswith("alpha")), "")
            return row and row.split()[2] not in ("-", "0")

        terminal.wait(counted, "a rate")
        self.ctl("pause", "beta-2")
        terminal.wait(lambda _: "paused" in terminal.picture(), "the other is paused")
        terminal.press(b"xq")
        self.assertEqual(terminal.end(), 0)
        self._assert_restored(terminal)

    def test_signals_leave_it_and_the_terminal_is_as_before(self):
        for send in (lambda t: t.press(b"\x03"), lambda t: t.process.send_signal(signal.SIGTERM), lambda t: t.press(b"\x04")):
            terminal = self.top()
            terminal.wait(lambda _, t=terminal: "alpha" in t.picture(), "a picture")
            send(terminal)
            self.assertEqual(terminal.end(), 0)
            self._assert_restored(terminal)

    def test_it_fits_the_terminal_and_follows_its_size(self):
        terminal = self.top(columns=100, lines=30)
        terminal.wait(lambda _: "LAST CAUSE" in terminal.picture(), "the last column")
        terminal.resize(40, 6)
        os.kill(terminal.process.pid, signal.SIGWINCH)
        terminal.wait(lambda _: "MSG/S" in terminal.picture() and "LAST CAUSE" not in terminal.picture(), "fewer columns")
        lines = terminal.picture().rstrip("\n").split("\n")
        self.assertLessEqual(len(lines), 6)
        self.assertLessEqual(max(map(len, lines)), 40)

    def test_it_asks_for_no_colours_where_none_are_wanted(self):
        terminal = self.top(NO_COLOR="1")
        terminal.wait(lambda _: "alpha" in terminal.picture(), "a picture")
        self.assertNotIn("\x1b[32m", terminal.text)

    def test_a_sidecar_that_goes_away_is_waited_for(self):
        terminal = self.top("--timeout", "0.3")
        terminal.wait(lambda _: "alpha" in terminal.picture(), "a picture")
        self.sidecar_.stop()
        terminal.wait(lambda _: "could not reach" in terminal.picture(), "the reason")
        self.assertIn("alpha", terminal.picture())
        self.sidecar_.start()
        terminal.wait(lambda _: "alpha" in terminal.picture() and "could not" not in terminal.picture(), "it is back")
        terminal.press(b"q")
        self.assertEqual(terminal.end(), 0)

    def test_without_a_terminal_it_prints_plain_pictures(self):
        once = self.ctl("top", "--once")
        self.assertNotIn("\x1b", once)
        self.assertEqual([line.split()[0] for line in once.rstrip("\n").split("\n")[3:]], ["ID", "alpha", "beta-2"])
        told = json.loads(self.ctl("--json", "top", "--once"))
        self.assertEqual(set(told["rates"]), {"alpha", "beta-2"})
        process = subprocess.Popen([*self.base, "top"], stdout=subprocess.PIPE, text=True)
        seen = ""
        while seen.count("alpha") < 2:
            seen += process.stdout.readline()
        process.stdout.close()  # whoever reads has enough
        self.assertEqual(process.wait(10 * PATIENCE), 0)
        self.assertNotIn("\x1b", seen)

    def test_nobody_there_is_an_exit_code(self):
        nobody = f"ipc://{self.directory}/nobody.sock"
        for arguments in (("top",), ("top", "--once")):
            result = run_program(FAIRLEADCTL, "--control", nobody, "--timeout", "0.2", *arguments)
            self.assertEqual(result.returncode, 3)
            self.assertIn(nobody, result.stderr)


@unittest.skipUnless(shutil.which("bash"), "there is no bash")
class CompletionTest(CtlTest):
    def complete(self, line):
        """What bash offers for a line, the word at its end being completed."""
        script = """
            PATH="$1:$PATH"
            source <(fairleadctl completion bash)
            COMP_LINE=$2 COMP_POINT=${#2}
            $(complete -p fairleadctl | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
            printf '%s\\n' "${COMPREPLY[@]}"
        """
        result = subprocess.run(
            ["bash", "--norc", "-c", script, "bash", os.path.dirname(FAIRLEADCTL), line], capture_output=True, text=True,
            timeout=30 * PATIENCE, env=dict(os.environ, FAIRLEAD_CONTROL=self.sidecar_.control_endpoint), check=False,
            cwd=self.directory)  # fmt: skip
        self.assertEqual((result.returncode, result.stderr), (0, ""), line)
        return sorted(result.stdout.split())

    def test_commands_options_and_values_are_offered(self):
        for line, expected in (
            ("fairleadctl re", ["reconnect", "reload", "remove", "replay", "resume"]),
            ("fairleadctl --json --timeout 3 sta", ["status"]),
            ("fairleadctl reconnect --h", ["--hard", "--help"]),
            ("fairleadctl alerts ", ["channels", "set"]),
            ("fairleadctl alerts set webhook --o", ["--off", "--on"]),
            ("fairleadctl alerts set webhook --level ", ["critical", "info", "warning"]),
            ("fairleadctl log-level ", ["debug", "error", "info", "warning"]),
            ("fairleadctl completion ", ["bash", "fish", "zsh"]),
            ("fairleadctl nonsense-", []),
            ("fairleadctl status stat", [])):  # fmt: skip
            with self.subTest(line):
                self.assertEqual(self.complete(line), expected)

    def test_every_command_of_the_help_is_offered(self):
        listed = re.search(r"Subcommands:\n(.*?)\n\n", self.ctl("--help"), re.S).group(1)
        names = sorted(re.findall(r"^  ([a-z-]+)", listed, re.M))
        self.assertGreater(len(names), 20)
        self.assertEqual(self.complete("fairleadctl "), names)

    def test_connections_are_asked_from_the_sidecar(self):
        for line, expected in (
            ("fairleadctl reconnect ", ["alpha", "beta-2"]),
            ("fairleadctl pause be", ["beta-2"]),
            ("fairleadctl subscribe alpha a", []),
            ("fairleadctl alerts --connection a", ["alpha"])):  # fmt: skip
            with self.subTest(line):
                self.assertEqual(self.complete(line), expected)
        self.assertEqual(self.complete(f"fairleadctl --control ipc://{self.directory}/nobody.sock rotate "), [])
        self.ctl("remove", "beta-2")
        self.assertEqual(self.complete("fairleadctl rotate "), ["alpha"])

    def test_files_are_offered_where_one_is_wanted(self):
        with open(os.path.join(self.directory, "payload.bin"), "wb"):
            pass
        self.assertEqual(self.complete("fairleadctl send alpha --binary pay"), ["payload.bin"])

    def test_a_bash_on_a_terminal_completes(self):
        terminal = Terminal(["bash", "--norc", "-i"], FAIRLEAD_CONTROL=self.sidecar_.control_endpoint, PS1="> ",
                            PATH=os.path.dirname(FAIRLEADCTL) + ":" + os.environ["PATH"])  # fmt: skip
        self.addCleanup(terminal.close)
        terminal.press(b"source <(fairleadctl completion bash); echo loa''ded\n")
        terminal.wait(lambda text: "loaded" in text, "the script is loaded")
        terminal.press(b"echo fairleadctl; fairleadctl paus\tbet\t")
        terminal.wait(lambda text: "fairleadctl pause beta-2" in _ESCAPES.sub("", text), "the whole line")


class OtherShellsTest(CtlTest):
    def script(self, shell):
        path = os.path.join(self.directory, f"completion.{shell}")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.ctl("completion", shell))
        return path

    @unittest.skipUnless(shutil.which("zsh"), "there is no zsh")
    def test_zsh_understands_its_script(self):
        result = run_program("zsh", "-n", self.script("zsh"))
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))

    @unittest.skipUnless(shutil.which("fish"), "there is no fish")
    def test_fish_understands_its_script_and_completes(self):
        path = self.script("fish")
        result = run_program("fish", "--no-execute", path)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        environment = {
            "PATH": os.path.dirname(FAIRLEADCTL) + ":" + os.environ["PATH"], "HOME": self.directory,
            "XDG_CONFIG_HOME": self.directory, "FAIRLEAD_CONTROL": self.sidecar_.control_endpoint}  # fmt: skip
        for line, expected in (
            ("fairleadctl re", ["reconnect", "reload", "remove", "replay", "resume"]),
            ("fairleadctl alerts set webhook --level ", ["critical", "info", "warning"]),
            ("fairleadctl reconnect ", ["alpha", "beta-2"])):  # fmt: skip
            with self.subTest(line):
                program = f"source {path}; complete --do-complete '{line}'"
                result = run_program("fish", "--no-config", "-c", program, environment=environment)
                self.assertEqual((result.returncode, result.stderr), (0, ""))
                self.assertEqual(sorted(row.split("\t")[0] for row in result.stdout.splitlines()), expected)


class ProcessCommandsTest(CtlTest):
    def test_consumers_config_level_and_end(self):
        consumer = self.consumer(self.sidecar_, "data/")
        self.assertIn(f"process {os.getpid()} (", self.ctl("consumers", "--open"))
        consumer.close()
        wait_until(lambda: "closed by the consumer" in self.ctl("consumers"), "its end")
        self.assertIn("no consumers", self.ctl("consumers", "--open"))
        told = self.ctl("config")
        self.assertIn("[connections.alpha]", told)
        self.assertIn("# SHA-256 ", told)
        self.assertIn("debug", self.ctl("log-level", "debug"))
        self.ctl("log-level", "loud", code=2)
        status = self.ctl("status")
        self.assertIn("0 connected, 1 in all", status)
        self.assertIn("last reload", status)
        for command in (("consumers",), ("config",), ("status",)):
            self.assertEqual(json.loads(self.ctl("--json", *command))["code"], "CODE_OK")
        self.assertIn("ends", self.ctl("drain"))
        self.assertEqual(self.sidecar_.wait_exit(5), 0)

    def test_alerts_are_listed_and_switched(self):
        self.assertIn("no alerts", self.ctl("alerts", "--level", "critical"))
        self.assertIn("stream", self.ctl("alerts", "channels"))
        self.ctl("alerts", "set", "stream", "--off")
        listed = json.loads(self.ctl("--json", "alerts", "channels"))["alert_channels"]["channels"]
        self.assertEqual([c["enabled"] for c in listed if c["channel"] == "stream"], [False])
        self.ctl("alerts", "set", "stream", "--on", "--level", "warning")
        listed = json.loads(self.ctl("--json", "alerts", "channels"))["alert_channels"]["channels"]
        self.assertEqual([(c["enabled"], c["level"]) for c in listed if c["channel"] == "stream"],
                         [(True, "ALERT_LEVEL_WARNING")])  # fmt: skip
        self.ctl("alerts", "set", "pigeon", "--on", code=1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
