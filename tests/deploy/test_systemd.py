"""The unit as systemd's own tools see it. That the sidecar works inside of what it allows is test_hardening.py's."""

import os
import re
import shutil
import tempfile
import unittest

from checkout import BUILD, FAIRLEAD, output_of, read, run

_EXPOSURE = 20  # of 100; what is left is that it is on the network


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd is not installed")
class SystemdTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="fl-")
        self.addCleanup(shutil.rmtree, self.directory)
        with open(os.path.join(BUILD, "deploy", "fairlead.service"), encoding="utf-8") as file:
            self.unit = file.read()

    def _write(self, text):
        path = os.path.join(self.directory, "fairlead.service")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def _verify(self, unit):
        """With the program where it is here; the tool looks whether it can be executed."""
        path = self._write(re.sub(r"/\S*/bin/fairlead\b", FAIRLEAD, unit))
        return run("systemd-analyze", "verify", "--man=no", path)

    def test_the_unit_is_understood(self):
        result = self._verify(self.unit)
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_a_mistake_would_be_found(self):
        result = self._verify(self.unit.replace("WatchdogSec=", "WatchdogSeconds="))
        self.assertRegex(result.stderr, "Unknown key (name )?'WatchdogSeconds'")

    def test_little_is_exposed(self):
        path = self._write(self.unit)
        arguments = ("systemd-analyze", "security", "--offline=true", "--no-pager")
        result = run(*arguments, f"--threshold={_EXPOSURE}", path)
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertNotEqual(run(*arguments, "--threshold=1", path).returncode, 0)  # it does look

    def test_nothing_is_left_to_fill_in(self):
        self.assertNotIn("@bindir@", self.unit)
        self.assertRegex(self.unit, r"(?m)^ExecStart=/\S+/bin/fairlead run --config /etc/fairlead/fairlead\.toml$")

    def test_it_is_told_what_the_sidecar_tells(self):
        """Type, watchdog and exit codes have a counterpart in the program."""
        self.assertIn("\nType=notify\n", self.unit)
        self.assertIn("\nWatchdogSec=30\n", self.unit)
        never_again = re.search(r"(?m)^RestartPreventExitStatus=(.*)$", self.unit).group(1).split()
        self.assertEqual(str(run(FAIRLEAD, "run", "--nonsense").returncode), never_again[0])
        self.assertEqual(str(run(FAIRLEAD, "run", "--config", "/nonexistent").returncode), never_again[1])

    def test_a_reload_is_refused_before_the_sidecar_hears_of_it(self):
        check, tell = re.findall(r"(?m)^ExecReload=(.*)$", self.unit)
        self.assertRegex(check, r"/fairlead check /etc/fairlead/fairlead\.toml$")
        self.assertEqual(tell, "/bin/kill -HUP $MAINPID")
        broken = os.path.join(self.directory, "broken.toml")
        with open(broken, "w", encoding="utf-8") as file:
            file.write("[nonsense]\n")
        self.assertNotEqual(run(FAIRLEAD, "check", broken).returncode, 0)

    def test_the_user_is_made(self):
        if os.geteuid() != 0:
            self.skipTest("only root can make users, be it in a folder")
        lines = os.path.join(self.directory, "fairlead.conf")
        with open(lines, "w", encoding="utf-8") as file:
            file.write(read("deploy", "systemd", "fairlead.sysusers.conf"))
        os.mkdir(os.path.join(self.directory, "etc"))
        output_of("systemd-sysusers", f"--root={self.directory}", lines)
        for name, key in (("passwd", "User"), ("group", "Group")):
            with open(os.path.join(self.directory, "etc", name), encoding="utf-8") as file:
                self.assertRegex(file.read(), "(?m)^fairlead:")
            self.assertIn(f"\n{key}=fairlead\n", self.unit)


if __name__ == "__main__":
    unittest.main(verbosity=2)
