"""What a conversation remembers, how it is kept in a file, and what a line that somebody types is about."""

import re
from pathlib import Path
from typing import Literal

import msgspec

from aichaos.ask.redact import without_secrets
from aichaos.ask.wishes import asks_for_commands, asks_for_yaml, one_scenario
from aichaos.ask.words import Words
from aichaos.domain import forms
from aichaos.domain.suggestion import Suggestion
from aichaos.errors import FileError
from aichaos.files.plain import well_formed
from aichaos.files.save import save

MOST_LINES = 200
"""Lines that are remembered; what of them goes into a prompt is decided by its budget."""


class Session(msgspec.Struct, kw_only=True, tag_field="kind", tag="Conversation"):
    """One conversation, as it is now; the file of a saved one holds the same.

    said: what both sides said, as lines, without secrets. suggestions: by their number from 1. current: the one that "it" means, from 0;
    None for none.
    """

    api_version: str = msgspec.field(name="apiVersion", default="aichaos/v1")
    source: str
    said: list[str] = []
    suggestions: list[Suggestion] = []
    current: int | None = None

    def heard(self, text: str) -> None:
        self._add(f"Engineer: {' '.join(text.split())}")

    def told(self, text: str) -> None:
        self._add(f"You: {' '.join(text.split())}")

    def _add(self, line: str) -> None:
        self.said.append(without_secrets(well_formed(line))[:2_000])
        del self.said[:-MOST_LINES]

    def suggested(self, found: list[Suggestion]) -> None:
        """New ideas take the place of the old ones."""
        if found:
            self.suggestions = list(found)
            self.current = 0
            self.told("; ".join(f"{number}. {one.title} ({one.verdict})" for number, one in enumerate(found, 1)))

    def refined(self, number: int, one: Suggestion) -> None:
        """A changed experiment takes the number of the one that it was made from."""
        self.suggestions[number] = one
        self.current = number
        self.told(f"changed {number + 1}: {one.title} ({one.verdict})")

    def numbered(self, number: int | None) -> int | None:
        """The place of a number that somebody said, else the current one; None where there is none of that number."""
        if number is None:
            return self.current
        return number - 1 if 0 < number <= len(self.suggestions) else None


def write(session: Session, path: Path) -> None:
    """Raises FileError."""
    text = msgspec.json.format(msgspec.json.encode(session), indent=1).decode() + "\n"
    save(path, text)


def load(path: Path) -> Session:
    """Raises FileError."""
    try:
        return forms.decode(path.read_bytes(), Session)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}", hint="Name a file that `/save` wrote.") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise FileError(f"{path} holds no conversation: {error}", hint="Name a file that `/save` wrote.") from error


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """What a line is about. number: the place of a suggestion, from 0; None for none."""

    act: Literal["ideas", "show", "refine", "missing"]
    number: int | None = None
    yaml: bool = False


_CHANGE = re.compile(
    r"\b(?:instead|change|make it|make that|use|set|increase|decrease|raise|lower|reduce|longer|shorter|rename|replace|without|remove|drop|"
    r"skip|only|but|also|add)\b",
    re.IGNORECASE,
)
_IDEAS = re.compile(r"\b(?:ideas?|scenarios|tests|suggestions|suggest|experiments|something else|other|another|new)\b", re.IGNORECASE)
_SHOW = re.compile(r"\b(?:show|give|display|print|perform|run|execute|do|explain)\b", re.IGNORECASE)


def intent(text: str, words: Words, session: Session) -> Intent:
    """New ideas, the YAML and commands of one that was suggested, or a change of it.

    A number of a scenario names one; numbers with units, an account or a word of change ask for a change; the rest asks for ideas.
    """
    said = one_scenario(text)
    number = session.numbered(said)
    wants = asks_for_yaml(text) or asks_for_commands(text)
    changes = bool(words.numbers() or words.account)
    if said is not None and session.suggestions and number is None:
        return Intent(act="missing", number=said)
    if number is not None and changes and not (words.count or 0) > 1:
        return Intent(act="refine", number=number, yaml=wants)
    if said is not None and number is not None and (wants or _SHOW.search(text)):
        return Intent(act="show", number=number, yaml=asks_for_yaml(text) or not asks_for_commands(text))
    if number is not None and wants and not _IDEAS.search(text):
        return Intent(act="show", number=number, yaml=asks_for_yaml(text))
    if number is not None and _CHANGE.search(text) and not _IDEAS.search(text):
        return Intent(act="refine", number=number)
    return Intent(act="ideas", yaml=wants)
