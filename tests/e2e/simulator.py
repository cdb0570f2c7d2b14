"""`fairlead simulate` as a process of its own: a venue that speaks as a profile has it."""

import os
import re
import signal
import subprocess
import threading

from harness import FAIRLEAD, PATIENCE
from waiting import wait_until


class Simulator:
    """`scenario` is the text of one, written into `directory`; `profile` goes onto the command line."""

    def __init__(self, directory, profile="", scenario=""):
        command = [FAIRLEAD, "simulate", "--listen", "127.0.0.1:0"]
        if profile:
            command += ["--profile", profile]
        if scenario:
            path = os.path.join(directory, "scenario.toml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(scenario)
            command += ["--scenario", path]
        self.lines = []
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.url = wait_until(self._find_url, lambda: f"the venue's address; it said {self.lines}")

    def _read(self):
        for line in self._process.stdout:
            self.lines.append(line.rstrip("\n"))

    def _find_url(self):
        found = [re.search(r"venue: (ws://\S+)", line) for line in self.lines]
        return next((match.group(1) for match in found if match), None)

    def said(self, text):
        return [line for line in self.lines if text in line]

    def stop(self):
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        self._process.wait(10 * PATIENCE)
        self._reader.join()
        self._process.stdout.close()
