"""What a plain YAML scalar means to Kubernetes.

kubectl and the API server read YAML through sigs.k8s.io/yaml (1.6), whose rules are neither PyYAML's nor YAML 1.2's: `on` is a
boolean, `1e3` a number, `0777` is 511, and `12:30:45` or a date stay text.
"""

import math
import re
from functools import lru_cache
from typing import Literal

_WORDS: dict[str, bool | float | None] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
_INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?")
_STARTS = frozenset("yYnNtTfFoO~.+-0123456789")
_MAX_DIGITS = 20
"""2**64 - 1 has 20 decimal digits; longer ones are floats to Go, and costly to Python."""


_LARGEST_FLOAT32 = 3.4028235677973366e38


def resolve(text: str) -> str | int | float | bool | None:
    """The value of a plain (unquoted) scalar. A text is given back as the object that came in, and not as an equal one from before:
    msgspec leaves out what is a type's default, which it knows by its identity."""
    value = _resolved(text)
    return text if value.__class__ is str else value


@lru_cache(maxsize=8192)
def _resolved(text: str) -> str | int | float | bool | None:
    if text and text[0] not in _STARTS:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text[0].isalpha() or text[0] == "~" or _DATE.fullmatch(text):
        return text
    return _number(text if text[0] == "." else text.replace("_", ""), text)


def _number(digits: str, text: str) -> str | int | float:
    if _INTEGER.fullmatch(digits):
        integer = _integer(digits)
        if -(2**63) <= integer < 2**64:
            return integer
    if _FLOAT.fullmatch(digits):
        value = float(digits)
        return value if math.isfinite(value) else text  # Go's ParseFloat refuses what is out of range
    return text


def _integer(digits: str) -> int:
    """Go's strconv.ParseInt(…, base 0): a leading 0 alone means octal."""
    sign, magnitude = (-1, digits[1:]) if digits[0] == "-" else (1, digits.lstrip("+"))
    if len(magnitude) > _MAX_DIGITS + 1 and magnitude[0] != "0":
        return 2**64
    if len(magnitude) > 1 and magnitude[0] == "0" and magnitude[1].isdigit():
        return sign * int(magnitude, 8)
    return sign * int(magnitude, 0)


Oddity = Literal["octal", "word", "digits"]
"""Why a plain scalar is not what it looks like: `0777`, `on`, `1.10`."""

_PLAIN_WORDS = frozenset({"true", "True", "TRUE", "false", "False", "FALSE"})
_OCTAL = re.compile(r"[-+]?0[0-7_]*[1-9][0-7_]+")
_LONGEST = 320
"""Digits of the largest float."""
_ENDING_IN_ZERO = re.compile(r"[-+]?[0-9]+\.[0-9]*0")


@lru_cache(maxsize=8192)
def oddity(text: str) -> Oddity | None:
    """In which way a plain scalar that is no text becomes another value than its letters show to most people."""
    value = resolve(text)
    if type(value) is bool:
        return None if text in _PLAIN_WORDS else "word"
    if type(value) is int:
        return "octal" if _OCTAL.fullmatch(text) else None
    if type(value) is float and math.isfinite(value):
        rounded = text.lstrip("+-").isdecimal() and len(text) < _LONGEST and int(text) != value
        return "digits" if rounded or _ENDING_IN_ZERO.fullmatch(text) else None
    return None


def key_text(value: str | int | float | bool | None) -> str | None:
    """What a mapping's key becomes in JSON; None where it can't become one: null, and what takes the 64th bit."""
    match value:
        case bool():
            return "true" if value else "false"
        case None:
            return None
        case float():
            return _float_key(value)
        case int() if value >= 2**63:
            return None
    return str(value)


def _float_key(value: float) -> str:
    """Go's shortest form of a float of 32 bits (strconv.FormatFloat 'g'), which is what sigs.k8s.io/yaml writes for a key."""
    import struct  # hardly any document has such a key

    if not math.isfinite(value) or abs(value) > _LARGEST_FLOAT32:
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    wanted = struct.pack("f", value)
    text = next(text for digits in range(1, 10) if struct.pack("f", float(text := f"{value:.{digits - 1}e}")) == wanted or digits == 9)
    mantissa, _, exponent = text.partition("e")
    if -4 <= int(exponent) < 6 or not value:
        plain = f"{float(text):.{max(0, max(0, len(mantissa.lstrip('-')) - 2) - int(exponent))}f}"
        return plain.rstrip("0").rstrip(".") if "." in plain else plain
    return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}e{exponent}"
