"""Functions on texts: those of the specification, of cel-go's extension (version 2), and of the server's regex library."""

import re
from collections.abc import Callable
from typing import Any

from aichaos.check.schema.cel.syntax import UInt
from aichaos.check.schema.cel.values import BudgetError, CelError, no_overload, type_name
from aichaos.check.schema.cel.written import string
from aichaos.check.schema.patterns import BadPatternError, compiled, matcher

_LONGEST = 10_000_000


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise no_overload(name, value)
    return value


def _int(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, (bool, UInt)):
        raise no_overload(name, value)
    return value


def _on_texts(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*values: Any) -> Any:
        for value in values:
            if type(value) is not str:
                raise no_overload(name, *values)
        return function(*values)

    return run


def _matches(text: Any, pattern: Any) -> bool:
    try:
        return matcher(_text("matches", pattern))(_text("matches", text))
    except BadPatternError as error:
        raise CelError(f"error parsing regexp: {error}") from None


def _found(text: Any, pattern: Any) -> Any:
    try:
        return compiled(_text("find", pattern)).finditer(_text("find", text))
    except BadPatternError as error:
        raise CelError(f"error parsing regexp: {error}") from None


def _find(text: Any, pattern: Any) -> str:
    return next((str(match.group()) for match in _found(text, pattern)), "")


def _find_all(text: Any, pattern: Any, limit: Any = -1) -> list[str]:
    most = _int("findAll", limit)
    found = [str(match.group()) for match in _found(text, pattern)]
    return found if most < 0 else found[:most]


def _char_at(text: object, index: object) -> str:
    text, index = _text("charAt", text), _int("charAt", index)
    if not 0 <= index <= len(text):
        raise CelError(f"index out of range: {index}")
    return text[index : index + 1]


def _index_of(text: object, part: object, offset: object = 0) -> int:
    text, part, offset = _text("indexOf", text), _text("indexOf", part), _int("indexOf", offset)
    if part == "":
        return offset
    if offset < 0:
        raise CelError(f"index out of range: {offset}")
    return text.find(part, offset)


def _last_index_of(text: object, part: object, offset: object = None) -> int:
    text, part = _text("lastIndexOf", text), _text("lastIndexOf", part)
    if offset is None:
        return text.rfind(part)
    offset = _int("lastIndexOf", offset)
    if part == "":
        return offset
    if offset < 0:
        raise CelError(f"index out of range: {offset}")
    return text.rfind(part, 0, offset + len(part)) if offset < len(text) else -1


def _substring(text: object, start: object, end: object = None) -> str:
    text, start = _text("substring", text), _int("substring", start)
    end = len(text) if end is None else _int("substring", end)
    if not 0 <= end <= len(text) or not 0 <= start <= len(text):
        raise CelError(f"index out of range: {start if not 0 <= start <= len(text) else end}")
    if start > end:
        raise CelError(f"invalid substring range. start: {start}, end: {end}")
    return text[start:end]


def _replace(text: object, old: object, new: object, count: object = -1) -> str:
    text, old, new, most = _text("replace", text), _text("replace", old), _text("replace", new), _int("replace", count)
    if (text.count(old) if old else len(text) + 1) * len(new) + len(text) > _LONGEST:
        raise BudgetError
    return text.replace(old, new, -1 if most < 0 else most)


def _split(text: object, separator: object, limit: object = -1) -> list[str]:
    text, separator, most = _text("split", text), _text("split", separator), _int("split", limit)
    if most == 0:
        return []
    if separator == "":
        parts = list(text)
        return parts if most < 0 or len(parts) <= most else [*parts[: most - 1], "".join(parts[most - 1 :])]
    return text.split(separator, -1 if most < 0 else most - 1)


def _join(items: Any, separator: Any = "") -> str:
    if not isinstance(items, list) or not all(type(item) is str for item in items):
        raise no_overload("join", items)
    if sum(map(len, items)) + len(items) * len(_text("join", separator)) > _LONGEST:
        raise BudgetError
    return str(separator).join(items)


