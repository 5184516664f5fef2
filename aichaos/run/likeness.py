"""What of an object is somebody's will, and what the server or a controller keeps there by itself; and how two states of it differ.

Two objects are alike when nobody who asks could tell them apart: everything but status, identity, counters and age.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from aichaos.domain.base import SERVER_FIELDS
from aichaos.domain.running import Manifest
from aichaos.files.plain import mapping, same, text, without_nulls

Path = tuple[str, ...]

_CONTROLLERS_OWN = ("deployment.kubernetes.io/revision", "deprecated.daemonset.template.generation")
"""Annotations that a controller counts with."""


def meta(obj: Manifest | None, field: str) -> str:
    """A text of an object's metadata; "" where there is none."""
    return text(mapping((obj or {}).get("metadata")).get(field))


def as_it_was(obj: Manifest) -> Manifest:
    """An object as a manifest that brings it back: without what only the server writes."""
    kept = {key: value for key, value in obj.items() if key not in ("status", "metadata")}
    metadata = {key: value for key, value in mapping(obj.get("metadata")).items() if key not in SERVER_FIELDS}
    return kept | {"metadata": metadata}


def essence(obj: Manifest) -> Manifest:
    """What has to be alike."""
    kept = as_it_was(obj)
    metadata = kept["metadata"]
    annotations = {key: value for key, value in mapping(metadata.get("annotations")).items() if key not in _CONTROLLERS_OWN}
    metadata = {key: value for key, value in metadata.items() if value not in ({}, [], None)} | {"annotations": annotations}
    if not annotations:
        del metadata["annotations"]
    found: Manifest = without_nulls(kept | {"metadata": metadata})
    return found


def alike(one: Manifest, other: Manifest) -> bool:
    return same(essence(one), essence(other))


class Nothing:
    """The value of a field that is not there."""

    def __repr__(self) -> str:
        return "nothing"


NOTHING = Nothing()


def at(obj: Any, path: Path) -> Any:
    """What stands at a path; NOTHING where there is nothing, or null."""
    for key in path:
        obj = obj.get(key) if isinstance(obj, dict) else None
    return NOTHING if obj is None else obj


def equal(one: Any, other: Any) -> bool:
    return (one is other) if NOTHING in (one, other) else same(without_nulls(one), without_nulls(other))


def differences(one: Any, other: Any, path: Path = ()) -> Iterator[Path]:
    """The paths at which two states differ, as deep as maps go, also where one side has no map at all: somebody else may put a field
    beside ours. A list is one value, as a merge patch takes it."""
    if isinstance(one, dict) and one and other is None:
        other = {}
    elif isinstance(other, dict) and other and one is None:
        one = {}
    if isinstance(one, dict) and isinstance(other, dict):
        for key in dict.fromkeys((*one, *other)):
            yield from differences(one.get(key), other.get(key), (*path, key))
    elif not equal(NOTHING if one is None else one, NOTHING if other is None else other):
        yield path


def leaves(patch: Any, path: Path = ()) -> Iterator[Path]:
    """The paths that a merge patch says something about."""
    if isinstance(patch, dict) and patch:
        for key, value in patch.items():
            yield from leaves(value, (*path, key))
    else:
        yield path


def shortest(paths: Iterable[Path]) -> list[Path]:
    """Without those that lie below another one."""
    found: list[Path] = []
    for path in sorted(set(paths), key=len):
        if not any(path[: len(above)] == above for above in found):
            found.append(path)
    return sorted(found)


def patch_between(now: Manifest, wanted: Manifest) -> Manifest:
    """The merge patch that makes one state the other (RFC 7386)."""
    patch: Manifest = {}
    for key in dict.fromkeys((*now, *wanted)):
        mine, its = now.get(key), wanted.get(key)
        if isinstance(mine, dict) and isinstance(its, dict):
            if inner := patch_between(mine, its):
                patch[key] = inner
        elif not equal(NOTHING if mine is None else mine, NOTHING if its is None else its):
            patch[key] = its
    return patch


def put_back(now: Manifest, fields: dict[Path, Any], before: Manifest) -> Manifest:
    """An object with some fields as they were. A map that holds nothing else any more goes too, if it was not there before."""
    result = dict(now)
    for path, value in fields.items():
        _set(result, path, value)
        for length in range(len(path) - 1, 0, -1):
            above = path[:length]
            if at(result, above) == {} and at(before, above) is NOTHING:
                _set(result, above, NOTHING)
    return result


def _set(obj: Manifest, path: Path, value: Any) -> None:
    key, rest = path[0], path[1:]
    if rest:
        inner = dict(mapping(obj.get(key)))
        _set(inner, rest, value)
        obj[key] = inner
    elif value is NOTHING:
        obj.pop(key, None)
    else:
        obj[key] = value


def written(path: Path) -> str:
    """A path for people: metadata.labels[app.kubernetes.io/name]."""
    text = ""
    for key in path:
        plain = key.replace("-", "").replace("_", "").isalnum()
        text += (f".{key}" if text else key) if plain else f"[{key}]"
    return text
