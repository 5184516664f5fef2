"""Which of two matches comes first: named criteria, put in order by the profile.

Every criterion is a key: the smaller one wins. What it says stands beside it, for `why`.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

import msgspec

from aichaos.domain.gateway import GRPCRoute, NamedMatch
from aichaos.predict.routing.age import age, undecided
from aichaos.predict.routing.entries import ANY_PATH, Entry
from aichaos.predict.routing.listeners import EffectiveListener

Key = Callable[[Entry], Any]


class Criterion(msgspec.Struct, frozen=True):
    """key: sorts the winner first. says: what is compared, as it stands in a sentence."""

    key: Key
    says: str


CRITERIA: dict[str, Criterion] = {
    "method": Criterion(lambda entry: entry.method is None, "a match with a method comes first"),
    "headers": Criterion(lambda entry: -len(entry.headers), "more header conditions come first"),
    "query": Criterion(lambda entry: -len(entry.query), "more query conditions come first"),
    "http first": Criterion(lambda entry: isinstance(entry.route, GRPCRoute), "an HTTPRoute comes before a GRPCRoute"),
    "service prefix": Criterion(
        lambda entry: not (isinstance(entry.route, GRPCRoute) and entry.path.endswith("/")),
        "the prefix of a gRPC service has a slash more and is longer",
    ),
    "age": Criterion(lambda entry: age(entry.route), "the older route comes first"),
    "name": Criterion(lambda entry: f"{entry.route.namespace}/{entry.route.name}", "the first name in the alphabet comes first"),
    "rule": Criterion(lambda entry: entry.rule, "the earlier rule comes first"),
    "match": Criterion(lambda entry: entry.match, "the earlier match comes first"),
    "length": Criterion(lambda entry: -len(entry.path), "the longer path comes first"),
}


def _terms(conditions: Sequence[NamedMatch]) -> tuple[tuple[str, bool, str], ...]:
    """Conditions in the order in which they are written: name as it is written, exact before regular expressions, value."""
    return tuple((one.name, one.type == "RegularExpression", one.value) for one in conditions)


def _backwards(text: str) -> tuple[int, ...]:
    return (*(-ord(char) for char in text), 1)


CRITERIA |= {
    "namespace, name": Criterion(lambda entry: (entry.route.namespace, entry.route.name), "the first namespace, then the first name"),
    "namespace, name~": Criterion(
        lambda entry: (entry.route.namespace, f"{entry.route.name}~"), "the first namespace, then the first name with a ~ after it"
    ),
    "text backwards": Criterion(lambda entry: _backwards(entry.path), "the expression that is last in the alphabet comes first"),
    "header terms": Criterion(lambda entry: _terms(entry.headers), "header conditions are compared by name, kind and value"),
    "query terms": Criterion(lambda entry: _terms(entry.query), "query conditions are compared by name, kind and value"),
    "method as header": Criterion(
        lambda entry: -len(entry.headers) - (entry.method is not None), "more header conditions come first, a method counting as one"
    ),
    "exact headers": Criterion(
        lambda entry: -sum(one.type != "RegularExpression" for one in entry.headers) - (entry.method is not None),
        "more exact header conditions come first, a method counting as one",
    ),
    "exact query": Criterion(
        lambda entry: -sum(one.type != "RegularExpression" for one in entry.query), "more exact query conditions come first"
    ),
}


def _less(mine: Sequence[NamedMatch], its: Sequence[NamedMatch]) -> bool:
    return any(a < b for a, b in zip(_terms(mine), _terms(its), strict=False))


def _pairwise(one: Entry, other: Entry) -> bool:
    """Conditions compared place by place say both that one comes first and that the other does."""
    before = sort_key(("length", "method", "headers", "query", "rule"))
    if before(one) != before(other) or (one.kind == "RegularExpression" and one.path != other.path):
        return False
    if type(one.route) is not type(other.route) and one.written == other.written:
        return False  # a GRPCRoute takes the place of an HTTPRoute
    for mine, its in ((one.headers, other.headers), (one.query, other.query)):
        first, second = _less(mine, its), _less(its, mine)
        if first != second:
            return False
        if first:
            return True
    return True


COINS: dict[str, Callable[[Entry, Entry], bool]] = {"pairwise": _pairwise}
"""Whether it is chance which of two matches that are tried beside each other comes first."""


def replaces(one: Entry, other: Entry) -> bool:
    """Whether one is a call's match, and the other the same match of a page."""
    return isinstance(one.route, GRPCRoute) and not isinstance(other.route, GRPCRoute) and one.written == other.written


