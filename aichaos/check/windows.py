"""The hours in which faults may run: whether a Schedule keeps to them."""

from collections.abc import Iterator

from aichaos.check.subject import Subject
from aichaos.domain.finding import Finding
from aichaos.domain.policy import Day
from aichaos.files.plain import mapping, text

_DAYS: tuple[Day, ...] = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMED = {
    "@hourly": "0 * * * *",
    **dict.fromkeys(("@daily", "@midnight"), "0 0 * * *"),
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    **dict.fromkeys(("@yearly", "@annually"), "0 0 1 1 *"),
}


def window_findings(this: Subject) -> Iterator[Finding]:
    """A Schedule that fires outside every window; `skipped` where its times can't be told from the text."""
    if this.ref.kind != "Schedule" or not this.world.policy.windows:
        return
    cron = text(mapping(this.document.get("spec")).get("schedule")).strip()
    times = firing(cron)
    rule, path = "policy/time-window", "/spec/schedule"
    if times is None:
        yield this.note(
            rule, f"when {cron[:60]!r} fires could not be worked out: whether it keeps to the policy's hours is not known", path, "skipped"
        )
        return
    outside = next(
        ((day, minute) for day, minute in times if not any(window.holds(_DAYS[day], minute) for window in this.world.policy.windows)), None
    )
    if outside is not None:
        day, minute = outside
        hours = "; ".join(map(str, this.world.policy.windows))
        yield this.note(rule, f"it fires on {_DAYS[day]} at {minute // 60:02d}:{minute % 60:02d}; the policy allows {hours}", path)


def firing(cron: str) -> list[tuple[int, int]] | None:
    """Day of the week (0 is Sunday) and minute of the day at which a schedule of five fields fires; None where that can't be told."""
    fields = _NAMED.get(cron, cron).lower().split()
    if len(fields) != 5:
        return None
    minutes, hours = _field(fields[0], 0, 59), _field(fields[1], 0, 23)
    days = _field(fields[4], 0, 7, _DAYS)
    if minutes is None or hours is None or days is None or _field(fields[2], 1, 31) is None or _field(fields[3], 1, 12, _MONTHS, 1) is None:
        return None
    if fields[2] not in ("*", "?"):
        days = set(range(7))  # a day of the month falls on any day of the week
    return [(day, hour * 60 + minute) for day in sorted({day % 7 for day in days}) for hour in sorted(hours) for minute in sorted(minutes)]


def _field(text: str, least: int, most: int, names: tuple[str, ...] = (), first: int = 0) -> set[int] | None:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        low, _, high = span.partition("-")
        if span in ("*", "?"):
            start, end = least, most
        else:
            one = _number(low, names, first)
            other = _number(high, names, first) if high else (most if step else one)
            if one is None or other is None:
                return None
            start, end = one, other
        size = _number(step, (), 0) if step else 1
        if size is None or size < 1 or not least <= start <= end <= most:
            return None
        found.update(range(start, end + 1, size))
    return found


def _number(text: str, names: tuple[str, ...], first: int) -> int | None:
    if text in names:
        return names.index(text) + first
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else None
