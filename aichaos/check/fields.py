"""Places as API servers and webhooks name them (`spec.rules[0].name`, `unknown field "spec.foo"`) as JSON Pointers of a document."""

import re
from typing import Any

from aichaos.files.yaml import escape

_PART = re.compile(r"([^.\[\]]+)|\[([^\]]*)\]")
_DECODING = re.compile(r'((?:unknown|duplicate) field) "([^"]+)"')
_GO_FIELD = re.compile(r"Go struct field \w+\.([\w.]+)")
_NAMED = re.compile(r"(?:^|[\s\[\"'(])\.?((?:[sS]pec|metadata|data|rules|webhooks|subjects|roleRef)(?:[.\[][\w\-./\[\]]*)?): ")


def pointer(field: str, document: Any) -> str:
    """A field path as a pointer into a document, as far as it can be followed; "" where it names nothing."""
    place, found = document, ""
    parts = _PART.findall(field.strip(".")) if field != "<nil>" else []
    names: list[tuple[str | None, str | None]] = [(name, None) if name else (None, index) for name, index in parts]
    position = 0
    while position < len(names):
        name, index = names[position]
        position += 1
        if isinstance(place, list):
            if index is not None and not index.isdecimal():
                break  # the keys of a list's map: which item is meant does not stand there
            number = int(index) if index is not None else 0  # Go's own decoder names no index: the first, then
            if index is None:
                position -= 1
            if number >= len(place):
                break
            place, found = place[number], f"{found}/{number}"
            continue
        if name is not None and name[:1].isupper() and isinstance(place, dict) and name not in place:
            name = name[:1].lower() + name[1:]  # a webhook that names Go's fields; one that is embedded is no field of the document
            if name not in place and position < len(names):
                continue
        key = _key(place, name if name is not None else str(index), names, position)
        position += key.count("\x00")
        key = key.replace("\x00", "")
        found = f"{found}/{escape(key)}"
        if not isinstance(place, dict) or key not in place:
            break
        place = place[key]
    return found


def _key(place: Any, name: str, names: list[tuple[str | None, str | None]], position: int) -> str:
    """A key with dots in it comes in pieces: put together as many as make a key that is there (a NUL for each piece taken)."""
    if not isinstance(place, dict) or name in place:
        return name
    longer = name
    for taken, (more, _) in enumerate(names[position:], 1):
        if more is None:
            break
        longer += f".{more}"
        if longer in place:
            return longer + "\x00" * taken
    return name


def named(message: str) -> list[tuple[str, str]]:
    """The places that a message without causes names, each with what is said about it."""
    decoding = _DECODING.findall(message)
    if decoding:
        return [(field, f'{what} "{field}"') for what, field in dict.fromkeys(decoding)]
    go = _GO_FIELD.search(message)
    if go is not None:
        return [(go[1], message)]
    found = _NAMED.search(message)
    return [(found[1], message)] if found is not None else []