_SPACE = " \t\n\v\f\r\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_UPPER = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}
_QUOTED = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", "\\": "\\\\", '"': '\\"'}


def _quote(text: str) -> str:
    return '"' + "".join(_QUOTED.get(character, character) for character in text) + '"'


_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_CLAUSE = re.compile(r"%(?:\.([0-9]+))?([a-zA-Z%])")


def _format(pattern: Any, values: Any) -> str:
    """`"%s is %d".format([…])`."""
    if not isinstance(values, list):
        raise no_overload("format", values)
    left = list(values)

    def filled(found: re.Match[str]) -> str:
        precision, letter = found.groups()
        if letter == "%":
            return "%"
        if not left:
            raise CelError("index out of range")
        return _clause(letter, int(precision) if precision else 6, left.pop(0))

    return _CLAUSE.sub(filled, _text("format", pattern))


def _clause(letter: str, precision: int, value: Any) -> str:
    whole = type(value) in (int, UInt)
    match letter:
        case "s":
            return _shown(value)
        case "d" if whole:
            return str(value)
        case "f" if whole or type(value) is float:
            return f"{value:.{min(precision, 1000)}f}"
        case "e" if whole or type(value) is float:
            mantissa, _, exponent = f"{value:.{min(precision, 1000)}e}".partition("e")
            return f"{mantissa}×10{exponent.removeprefix('+').translate(_RAISED)}" if exponent else mantissa
        case "b" if whole or type(value) is bool:
            return f"{int(value):b}"
        case "o" if whole:
            return f"{value:o}"
        case "x" | "X" if whole:
            return f"{value:{letter}}"
        case "x" | "X" if type(value) in (str, bytes):
            digits = (value if type(value) is bytes else value.encode()).hex()
            return digits.upper() if letter == "X" else digits
        case "d" if type(value) is float:
            return string(value)
    raise CelError(f"no such overload: format %{letter} of {type_name(value)}")


def _shown(value: Any) -> str:
    match value:
        case None:
            return "null"
        case list():
            return "[" + ", ".join(map(_inside, value)) + "]"
        case dict():
            return "{" + ", ".join(sorted(f"{_inside(key)}:{_inside(item)}" for key, item in value.items())) + "}"
    return string(value)


def _inside(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:f}"
    return _quote(value) if isinstance(value, str) else _shown(value)


METHODS: dict[tuple[str, int], Callable[..., Any]] = {
    ("contains", 1): _on_texts("contains", lambda text, part: part in text),
    ("startsWith", 1): _on_texts("startsWith", lambda text, part: text.startswith(part)),
    ("endsWith", 1): _on_texts("endsWith", lambda text, part: text.endswith(part)),
    ("matches", 1): _matches,
    ("find", 1): _find,
    ("findAll", 1): _find_all,
    ("findAll", 2): _find_all,
    ("charAt", 1): _char_at,
    ("substring", 1): _substring,
    ("substring", 2): _substring,
    ("replace", 2): _replace,
    ("replace", 3): _replace,
    ("split", 1): _split,
    ("split", 2): _split,
    ("join", 0): _join,
    ("join", 1): _join,
    ("trim", 0): _on_texts("trim", lambda text: text.strip(_SPACE)),
    ("lowerAscii", 0): _on_texts("lowerAscii", lambda text: text.translate(_LOWER)),
    ("upperAscii", 0): _on_texts("upperAscii", lambda text: text.translate(_UPPER)),
    ("format", 1): _format,
}
FUNCTIONS: dict[tuple[str, int], Callable[..., Any]] = {("matches", 2): _matches}
NAMESPACED: dict[tuple[str, int], Callable[..., Any]] = {("strings.quote", 1): _on_texts("strings.quote", _quote)}
INDEX_OF, LAST_INDEX_OF = _index_of, _last_index_of
