"""clang-tidy over every .cpp of proxy/ and clients/, with the checks of .clang-tidy: tidy.py BUILD_DIR

A file that was clean is looked at again only when it, a header, the checks or the tool have changed."""

import concurrent.futures
import hashlib
import json
import os
import subprocess
import sys

from sources import ROOT, files, read, report


def common_key():
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, text=True, check=True).stdout
    digest = hashlib.sha256(version.encode())
    for path in [".clang-tidy", *files(".hpp", ".proto")]:
        digest.update(read(path).encode())
    return digest.hexdigest()


def tidy(build_dir, path, stamp):
    """Its output if there is anything to say."""
    if os.path.exists(stamp):
        return None
    result = subprocess.run(
        ["clang-tidy", "-p", build_dir, "--quiet", os.path.join(ROOT, path)], capture_output=True, text=True, check=False)  # fmt: skip
    if result.returncode:
        return f"{path}:\n{result.stdout}{result.stderr}"
    with open(stamp, "w", encoding="utf-8"):
        return None


def main():
    build_dir = sys.argv[1]
    with open(os.path.join(build_dir, "compile_commands.json"), encoding="utf-8") as file:
        commands = {os.path.relpath(os.path.join(entry["directory"], entry["file"]), ROOT): entry["command"]
                    for entry in json.load(file)}  # fmt: skip
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    stamps = os.path.join(cache, "fairlead-clang-tidy")
    os.makedirs(stamps, exist_ok=True)
    common = common_key()
    jobs = []
    for path, command in commands.items():
        if path.startswith(("proxy/", "clients/")) and path.endswith(".cpp"):
            key = hashlib.sha256((common + command.replace(ROOT, "") + read(path)).encode()).hexdigest()
            jobs.append((build_dir, path, os.path.join(stamps, key)))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        outputs = list(pool.map(lambda job: tidy(*job), jobs))
    return report([output for output in outputs if output] if jobs else ["no file to look at"])


sys.exit(main())
