"""Ports for servers that have to be told theirs before they start."""

import fcntl
import itertools
import os
import socket
import tempfile
from pathlib import Path

_PORTS = range(20_000, 32_000)
"""Below those that the kernel gives to connections and to whoever asks for any (32768 and more): nobody else gets one of these."""
_LAST = Path(tempfile.gettempdir()) / f"aichaos-ports-{os.getuid()}"


def free_port(address: str = "127.0.0.1") -> int:
    """A port that nobody listens at, and that no other test is given: they are counted up, for all workers and sessions of this machine."""
    with _LAST.open("a+", encoding="ascii") as kept:
        fcntl.flock(kept, fcntl.LOCK_EX)
        kept.seek(0)
        last = int(kept.read() or _PORTS.start)
        port = next(number for number in _after(last) if _is_free(address, number))
        kept.truncate(0)
        kept.write(str(port))
    return port


def _after(last: int) -> "itertools.chain[int]":
    return itertools.chain(range(last + 1, _PORTS.stop), range(_PORTS.start, last + 1))


def _is_free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
        return True
