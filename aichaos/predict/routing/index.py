"""Where the entries of a gateway are looked up: by scope, host and path, so that an answer costs the same however many routes there are."""

from collections.abc import Hashable, Iterable, Iterator, Sequence

import msgspec

from aichaos.predict.routing.entries import Entry
from aichaos.predict.routing.order import BLOCKS, Key, sort_key
from aichaos.predict.routing.paths import prefixes
from aichaos.predict.routing.profile import Profile

Scope = tuple[str, str, int, str]
"""Namespace and name of a Gateway, a port, and the name of a listener; "" where a port's listeners share their routes."""
Place = tuple[Scope, str, Hashable]
"""A scope, the host under which the index keeps an entry, and the label of the block in which it stands there (`order.Blocks`)."""


class Block(msgspec.Struct, gc=False):
    """Entries of one host, by kind and path. Lists are in the order in which they are tried."""

    key: Hashable
    exact: dict[str, list[Entry]]
    prefix: dict[str, list[Entry]]
    regex: list[Entry]

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

    def like(self, entry: Entry) -> Sequence[Entry]:
        """The list in which an entry stands, or would."""
        if entry.kind == "RegularExpression":
            return self.regex
        return (self.exact if entry.kind == "Exact" else self.prefix).get(entry.key, ())

    def entries(self) -> Iterator[Entry]:
        for table in (self.exact, self.prefix):
            for found in table.values():
                yield from found
        yield from self.regex

    @property
    def empty(self) -> bool:
        return not (self.exact or self.prefix or self.regex)


class Index:
    """Scope → host → blocks, each of which comes before the next whatever its paths. `changed` makes another one that shares the rest.

    regexes: 0 where no regular expression stands in it.
    """

    def __init__(self, profile: Profile) -> None:
        self.hosts: dict[Scope, dict[str, list[Block]]] = {}
        self.regexes = 0
        self._key, self._regex_key = sort_key(profile.order), sort_key(profile.regex_order)
        self._blocks = BLOCKS[profile.blocks]
        self._single = profile.blocks == "one"

    def add(self, places: Iterable[Place], entries: Iterable[Entry]) -> None:
        """Put entries under every one of these hosts; `sort` puts them in order."""
        listed = list(entries)
        if not listed:  # a host without a match is no host: a wider one serves it
            return
        self.regexes += sum(entry.kind == "RegularExpression" for entry in listed)
        for scope, host, label in places:
            hosts = self.hosts.setdefault(scope, {})
            blocks = hosts.get(host)
            if blocks is None:
                blocks = hosts[host] = []
            for entry in listed:
                _put(self._block(blocks, entry, label), entry)

    def roots(self, blocks: list[Block], block: Hashable) -> list[Entry]:
        """The bare prefixes `/` that stand beside a block of a host, in order."""
        key = self._blocks.root(block)
        return [entry for one in blocks if one.key == key for entry in one.prefix.get("", ()) if entry.plain]

    def _block(self, blocks: list[Block], entry: Entry, label: Hashable) -> Block:
        key = "" if self._single else self._blocks.of(entry, label)
        for one in blocks:
            if one.key == key:
                return one
        blocks.append(Block(key, {}, {}, []))
        return blocks[-1]

    def sort(self) -> None:
        for hosts in self.hosts.values():
            for blocks in hosts.values():
                for one in blocks:
                    for table in (one.exact, one.prefix):
                        for found in table.values():
                            if len(found) > 1:
                                found.sort(key=self._key)
                    one.regex.sort(key=self._regex_key)
                self._rank(blocks)

    def _rank(self, blocks: list[Block]) -> None:
        if len(blocks) > 1:
            rank = self._blocks.ranks({one.key: list(one.entries()) for one in blocks})
            blocks.sort(key=lambda one: rank(one.key))

    def changed(self, gone: Iterable[tuple[Place, list[Entry]]], new: Iterable[tuple[Place, list[Entry]]]) -> "Index":
        """The same index without some entries and with others."""
        other = Index.__new__(Index)
        other.__dict__.update(self.__dict__)
        other.hosts = dict(self.hosts)
        copied: dict[tuple[Scope, str], list[Block]] = {}
        edits: dict[tuple[int, str, str], _Edit] = {}
        for changes, add in ((gone, False), (new, True)):
            for (scope, host, label), entries in changes:
                if (scope, host) not in copied:
                    other.hosts[scope] = dict(other.hosts.get(scope, {}))
                    blocks = [Block(one.key, dict(one.exact), dict(one.prefix), one.regex) for one in other.hosts[scope].get(host, [])]
                    copied[scope, host] = other.hosts[scope][host] = blocks
                for entry in entries:
                    block = other._block(copied[scope, host], entry, label)
                    key = "" if entry.kind == "RegularExpression" else entry.key
                    edit = edits.setdefault((id(block), entry.kind, key), _Edit(block, entry.kind, key, set(), []))
                    edit.new.append(entry) if add else edit.gone.add((id(entry.route), entry.rule, entry.match))
        for edit in edits.values():
            other._apply(edit)
        for (scope, host), blocks in copied.items():
            blocks[:] = [one for one in blocks if not one.empty]
            other._rank(blocks)
            if not blocks:
                del other.hosts[scope][host]
        return other

    def _apply(self, edit: "_Edit") -> None:
        """The lists of a copied block are still those of the other index, so each that changes is made anew."""
        block = edit.block
        if edit.kind == "RegularExpression":
            self.regexes += len(edit.new)  # never less: that some were here once is no harm
            block.regex = edit.applied(block.regex, self._regex_key)
            return
        table = block.exact if edit.kind == "Exact" else block.prefix
        found = edit.applied(table.pop(edit.key, []), self._key)
        if found:
            table[edit.key] = found


class _Edit(msgspec.Struct):
    """What happens to one list of a block."""

    block: Block
    kind: str
    key: str
    gone: set[tuple[int, int, int]]
    new: list[Entry]

    def applied(self, found: list[Entry], order: Key) -> list[Entry]:
        kept = [one for one in found if (id(one.route), one.rule, one.match) not in self.gone]
        return sorted([*kept, *self.new], key=order)


def _put(block: Block, entry: Entry) -> None:
    if entry.kind == "RegularExpression":
        block.regex.append(entry)
    else:
        (block.exact if entry.kind == "Exact" else block.prefix).setdefault(entry.key, []).append(entry)
