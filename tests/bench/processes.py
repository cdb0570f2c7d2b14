"""Programs that say what happens to them in lines of JSON, and what the kernel says about a process."""

import dataclasses
import glob
import json
import os
import select
import signal
import subprocess
import time


_LOOK_SECONDS = 0.1


class Failure(Exception):
    """A program did not do its part; there is nothing to measure."""


class Program:
    """A child process whose standard input takes orders and whose standard output is facts. Ends with its block."""

    def __init__(self, *arguments, log=None):
        self.name = os.path.basename(arguments[0])
        command = [str(argument) for argument in arguments]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        self._output = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    @property
    def pid(self):
        return self.process.pid

    def order(self, text):
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()

    def fact(self, key, seconds=10, unless=None):
        """The next line that has the key, as a dict; lines without it are passed over. There is no use in waiting when
        the program `unless` has ended."""
        deadline = time.monotonic() + seconds
        while True:
            while b"\n" in self._output:
                line, self._output = self._output.split(b"\n", 1)
                fact = json.loads(line)
                if key in fact:
                    return fact
            if not select.select([self.process.stdout], [], [], _LOOK_SECONDS)[0]:
                if unless and unless.process.poll() is not None:
                    raise Failure(f"{unless.name} ended with {unless.process.returncode}")
                if time.monotonic() > deadline:
                    raise Failure(f"{self.name} did not say `{key}` within {seconds} s")
                continue
            read = os.read(self.process.stdout.fileno(), 65536)
            if not read:
                raise Failure(f"{self.name} ended with {self.process.wait()} before it said `{key}`")
            self._output += read


@dataclasses.dataclass
class Usage:
    """Of a process since its start."""

    cpu_ns: int  # of all threads
    main_ns: int  # of its first thread, which in fairlead relays
    switches: int  # voluntary ones: how often a thread went to sleep
    rss_kib: int

    def __sub__(self, other):
        """Between the two; memory is as it was at the later one."""
        cpu, main = self.cpu_ns - other.cpu_ns, self.main_ns - other.main_ns
        return Usage(cpu, main, self.switches - other.switches, self.rss_kib)


def usage(pid):
    cpu = main = switches = 0
    for task in glob.glob(f"/proc/{pid}/task/*"):
        nanoseconds = int(_read(f"{task}/schedstat").split()[0])
        cpu += nanoseconds
        if task.endswith(f"/{pid}"):
            main = nanoseconds
        switches += _status(f"{task}/status", "voluntary_ctxt_switches:")
    return Usage(cpu, main, switches, _status(f"/proc/{pid}/status", "VmRSS:"))


def _status(path, key):
    """0 of a process that has ended."""
    return next((int(line.split()[1]) for line in _read(path).splitlines() if line.startswith(key)), 0)


def _read(path):
    with open(path, encoding="ascii") as file:
        return file.read()
