"""Every #include in proxy/ against the table of rooms in proxy/README.md.

arrows.py checks the tree; arrows.py --self-test plants includes of every kind in a tree of its own and looks that just
the forbidden ones are found."""

import os
import re
import sys
import tempfile

from sources import ROOT, files, read, report

_ROW = re.compile(r"^\|\s*`([\w.]+?)/?`\s*\|.*\|([^|]*)\|\s*$", re.M)
_INCLUDE = re.compile(r'^\s*#\s*include\s*["<]([^">]+)[">]', re.M)
_CONTRACT = "fairlead/v1/"  # from publish upwards
_CLIENTS = "fairlead/"


def read_table(text):
    """room -> the rooms that it may include."""
    return {room: {name.strip() for name in allowed.split(",") if name.strip()} for room, allowed in _ROW.findall(text)}


def reaches(table, room, goal):
    return room == goal or any(reaches(table, below, goal) for below in table.get(room, ()))


def check_include(table, room, include):
    """What is wrong with it, or nothing."""
    first = include.split("/")[0]
    if include.startswith(_CONTRACT):
        return None if reaches(table, room, "publish") else "the contract is for publish and the rooms above it"
    if include.startswith(_CLIENTS):
        return None if "clients" in table[room] else f"{room} may not include the client library"
    if first in table:
        return None if first == room or first in table[room] else f"{room} may not include {first}"
    return None


def check_tree(root):
    proxy = os.path.join(root, "proxy")
    table = read_table(read("README.md", proxy))
    problems = []
    if not table:
        return ["proxy/README.md: no table of rooms"]
    for path in files(".cpp", ".hpp", under=proxy):
        room = path.split("/")[0]
        if room not in table:
            problems.append(f"proxy/{path}: the room {room} is not in the table of proxy/README.md")
            continue
        text = read(path, proxy)
        for match in _INCLUDE.finditer(text):
            include = match.group(1)
            line = text.count("\n", 0, match.start()) + 1
            problem = check_include(table, room, include)
            quoted = '"' in match.group(0)
            if not problem and quoted and include.split("/")[0] not in (*table, "fairlead"):
                problem = "no room of that name; includes start at proxy/"
            if problem:
                problems.append(f"proxy/{path}:{line}: {include}: {problem}")
    return problems


def self_test():
    planted = {
        "core/good.cpp": ('#include "core/time.hpp"\n#include <vector>\n', 0),
        "core/upward.cpp": ('#include "net/loop.hpp"\n', 1),
        "core/contract.cpp": ('#include "fairlead/v1/stream.pb.h"\n', 1),
        "relay/contract.cpp": ('#include "fairlead/v1/stream.pb.h"\n#include "core/time.hpp"\n', 0),
        "relay/angle.cpp": ("#include <net/loop.hpp>\n", 1),
        "net/contract.cpp": ('#include "fairlead/v1/stream.pb.h"\n', 1),
        "net/client.cpp": ('#include "fairlead/subscriber.hpp"\n', 1),
        "app/client.cpp": ('#include "fairlead/subscriber.hpp"\n', 0),
        "app/relative.cpp": ('#include "../net/loop.hpp"\n#include "application.hpp"\n', 2),
        "main.cpp": ('#include "app/application.hpp"\n#include "relay/session.hpp"\n', 1),
        "attic/new.cpp": ("#include <vector>\n", 1),
    }
    problems = []
    with tempfile.TemporaryDirectory() as root:
        for path, (text, _) in {**planted, "README.md": (read("proxy/README.md"), 0)}.items():
            full = os.path.join(root, "proxy", path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as file:
                file.write(text)
        found = check_tree(root)
        for path, (_, expected) in planted.items():
            count = sum(problem.startswith(f"proxy/{path}:") for problem in found)
            if count != expected:
                problems.append(f"{path}: {count} problems found instead of {expected}")
    return problems


if __name__ == "__main__":
    sys.exit(report(self_test() if "--self-test" in sys.argv else check_tree(ROOT)))
