"""Runs a program that the kernel ends when the process that started it ends: ``tied.py PARENT_PID PROGRAM [ARGUMENT …]``.

A program of its own instead of ``subprocess``'s ``preexec_fn``, which is not safe (and warned of) beside threads.
Linux only. The parent must start it from a thread that lives on: the kernel counts the thread's end as the parent's.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def main(parent: int, command: list[str]) -> None:
    """Never returns: becomes the program."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent:  # it ended before we asked to be told
        sys.exit("the parent is gone")
    os.execv(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
