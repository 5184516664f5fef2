"""Files become findings: every document of every file is opened, told apart and checked, and every finding gets its line."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from aichaos.check.halves import Placed, found_packed, found_unpacked, halved, items_packed, items_unpacked
from aichaos.check.manifest import is_whole, manifest_findings
from aichaos.check.opening import Item, Text, opened, text_of
from aichaos.check.overlays import found_strangers
from aichaos.check.places import located
from aichaos.check.rivals import reconsidered
from aichaos.check.rules import finding
from aichaos.check.templates import LATER, later
from aichaos.check.world import World, placed
from aichaos.domain.base import reference_of
from aichaos.domain.experiment import API_VERSION
from aichaos.domain.finding import Finding
from aichaos.domain.policy import NO_POLICY, Policy
from aichaos.files.plain import mapping, text
from aichaos.observe.topology import Topology

_OURS = ("Baseline", "Snapshot")
"""Files that this program has written for itself: in a folder of manifests there is nothing in them to review."""


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """items: the objects that were looked at, the items of a List one by one.

    origins: for each finding the object that it is about; None where it is about a text that could not be read.
    joined: the cluster with these objects applied to it; without a cluster the objects alone.
    """

    findings: list[Finding]
    origins: list[Item | None]
    items: list[Item]
    joined: Topology

    @property
    def documents(self) -> int:
        return len(self.items)


def review(files: Iterable[tuple[str, str]], topology: Topology | None, policy: Policy = NO_POLICY) -> Review:
    """Check the documents of some files, given as name and text, against a cluster or, without one, against each other."""
    items, found = _opened([text_of(name, content) for name, content in files])
    strangers = found_strangers(items)
    whole = [item for item in items if id(item) not in strangers and _is_referable(item)]

    def world_of(some: Iterable[Item]) -> World:
        return World(topology, (item.value for item in some), policy=policy)

    world = world_of(whole)
    told = _found(items, world, topology, strangers)
    found += reconsidered(told, whole, world_of, lambda some, near: _found(some, near, topology, strangers))
    return Review(findings=[one for _, one in found], origins=[item for item, _ in found], items=items, joined=world.topology)


def _is_referable(item: Item) -> bool:
    return is_whole(item.value, plain=item.text.plain) and not is_experiment(item.value)


def _opened(texts: Sequence[Text]) -> tuple[list[Item], Placed]:
    length = sum(len(text.content) for text in texts)
    halves = halved(texts, _opened_here, items_packed, items_unpacked, length)
    return [item for items, _ in halves for item in items], [pair for _, found in halves for pair in found]


def _opened_here(texts: Sequence[Text]) -> tuple[list[Item], Placed]:
    items: list[Item] = []
    found: Placed = []
    for one_text in texts:
        inside, problems = opened(one_text)
        items += inside
        found += [(item, _called(one, item)) for item, one in problems]
    return items, found


def _found(items: Sequence[Item], world: World, topology: Topology | None, strangers: dict[int, Finding]) -> Placed:
    def findings(item: Item) -> Iterable[Finding]:
        said = strangers.get(id(item))
        return _with_later(item, _looked_at(item, world, topology)) if said is None else (said,)

    def here(some: Sequence[Item]) -> Placed:
        placed = located((item, one) for item in some for one in findings(item))
        return [(item, _called(one, item)) for item, one in placed]

    length = sum(len(content) for content in {item.text.name: item.text.content for item in items}.values())
    return [pair for half in halved(items, here, found_packed, found_unpacked, length) for pair in half]


def _called(one: Finding, item: Item | None) -> Finding:
    """An object has one name: with the namespace that it falls into, whoever found something in it."""
    if item is None or one.object.count("/") != 1 or not isinstance(item.value, dict):
        return one
    name = str(placed(item.value))
    return msgspec.structs.replace(one, object=name) if one.object == str(reference_of(item.value)) != name else one


def _with_later(item: Item, found: Iterator[Finding]) -> Iterator[Finding]:
    """The findings as they are meant, and what is filled in later where nothing was found: nobody has checked that either."""
    meant = (_unguessed(one, item.value) for one in found)
    if not item.text.later:
        yield from meant
        return
    told = set()
    for one in meant:
        told.add(one.path)
        yield one
    name = str(reference_of(item.value)) if isinstance(item.value, dict) else ""
    for path, held in later(item.value):
        if path not in told:
            yield _filled_in(held, name, path)


def _looked_at(item: Item, world: World, topology: Topology | None) -> Iterator[Finding]:
    found = _checked(item, world, topology)
    if not item.odd:
        return found
    from aichaos.check.oddities import odd_scalars  # hardly any file holds one

    return odd_scalars(item, found, world.kinds)


def _checked(item: Item, world: World, topology: Topology | None) -> Iterator[Finding]:
    value = item.value
    if mapping(value).get("apiVersion") == API_VERSION and value.get("kind") in _OURS:
        return
    if not is_experiment(value):
        yield from manifest_findings(value, world, plain=item.text.plain)
        return
    from aichaos.check.decode import experiment_of  # most files hold none, and every start would pay for it
    from aichaos.check.experiment import findings as experiment_findings

    experiment, problems = experiment_of(value)
    yield from problems
    if experiment is not None:
        yield from experiment_findings(experiment, topology, world.policy)


def _unguessed(one: Finding, value: Any) -> Finding:
    """A finding about a value that is filled in later (`${NAME}`, `$(NAME)`) is no finding: what will stand there is not known."""
    if one.severity not in ("error", "warning") or "$" not in (held := _text_at(value, one.path)):
        return one
    if LATER.fullmatch(held) or (one.layer != "meaning" and LATER.search(held)):
        return _filled_in(held, one.object, one.path)
    return one


def _filled_in(held: str, name: str, path: str) -> Finding:
    return finding("yaml/template", f"{held[:60]} is filled in later: what stands there was not checked", object=name, path=path)


def _text_at(value: Any, path: str) -> str:
    for part in path.split("/")[1:]:
        if isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            value = mapping(value).get(part.replace("~1", "/").replace("~0", "~"))
    return text(value)


def is_experiment(value: Any) -> bool:
    family = API_VERSION.partition("/")[0] + "/"
    if not isinstance(value, dict) or value.get("kind") != "Experiment":
        return False
    version = value.get("apiVersion")
    return isinstance(version, str) and version.startswith(family)
