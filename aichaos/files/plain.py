"""Looking into plain data that anybody may have written: a number where a map is expected is an empty map, never an exception."""

import re
from collections.abc import Iterator
from typing import Any

from aichaos.files.yaml import escape

TEMPLATE = (
    "this is a template that has not been filled in: render it first, with helm template or kustomize build, and check what comes out"
)
_PLACEHOLDER = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_HOLDERS = (dict, list)
_PLACE = re.compile(r"^(?P<problem>.*?)(?: - at `(?P<where>[^`]*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")


_HALVES = re.compile("[\ud800-\udfff]")


def well_formed(text: str) -> str:
    """A text in which halves of characters, which no file and no terminal can take, are joined where they belong together and U+FFFD else.

    They come from bytes that are no UTF-8, in an argument or a pipe, and from a JSON escape that was cut in two.
    """
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace") if _HALVES.search(text) else text


def shown_address(address: str) -> str:
    """An address as it may stand in a message: without the name, the password and the query that it may hold."""
    return re.sub(r"(?<=//)[^/]*@|[?#].*", "", address)


def mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def texts(value: Any) -> list[str]:
    return [item for item in sequence(value) if isinstance(item, str)]


def labels(value: Any) -> dict[str, str]:
    return {key: item for key, item in mapping(value).items() if isinstance(item, str)}


def at(value: Any, *keys: str) -> Any:
    """What stands under a chain of keys; None where any of them is missing."""
    for key in keys:
        value = mapping(value).get(key)
    return value


def same(one: Any, other: Any) -> bool:
    """Whether two values are one to JSON. Python's `==` takes 1 for true, and for 1.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(held, other[key]) for key, held in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def without_nulls(value: Any) -> Any:
    """A document as the server sees it: a field that is null is a field that was left out."""
    if type(value) is dict:
        return {key: without_nulls(item) if type(item) in _HOLDERS else item for key, item in value.items() if item is not None}
    if type(value) is list:
        return [without_nulls(item) if type(item) in _HOLDERS else item for item in value]
    return value


def walk(value: Any, way: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Everything in a value, itself first, with the keys and indexes that lead there."""
    yield way, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from walk(inner, (*way, str(key)))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from walk(inner, (*way, index))


def pointer(*parts: str | int) -> str:
    """Keys and indexes as a JSON Pointer."""
    return "".join(f"/{escape(str(part))}" for part in parts)


def located(error: str) -> tuple[str, str]:
    """A conversion's message as problem and JSON Pointer; below a mapping whose key it does not tell, the mapping's own."""
    found = _PLACE.match(error)
    assert found is not None
    parts: list[str] = []
    for name, index in _STEP.findall(found["where"] or ""):
        if index == "...":
            break
        parts.append(name or index)
    return found["problem"].replace("`", ""), pointer(*parts)


def is_placeholder(value: Any) -> bool:
    """Whether a text holds a template's `{{ … }}`, so that its value is not known before the template is filled in."""
    return isinstance(value, str) and "{{" in value and _PLACEHOLDER.search(value) is not None


def placeholders(value: Any, path: str = "") -> Iterator[str]:
    """The paths of all texts below a value that hold a template's placeholder."""
    if not _holds_braces(value):
        return
    match value:
        case str():
            if is_placeholder(value):
                yield path
        case dict():
            for key, item in value.items():
                yield from placeholders(item, f"{path}/{escape(key)}")
        case list():
            for index, item in enumerate(value):
                yield from placeholders(item, f"{path}/{index}")


def _holds_braces(value: Any) -> bool:
    """Whether a placeholder can be anywhere below a value: nearly always not, and then no path is made."""
    if type(value) is str:
        return "{{" in value
    if type(value) is dict:
        return any(map(_holds_braces, value.values()))
    return type(value) is list and any(map(_holds_braces, value))


def merged(original: Any, patch: Any) -> Any:
    """A document after an RFC 7386 merge patch."""
    if not isinstance(patch, dict):
        return patch
    result = dict(mapping(original))
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result
