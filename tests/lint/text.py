"""Plain text rules: no unfinished words, no tabs, no trailing space, a newline at the end, no file that has grown into
two. The words are written in halves here, or this file would break its own rule."""

import re
import sys

from sources import files, read, report

MAX_LINES = 450
_CODE = (".cpp", ".hpp", ".proto", ".py", ".mjs", ".sh", ".toml", ".js", ".css", ".html", "meson.build", "meson_options.txt")
_OTHER = (".md", ".txt", ".json", ".yaml", ".yml", ".clang-format", ".clang-tidy", ".gitignore", ".editorconfig", "run")
_UNFINISHED = re.compile("|".join(["TO" "DO", "FIX" "ME", r"\bX" r"XX\b", r"\bHA" r"CK\b", "not implem" "ented", r"\bfor n" r"ow\b"]))
_OUTSIDE = re.compile(r"\.\./sha" r"red")


def check(path):
    text = read(path)
    is_code = path.endswith(_CODE)
    problems = []
    for number, line in enumerate(text.split("\n"), 1):
        if is_code and _UNFINISHED.search(line):
            problems.append(f"{path}:{number}: unfinished: {line.strip()}")
        if _OUTSIDE.search(line):
            problems.append(f"{path}:{number}: names a place outside the checkout")
        if "\t" in line:
            problems.append(f"{path}:{number}: tab")
        if line != line.rstrip():
            problems.append(f"{path}:{number}: space at the end of the line")
    if text and not text.endswith("\n"):
        problems.append(f"{path}: no newline at the end")
    if is_code and text.count("\n") > MAX_LINES:
        problems.append(f"{path}: {text.count(chr(10))} lines, {MAX_LINES} is the most: it is two files")
    return problems


def main():
    paths = [path for path in files(*_CODE, *_OTHER) if not path.endswith("package-lock.json")]
    return report([problem for path in paths for problem in check(path)] if paths else ["no file was found"])


sys.exit(main())
