"""Becomes a command that ends with the process that started it.

Run as `python guard.py PARENT UID GID COMMAND...`. A process of its own, not a `preexec_fn`, because Python
code between fork and exec may deadlock in a parent with threads. It imports nothing of the application.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, uid: int, gid: int, command: list[str]) -> None:
    """Drop root, tie this process to its parent, and become the command."""
    drop(uid, gid)
    os.umask(0o077)
    if sys.platform == "linux":
        # After drop(): the kernel forgets this setting when credentials change.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGINT))
    else:
        watch(os.getpid())
    if os.getppid() != parent:
        sys.exit("guard: the parent ended before the start")
    os.execv(command[0], command)


def drop(uid: int, gid: int) -> None:
    """Become the given account for good, if it is not ours already."""
    if uid != os.geteuid():
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)


def watch(pid: int) -> None:
    """Leave a child behind that ends `pid` when the parent's end of our standard input closes."""
    if os.fork():
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    os.closerange(1, 256)  # above all the lock that tells of a living server
    while os.read(0, 1):
        pass
    try:
        os.kill(pid, signal.SIGINT)
    finally:
        os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
