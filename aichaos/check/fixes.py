"""Corrections that are certain, as RFC 6902 JSON Patches; and what a document is after one."""

import copy
from typing import Any

from aichaos.domain.finding import Fix

Operation = dict[str, Any]


def fix(description: str, *operations: Operation) -> Fix:
    return Fix(description=description, patch=list(operations))


def replace(path: str, value: Any) -> Operation:
    return {"op": "replace", "path": path, "value": value}


def add(path: str, value: Any) -> Operation:
    return {"op": "add", "path": path, "value": value}


def remove(path: str) -> Operation:
    return {"op": "remove", "path": path}


def move(source: str, path: str) -> Operation:
    return {"op": "move", "from": source, "path": path}


def touched(one: Fix | None) -> set[str]:
    """The places that a fix changes."""
    return {operation[key] for operation in (one.patch if one else ()) for key in ("path", "from") if key in operation}


def moved(one: Fix | None, prefix: str) -> Fix | None:
    """The fix of a document that stands at a place of another one."""
    if one is None or not prefix:
        return one
    patch = [{key: prefix + value if key in ("path", "from") else value for key, value in operation.items()} for operation in one.patch]
    return Fix(description=one.description, patch=patch)


def applied(document: Any, patch: list[Operation]) -> Any:
    """A copy of the document after the patch. Raises KeyError or IndexError where a place does not exist."""
    result = copy.deepcopy(document)
    for operation in patch:
        if operation["op"] == "move":
            value = _take(result, operation["from"])
            result = _put(result, operation["path"], value, insert=True)
        elif operation["op"] == "remove":
            _take(result, operation["path"])
        else:
            result = _put(result, operation["path"], copy.deepcopy(operation["value"]), insert=operation["op"] == "add")
    return result


def _holder(document: Any, path: str) -> tuple[Any, str]:
    *above, last = [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]
    for part in above:
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document, last


def _take(document: Any, path: str) -> Any:
    holder, last = _holder(document, path)
    return holder.pop(int(last)) if isinstance(holder, list) else holder.pop(last)


def _put(document: Any, path: str, value: Any, *, insert: bool) -> Any:
    if path == "":
        return value
    holder, last = _holder(document, path)
    if isinstance(holder, list):
        index = len(holder) if last == "-" else int(last)
        if insert:
            holder.insert(index, value)
        else:
            holder[index] = value
    elif insert or last in holder:
        holder[last] = value
    else:
        raise KeyError(path)
    return document
