"""Filling a scenario with what a finder found.

Values go into the tree, never into text that is parsed afterwards: a name from a cluster can't become YAML. `"${route}"` alone is
replaced by the value with its type, `"${route} is gone"` by text, `"${percent|text}"` by the value as text; `"${flips...}"` as an item of
a list by all items of the value, which is a list.
"""

import re
from collections.abc import Iterator
from typing import Any

from aichaos.files.yaml import escape

_HOLE = re.compile(r"\$\{([a-z_]+(?:\.[a-z_]+)*)(\|text)?\}")
_ITEMS = re.compile(r"\$\{([a-z_]+)\.\.\.\}")
_HOLE_OR_ITEMS = re.compile(r"\$\{([a-z_]+(?:\.[a-z_]+)*)(?:\|text|\.\.\.)?\}")

Values = dict[str, Any]


def fill(template: Any, values: Values) -> Any:
    """A template with every hole filled. Raises KeyError for a hole that no value fits: a scenario and its finder disagree."""
    match template:
        case str():
            return _text(template, values)
        case list():
            return [filled for item in template for filled in _items(item, values)]
        case dict():
            return {_text(key, values): fill(value, values) for key, value in template.items()}
    return template


def holes(template: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Where each hole of a template is (JSON Pointer), and the name of the value that it wants."""
    match template:
        case str():
            yield from ((path, name.partition(".")[0]) for name in _HOLE_OR_ITEMS.findall(template))
        case list():
            for number, item in enumerate(template):
                yield from holes(item, f"{path}/{number}")
        case dict():
            for key, value in template.items():
                yield from holes(key, path)
                yield from holes(value, f"{path}/{escape(key)}")


def _items(item: Any, values: Values) -> list[Any]:
    """What an item of a list becomes: itself, filled; or all items of the value that it stands for."""
    several = _ITEMS.fullmatch(item) if isinstance(item, str) else None
    return list(values[several[1]]) if several else [fill(item, values)]


def _text(template: str, values: Values) -> Any:
    whole = _HOLE.fullmatch(template)
    if whole:
        value = _look_up(whole[1], values)
        return _written(value) if whole[2] else value
    return _HOLE.sub(lambda hole: _written(_look_up(hole[1], values)), template)


def _look_up(path: str, values: Values) -> Any:
    value: Any = values
    for name in path.split("."):
        value = value[name]
    return value


def _written(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
