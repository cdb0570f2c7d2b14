"""Instructions for each message, counted by valgrind: free of the noise of the machine, so that a change of a few per
cent shows. Two runs that differ only in the number of messages; their difference is the messages."""

import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

import tables
from subjects import Fairlead, Plain, Shape

WARM_RATE = 20  # few: how many there are is left to chance
# label, bytes, messages a second, at once, in the short run, in the long run
LOADS = (
    ("200 B, one at a time", 200, 300, 1, 150, 900),
    ("200 B, bursts of 500", 200, 5_000, 500, 2_000, 14_000),
    ("64 KiB, one at a time", 65_536, 50, 1, 25, 150),
)
READINGS = (1_000, 11_000)  # messages
_TOTAL = re.compile(r"^(?:totals|summary): (\d+)", re.M)


def table(workshop, fairlead, keys):
    if not shutil.which("valgrind"):
        sys.exit("valgrind is not installed")
    lines = []
    for label, size, rate, burst, short, long in LOADS:
        line = [label]
        for subject in ("fairlead", "plain"):
            runs = [count(workshop, subject, fairlead, keys, f"{rate} {size} {burst} {messages / rate}")
                    for messages in (short, long)]  # fmt: skip
            line += [tables.number((above - below) / (long - short), 0) for below, above in zip(*runs)]
        lines.append(line)
    header = ["instructions per message", "fairlead, first thread", "its others", "plain, first thread", "its others"]
    return tables.markdown(header, lines)


def readings(workshop):
    """Of the messages of venues, by their shipped profiles: as the relays, by two runs of different length."""
    lines = []
    for venue in ("Binance, combined", "OKX", "Bybit", "Kraken"):
        line = [venue]
        for reading in ("", ", whole profile"):
            short, long = (count_reading(workshop, f"channel, {venue}{reading}", iterations)
                           for iterations in READINGS)  # fmt: skip
            line.append(tables.number((long - short) / (READINGS[1] - READINGS[0]), 0))
        lines.append(line)
    return tables.markdown(["instructions to read 200 B of", "channel", "whole profile, with the key"], lines)


def count_reading(workshop, name, iterations):
    with tempfile.TemporaryDirectory(dir=workshop.directory) as directory:
        path = f"{directory}/callgrind"
        subprocess.run(["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={path}",
                        workshop.program("micro"), f"--benchmark_filter=^{name}/"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       env={**os.environ, "ITERATIONS": str(iterations)})  # fmt: skip
        return total_of(path)


def count(workshop, name, fairlead, keys, load):
    """(of the first thread, of all others) for a whole run."""
    with tempfile.TemporaryDirectory(dir=workshop.directory) as directory:
        wrapper = ("valgrind", "--quiet", "--tool=callgrind", "--separate-threads=yes",
                   f"--callgrind-out-file={directory}/callgrind")  # fmt: skip
        if name == "fairlead":
            subject = Fairlead(workshop, name, fairlead, keys, wrapper)
        else:
            subject = Plain(workshop, name, wrapper)
        with subject.chain(Shape()) as chain:
            chain.source.order(f"warm {WARM_RATE} 200")
            chain.wait_first()
            chain.source.order(f"load {load}")
            chain.wait_complete(80)
        return read_counts(directory)


def read_counts(directory):
    first = others = 0
    for path in glob.glob(f"{directory}/callgrind-*"):
        total = total_of(path)
        if os.path.basename(path) == "callgrind-01":
            first = total
        else:
            others += total
    return first, others


def total_of(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return sum(int(value) for value in _TOTAL.findall(file.read())[:1])
