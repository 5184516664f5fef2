"""Functions on lists and sets: the server's own, and cel-go's lists (version 3) and sets."""

from collections.abc import Callable
from functools import cmp_to_key
from itertools import pairwise
from typing import Any

from aichaos.check.schema.cel import texts
from aichaos.check.schema.cel.values import (
    NONE,
    BudgetError,
    CelError,
    Duration,
    Optional,
    arithmetic,
    compare,
    equal,
    no_overload,
)

_MOST = 1_000_000


def _list(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise no_overload(name, value)
    return value


def _order(one: Any, other: Any) -> int:
    found = compare(one, other)
    return 0 if found == 2 else found


def _is_sorted(value: Any) -> bool:
    items = _list("isSorted", value)
    return all(compare(one, other) in (-1, 0) for one, other in pairwise(items))


def _sum(value: Any) -> Any:
    total: Any = None
    for item in _list("sum", value):
        if isinstance(item, (str, bytes, bool, list)):
            raise no_overload("sum", value)
        total = item if total is None else arithmetic("+", total, item)
    return 0 if total is None else total


def _extreme(name: str, sign: int) -> Callable[[Any], Any]:
    def find(value: Any) -> Any:
        items = _list(name, value)
        if not items:
            raise CelError(f"{name} called on empty list")
        best = items[0]
        for item in items[1:]:
            if compare(item, best) == sign:
                best = item
        return best

    return find


def _index_of(value: Any, item: Any, *offset: Any) -> int:
    if type(value) is str:
        return texts.INDEX_OF(value, item, *offset)
    return next((index for index, one in enumerate(_list("indexOf", value)) if equal(one, item)), -1)


def _last_index_of(value: Any, item: Any, *offset: Any) -> int:
    if type(value) is str:
        return texts.LAST_INDEX_OF(value, item, *offset)
    items = _list("lastIndexOf", value)
    return next((index for index in range(len(items) - 1, -1, -1) if equal(items[index], item)), -1)


def _contains_all(one: Any, other: Any) -> bool:
    bounded(one, other)
    return all(any(equal(item, wanted) for item in one) for wanted in other)


def bounded(one: Any, other: Any) -> None:
    if len(_list("sets", one)) * len(_list("sets", other)) > _MOST:
        raise BudgetError


def _intersects(one: Any, other: Any) -> bool:
    bounded(one, other)
    return any(equal(item, wanted) for item in one for wanted in other)


def _slice(value: Any, start: Any, end: Any) -> list[Any]:
    items = _list("slice", value)
    if type(start) is not int or type(end) is not int:
        raise no_overload("slice", value, start, end)
    if start < 0 or end < 0 or end > len(items) or start > end:
        raise CelError(f"cannot slice({start}, {end}), list is length {len(items)}")
    return items[start:end]


def _flatten(value: Any, depth: Any = 1) -> list[Any]:
    if type(depth) is not int:
        raise no_overload("flatten", value, depth)
    if depth < 0:
        raise CelError("level must be non-negative")
    found: list[Any] = []
    for item in _list("flatten", value):
        found += _flatten(item, depth - 1) if isinstance(item, list) and depth > 0 else [item]
    return found


def _distinct(value: Any) -> list[Any]:
    found: list[Any] = []
    bounded(value, value)
    for item in value:
        if not any(equal(item, one) for one in found):
            found.append(item)
    return found


def _sorted(value: Any) -> list[Any]:
    return sorted(_list("sort", value), key=cmp_to_key(_order))


def _range(count: Any) -> list[Any]:
    if type(count) is not int:
        raise no_overload("lists.range", count)
    if count > _MOST:
        raise BudgetError
    return list(range(count))


def _value(value: Any) -> Any:
    if type(value) is not Optional:
        raise no_overload("value", value)
    if not value.there:
        raise CelError("optional.none() dereference")
    return value.value


def _has_value(value: Any) -> bool:
    if type(value) is not Optional:
        raise no_overload("hasValue", value)
    return value.there


_ZERO: tuple[Any, ...] = (None, False, "", b"", [], {})


def _of_non_zero(value: Any) -> Optional:
    zero = any(equal(value, one) for one in _ZERO) or (type(value) is not bool and equal(value, 0))
    zero = zero or (type(value) is Duration and value.nanos == 0)
    return NONE if zero else Optional(value, there=True)


METHODS: dict[tuple[str, int], Callable[..., Any]] = {
    ("isSorted", 0): _is_sorted,
    ("sum", 0): _sum,
    ("min", 0): _extreme("min", -1),
    ("max", 0): _extreme("max", 1),
    ("indexOf", 1): _index_of,
    ("indexOf", 2): _index_of,
    ("lastIndexOf", 1): _last_index_of,
    ("lastIndexOf", 2): _last_index_of,
    ("slice", 2): _slice,
    ("flatten", 0): _flatten,
    ("flatten", 1): _flatten,
    ("distinct", 0): _distinct,
    ("sort", 0): _sorted,
    ("reverse", 0): lambda value: _list("reverse", value)[::-1],
    ("first", 0): lambda value: Optional(value[0], there=True) if _list("first", value) else NONE,
    ("last", 0): lambda value: Optional(value[-1], there=True) if _list("last", value) else NONE,
    ("value", 0): _value,
    ("hasValue", 0): _has_value,
}
FUNCTIONS: dict[tuple[str, int], Callable[..., Any]] = {}
NAMESPACED: dict[tuple[str, int], Callable[..., Any]] = {
    ("sets.contains", 2): _contains_all,
    ("sets.equivalent", 2): lambda one, other: _contains_all(one, other) and _contains_all(other, one),
    ("sets.intersects", 2): _intersects,
    ("lists.range", 1): _range,
    ("optional.of", 1): lambda value: Optional(value, there=True),
    ("optional.none", 0): lambda: NONE,
    ("optional.ofNonZeroValue", 1): _of_non_zero,
}
