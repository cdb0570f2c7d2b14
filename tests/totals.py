"""Adds up the results of several `meson test` runs: totals.py --broken N testlog.json...

Prints each failure, then the totals as the last line. The exit code is 1 if anything failed, or if nothing ran."""

import argparse
import json
import sys

PASSED = {"OK", "EXPECTEDFAIL"}
SKIPPED = {"SKIP", "IGNORED"}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--broken", type=int, default=0, help="steps that failed before any test could run")
    parser.add_argument("logs", nargs="*")
    options = parser.parse_args()

    passed = failed = skipped = 0
    for path in options.logs:
        with open(path, encoding="utf-8") as log:
            for line in log:
                test = json.loads(line)
                if test["result"] in PASSED:
                    passed += 1
                elif test["result"] in SKIPPED:
                    skipped += 1
                else:
                    failed += 1
                    print(f"{test['result']}: {test['name']} ({path})")
    failed += options.broken
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


sys.exit(main())
