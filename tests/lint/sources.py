"""Which files of the checkout the lint scripts look at. Works without git, so that an unpacked archive can be checked."""

import os

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_NOT_OURS = {".git", ".cache", "node_modules", "__pycache__"}


def files(*suffixes, under=ROOT):
    """Paths relative to `under`, sorted; all files when no suffix is given."""
    found = []
    for folder, names, file_names in os.walk(under):
        names[:] = [n for n in names if n not in _NOT_OURS and not (folder == under and n.startswith("build"))]
        for name in file_names:
            if not suffixes or name.endswith(suffixes):
                found.append(os.path.relpath(os.path.join(folder, name), under))
    return sorted(found)


def read(path, under=ROOT):
    with open(os.path.join(under, path), encoding="utf-8") as file:
        return file.read()


def report(problems):
    """Prints them; returns the exit code."""
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems")
    return 1 if problems else 0
