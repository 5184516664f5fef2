"""Durations as Go's time.ParseDuration reads them."""

import re
from decimal import Decimal

_UNITS = {"ns": 1, "us": 1_000, "µs": 1_000, "μs": 1_000, "ms": 1_000_000, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_PART = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_WHOLE = re.compile(rf"[-+]?(?:0|(?:{_PART.pattern})+)", re.ASCII)


def duration(text: str) -> int | None:
    """Nanoseconds, or None where it is no duration."""
    if len(text) > 1000 or not _WHOLE.fullmatch(text):
        return None
    total = sum(int(Decimal(number) * _UNITS[unit]) for number, unit in _PART.findall(text))
    if total >= 2**63 + (text[0] == "-"):
        return None
    return -total if text[0] == "-" else total
