"""The image, as far as it can be tested without a container engine: what the Dockerfile copies exists, what it runs can
be run, what it installs is what the programs are linked with or load, and what it starts is understood."""

import fnmatch
import json
import os
import re
import shlex
import shutil
import stat
import tempfile
import unittest

from checkout import BUILD, FAIRLEAD, ROOT, node, output_of, read, run

_OWN_USER = "10001:10001"
# In the base image already, and named by none.
_BASE = {"libc6", "libgcc-s1", "libstdc++6"}


def _os_release():
    with open("/etc/os-release", encoding="utf-8") as file:
        return dict(line.rstrip().replace('"', "").split("=", 1) for line in file if "=" in line)


def _ignored(path, patterns):
    """By .dockerignore: a pattern names a path from the top, `**/` any folder before it."""
    parts = path.split("/")
    above = ["/".join(parts[: i + 1]) for i in range(len(parts))]
    return any(
        fnmatch.fnmatchcase(one.rsplit("/", 1)[-1], pattern[3:]) if pattern.startswith("**/")
        else one.count("/") == pattern.count("/") and fnmatch.fnmatchcase(one, pattern)
        for one in above for pattern in patterns)  # fmt: skip


class DockerfileTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        parsed = node("dockerfile.mjs", read("deploy", "docker", "Dockerfile"))
        cls.problems = parsed["problems"]
        cls.instructions = parsed["instructions"]
        stages = [i for i, one in enumerate(cls.instructions) if one["keyword"] == "FROM"]
        cls.build = cls.instructions[stages[0] : stages[1]]
        cls.image = cls.instructions[stages[1] :]

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="fl-")
        self.addCleanup(shutil.rmtree, self.directory)

    def _all(self, keyword, stage=None):
        return [one for one in stage or self.image if one["keyword"] == keyword]

    def _one(self, keyword):
        found = self._all(keyword)
        self.assertEqual(len(found), 1, keyword)
        return found[0]

    def _context(self):
        """What the engine would be handed: the checkout without what .dockerignore names."""
        patterns = [line for line in read(".dockerignore").splitlines() if line and not line.startswith("#")]
        context = os.path.join(self.directory, "source")

        def leave_out(folder, names):
            inside = os.path.relpath(folder, ROOT)
            return [name for name in names if _ignored(os.path.normpath(os.path.join(inside, name)), patterns)]

        shutil.copytree(ROOT, context, ignore=leave_out, symlinks=True)
        return context

    def test_the_linter_has_nothing_to_say(self):
        self.assertEqual(self.problems, [])

    def test_what_is_sent_to_the_engine_is_enough_and_no_more(self):
        context = self._context()
        left = [name for name in os.listdir(context) if name.startswith("build") or name in ("tests", ".git")]
        self.assertEqual(left, [])
        self.assertNotIn("node_modules", [name for _, folders, _ in os.walk(context) for name in folders])
        # Its command is run with a meson that only writes down how it is called, and then by the real one.
        command = shlex.split(self._all("RUN", self.build)[0]["text"])
        self.assertEqual(command[0], "deploy/quickstart.sh")
        programs = os.path.join(self.directory, "bin")
        os.mkdir(programs)
        for name, does in (("meson", f'echo "$@" >>{self.directory}/calls'), ("dpkg-query", "echo installed")):
            path = os.path.join(programs, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(f"#!/bin/sh\n{does}\n")
            os.chmod(path, 0o755)
        output_of(*command, directory=context, environment={"PATH": f"{programs}:{os.environ['PATH']}"})
        with open(os.path.join(self.directory, "calls"), encoding="utf-8") as file:
            setup, compile_ = (line.split() for line in file)
        self.assertEqual((setup[0], compile_), ("setup", ["compile", "-C", "build"]))
        self.assertIn("Found ninja", output_of("meson", *setup, directory=context, seconds=300))

    def test_what_is_copied_into_the_image_is_installed(self):
        install = self._all("RUN", self.build)[1]["text"]
        self.assertRegex(install, r"^DESTDIR=/image meson install -C build\b")
        root = os.path.join(self.directory, "image")
        output_of("meson", "install", "--quiet", "--no-rebuild", "-C", BUILD, "--destdir", root)
        prefix = next(p for p in (os.path.join(root, "usr", "local"), os.path.join(root, "usr")) if os.path.isdir(p))
        copies = self._all("COPY")
        self.assertTrue(copies)
        for copy in copies:
            sources = copy["arguments"][:-1]
            for source in sources:
                if copy["flags"].get("from"):
                    self.assertEqual(copy["flags"]["from"], self.build[0]["arguments"][2])
                    path = prefix + source.removeprefix("/image/usr")
                else:
                    path = os.path.join(ROOT, source)
                self.assertTrue(os.path.exists(path), source)
        for program in ("fairlead", "fairleadctl"):
            self.assertTrue(os.stat(os.path.join(prefix, "bin", program)).st_mode & stat.S_IXUSR)

    @unittest.skipUnless(_os_release().get("VERSION_ID") == "12", "the names of the packages are those of Debian 12")
    def test_the_libraries_of_the_image_are_those_of_the_programs(self):
        text = " ".join(one["text"] for one in self._all("RUN"))
        installed = set(re.search(r"install -y --no-install-recommends ([^&]*)", text).group(1).split())
        native = f":{output_of('dpkg', '--print-architecture').strip()}:"
        programs = (FAIRLEAD, os.environ["FAIRLEADCTL"])
        linked = {library for program in programs
                  for library in re.findall(r"NEEDED +(\S+)", output_of("objdump", "-p", program))}  # fmt: skip
        loaded = {re.search(r'kCurlLibrary = "(\S+)"', read("proxy", "net", "curl_library.hpp")).group(1),
                  re.search(r'kLibrary = "(\S+)"', read("proxy", "app", "notify.cpp")).group(1)}  # fmt: skip
        self.assertEqual(set(), loaded & linked, "they would be loaded at every start")
        needed = set()
        for library in linked | loaded:
            # Packages of other architectures may have a library of the same name.
            owners = output_of("dpkg", "-S", f"*/{library}").splitlines()
            found = next((owner for owner in owners if native in owner), owners[0])
            needed.add(found.split(":")[0])
        self.assertEqual(installed - {"ca-certificates"}, needed - _BASE)
        self.assertIn("ca-certificates", installed)

    def test_it_runs_as_nobody_in_particular(self):
        self.assertEqual(self._one("USER")["text"], _OWN_USER)
        text = " ".join(one["text"] for one in self._all("RUN"))
        uid, gid = _OWN_USER.split(":")
        self.assertIn(f"--uid {uid}", text)
        self.assertIn(f"--gid {gid}", text)
        # Nothing is put into the image after it has become that user's.
        after = self.image[self.image.index(self._one("USER")) :]
        self.assertEqual([one for one in after if one["keyword"] in ("RUN", "COPY", "ADD")], [])

    def test_what_it_starts_is_understood(self):
        entry = self._one("ENTRYPOINT")["exec"]
        self.assertEqual(entry, ["fairlead"])
        arguments = self._one("CMD")["exec"]
        self.assertEqual(arguments[0], "run")
        missing = run(FAIRLEAD, *arguments)
        self.assertEqual(missing.returncode, 78, missing.stderr)  # there is no such configuration here
        self.assertIn("/etc/fairlead/fairlead.toml", missing.stderr)
        self.assertEqual(self._one("STOPSIGNAL")["text"], "SIGTERM")

    def test_its_health_is_asked_of_the_program(self):
        check = self._one("HEALTHCHECK")
        command = json.loads(re.search(r"CMD (\[.*\])$", check["text"]).group(1))
        self.assertEqual(command, ["fairlead", "healthcheck", "--live"])
        self.assertGreater(int(check["flags"]["timeout"].rstrip("s")), 3)  # longer than it waits itself
        result = run(FAIRLEAD, *command[1:], "--http", "127.0.0.1:1")
        self.assertEqual(result.returncode, 1, result.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
