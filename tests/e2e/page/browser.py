"""Debian's Chromium, headless, in a process of its own: browser.mjs, on Node and the `playwright-core` package."""

import json
import os
import shutil
import subprocess

from waiting import PATIENCE, wait_until

_HERE = os.path.dirname(os.path.abspath(__file__))
DESKTOP = (1280, 900)
PHONE = (360, 740)


class Browser:
    def __init__(self):
        chromium = shutil.which("chromium")
        if not chromium:
            raise RuntimeError("Chromium is missing: apt-get install chromium")
        if not os.path.isdir(os.path.join(_HERE, "..", "node_modules", "playwright-core")):
            raise RuntimeError("the npm package `playwright-core` is missing: cd tests/e2e && npm ci")
        self._process = subprocess.Popen(
            ["node", os.path.join(_HERE, "browser.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=dict(os.environ, CHROMIUM=chromium))  # fmt: skip

    def open(self, url, size=DESKTOP, scheme="light", motion="no-preference", clock=False):
        """A new profile with nothing in it; with `clock`, advance() moves its time. Returns the status and the headers of
        the document."""
        return self._do("open", url=url, width=size[0], height=size[1], scheme=scheme, motion=motion, clock=clock)

    def texts(self, selector):
        """What can be seen of each element that matches."""
        return self._do("text", selector=selector)

    def text(self, selector):
        return " ".join(" ".join(self.texts(selector)).split())

    def count(self, selector):
        return self._do("count", selector=selector)

    def click(self, selector):
        self._do("click", selector=selector)

    def fill(self, selector, value):
        self._do("fill", selector=selector, value=value)

    def choose(self, selector, value):
        self._do("choose", selector=selector, value=value)

    def press(self, key):
        self._do("press", key=key)

    def evaluate(self, script):
        return self._do("evaluate", script=script)

    def look(self, away):
        self._do("look", away=away)

    def advance(self, seconds):
        """Lets so much time pass for the page, and its timers fire, at once."""
        self._do("advance", seconds=seconds)

    def screenshot(self, path, whole=True):
        self._do("screenshot", path=path, whole=whole)

    def accessibility(self):
        """What axe finds; `rules` is how many were found to be kept."""
        return self._do("accessibility")

    def complaints(self):
        """Of the console, of scripts, of the content policy; since it was opened or last asked."""
        return self._do("complaints")

    def requests(self):
        """Every request since it was opened or last asked, as "GET http://…"."""
        return self._do("requests")

    def wait_text(self, selector, wanted, seconds=10):
        """Until what can be seen of the elements holds `wanted`, whatever its case."""
        seen = []

        def look():
            seen[:] = [self.text(selector)]
            return wanted.lower() in seen[0].lower()

        wait_until(look, lambda: f"{wanted!r} in {selector}; it shows {seen}", seconds, interval=0.05)

    def wait(self, condition, what, seconds=10):
        return wait_until(condition, what, seconds, interval=0.05)

    def stop(self):
        if self._process.poll() is None:
            self._process.stdin.close()
            self._process.wait(20 * PATIENCE)
        self._process.stdout.close()

    def _do(self, command, **named):
        self._process.stdin.write(json.dumps({"command": command, **named}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError("the browser has ended")
        answer = json.loads(line)
        if "error" in answer:
            raise AssertionError(f"{command} {named}: {answer['error']}")
        return answer["result"]
