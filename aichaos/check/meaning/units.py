"""Numbers with units as chaos engines write them, and what somebody probably wrote instead."""

import re
from typing import Any

from aichaos.domain.experiment import seconds

_ISO = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?")
_WORDS = re.compile(r"(\d{1,9})\s*(d|days?|hours?|hrs?|minutes?|mins?|seconds?|secs?|milliseconds?|msecs?)", re.IGNORECASE)
_UNITS = {"d": (24, "h"), "h": (1, "h"), "m": (1, "m"), "s": (1, "s"), "ms": (1, "ms")}


def whole(value: Any) -> int | None:
    """A number of at most nine digits, written as a number or as a text; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if 0 <= value < 10**9 else None
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10 else None


def go_duration(value: Any, unit: str) -> str | None:
    """The Go duration that is meant by a bare number (of `unit`s), by words (`1 minute`, `1d`) or by ISO 8601 (`PT1M`); else None."""
    number = whole(value)
    if number is not None:
        return f"{number}{unit}" if number else None
    if not isinstance(value, str) or len(value) > 40:
        return None
    if re.fullmatch(r"-\d{1,9}", value):
        return f"{value}{unit}"
    if (iso := _ISO.fullmatch(value)) and any(iso.groups()):
        return "".join(f"{int(part)}{letter}" for part, letter in zip(iso.groups(), "hms", strict=True) if part)
    if (words := _WORDS.fullmatch(value.strip())) and int(words[1]):
        word = words[2].lower()
        times, letter = _UNITS["ms" if word.startswith(("ms", "milli")) else word[0]]
        return f"{int(words[1]) * times}{letter}"
    return None


def one_unit(value: str) -> str | None:
    """`1m30s` as `90s`, `1s500ms` as `1500ms`: the same length as one number and one unit; None for what is no duration."""
    length = seconds(value)
    if length is None or not 0 < length < 1e9:
        return None
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        scaled = length * factor
        if abs(scaled - round(scaled)) < 1e-6:
            return f"{round(scaled)}{unit}"
    return None


def short(value: Any) -> str:
    """A value as it can stand in a sentence."""
    match value:
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case bool():
            return "true" if value else "false"
        case str():
            return repr(value) if len(value) <= 60 else f"{value[:60]!r}…"
        case None:
            return "nothing"
    return str(value)[:60]
