"""How Go's own types read a value: quantities, times, numbers of 32 bits, bytes (k8s.io/apimachinery, encoding/json of Go 1.25)."""

import re
from datetime import datetime
from typing import Any

# Texts, not compiled patterns: `re` keeps those that are met, and a start does not pay for the others.
_QUANTITY = r"[+-]?[0-9]*(?:\.[0-9]*)?(?:|[numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,18})"
_TIME = r"([0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])(?:[.,]([0-9]+))?(?:Z|[+-](?:[01][0-9]|2[0-4]):[0-5][0-9])"
_BASE64 = r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"
_DURATION = r"[+-]?(?:0|(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+)"

_PLAIN_UP_TO = 1e21
"""Go writes a float below this without an exponent, so that a whole one reads as an integer."""


def whole(value: Any) -> int | None:
    """The integer that a value is to Go after its way through JSON; None where it is none."""
    if type(value) is int:
        return value
    if type(value) is float and value.is_integer() and abs(value) < _PLAIN_UP_TO:
        return int(value)
    return None


def is_quantity(value: Any) -> bool:
    if type(value) is str:
        text = value.strip(" \t\n\v\f\r\x85\xa0")
        return text != "" and re.fullmatch(_QUANTITY, text) is not None
    return type(value) in (int, float)


def is_time(value: Any) -> bool:
    """RFC 3339, as metav1.Time takes it."""
    return isinstance(value, str) and (found := re.fullmatch(_TIME, value)) is not None and _exists(found[1])


def is_micro_time(value: Any) -> bool:
    """RFC 3339 with exactly six digits behind the seconds, as metav1.MicroTime takes it."""
    if not isinstance(value, str) or (found := re.fullmatch(_TIME, value)) is None:
        return False
    return len(found[2] or "") == 6 and "," not in value and _exists(found[1])


def _exists(moment: str) -> bool:
    try:
        datetime.fromisoformat(moment.replace("0000-", "2000-", 1) if moment.startswith("0000-") else moment)
    except ValueError:
        return False
    return True


def is_base64(value: str) -> bool:
    return re.fullmatch(_BASE64, value.replace("\n", "").replace("\r", "")) is not None


def is_duration(value: str) -> bool:
    """time.ParseDuration, but for its overflow."""
    return re.fullmatch(_DURATION, value) is not None
