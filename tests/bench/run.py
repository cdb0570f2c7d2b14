#!/usr/bin/python3
"""fairlead beside the relay that one would write instead, and beside what it stands on; README.md explains the numbers.

Each round measures every case with every subject, one after the other and in an order that turns: a machine that others
use is faster in one minute than in the next, so only what was measured side by side can be compared."""

import argparse
import os
import sys
import tempfile

import cases
import instructions
import tables
from processes import Failure
from subjects import Fairlead, Observed, Plain, SocketFloor, Workshop, ZeromqFloor

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
QUICK_SECONDS = 0.3


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    fairlead = os.environ.get("FAIRLEAD", f"{ROOT}/build/proxy/fairlead")
    programs = os.environ.get("FAIRLEAD_BENCH", f"{ROOT}/build/tests/bench")
    parser.add_argument("--fairlead", default=fairlead, metavar="PATH")
    parser.add_argument("--programs", default=programs, metavar="DIR", help="where venue_blast and the others are")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each load")
    parser.add_argument("--only", action="append", metavar="NAME", help="this case; may be repeated")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="of every connection, as in TOML")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--against", metavar="PATH", help="compare with another build of fairlead")
    mode.add_argument("--operated", action="store_true", help="scraped and with the page open, against left alone")
    mode.add_argument("--growth", action="store_true", help="cost against size, channels and so on")
    mode.add_argument("--instructions", action="store_true", help="instructions per message, by valgrind")
    mode.add_argument("--quick", action="store_true", help="one short round that checks completeness and no speed")
    return parser.parse_args()


def choose(all_cases, names):
    known = [case.name for case in all_cases]
    unknown = sorted(set(names or ()) - set(known))
    if unknown:
        sys.exit(f"no such case: {', '.join(unknown)}; there are: {', '.join(known)}")
    return [case for case in all_cases if not names or case.name in names]


def run_rounds(chosen, subjects, rounds, seconds, patient):
    """(results, problems); without `patient` the first problem ends it."""
    results, problems = tables.Results(), []
    for turn in range(rounds):
        for index, case in enumerate(chosen):
            taking_part = [subject for subject in subjects if subject.has_relay or subject.name in case.floors]
            first = (turn + index) % len(taking_part)
            for subject in taking_part[first:] + taking_part[:first]:
                values, found = cases.measure(case, subject, seconds)
                results.add(case.name, subject.name, values)
                problems += [f"round {turn + 1}, {case.name}, {subject.name}: {problem}" for problem in found]
                if found and not patient:
                    return results, problems
        print(f"round {turn + 1} of {rounds} is done", file=sys.stderr)
    return results, problems


def check_quick(results, chosen, subjects):
    """Every number that the table would show is there."""
    missing = []
    for row in tables.ROWS:
        case = next((case for case in chosen if case.name == row.case), None)
        for subject in subjects:
            if case and subject.has_relay and results.median(row.case, subject.name, row.metric) is None:
                missing.append(f"{row.label}: no number of {subject.name}")
    return missing


def judge_operated(results):
    """Being watched must not be felt."""
    row = tables.OPERATED
    ratio = results.ratio((row.case, "watched", row.metric), (row.case, "alone", row.metric))
    if ratio is None or row.is_met(ratio):
        return []
    return [f"{row.label}: {ratio:.2f} of what it is alone; the target is {row.limit:g}"]


def main():
    options = arguments()
    keys = [f"{key} = {value}" for key, value in (setting.split("=", 1) for setting in options.set)]
    with tempfile.TemporaryDirectory(prefix="fb-") as directory:  # short: a socket path has at most 107 characters
        workshop = Workshop(options.programs, directory)
        if options.instructions:
            return count_instructions(options, workshop, keys)
        return measure(options, workshop, keys)


def count_instructions(options, workshop, keys):
    try:
        print(instructions.table(workshop, options.fairlead, keys))
        print()
        print(instructions.readings(workshop))
        return 0
    except Failure as failure:
        print(failure, file=sys.stderr)
        return 1


def measure(options, workshop, keys):
    fairlead = Fairlead(workshop, "fairlead", options.fairlead, keys)
    chosen = choose(cases.GROWTH if options.growth else cases.CASES, options.only)
    if options.operated:
        subjects = [Observed(workshop, "watched", options.fairlead, True, keys),
                    Observed(workshop, "alone", options.fairlead, False, keys)]  # fmt: skip
    elif options.against:
        subjects = [fairlead, Fairlead(workshop, "against", options.against, keys)]
    else:
        subjects = [fairlead, Plain(workshop, "plain")]
        if not options.growth:
            subjects += [SocketFloor(workshop, "socket"), ZeromqFloor(workshop, "ZeroMQ")]
    rounds, seconds = (1, QUICK_SECONDS) if options.quick else (options.rounds, options.seconds)
    results, problems = run_rounds(chosen, subjects, rounds, seconds, not options.quick)
    names = [case.name for case in chosen]
    if options.growth:
        print(tables.growth_table(results, chosen))
    elif options.operated:
        print(tables.comparison(results, names, "watched", "alone", [tables.OPERATED]))
        problems += judge_operated(results)
    elif options.against:
        print(tables.comparison(results, names, "fairlead", "against"))
    else:
        print(tables.main_table(results, names))
    if options.quick and not problems:
        problems = check_quick(results, chosen, subjects)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
