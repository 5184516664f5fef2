"""A network of the tests' own: the test process moves into a fresh Linux network namespace before it does anything else.

Two reasons. A control plane needs addresses that no machine has to spare: one that is not loopback for the API server,
and 10.244.0.0/16 for pods. And in there a test cannot reach the outside network, whatever it tries.

Called by `tests/isolated.py`, the first plugin that pytest loads, when the process has one thread: a namespace belongs to a
thread and is inherited by the threads and processes that are started later.
"""

import ctypes
import fcntl
import functools
import os
import signal
import socket
import struct
import sys
import warnings
from ipaddress import IPv4Interface
from pathlib import Path

API_SERVER_ADDRESS = "192.0.2.10"  # TEST-NET-1 of RFC 5737
POD_NETWORK = "10.244.0.0/16"
# On a loopback device the kernel makes the whole subnet of an address local: every pod's IP can be bound and connected to.
ADDRESSES = (IPv4Interface(f"{API_SERVER_ADDRESS}/32"), IPv4Interface("10.244.0.1/16"))

_MARK = "AICHAOS_NETNS"
_NAMESPACE = Path("/proc/self/ns/net")

# From <linux/sched.h>, <linux/sockios.h> and <linux/if.h>.
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _SIOCSIFADDR, _SIOCSIFNETMASK = 0x8913, 0x8914, 0x8916, 0x891C
_IFF_UP = 0x1


@functools.cache
def isolate() -> str | None:
    """Moves this process into a network namespace of its own; None when it is in one, otherwise the reason why not."""
    if sys.platform != "linux":
        return f"network namespaces are a thing of Linux, this is {sys.platform}"
    if _inherited():
        return None
    if len(os.listdir("/proc/self/task")) != 1:
        return "the process has more than one thread, and a network namespace belongs to a thread: call isolate() earlier"
    # In a child first: where only a later step is forbidden (Ubuntu's AppArmor rules), nobody is left stranded half way.
    reason = _rehearse()
    if reason is None:
        _enter()
        os.environ[_MARK] = _identity()
    return reason


def _inherited() -> bool:
    """Whether a parent (pytest-xdist's controller) has done it: its mark, and the mark is true of this process."""
    return os.environ.get(_MARK) == _identity()


def _identity() -> str:
    return str(_NAMESPACE.stat().st_ino)


def _rehearse() -> str | None:
    """Runs all steps in a child that then ends; what went wrong, in words, if something did."""
    read_end, write_end = os.pipe()
    with warnings.catch_warnings():
        # Python 3.12 warns of forks in a process with threads; there is one only, as was checked.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            _enter()
        except OSError as error:
            os.write(write_end, f"no network namespace: {error}".encode())
        finally:
            os.kill(os.getpid(), signal.SIGKILL)  # no clean-up here of what belongs to the parent
    os.close(write_end)
    with os.fdopen(read_end, encoding="utf-8") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said or None


def _enter() -> None:
    user, group = os.getuid(), os.getgid()
    try:
        _unshare(_CLONE_NEWNET)
    except PermissionError:
        # Without the right to make one, a user namespace of our own gives it; everybody keeps the same number in there.
        _unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")  # or the kernel refuses the next line
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
    _set_up_loopback()


def _unshare(flags: int) -> None:
    """os.unshare is there from Python 3.12 on."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"unshare: {os.strerror(number)}")


def _set_up_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        _add_flag(control, b"lo", _IFF_UP)
        for number, address in enumerate(ADDRESSES):
            label = f"lo:{number}".encode()
            fcntl.ioctl(control, _SIOCSIFADDR, _request(label, address.ip.packed))
            fcntl.ioctl(control, _SIOCSIFNETMASK, _request(label, address.netmask.packed))


def _add_flag(control: socket.socket, interface: bytes, flag: int) -> None:
    answer = fcntl.ioctl(control, _SIOCGIFFLAGS, struct.pack("16sh22x", interface, 0))
    (flags,) = struct.unpack_from("h", answer, 16)
    fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh22x", interface, flags | flag))


def _request(label: bytes, address: bytes) -> bytes:
    """struct ifreq with a struct sockaddr_in: the family in the machine's byte order, the address in the network's."""
    return struct.pack("16sHH4s16x", label, socket.AF_INET, 0, address)
