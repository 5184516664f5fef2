"""What is promised, compared with what was seen: `>= 99%`, `<= 300ms`, `< 0.01`, statuses such as `200` and `2xx`."""

import math
import operator
import re
from collections.abc import Callable
from typing import Literal

import msgspec

from aichaos.domain.experiment import seconds
from aichaos.errors import UsageError

_COMPARISON = re.compile(r"\s*(<=|>=|==|!=|=|<|>|≤|≥)\s*(\S.*?)\s*")
_SIGNS = {"≤": "<=", "≥": ">="}
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "==": operator.eq,
    "=": operator.eq,
    "!=": operator.ne,
}
MEASURES = ("success", "p50", "p90", "p95", "p99", "max")
"""What a tolerance can be about: the share of good answers, and how long answers took (nearest rank)."""


class Comparison(msgspec.Struct, frozen=True):
    """A limit: its sign, its value in seconds, as a share or as it stands, and how it was written. unit: `%`, `s` for any time, or ""."""

    sign: str
    limit: float
    written: str
    unit: Literal["%", "s", ""] = ""

    def holds(self, value: float) -> bool:
        return _OPERATORS[self.sign](value, self.limit)


def comparison(text: str) -> Comparison:
    """`>= 99%` is 0.99, `<= 300ms` is 0.3, `< 0.01` is 0.01. Raises UsageError."""
    found = _COMPARISON.fullmatch(text)
    value, unit = _value(found[2]) if found else (None, "")
    if found is None or value is None or not math.isfinite(value):
        raise UsageError(f"{text[:80]!r} is no limit", hint="Write a sign and a value: >= 99%, <= 300ms, < 0.01.")
    return Comparison(_SIGNS.get(found[1], found[1]), value, text.strip(), unit)


def _value(text: str) -> tuple[float | None, Literal["%", "s", ""]]:
    try:
        if text.endswith("%"):
            return float(text[:-1]) / 100, "%"
        lasting = seconds(re.sub(r"(?<=\d) (?=[a-zµ])", "", text))
        return (lasting, "s") if lasting is not None and not text.replace(".", "").isdigit() else (float(text), "")
    except ValueError:
        return None, ""


def status_fits(expected: str, status: int) -> bool:
    """`200`, `2xx`, `200-204`, `< 500`, or several with `|` or commas. Raises UsageError."""
    return any(_one_fits(one.strip().lower(), status, expected) for one in re.split(r"[|,]", expected))


def _one_fits(one: str, status: int, expected: str) -> bool:
    if re.fullmatch(r"[1-5](xx|[0-9]x|[0-9]{2})", one):
        return all(wanted in ("x", is_there) for wanted, is_there in zip(one, str(status), strict=True))
    if between := re.fullmatch(r"([1-5][0-9]{2})\s*-\s*([1-5][0-9]{2})", one):
        return int(between[1]) <= status <= int(between[2])
    if _COMPARISON.fullmatch(one):
        return comparison(one).holds(status)
    raise UsageError(f"{expected[:80]!r} is no status", hint="Write 200, 2xx, 200-204, < 500, or several with |.")
