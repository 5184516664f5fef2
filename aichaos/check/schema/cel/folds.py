"""What the macros do with the items of a list or a map: `all`, `exists`, `map`, `filter` and their kin."""

from collections.abc import Callable
from typing import Any

from aichaos.check.schema.cel.values import CelError, no_overload

Variables = dict[str, Any]
Run = Callable[[Variables], Any]


def truth(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise no_overload(name, value)
    return value


def _bind(scope: Variables, names: tuple[str, ...], item: Any) -> None:
    if len(names) == 1:
        scope[names[0]] = item
    else:
        scope[names[0]], scope[names[1]] = item


def _quantified(decides: bool) -> Callable[..., Any]:
    """`all` and `exists`: the value that decides ends it; an error counts only where nothing decides."""
    name = "_||_" if decides else "_&&_"

    def fold(items: Any, scope: Variables, names: tuple[str, ...], runs: list[Run]) -> bool:
        body, failed = runs[0], None
        for item in items:
            _bind(scope, names, item)
            try:
                value = body(scope)
                if value is decides:
                    return bool(decides)
                if type(value) is not bool:
                    raise no_overload(name, value)
            except CelError as error:
                failed = failed or error
        if failed is not None:
            raise failed
        return not decides

    return fold


def _exactly_one(items: Any, scope: Variables, names: tuple[str, ...], runs: list[Run]) -> bool:
    count = 0
    for item in items:
        _bind(scope, names, item)
        count += truth(runs[0](scope), "exists_one")
    return count == 1


def _filter(items: Any, scope: Variables, names: tuple[str, ...], runs: list[Run]) -> list[Any]:
    found = []
    for item in items:
        _bind(scope, names, item)
        if truth(runs[0](scope), "filter"):
            found.append(item)
    return found


def _kept(items: Any, scope: Variables, names: tuple[str, ...], runs: list[Run]) -> Any:
    """The items that a transformation keeps, each bound in turn."""
    for item in items:
        _bind(scope, names, item)
        if len(runs) == 1 or truth(runs[0](scope), "map"):
            yield item


def _mapped(items: Any, scope: Variables, names: tuple[str, ...], runs: list[Run]) -> list[Any]:
    return [runs[-1](scope) for _ in _kept(items, scope, names, runs)]


def _to_map(items: Any, scope: Variables, names: tuple[str, ...], runs: list[Run]) -> dict[Any, Any]:
    return {item[0]: runs[-1](scope) for item in _kept(items, scope, names, runs)}


def _to_entries(items: Any, scope: Variables, names: tuple[str, ...], runs: list[Run]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for _ in _kept(items, scope, names, runs):
        entry = runs[-1](scope)
        if type(entry) is not dict:
            raise no_overload("transformMapEntry", entry)
        for key, value in entry.items():
            if key in found:
                raise CelError(f"insert failed: key {key} already exists")
            found[key] = value
    return found


FOLDS: dict[str, Callable[..., Any]] = {
    "all": _quantified(False),
    "exists": _quantified(True),
    "exists_one": _exactly_one,
    "existsOne": _exactly_one,
    "filter": _filter,
    "map": _mapped,
    "all of two": _quantified(False),
    "exists of two": _quantified(True),
    "existsOne of two": _exactly_one,
    "transformList of two": _mapped,
    "transformMap of two": _to_map,
    "transformMapEntry of two": _to_entries,
}
