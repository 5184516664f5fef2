"""Plain scalars that the server takes for another value than a reader does: `0777` is 511, `on` is true, `1.10` is 1.1.

Where the server refuses what comes out, its finding says so; where it takes it, nobody else would ever tell.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal

import msgspec

from aichaos.check.opening import Item
from aichaos.check.rules import finding
from aichaos.check.schema.bundle import Found, Kinds
from aichaos.domain.base import reference_of
from aichaos.domain.experiment import API_VERSION
from aichaos.domain.finding import Finding
from aichaos.files.plain import mapping
from aichaos.files.scalars import oddity, resolve
from aichaos.files.yaml import Odd

Takes = Literal["text", "truth", "number", "anything", "unknown"]
"""What the schema of a place takes."""

_MODE = re.compile(r"(?i).*(mode|perm|permissions|umask)")
"""Fields that hold the permissions of files, which people write in octal on purpose."""


def odd_scalars(item: Item, found: Iterable[Finding], kinds: Kinds) -> Iterator[Finding]:
    """The findings of one document with the reason in those that have one here, and those that nothing else tells."""
    odd = {one.pointer: one for one in item.odd}
    for one in found:
        reason = odd.pop(one.path, None) if one.severity == "error" else None
        if reason is None:
            yield one
        else:
            kept = one.fix if one.rule == "schema/type" else None  # which is written with the letters that stand there
            yield msgspec.structs.replace(one, message=f"{one.message} ({_read(reason)})", fix=kept)
    for pointer, left in odd.items():
        holder, path = _object_around(item.value, pointer)
        if holder is None:
            continue
        own = holder["apiVersion"] == API_VERSION  # whose numbers are whole numbers, and no text of ours is free
        takes = "number" if own else _takes(kinds.find(holder["apiVersion"], holder["kind"]), path)
        if message := _told(left, path, takes):
            yield finding("yaml/odd-scalar", message, object=str(reference_of(holder)), path=pointer)


def _told(odd: Odd, path: str, takes: Takes) -> str:
    """What to say of a value that the server takes; nothing where it is what its author meant."""
    if odd.key:
        return f"the key {odd.text} is {_shown(odd.text)} to the server: write it in quotes"
    match oddity(odd.text):
        case "octal" if takes in ("number", "anything") and not _MODE.fullmatch(path.rpartition("/")[2]):
            meant = odd.text.replace("_", "").lstrip("+-0")
            return f"{_read(odd)}; write {meant} if that is meant, or {_shown(odd.text)} as it is"
        case "word" | "digits" if takes == "anything":
            return f"{_read(odd)}; write it in quotes if the text is meant"
    return ""


def _read(odd: Odd) -> str:
    why = ", an octal number," if oddity(odd.text) == "octal" else ""
    return f"{odd.text}{why} is {_shown(odd.text)} to the server"


def _shown(text: str) -> str:
    value = resolve(text)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).removesuffix(".0")


def _object_around(value: Any, pointer: str) -> tuple[dict[str, Any] | None, str]:
    """The innermost object of Kubernetes that a place is in, and the path from there: the step of an experiment holds one."""
    found, path = (value, pointer) if _is_object(value) else (None, "")
    parts = pointer.split("/")[1:]
    for number, part in enumerate(parts):
        value = _below(value, part)
        if _is_object(value) and number + 1 < len(parts):
            found, path = value, "/" + "/".join(parts[number + 1 :])
    return found, path


def _is_object(value: Any) -> bool:
    held = mapping(value)
    return isinstance(held.get("apiVersion"), str) and isinstance(held.get("kind"), str)


def _below(value: Any, part: str) -> Any:
    if isinstance(value, list):
        return value[int(part)] if part.isdecimal() and int(part) < len(value) else None
    return mapping(value).get(part.replace("~1", "/").replace("~0", "~"))


_TYPES: dict[Any, Takes] = {"string": "text", "boolean": "truth", "integer": "number", "number": "number"}
_GO_TYPES: dict[str, Takes] = {"any": "anything", "quantity": "number", "int-or-string": "number"}


def _takes(schema: Found | None, path: str) -> Takes:
    """What the schema of a kind says about a place; `unknown` where it says nothing of it, as for a kind that has none."""
    if schema is None:
        return "unknown"
    node = schema.nodes.get(schema.root)
    for part in path.split("/")[1:]:
        inner = node.get("items") if "items" in node else node.get("properties", {}).get(part.replace("~1", "/").replace("~0", "~"))
        inner = node.get("additionalProperties") if inner is None else inner
        if not isinstance(inner, (int, dict)) or isinstance(inner, bool):
            return "anything" if node.get("x-kubernetes-preserve-unknown-fields") or node.get("go") == "any" or inner is True else "unknown"
        node = schema.nodes.get(inner)
    if "go" in node:
        return _GO_TYPES.get(node["go"], "unknown")
    if node.get("x-kubernetes-int-or-string"):
        return "number"
    return _TYPES.get(node.get("type"), "anything" if node.get("x-kubernetes-preserve-unknown-fields") else "unknown")
