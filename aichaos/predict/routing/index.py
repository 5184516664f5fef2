"""Where the entries of a gateway are looked up: by scope, host and path, so that an answer costs the same however many routes there are."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from aichaos.predict.routing.entries import Entry
from aichaos.predict.routing.order import sort_key
from aichaos.predict.routing.paths import prefixes
from aichaos.predict.routing.profile import Profile

Scope = tuple[str, str, int, str]
"""Namespace and name of a Gateway, a port, and the name of a listener; "" where a port's listeners share their routes."""
Test = Callable[[Entry], bool]


class Block(msgspec.Struct, gc=False):
    """The entries of one host, by kind and path. Lists are in the order in which they are tried."""

    exact: dict[str, list[Entry]]
    prefix: dict[str, list[Entry]]
    regex: list[Entry]

    def add(self, entry: Entry) -> list[Entry]:
        """Put an entry in its place; the list that it is in now, which may be out of order."""
        if entry.kind == "RegularExpression":
            self.regex.append(entry)
            return self.regex
        place = (self.exact if entry.kind == "Exact" else self.prefix).setdefault(entry.key, [])
        place.append(entry)
        return place

    def along(self, path: str, ranks: tuple[str, ...]) -> Iterator[list[Entry]]:
        """The lists whose path may match, in the order of the ranks, the longest prefix first."""
        for rank in ranks:
            if rank == "Exact":
                if (found := self.exact.get(path)) is not None:
                    yield found
            elif rank == "PathPrefix":
                table = self.prefix
                for prefix in prefixes(path):
                    if (found := table.get(prefix)) is not None:
                        yield found
            elif self.regex:
                yield self.regex

    @property
    def empty(self) -> bool:
        return not (self.exact or self.prefix or self.regex)


def block() -> Block:
    return Block({}, {}, [])


class Index:
    """Scope → host → blocks, each of which comes before the next whatever its paths. Made once; `replaced` makes another one."""

    def __init__(self, profile: Profile) -> None:
        self.hosts: dict[Scope, dict[str, list[Block]]] = {}
        self._key, self._regex_key = sort_key(profile.order), sort_key(profile.regex_order)

    def add(self, places: Iterable[tuple[Scope, str]], entries: Iterable[Entry]) -> None:
        """Put entries under every one of these hosts; `sort` puts them in order."""
        blocks = [self._block(scope, host) for scope, host in places]
        for entry in entries:
            for one in blocks:
                one.add(entry)

    def _block(self, scope: Scope, host: str) -> Block:
        hosts = self.hosts.setdefault(scope, {})
        if host not in hosts:
            hosts[host] = [block()]
        return hosts[host][0]

    def sort(self) -> None:
        for hosts in self.hosts.values():
            for blocks in hosts.values():
                for one in blocks:
                    self._sort(one)

    def _sort(self, one: Block) -> None:
        for table in (one.exact, one.prefix):
            for found in table.values():
                if len(found) > 1:
                    found.sort(key=self._key)
        if len(one.regex) > 1:
            one.regex.sort(key=self._regex_key)

    def changed(self, gone: Iterable[tuple[Scope, str, list[Entry]]], new: Iterable[tuple[Scope, str, list[Entry]]]) -> "Index":
        """The same index without some entries and with others; what neither touches is shared."""
        other = Index.__new__(Index)
        other.__dict__.update(self.__dict__)
        other.hosts = dict(self.hosts)
        fresh: dict[tuple[Scope, str], Block] = {}
        lists: set[int] = set()
        for scope, host, entries in gone:
            other._edit(fresh, lists, scope, host, entries, add=False)
        for scope, host, entries in new:
            other._edit(fresh, lists, scope, host, entries, add=True)
        for (scope, host), one in fresh.items():
            if one.empty:
                del other.hosts[scope][host]
        return other

    def _edit(
        self, fresh: dict[tuple[Scope, str], Block], lists: set[int], scope: Scope, host: str, entries: list[Entry], *, add: bool
    ) -> None:
        if (scope, host) not in fresh:
            self.hosts[scope] = dict(self.hosts.get(scope, {}))
            old = self.hosts[scope].get(host, [block()])[0]
            fresh[scope, host] = Block(dict(old.exact), dict(old.prefix), list(old.regex))
            self.hosts[scope][host] = [fresh[scope, host]]
        one = fresh[scope, host]
        for entry in entries:
            if entry.kind == "RegularExpression":
                one.regex = [*one.regex, entry] if add else [other for other in one.regex if other.route is not entry.route]
                one.regex.sort(key=self._regex_key)
                continue
            table = one.exact if entry.kind == "Exact" else one.prefix
            kept = [other for other in table.get(entry.key, ()) if add or other.route is not entry.route]
            table[entry.key] = sorted([*kept, entry], key=self._key) if add else kept
            if not table[entry.key]:
                del table[entry.key]


Sorted = Callable[[Entry], Any]
