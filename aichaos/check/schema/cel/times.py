"""Durations and timestamps: reading them, writing them, their parts."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from aichaos.check.schema.cel.values import INT_MAX, NANOS, CelError, Duration, Timestamp, no_overload

_UNITS = {"ns": 1, "us": 1000, "µs": 1000, "μs": 1000, "ms": 1_000_000, "s": NANOS, "m": 60 * NANOS, "h": 3600 * NANOS}
_DURATION = re.compile(r"([+-]?)((?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+")
_PART = re.compile(r"([0-9]*)(?:\.([0-9]*))?(ns|us|µs|μs|ms|s|m|h)")
_TIMESTAMP = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])(?:[.,]([0-9]+))?(Z|[+-](?:[01][0-9]|2[0-4]):[0-5][0-9])"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def duration(value: Any) -> Duration:
    """Go's time.ParseDuration."""
    if type(value) is Duration:
        return value
    if type(value) is not str:
        raise no_overload("duration", value)
    if value in ("0", "+0", "-0"):
        return Duration(0)
    found = _DURATION.fullmatch(value)
    if found is None:
        raise CelError(f"time: invalid duration {value[:60]!r}")
    nanos = 0
    for whole, part, unit in _PART.findall(value.lstrip("+-")):
        scale = _UNITS[unit]
        nanos += int(whole or 0) * scale + (int(part[:15] or 0) * scale // 10 ** len(part[:15]) if part else 0)
    if nanos > INT_MAX:
        raise CelError(f"time: invalid duration {value[:60]!r}")
    return Duration(-nanos if found[1] == "-" else nanos)


def timestamp(value: Any) -> Timestamp:
    """RFC 3339, or seconds since 1970."""
    if type(value) is Timestamp:
        return value
    if type(value) is int:
        return Timestamp(value * NANOS)
    if type(value) is not str:
        raise no_overload("timestamp", value)
    found = _TIMESTAMP.fullmatch(value)
    try:
        if found is None:
            raise ValueError
        moment = datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
    except ValueError:
        raise CelError(f"cannot parse {value[:60]!r} as a timestamp") from None
    zone = found[3]
    offset = 0 if zone == "Z" else (int(zone[1:3]) * 60 + int(zone[4:6])) * (-1 if zone[0] == "-" else 1)
    part = int((found[2] or "0")[:9].ljust(9, "0"))
    return Timestamp(((moment - _EPOCH) // timedelta(seconds=1) - offset * 60) * NANOS + part)


def written_duration(value: Duration) -> str:
    seconds, rest = divmod(abs(value.nanos), NANOS)
    part = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{'-' if value.nanos < 0 else ''}{seconds}{part}s"


def written_timestamp(value: Timestamp) -> str:
    seconds, rest = divmod(value.nanos, NANOS)
    moment = _EPOCH + timedelta(seconds=seconds)
    part = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{moment.strftime('%Y-%m-%dT%H:%M:%S').rjust(19, '0')}{part}Z"


def _zone(name: Any) -> Any:
    if type(name) is not str:
        raise no_overload("time zone", name)
    offset = re.fullmatch(r"([+-]?)([0-9]{2}):([0-9]{2})", name)
    if offset is not None:
        return timezone(timedelta(minutes=(int(offset[2]) * 60 + int(offset[3])) * (-1 if offset[1] == "-" else 1)))
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name or "UTC")
    except (KeyError, ValueError, OSError):
        raise CelError(f"unknown time zone {name[:60]}") from None


def _of_moment(part: Callable[[datetime], int]) -> Callable[..., int]:
    def get(value: Any, zone: Any = "UTC") -> int:
        if type(value) is not Timestamp:
            raise no_overload("time", value)
        try:
            return part((_EPOCH + timedelta(seconds=value.nanos // NANOS)).astimezone(UTC if zone == "UTC" else _zone(zone)))
        except OverflowError:
            raise CelError("timestamp overflow") from None

    return get


def _of_both(part: Callable[[datetime], int], unit: int) -> Callable[..., int]:
    moment = _of_moment(part)

    def get(value: Any, *zone: Any) -> int:
        if type(value) is Duration and not zone:
            return int(value.nanos / unit) if abs(value.nanos) < 2**53 else abs(value.nanos) // unit * (-1 if value.nanos < 0 else 1)
        return moment(value, *zone)

    return get


def _milliseconds(value: Any, zone: Any = "UTC") -> int:
    if type(value) is Duration:
        return abs(value.nanos) // 1_000_000 * (-1 if value.nanos < 0 else 1)
    if type(value) is Timestamp:
        return value.nanos % NANOS // 1_000_000
    raise no_overload("getMilliseconds", value)


_PARTS: dict[str, Callable[..., int]] = {
    "getFullYear": _of_moment(lambda moment: moment.year),
    "getMonth": _of_moment(lambda moment: moment.month - 1),
    "getDate": _of_moment(lambda moment: moment.day),
    "getDayOfMonth": _of_moment(lambda moment: moment.day - 1),
    "getDayOfWeek": _of_moment(lambda moment: moment.isoweekday() % 7),
    "getDayOfYear": _of_moment(lambda moment: moment.timetuple().tm_yday - 1),
    "getHours": _of_both(lambda moment: moment.hour, 3600 * NANOS),
    "getMinutes": _of_both(lambda moment: moment.minute, 60 * NANOS),
    "getSeconds": _of_both(lambda moment: moment.second, NANOS),
    "getMilliseconds": _milliseconds,
}

METHODS: dict[tuple[str, int], Callable[..., Any]] = {(name, count): get for name, get in _PARTS.items() for count in (0, 1)}
FUNCTIONS: dict[tuple[str, int], Callable[..., Any]] = {("duration", 1): duration, ("timestamp", 1): timestamp}
