"""A live cluster becomes a Snapshot: what it serves is asked once, then the kinds are read several at once.

What can't be read is a Gap that says why, and never an empty list that looks like "there is none".
"""

import gc
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from difflib import get_close_matches
from operator import attrgetter
from typing import Any, Literal

import msgspec

from aichaos.cluster.connection import connect
from aichaos.cluster.discovery import Served, discover
from aichaos.cluster.paths import path
from aichaos.cluster.reader import Forbidden, Patience, Reader
from aichaos.cluster.together import together
from aichaos.domain.access import ConfigMap, Secret
from aichaos.domain.base import KubeObject, Metadata, Wire
from aichaos.domain.chaos import ENGINE_GROUPS, Engine
from aichaos.domain.definition import CustomResourceDefinition, quiet
from aichaos.domain.gateway import Gateway, Listener, ListenerSet
from aichaos.domain.kinds import BY_NAME, KINDS, Kind
from aichaos.domain.snapshot import Gap, Snapshot, Source
from aichaos.domain.workloads import Deployment
from aichaos.errors import SourceError, UnauthorizedError, UsageError
from aichaos.observe.engines import CONTROLLERS, release_of

THREADS = 6
"""Kinds that are read at the same time: an API server takes that many lists of one user without queueing them, and more of them do not
make us faster, since decoding is ours (measured with benchmarks/collect.py)."""

_LARGE_FIRST = ("Pod", "EndpointSlice", "HTTPRoute", "Service", "ConfigMap")
_MANY = 5
_LARGE = 100_000
"""Containers (lists, dicts) that were made while reading; some 5,000 objects."""


def observe(
    *,
    kubeconfig: str | None = None,
    context: str | None = None,
    namespaces: tuple[str, ...] | None = None,
    patience: Patience = Patience(),  # noqa: B008  frozen
) -> Snapshot:
    """The cluster as it is now; `namespaces` None for all of them. Raises SourceError where nothing could be read, and UsageError
    for a namespace that does not exist. Ctrl-C ends it at once."""
    with connect(kubeconfig=kubeconfig, context=context) as connection:
        reader = Reader(connection, patience)
        try:
            return look(reader, namespaces)
        finally:
            reader.stop()


def look(reader: Reader, namespaces: tuple[str, ...] | None = None, everywhere: Collection[str] = ()) -> Snapshot:
    """`observe` through a reader that there is already; it stays open. everywhere: kinds, by name, of which all are wanted that may be
    read, whatever their namespace."""
    with _uncollected():
        return _look(reader, namespaces, everywhere)


def _look(reader: Reader, namespaces: tuple[str, ...] | None, everywhere: Collection[str]) -> Snapshot:
    served = discover(reader)
    plan = [_plan(kind, served) for kind in sorted(KINDS, key=_size)]
    tasks = [task for planned in plan if isinstance(planned, _Planned) for task in _tasks(reader, planned, namespaces, everywhere)]
    results = together(tasks, THREADS)
    read = {planned.kind.name: _Read(planned) for planned in plan if isinstance(planned, _Planned)}
    for result in results:
        read[result.kind].add(result)
    _refuse_nothing(reader, results)
    gaps = [planned for planned in plan if isinstance(planned, Gap)] + [gap for seen in read.values() for gap in seen.gaps]
    lists: dict[str, Any] = {kind.field: [] for kind in KINDS} | {seen.planned.kind.field: seen.sorted() for seen in read.values()}
    if not any(gap.kind == "Namespace" for gap in gaps):
        _refuse_unknown(lists["namespaces"], namespaces)
    secrets, secret_gaps = _secrets(reader, [*lists["gateways"], *lists["listener_sets"]], namespaces)
    order = {kind.name: place for place, kind in enumerate(KINDS)}
    return Snapshot(
        source=Source(kind="live", cluster=reader.connection.name, taken=reader.server_time or _now(), namespaces=namespaces or ()),
        versions={seen.planned.kind.name: seen.planned.api_version for seen in read.values() if seen.planned.is_second_choice},
        gaps=tuple(sorted(gaps + secret_gaps, key=lambda gap: (order.get(gap.kind, len(order)), gap.detail))),
        engines=_engines(reader, served, lists["deployments"], namespaces),
        secrets=secrets,
        **lists,
    )


