"""confined.py UNIT UID PROGRAM ARGUMENT...: runs a program inside of what a systemd unit allows, as far as that can be
had without systemd: the system calls, the kinds of sockets, memory that cannot be written and executed, no
capabilities, another user. What systemd does by mounting is left out. Python's seccomp module is Debian's python3-seccomp."""

import ctypes
import errno
import os
import re
import socket
import stat
import subprocess
import sys

import seccomp

_PROT_WRITE, _PROT_EXEC = 2, 4
_PR_CAPBSET_DROP = 24
_LAST_CAPABILITY = "/proc/sys/kernel/cap_last_cap"


def settings(unit):
    """key -> values, in their order."""
    found = {}
    with open(unit, encoding="utf-8") as file:
        for key, value in re.findall(r"(?m)^(\w+)=(.*)$", file.read()):
            found.setdefault(key, []).append(value)
    return found


def system_calls(name, seen=None):
    """Those of a group of systemd, and of the groups in it."""
    seen = set() if seen is None else seen
    if not name.startswith("@"):
        return {name}
    if name in seen:
        return set()
    seen.add(name)
    command = ["systemd-analyze", "syscall-filter", name]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lines = [line.strip() for line in text.splitlines()[1:]]
    return set().union(*(system_calls(line, seen) for line in lines if line and not line.startswith("#")))


def allowed(filters):
    """What is left of SystemCallFilter=; systemd itself adds what no program can do without."""
    names = system_calls("@default")
    for line in filters:
        groups = set().union(*(system_calls(one) for one in line.removeprefix("~").split()))
        names = names - groups if line.startswith("~") else names | groups
    return names


def confine(unit):
    found = settings(unit)
    both = _PROT_WRITE | _PROT_EXEC
    usual = (os.SCHED_OTHER, os.SCHED_BATCH, os.SCHED_IDLE)
    rules = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
    special = {
        "socket": [[seccomp.Arg(0, seccomp.EQ, getattr(socket, family))]
                   for family in found["RestrictAddressFamilies"][0].split()],
        # Never both to be written and to be executed.
        "mmap": [[seccomp.Arg(2, seccomp.MASKED_EQ, both, value)] for value in (0, _PROT_WRITE, _PROT_EXEC)],
        "mprotect": [[seccomp.Arg(2, seccomp.MASKED_EQ, _PROT_EXEC, 0)]],
        "pkey_mprotect": [[seccomp.Arg(2, seccomp.MASKED_EQ, _PROT_EXEC, 0)]],
        # RestrictRealtime
        "sched_setscheduler": [[seccomp.Arg(1, seccomp.EQ, policy)] for policy in usual],
        # No file that lends its owner's rights.
        "chmod": [[seccomp.Arg(1, seccomp.MASKED_EQ, stat.S_ISUID | stat.S_ISGID, 0)]],
        "fchmod": [[seccomp.Arg(1, seccomp.MASKED_EQ, stat.S_ISUID | stat.S_ISGID, 0)]],
        "fchmodat": [[seccomp.Arg(2, seccomp.MASKED_EQ, stat.S_ISUID | stat.S_ISGID, 0)]],
    }  # fmt: skip
    for name in sorted(allowed(found["SystemCallFilter"])):
        try:
            number = seccomp.resolve_syscall(seccomp.Arch(), name)
        except (RuntimeError, ValueError):
            continue
        if number < 0:
            continue  # of another kind of machine
        for arguments in special.get(name, [[]]):
            rules.add_rule(seccomp.ALLOW, number, *arguments)
    return rules


def give_up_rights(uid):
    libc = ctypes.CDLL(None, use_errno=True)
    with open(_LAST_CAPABILITY, encoding="ascii") as file:
        last = int(file.read())
    for capability in range(last + 1):
        if libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "PR_CAPBSET_DROP")
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)


def main():
    unit, uid, *command = sys.argv[1:]
    rules = confine(unit)
    if os.geteuid() == 0:
        give_up_rights(int(uid))
    os.umask(int(settings(unit)["UMask"][0], 8))
    rules.load()
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
