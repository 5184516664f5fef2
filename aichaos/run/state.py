"""Where runs are kept on this machine: a folder for each, and the key that their journals are signed with."""

import os
from contextlib import suppress
from pathlib import Path

from aichaos.errors import FileError

_KEY_BYTES = 32


def home() -> Path:
    """`AICHAOS_STATE_DIR`; else `~/.local/state/aichaos`, or where XDG_STATE_HOME says."""
    own = os.environ.get("AICHAOS_STATE_DIR")
    return Path(own) if own else Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "aichaos"


def runs() -> Path:
    return home() / "runs"


def folder(run: str) -> Path:
    """A run's own folder. Raises FileError for a name that would be another place."""
    if not run or "/" in run or run.startswith("."):
        raise FileError(f"{run!r} is no name of a run", hint="`aichaos runs` lists them.")
    return runs() / run


def key() -> bytes:
    """What journals are signed with; made at first use, for this user alone to read. Raises FileError."""
    path = home() / "key"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            fresh = os.urandom(_KEY_BYTES)
            temporary = path.with_name(f".key.{os.getpid()}.{fresh[:4].hex()}")
            try:
                temporary.touch(mode=0o600)
                temporary.write_bytes(fresh)
                os.link(temporary, path)  # the first one stays, whoever else makes one now
            finally:
                temporary.unlink(missing_ok=True)
        found = path.read_bytes()
    except OSError as error:
        hint = "Nothing was changed. Say where aichaos may write with AICHAOS_STATE_DIR."
        raise FileError(f"cannot use {path}: {error.strerror or error}", hint=hint) from error
    if len(found) != _KEY_BYTES:
        raise FileError(f"{path} is no key of ours", hint="Move it away; runs that are unfinished then need `aichaos recover --key FILE`.")
    return found