def behind_calls(found: list[Entry]) -> list[Entry]:
    """Matches in order, those that a GRPCRoute replaces behind it, where nobody gets to them; in their place, but in doubt, where it is
    chance whether the GRPCRoute's is there."""
    calls = [entry for entry in found if isinstance(entry.route, GRPCRoute)]
    if not calls or len(calls) == len(found):
        return found
    replaced = {id(page): call for call in calls for page in found if replaces(call, page)}
    out: list[Entry] = []
    for entry in found:
        call = replaced.get(id(entry))
        if call is None or call.lost:
            out.append(entry.doubted(call.lost) if call is not None else entry)
            out += (page for page in found if replaced.get(id(page)) is entry and not entry.lost)
    return out


class Blocks(msgspec.Struct, frozen=True):
    """Entries of one host that come before all others, whatever their paths.

    label: names the block that a route's hostname gives on a listener. of: the block of an entry, from its label. root: the block in which
    bare prefixes `/` of the same label stand. ranks: sorts the blocks of a host, from all of them with their entries.
    """

    label: Callable[[EffectiveListener, str], Hashable]
    of: Callable[[Entry, Hashable], Hashable]
    root: Callable[[Any], Hashable]
    ranks: Callable[[Mapping[Hashable, Sequence[Entry]]], Callable[[Any], Any]]


def _istio_label(listener: EffectiveListener, own: str) -> Hashable:
    """Istio makes a Gateway of its own of each listener, and a VirtualService of all routes with one hostname on one listener."""
    owner = listener.owner
    server = f"{owner.name}-istio-autogenerated-k8s-gateway-{listener.listener.name}"
    return age(owner), server, owner.namespace, f"{owner.namespace}~{server}~{own}"


def _istio_block(entry: Entry, label: Hashable) -> Hashable:
    """A bare prefix `/`, or a match of any call, comes after everything else of its host."""
    anything = (entry.kind == "PathPrefix" and not entry.key) or (entry.kind == "RegularExpression" and entry.path == ANY_PATH)
    return anything and entry.plain, label


def _istio_ranks(blocks: Mapping[Hashable, Sequence[Entry]]) -> Callable[[Any], Any]:
    """By listener, then by the oldest route of the hostname, then by the hostname."""
    first: dict[Hashable, Any] = {}
    key = sort_key(("age", "namespace, name~"))
    for block, entries in blocks.items():
        _, label = cast(tuple[bool, Hashable], block)
        oldest = min(key(entry) for entry in entries)
        first[label] = min(first.get(label, oldest), oldest)

    def rank(block: Any) -> Any:
        bare, (*server, name) = block
        (made, (namespace, _)) = first[block[1]]
        return bare, server, made, name, namespace

    return rank


BLOCKS: dict[str, Blocks] = {
    "one": Blocks(label=lambda listener, own: own, of=lambda entry, label: "", root=lambda block: "", ranks=lambda blocks: lambda block: 0),
    "hostnames, oldest first": Blocks(label=_istio_label, of=_istio_block, root=lambda block: (True, block[1]), ranks=_istio_ranks),
}


@lru_cache(maxsize=256)
def sort_key(names: Sequence[str]) -> Key:
    """One key out of several criteria."""
    keys = [CRITERIA[name].key for name in names]
    return lambda entry: tuple([key(entry) for key in keys])


def tied(one: Entry, other: Entry, names: tuple[str, ...]) -> bool:
    """Whether only the ages of two routes could tell their matches apart, and these are not known."""
    before = names[: names.index("age")] if "age" in names else ()
    key = sort_key(before)
    return "age" in names and one.route is not other.route and undecided(one.route, other.route) and key(one) == key(other)
