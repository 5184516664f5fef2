"""Answers that were paid for once. The key is everything that could change an answer; what is kept is the answer as it came.

The files are for the user alone, hold no prompt and no key, and go after a month.
"""

import os
import time
from contextlib import suppress
from pathlib import Path

import msgspec

from aichaos.ask.protocol import Backend, Question, Reply
from aichaos.domain import forms
from aichaos.domain.digest import sha256
from aichaos.errors import FileError
from aichaos.files.save import save

_FORM = 1
"""Raised whenever what is kept, or the key, changes its form."""
_DAYS = 30


def folder() -> Path:
    """`~/.cache/aichaos/answers`, or where XDG_CACHE_HOME says."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aichaos" / "answers"


class Cache:
    """place: None keeps nothing and finds nothing. digest: of the snapshot. settings: what else could change an answer."""

    def __init__(self, place: Path | None, *, digest: str, settings: str) -> None:
        self.place = place
        self._digest = digest
        self._settings = settings

    def find(self, backend: Backend, question: Question) -> Reply | None:
        """The answer that was given to exactly this question; None where there is none, or none that can be read."""
        if self.place is None:
            return None
        path = self.place / self._key(backend, question)
        try:
            if time.time() - path.stat().st_mtime > _DAYS * 86_400:
                return None
            return forms.decode(path.read_bytes(), Reply)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None

    def keep(self, backend: Backend, question: Question, reply: Reply) -> None:
        """Keep an answer that was of use. A cache that cannot be written is none, and no failure."""
        if self.place is None or not reply.keep or reply.end != "done":
            return
        with suppress(FileError, OSError):
            self.place.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._sweep(self.place)
            path = self.place / self._key(backend, question)
            save(path, msgspec.json.encode(reply).decode())
            path.chmod(0o600)

    def _sweep(self, place: Path) -> None:
        for path in place.glob("*.json"):
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > _DAYS * 86_400:
                    path.unlink()

    def _key(self, backend: Backend, question: Question) -> str:
        prompt = question.prompt
        parts = [
            str(_FORM),
            backend.name,
            backend.model or "",
            self._settings,
            self._digest,
            question.kind,
            prompt.version,
            question.facts.words.text,
            str(question.facts.count),
            prompt.system,
            *(f"{turn.role}:{turn.text}" for turn in prompt.turns),
        ]
        return sha256(msgspec.json.encode(parts)) + ".json"
