"""What a path on the command line leads to: the contents of files, one by one, or why one of them can't be had."""

import os
import stat
import sys
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from aichaos.errors import FileError, SyntaxProblem, TooLargeError

SUFFIXES = {".yaml", ".yml", ".json"}
STANDARD_INPUT = "standard input"
_BROUGHT = {"node_modules", "__pycache__"}
_PART = 1 << 20
_HANDED_OVER = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")
_NO_FILES = ((stat.S_ISFIFO, "named pipe"), (stat.S_ISSOCK, "socket"), (stat.S_ISCHR, "device"), (stat.S_ISBLK, "device"))

Content = tuple[str, bytes | FileError]
"""A file's name, and what is in it or why that can't be read."""


def contents(path: Path, limit: int) -> Iterator[Content]:
    """A file, or every YAML and JSON file in a folder and its folders, in the order of names; hidden ones, links to folders and what a
    package manager has put there are not gone into. Files of more than `limit` bytes are not read."""
    if not path.is_dir():
        yield str(path), _content(str(path), limit)
        return
    empty = True
    for name, failed in _files(str(path)):
        empty = False
        yield name, failed or _content(name, limit)
    if empty:
        yield str(path), FileError(f"no YAML or JSON file in {path}", hint="Name a folder that holds Kubernetes manifests.")


def _files(folder: str) -> Iterator[tuple[str, FileError | None]]:
    denied: list[OSError] = []
    found: list[str] = []
    for where, folders, names in os.walk(folder, onerror=denied.append):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _BROUGHT)
        found += (os.path.join(where, name) for name in names if not name.startswith(".") and os.path.splitext(name)[1] in SUFFIXES)
    failed = {str(error.filename): _unreadable(str(error.filename), error) for error in denied}
    for name in sorted([*found, *failed], key=lambda name: name.split(os.sep)):
        yield name, failed.get(name)


def _content(name: str, limit: int) -> bytes | FileError:
    try:
        if (other := _no_file(name)) is not None:
            return FileError(
                f"cannot read {name}: it is a {other}, not a file", hint="Save what it gives to a file, or give it as - (standard input)."
            )
        with open(name, "rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            if size > limit:
                return too_large(name, size, limit)
            data = _all_of(file, limit + 1, size + 1)
    except (OSError, ValueError) as error:
        return _unreadable(name, error)
    return data if len(data) <= limit else too_large(name, None, limit)


def _no_file(name: str) -> str | None:
    """What it is that would be waited for, perhaps for ever. What a shell hands over (`<(helm template …)`) has somebody who writes."""
    mode = os.stat(name).st_mode
    if name.startswith(_HANDED_OVER):
        return None
    return next((what for is_one, what in _NO_FILES if is_one(mode)), None)


def _all_of(file: FileIO, limit: int, guess: int) -> bytes:
    """What a file holds, but no more than the limit: a pipe has no size, and gives what it has in parts."""
    data = file.read(guess) or b""
    while len(data) < limit and (more := file.read(min(limit - len(data), _PART))):
        data += more
    return data


def _unreadable(name: str, error: Exception) -> FileError:
    reason = error.strerror or error if isinstance(error, OSError) else error
    return FileError(f"cannot read {name}: {reason}", hint="Check the path and its permissions.")


def standard_input(limit: int) -> bytes:
    """Raises TooLargeError."""
    data = sys.stdin.buffer.read(limit + 1)
    if len(data) > limit:
        raise too_large(STANDARD_INPUT, None, limit)
    return data


def too_large(name: str, size: int | None, limit: int) -> TooLargeError:
    """size: None where it is only known to be more than the limit."""
    measured = f"{size / 2**20:,.0f} MiB, and " if size is not None else ""
    return TooLargeError(
        f"{name} is too large: {measured}{limit // 2**20} MiB is the limit",
        hint="Split it; of what a cluster holds, `aichaos snapshot -n NAMESPACE` keeps what is needed, in a twentieth of the room.",
    )


def text_of(data: bytes, name: str) -> str:
    """Bytes as text; UTF-8, or UTF-16 with its mark. Raises SyntaxProblem with the place of the first byte that is neither."""
    try:
        return data.decode("utf-16") if data[:2] in (b"\xff\xfe", b"\xfe\xff") else data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, len(before) - (before.rfind(b"\n") + 1) + 1
        hint = "This is a binary file, or text in another encoding; Kubernetes manifests are UTF-8."
        raise SyntaxProblem("not UTF-8 text", file=name, line=line, column=column, hint=hint) from error


def encoded(text: str, like: bytes) -> bytes:
    """A text in the encoding, and with the mark, that it was read from."""
    if like[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return like[:2] + text.encode("utf-16-le" if like[:2] == b"\xff\xfe" else "utf-16-be")
    return (b"\xef\xbb\xbf" if like[:3] == b"\xef\xbb\xbf" else b"") + text.encode("utf-8")
