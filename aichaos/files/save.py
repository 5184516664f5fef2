"""Saving that never leaves half a file, and never overwrites what somebody has edited without being told to.

A file that we write ends its first line, a comment, with a digest of the rest. Where the digest no longer fits, a person has
changed the file, and it is theirs.
"""

import errno
import os
import re
from contextlib import suppress
from pathlib import Path

from aichaos.domain.digest import sha256
from aichaos.errors import FileError

OURS = b"# written by aichaos;"
"""How every file that we write for people begins."""

_MARK = re.compile(r"^# written by aichaos; (?:.*; )?digest ([0-9a-f]{16})$")


def marked(body: str, note: str = "") -> str:
    """A text with our first line, which tells later whether it was edited."""
    middle = f" {note};" if note else ""
    return f"# written by aichaos;{middle} digest {_digest(body)}\n{body}"


def edited(path: Path) -> bool:
    """Whether the file exists and is not as we wrote it (a file that is not ours at all counts as edited)."""
    try:
        head, _, body = path.read_text(encoding="utf-8").partition("\n")
    except UnicodeDecodeError:
        return True
    except OSError:
        return os.path.lexists(path)  # what is there and can't be read is somebody's; where nothing can be, nothing is
    mark = _MARK.match(head)
    return mark is None or mark[1] != _digest(body)


def save(path: Path, text: str) -> None:
    """Write a whole file or nothing: temporary file beside it, fsync, rename. Raises FileError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, text.encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise FileError(f"cannot write {path}: {error.strerror or error}", hint=_advice(error)) from error


def overwrite(path: Path, data: bytes) -> None:
    """Put other bytes into a file that is there, whole or not at all; its mode and its owner stay. Raises FileError."""
    try:
        _replace(path, data)
    except OSError as error:
        hint = "The file is as it was. Check its permissions, those of its folder, and the room on the disk."
        raise FileError(f"cannot write {path}: {error.strerror or error}", hint=hint) from error


def _replace(path: Path, data: bytes) -> None:
    temporary = f"{path.parent}/.{path.name}.{os.getpid()}-{os.urandom(4).hex()}.part"
    _UNFINISHED.add(temporary)
    try:
        old = path.stat() if path.exists() else None
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if old is None else 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            if old is not None:
                if (old.st_uid, old.st_gid) != (os.getuid(), os.getgid()):
                    with suppress(PermissionError):  # only root may give a file away; for others it becomes theirs
                        os.fchown(handle, old.st_uid, old.st_gid)
                os.fchmod(handle, old.st_mode & 0o7777)
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        _remove(temporary)


_UNFINISHED: set[str] = set()
"""Temporary files that are being written, for the case that the program has to end in the middle of it."""


def abandon() -> None:
    """Remove what is half written, and nothing else."""
    for temporary in list(_UNFINISHED):
        _remove(temporary)


def _remove(temporary: str) -> None:
    with suppress(OSError):
        os.unlink(temporary)
    _UNFINISHED.discard(temporary)


def _digest(body: str) -> str:
    return sha256(body.encode("utf-8", "surrogateescape"))[:16]


def _advice(error: OSError) -> str:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return "The disk is full: free some room, or choose another folder with --out."
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return "Choose a folder that you may write to with --out."
        case errno.ENOTDIR | errno.EEXIST | errno.EISDIR:
            return "A file stands where a folder is needed: choose another folder with --out."
    return "Choose another folder with --out."