@contextmanager
def _uncollected() -> Iterator[None]:
    """No garbage collection while a cluster is read: nearly all that is made stays, and to look through it again and again would be most
    of the time (1.4 s instead of 0.4 s for the cluster of benchmarks/collect.py). A large one is then taken out of the collector's sight
    for good, or its next run, and each later one, would cost another 0.25 s; it is still freed when nobody refers to it.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            if gc.get_count()[0] > _LARGE:
                gc.freeze()
            gc.enable()


# --- which version of a kind, and which requests


class _Planned(msgspec.Struct, frozen=True):
    kind: Kind
    version: str

    @property
    def api_version(self) -> str:
        return self.kind.api_version(self.version)

    @property
    def is_second_choice(self) -> bool:
        return self.version != self.kind.versions[0]


class _Result(msgspec.Struct, frozen=True):
    """One list: the objects that could be read, and why there may be more."""

    kind: str
    items: list[Any]
    gap: Gap | None = None
    error: SourceError | None = None


def _size(kind: Kind) -> int:
    """The kinds that are many go first, so that none of them is left for the end."""
    return _LARGE_FIRST.index(kind.name) if kind.name in _LARGE_FIRST else len(_LARGE_FIRST)


def _plan(kind: Kind, served: Served) -> _Planned | Gap:
    there = served.versions(kind.group, kind.plural)
    for version in kind.versions:
        if version in there:
            return _Planned(kind, version)
    if there:
        return Gap(kind=kind.name, reason="unreadable", detail=f"served only as {', '.join(there)}")
    return Gap(kind=kind.name, reason="absent", detail=f"the server has no {kind.plural}" + (f" of {kind.group}" if kind.group else ""))


def _tasks(
    reader: Reader, planned: _Planned, namespaces: tuple[str, ...] | None, everywhere: Collection[str]
) -> list[Callable[[], _Result]]:
    if planned.kind.name in everywhere and namespaces is not None:
        return [lambda: _shared(reader, planned, namespaces, missed=False)]
    if planned.kind.shared and namespaces is not None:
        return [lambda: _shared(reader, planned, namespaces)]
    if planned.kind.namespaced and namespaces is not None:
        return [_lister(reader, planned, namespace) for namespace in dict.fromkeys(namespaces)]
    if planned.kind.name == "Namespace" and namespaces is not None:
        return [lambda: _named_namespaces(reader, planned, namespaces)]
    return [_lister(reader, planned, None)]


def _shared(reader: Reader, planned: _Planned, namespaces: tuple[str, ...], *, missed: bool = True) -> _Result:
    """All of a kind that other namespaces refer to; where that is forbidden, what the named ones have of it. missed: whether the others are
    a gap then."""
    whole = _list(reader, planned, None)
    if not isinstance(whole.error, Forbidden):
        return whole
    parts = [_list(reader, planned, namespace) for namespace in dict.fromkeys(namespaces)]
    failed = next((part for part in parts if part.error is not None), None)
    return failed or _Result(planned.kind.name, [obj for part in parts for obj in part.items], whole.gap if missed else None)


def _lister(reader: Reader, planned: _Planned, namespace: str | None) -> Callable[[], _Result]:
    return lambda: _list(reader, planned, namespace)


def _path(planned: _Planned, namespace: str | None) -> str:
    return path(planned.api_version, planned.kind.plural, namespace or "")


def _list(reader: Reader, planned: _Planned, namespace: str | None) -> _Result:
    """One list; a failure of it is a Gap, but for a login that is refused: that is no matter of one kind."""
    kind = planned.kind
    shape, shaped = _SHAPES.get(kind.name, (kind.type, _as_it_is))
    try:
        listing = reader.list_all(_path(planned, namespace), shape, shaped)
    except UnauthorizedError:
        raise
    except Forbidden as error:
        detail = f"{error}{_advice(reader, planned, namespace)}"
        return _Result(kind.name, [], Gap(kind=kind.name, reason="forbidden", detail=detail), error)
    except SourceError as error:
        return _Result(kind.name, [], Gap(kind=kind.name, reason="failed", detail=str(error)), error)
    if listing.unreadable:
        return _Result(kind.name, listing.items, Gap(kind=kind.name, reason="unreadable", detail=_told(listing.unreadable)))
    return _Result(kind.name, listing.items)


def _told(problems: list[str]) -> str:
    more = len(problems) - _MANY
    return "; ".join(problems[:_MANY]) + (f"; and {more} more" if more > 0 else "")


def _advice(reader: Reader, planned: _Planned, namespace: str | None) -> str:
    """What to do where a whole cluster may not be listed, but perhaps a namespace may."""
    if namespace is not None or not planned.kind.namespaced or not reader.connection.namespace:
        return ""
    return f" (read one namespace with -n {reader.connection.namespace})"


def _named_namespaces(reader: Reader, planned: _Planned, names: tuple[str, ...]) -> _Result:
    """All namespaces, or where that is forbidden the named ones, one by one."""
    whole = _list(reader, planned, None)
    if not isinstance(whole.error, Forbidden) or whole.gap is None:
        return whole
    found: list[KubeObject] = []
    try:
        for name in dict.fromkeys(names):
            one = reader.get_json(path(planned.api_version, planned.kind.plural, name=name), planned.kind.type)
            if one is None:
                raise UsageError(f"there is no namespace {name!r}", hint="Check the name given with -n.")
            found.append(one)
    except Forbidden:
        return whole
    detail = f"only the namespaces that were asked for: {whole.error}"
    return _Result(planned.kind.name, found, Gap(kind=planned.kind.name, reason="forbidden", detail=detail))


class _Keys(Wire, frozen=True, kw_only=True):
    """A ConfigMap on the wire, its values not even decoded."""

    metadata: Metadata
    data: dict[str, msgspec.Raw] | None = None
    binary_data: dict[str, msgspec.Raw] | None = None


def _only_keys(wire: Any) -> ConfigMap:
    return ConfigMap(metadata=wire.metadata, keys=tuple(sorted([*(wire.data or {}), *(wire.binary_data or {})])))


def _as_it_is(obj: Any) -> Any:
    return obj


_SHAPES: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "ConfigMap": (_Keys, _only_keys),
    "CustomResourceDefinition": (CustomResourceDefinition, quiet),
}
"""Kinds of which less is kept than comes in."""


# --- what came back


_PLACE = attrgetter("metadata.namespace", "metadata.name")


class _Read:
    """The lists of one kind, of all namespaces that were asked for."""

    def __init__(self, planned: _Planned) -> None:
        self.planned = planned
        self.items: list[KubeObject] = []
        self.gaps: list[Gap] = []

    def add(self, result: _Result) -> None:
        self.items.extend(result.items)
        if result.gap is not None and result.gap not in self.gaps:
            self.gaps.append(result.gap)

    def sorted(self) -> Any:
        self.items.sort(key=_PLACE)
        return self.items


def _refuse_nothing(reader: Reader, results: list[_Result]) -> None:
    """A snapshot of which nothing was read is an error, not a snapshot: the first one that is not a matter of rights, else that."""
    errors = [result.error for result in results if result.error is not None]
    if len(errors) < len(results):
        return
    for error in errors:
        if not isinstance(error, Forbidden):
            raise error
    hint = f"Read one namespace with -n {reader.connection.namespace or 'NAMESPACE'}, or ask for a role that may list."
    raise Forbidden(f"nothing of {reader.connection.server} may be read: {errors[0]}", hint=hint)


def _refuse_unknown(there: list[KubeObject], asked: tuple[str, ...] | None) -> None:
    """A namespace that does not exist has empty lists; only the list of namespaces tells that the name is wrong."""
    names = [namespace.name for namespace in there]
    for name in asked or ():
        if name not in names:
            close = get_close_matches(name, names, n=3) or names[:10]
            raise UsageError(f"there is no namespace {name!r}", hint=f"Did you mean {', '.join(close)}?")


# --- Secrets that listeners name, and nothing else of them than name and type


def _secrets(reader: Reader, owners: list[Gateway | ListenerSet], namespaces: tuple[str, ...] | None) -> tuple[list[Secret], list[Gap]]:
    named: set[tuple[str, str]] = set()
    for owner in owners:
        for listener in owner.spec.listeners:
            named.update(_certificates(listener, owner.namespace))
    wanted = sorted((namespace, name) for namespace, name in named if namespaces is None or namespace in namespaces)
    results = together([_secret_task(reader, namespace, name) for namespace, name in wanted], THREADS)
    gaps = [result for result in results if isinstance(result, Gap)]
    return [result for result in results if isinstance(result, Secret)], list(dict.fromkeys(gaps))


def _certificates(listener: Listener, namespace: str) -> set[tuple[str, str]]:
    references = listener.tls.certificate_refs if listener.tls is not None else []
    return {(ref.namespace or namespace, ref.name) for ref in references if not ref.group and ref.kind in ("", "Secret")}


def _secret_task(reader: Reader, namespace: str, name: str) -> Callable[[], Secret | Gap | None]:
    def task() -> Secret | Gap | None:
        try:
            return reader.secret_outside(namespace, name)
        except UnauthorizedError:
            raise
        except SourceError as error:
            reason: Literal["forbidden", "failed"] = "forbidden" if isinstance(error, Forbidden) else "failed"
            return Gap(kind="Secret", reason=reason, detail=str(error))

    return task


# --- chaos engines


def _engines(reader: Reader, served: Served, deployments: list[Deployment], namespaces: tuple[str, ...] | None) -> tuple[Engine, ...]:
    engines = []
    for group, name in ENGINE_GROUPS.items():
        versions = served.group_versions(group)
        if versions:
            candidates = deployments if namespaces is None else _deployments_named(reader, served, CONTROLLERS[name])
            release = release_of(candidates, name)
            engines.append(Engine(name=name, group=group, versions=versions, kinds=served.kinds(group), release=release))
    return tuple(engines)


def _deployments_named(reader: Reader, served: Served, names: tuple[str, ...]) -> list[Deployment]:
    """Controllers live in namespaces of their own: where only some are read, they are asked for by name. Without the right to, none."""
    planned = _plan(BY_NAME["Deployment"], served)
    if isinstance(planned, Gap):
        return []
    found: list[Deployment] = []
    for name in names:
        try:
            page = reader.get_json(_path(planned, None), _Deployments, {"fieldSelector": f"metadata.name={name}"})
        except SourceError:
            continue  # the release is a nicety; without it Engine.release is None
        found.extend(page.items or [] if page else [])
    return found


class _Deployments(msgspec.Struct):
    items: list[Deployment] | None = None


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
