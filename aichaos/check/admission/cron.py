"""Cron schedules as github.com/robfig/cron/v3 reads them, and names of time zones."""

import re
from functools import cache

from aichaos.check.admission.durations import duration

_MONTHS = {
    name: number for number, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)
}
_DAYS = {name: number for number, name in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])}
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("a minute", 0, 59, {}),
    ("an hour", 0, 23, {}),
    ("a day", 1, 31, {}),
    ("a month", 1, 12, _MONTHS),
    ("a day of the week", 0, 6, _DAYS),
)
_SECONDS = ("a second", 0, 59, dict[str, int]())
_NICKNAMES = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
_ZONE = re.compile(r"[A-Za-z._\-0-9+]{1,}")


def cron_problem(text: str, *, seconds: bool = False) -> str | None:
    """Why a text is no schedule. seconds: whether a sixth field may stand first (Chaos Mesh)."""
    if text.startswith(("TZ=", "CRON_TZ=")):
        zone, space, text = text.partition("=")[2].partition(" ")
        if not space or not _zone_exists(zone):
            return f"there is no time zone {zone}"
        text = text.strip()
    if text.startswith("@"):
        return _nickname(text)
    fields = text.split()
    wanted = (5, 6) if seconds else (5,)
    if len(fields) not in wanted:
        return (
            f"a schedule has {' or '.join(map(str, wanted))} fields (minute, hour, day, month, day of the week), and this has {len(fields)}"
        )
    bounds = (_SECONDS, *_FIELDS) if len(fields) == 6 else _FIELDS
    for field, bound in zip(fields, bounds, strict=True):
        if problem := _field(field, *bound):
            return problem
    return None


def _nickname(text: str) -> str | None:
    if text in _NICKNAMES:
        return None
    if text.startswith("@every "):
        return None if duration(text[len("@every ") :]) is not None else "after @every comes a duration, as in @every 1h30m"
    return f"a schedule that starts with @ is one of {', '.join(_NICKNAMES)}, @every 1h"


def _field(text: str, what: str, least: int, most: int, words: dict[str, int]) -> str | None:
    # Empty parts between commas are left out, as by strings.FieldsFunc.
    for part in filter(None, text.split(",")):
        span, *steps = part.split("/")
        ends = span.split("-")
        if len(steps) > 1 or len(ends) > 2:
            return f"{part} is not {what}: one - and one / at most"
        if ends[0] in ("*", "?"):
            start, end = least, most  # the library looks no further than the star
        else:
            numbers = [_number(end, words) for end in ends]
            if any(number is None for number in numbers):
                return f"{part} is not {what}"
            start = numbers[0] or 0
            end = numbers[-1] or 0
            if steps and len(ends) == 1:
                end = most
        if steps:
            step = _number(steps[0], {})
            if step is None:
                return f"{steps[0]} is no step"
            if step == 0:
                return "a step is more than 0"
        if start < least or end > most:
            return f"{what} is from {least} to {most}"
        if start > end:
            return f"{part} ends before it starts"
    return None


def _number(text: str, words: dict[str, int]) -> int | None:
    if text.lower() in words:
        return words[text.lower()]
    return int(text) if re.fullmatch(r"\+?[0-9]{1,9}", text, re.ASCII) else None


def zone_problem(text: str) -> str | None:
    """Why a text is no time zone of the IANA list."""
    if not text:
        return "an empty text is no time zone; leave it out"
    if text.lower() == "local":
        return "the time zone must be named, as in Europe/Berlin"
    parts = text.split("/")
    if any(part in (".", "..") or part.startswith("-") or not _ZONE.fullmatch(part) for part in parts) or not _zone_exists(text):
        return "there is no such time zone; they are named as in Europe/Berlin"
    return None


@cache
def _zone_exists(name: str) -> bool:
    if name in ("", "UTC", "Local"):
        return True
    from zoneinfo import ZoneInfo  # hardly any file names one

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not there; no name of a zone; a folder of zones
        return False
    return True
