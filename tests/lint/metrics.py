"""The table of metrics in proxy/metrics/*_metrics.cpp against the one in proxy/metrics/README.md, both ways.

metrics.py checks the tree; metrics.py --self-test plants differences and looks that each is found."""

import re
import sys

from sources import files, read, report

_README = "proxy/metrics/README.md"
_STRING = r'"(?:[^"\\]|\\.)*"'
_CODE = re.compile(
    r"\{\s*(" + _STRING + r"),\s*Type::(\w+),\s*((?:" + _STRING + r"\s*)+),\s*\{([^{}]*)\},", re.S)  # fmt: skip
_ENTRIES = re.compile(r"Type::\w+,\s*\"")
_ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \| ([^|]*) \|$", re.M)


def _joined(literals):
    return "".join(part[1:-1] for part in re.findall(_STRING, literals))


def of_code(text):
    """name -> (type, labels, help)"""
    found = {_joined(name): (kind.lower(), tuple(_joined(one) for one in re.findall(_STRING, labels)), _joined(words))
             for name, kind, words, labels in _CODE.findall(text)}  # fmt: skip
    if len(found) != len(_ENTRIES.findall(text)):
        raise SystemExit("an entry of the table cannot be read, or a name is there twice")
    return found


def of_readme(text):
    return {name: (kind, tuple(re.findall(r"`(\w+)`", labels)), words.strip())
            for name, kind, labels, words in _ROW.findall(text)}  # fmt: skip


def check(code, readme):
    problems = [f"{_README}: {name} is missing" for name in code if name not in readme]
    problems += [f"{_README}: {name} is no metric" for name in readme if name not in code]
    for name in sorted(set(code) & set(readme)):
        for what, ours, told in zip(("type", "labels", "meaning"), code[name], readme[name]):
            if ours != told:
                problems.append(f"{_README}: {name}: the {what} is {ours}, not {told}")
    for name, (kind, _, words) in code.items():
        if (kind == "counter") != name.endswith("_total"):
            problems.append(f"{name}: a counter ends in _total, and nothing else does")
        if not words.endswith("."):
            problems.append(f"{name}: its help is no sentence")
    return problems


def self_test():
    code = of_code('{"a_total", Type::Counter, "One " "thing.", {"x", "y"}, f}, {"b", Type::Gauge, "B.", {}, g}')
    row = "| `a_total` | counter | `x`, `y` | One thing. |\n"
    cases = [
        (row + "| `b` | gauge |  | B. |\n", 0),
        (row, 1),
        (row + "| `b` | gauge |  | B. |\n| `c` | gauge |  | C. |\n", 1),
        (row + "| `b` | counter |  | B. |\n", 1),
        (row + "| `b` | gauge | `x` | B. |\n", 1),
        (row + "| `b` | gauge |  | Other. |\n", 1),
    ]
    problems = [f"{text!r}: {found} problems instead of {expected}" for text, expected in cases
                if (found := len(check(code, of_readme(text)))) != expected]  # fmt: skip
    return problems + (["a counter's name is not looked at"] if not check({"a": ("counter", (), "A.")}, {}) else [])


def main():
    if "--self-test" in sys.argv:
        return self_test()
    paths = [path for path in files("_metrics.cpp") if path.startswith("proxy/metrics/")]
    code = of_code("".join(read(path) for path in paths))
    return check(code, of_readme(read(_README))) if code else ["no metric was found"]


sys.exit(report(main()))
