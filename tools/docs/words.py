"""Types, defaults, docstrings and tables in words for people who do not read Python."""

import inspect
import re
import types
import typing
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

import msgspec

_PLAIN = {
    str: "text",
    int: "integer",
    float: "number",
    bool: "true or false",
    type(None): "null",
    msgspec.UnsetType: "absent",
    Any: "anything",
}


def typed(annotation: Any, linked: bool = True) -> str:
    """A type in words; a Struct of ours as a link to its heading."""
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Literal:
        return ", ".join(f"`{part}`" for part in parts)
    if origin in (typing.Union, types.UnionType):
        words = [typed(part, linked) for part in parts]
        return " or ".join(word for word in words if not (word == "integer" and "number" in words))
    if origin in (list, tuple, Sequence):
        return f"list of {typed(parts[0], linked)}"
    if origin is dict:
        return "object" if parts[1] is Any else f"mapping of names to {typed(parts[1], linked)}"
    name = annotation.__name__
    return f"[{name}](#{name.lower()})" if linked else str(name)


def structs_in(annotation: Any) -> Iterator[type[msgspec.Struct]]:
    if inspect.isclass(annotation) and issubclass(annotation, msgspec.Struct):
        yield annotation
    for part in typing.get_args(annotation):
        yield from structs_in(part)


def reachable(*roots: type[msgspec.Struct]) -> list[type[msgspec.Struct]]:
    """The Structs and all those in their fields, in the order in which a reader meets them."""
    found: dict[type[msgspec.Struct], None] = {}

    def visit(one: type[msgspec.Struct]) -> None:
        if one not in found:
            found[one] = None
            for field in msgspec.structs.fields(one):
                for inner in structs_in(field.type):
                    visit(inner)

    for root in roots:
        visit(root)
    return list(found)


def default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    value = field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
    return "" if value is None or value == [] or value == {} or isinstance(value, msgspec.Struct) or value == "" else f"`{value}`"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines) + "\n"


def plain(text: str | None) -> str:
    """A docstring for people who do not read Python."""
    told = re.sub(r"\s*Raises [^.]*\.", "", inspect.cleandoc(text or ""))
    for name, written in (("None", "null"), ("`max_pods`", "`maxPods`"), ("`max_share`", "`maxShare`")):
        told = told.replace(name, written)
    return told


def paragraph(text: str | None) -> str:
    return f"{plain(text)}\n\n" if text else ""


def own_doc(one: type) -> str | None:
    """The docstring of the class itself, not that of its base."""
    return one.__dict__.get("__doc__")
