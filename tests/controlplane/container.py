"""Becomes the program of a container: ``container.py PARENT_PID ROOT READ_ONLY VOLUMES WORK_FOLDER PROGRAM [ARGUMENT …]``.

In a mount namespace of its own, where the machine's folders are as they are (read only if READ_ONLY is `1`), and the volumes (JSON: folder
or file by mount path) lie where the pod has asked for them. Ends with the process that started it, as `tied.py` does. Linux only; needs the
rights of a user namespace at least.
"""

import ctypes
import json
import os
import signal
import struct
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_CLONE_NEWNS = 0x20000
# From <linux/mount.h>
_MS_BIND, _MS_REC, _MS_PRIVATE = 0x1000, 0x4000, 0x40000
# From <asm/unistd.h> (the same number everywhere) and <linux/fcntl.h>
_SYS_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE, _MOUNT_ATTR_RDONLY = 442, -100, 0x8000, 0x1
_OWN = ("run",)
"""Folders of the machine that a container does not see: a service account's token is mounted below /run."""


def main(parent: int, root: Path, read_only: bool, volumes: dict[str, str], folder: str, command: list[str]) -> None:
    """Never returns: becomes the program."""
    libc = ctypes.CDLL(None, use_errno=True)
    _done(libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
    if os.getppid() != parent:  # it ended before we asked to be told
        sys.exit("the parent is gone")
    _done(libc.unshare(_CLONE_NEWNS), "unshare")
    _mount(libc, "none", Path("/"), _MS_REC | _MS_PRIVATE)
    _mount(libc, "tmpfs", root, 0, kind="tmpfs")
    for entry in sorted(Path("/").iterdir()):
        here = root / entry.name
        if entry.is_symlink():
            here.symlink_to(entry.readlink())
        elif entry.is_dir():
            here.mkdir()
            if entry.name not in _OWN:
                _mount(libc, str(entry), here, _MS_BIND | _MS_REC)
    places = {root / _resolved(where): source for where, source in volumes.items()}
    for place, source in places.items():
        if os.path.isdir(source):
            place.mkdir(parents=True, exist_ok=True)
    if read_only:
        attributes = struct.pack("QQQQ", _MOUNT_ATTR_RDONLY, 0, 0, 0)
        words = (_AT_FDCWD, str(root).encode(), _AT_RECURSIVE, attributes, len(attributes))
        _done(libc.syscall(_SYS_MOUNT_SETATTR, *words), "mount_setattr")
    for place, source in places.items():
        _mount(libc, source, place, _MS_BIND)
    os.chroot(root)
    os.chdir(folder)
    os.execvp(command[0], command)


def _resolved(where: str) -> Path:
    """/var/run is a link to /run on most machines; a volume in a folder that is the machine's own would be made there for good."""
    path = Path(where).resolve().relative_to("/")
    if path.parts[0] not in _OWN and Path("/", path.parts[0]).exists() and not Path("/", path).exists():
        sys.exit(f"a volume at {where} would lie in a folder of this machine")
    return path


def _mount(libc: ctypes.CDLL, source: str, target: Path, flags: int, kind: str = "") -> None:
    _done(libc.mount(source.encode(), str(target).encode(), kind.encode() or None, flags, None), f"mount {target}")


def _done(code: int, what: str) -> None:
    if code != 0:
        raise OSError(ctypes.get_errno(), what)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "1", json.loads(sys.argv[4]), sys.argv[5], sys.argv[6:])
