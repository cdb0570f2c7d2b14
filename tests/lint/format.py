#!/usr/bin/env python3
"""clang-format over every C++ file, with the style of the checkout. `format.py --fix` rewrites them."""

import subprocess
import sys

from sources import ROOT, files, report


def main():
    paths = files(".cpp", ".hpp")
    mode = ["-i"] if "--fix" in sys.argv else ["--dry-run", "--Werror"]
    result = subprocess.run(
        ["clang-format", "--style=file", *mode, *paths], cwd=ROOT, capture_output=True, text=True, check=False)  # fmt: skip
    problems = [line for line in result.stderr.splitlines() if ": error:" in line]
    if result.returncode and not problems:
        problems = [result.stderr]
    return report(problems if paths else ["no C++ file was found"])


sys.exit(main())
