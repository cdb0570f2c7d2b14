"""Where things are, and programs run to their end: what the tests of deploy/ start from."""

import json
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
DEPLOY = os.path.join(ROOT, "deploy")
FAIRLEAD = os.environ["FAIRLEAD"]
BUILD = os.environ["FAIRLEAD_BUILD"]


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def run(*arguments, text="", seconds=60, directory=None, environment=None):
    """The finished process; text in, text out."""
    return subprocess.run(
        arguments, input=text, capture_output=True, text=True, timeout=seconds, cwd=directory, check=False,
        env=dict(os.environ, **(environment or {})))  # fmt: skip


def output_of(*arguments, **named):
    """What it writes; it must succeed."""
    result = run(*arguments, **named)
    if result.returncode != 0:
        raise AssertionError(f"{' '.join(arguments)} ended with {result.returncode}:\n{result.stdout}{result.stderr}")
    return result.stdout


def node(script, text):
    """The JSON that a script of this folder makes of `text`. It needs what `npm ci` installs here."""
    return json.loads(output_of("node", os.path.join(HERE, script), text=text))
