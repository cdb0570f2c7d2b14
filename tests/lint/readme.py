"""Every command that a README shows in a ```sh block is run by a test.

readme_commands.txt says which: `command | file | text`, where the file contains the text that proves it. A command that
no line names, a proof that is gone, and a line that no README needs any more are errors."""

import re
import sys

from sources import files, read, report

_TABLE = "tests/lint/readme_commands.txt"
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.M | re.S)


def commands_of(path):
    """The commands of its blocks, continued lines joined, comments and output left out."""
    for block in _BLOCK.findall(read(path)):
        for line in block.replace("\\\n", " ").splitlines():
            command = " ".join(line.split("  #")[0].split())
            if command and not command.startswith("#"):
                yield command


def main():
    problems = []
    proofs = {}
    for number, line in enumerate(read(_TABLE).splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        command, path, text = (part.strip() for part in line.split(" | ", 2))
        proofs[" ".join(command.split())] = number
        try:
            if text not in read(path):
                problems.append(f"{_TABLE}:{number}: {path} does not contain: {text}")
        except OSError as error:
            problems.append(f"{_TABLE}:{number}: {error}")
    shown = set()
    for path in files("README.md"):
        for command in commands_of(path):
            shown.add(command)
            if command not in proofs:
                problems.append(f"{path}: no test runs `{command}`; name one in {_TABLE}")
    for command, number in proofs.items():
        if command not in shown:
            problems.append(f"{_TABLE}:{number}: no README shows `{command}` any more")
    return report(problems)


sys.exit(main())
