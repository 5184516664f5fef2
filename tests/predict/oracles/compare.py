"""What a gateway answered, against what its profile foretells; and by which named deviations that is not what the standard says."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from aichaos.domain.prediction import Answer, BackendShare, Pairs, RequestLine
from aichaos.domain.snapshot import Source
from aichaos.observe.manifests import snapshot
from aichaos.predict.routing import mesh
from aichaos.predict.routing.departures import departures
from aichaos.predict.routing.profile import Profile
from aichaos.predict.routing.profiles.standard import STANDARD
from aichaos.predict.routing.request import Request, read
from aichaos.predict.routing.status import of_routes
from aichaos.predict.routing.table import Table, compile
from tests.predict.differential.worlds import EDGE, Asked, World

from .envoys import place

Json = dict[str, Any]

GATEWAY = (EDGE, "gw")
SOURCE = Source(kind="live", cluster="test")
SIGMAS = 5
"""How many standard deviations a count may lie from what was foretold."""


class Difference(msgspec.Struct, frozen=True):
    """told: what the gateway answered. foretold: what the profile says."""

    world: str
    asked: Asked
    told: Json
    foretold: Answer

    def __str__(self) -> str:
        asked, foretold = self.asked, self.foretold
        headers = " ".join(f"{name}:{value}" for name, value in asked.headers)
        shares = [(one.service, one.share, one.status) for one in foretold.backends]
        says = f"{foretold.outcome} {foretold.status} {foretold.location} {shares} {foretold.received}"
        by = f"{foretold.route} rule {foretold.rule} match {foretold.match}"
        return f"{self.world}: {asked.method} {asked.host} {asked.port} {asked.path} {headers}\n  was {self.told}\n  not {says} by {by}"


class Compared(msgspec.Struct):
    """differences: answers that were not foretold. refusals: worlds in which other ports are refused than foretold, or
    that could not be asked.

    conditions: conditions of routes that were compared. unwritten: those that are not what the controller writes.
    departing: answers that are not the standard's. departures: deviation → how often. unnamed: those of which no deviation is the cause.
    """

    asked: int = 0
    conditions: int = 0
    unwritten: list[str] = []
    departing: int = 0
    differences: list[Difference] = []
    refusals: list[str] = []
    departures: Counter[str] = msgspec.field(default_factory=Counter)
    unnamed: list[Difference] = []


def line(asked: Asked) -> RequestLine:
    host = asked.host.partition(":")[0]
    return RequestLine(method=asked.method, url=f"http://{host}:{asked.port}{asked.path}", headers=(*asked.headers, ("Host", asked.host)))


def compared(worlds: Iterable[World], records: dict[str, Json], profile: Profile) -> Compared:
    """All answers of one gateway."""
    found = Compared()
    for world in worlds:
        record = records[world.name]
        if "error" in record:
            found.refusals.append(f"{world.name}: could not be asked: {record['error']}")
            continue
        seen = snapshot(world.everything, SOURCE)
        table = compile(seen, profile)
        tables = _Tables(table)
        plain = tables[STANDARD]
        foretold = sorted(port for *_, port in table.poisoned)
        if foretold != record.get("refused", []):
            found.refusals.append(f"{world.name}: refuses {record.get('refused', [])}, foretold {foretold}")
        if "conditions" in record:
            seen_there, expected = record["conditions"], _conditions(table)
            found.conditions += sum(len(one) for one in expected.values())
            found.unwritten += [
                f"{world.name}: {key}: {seen_there.get(key)}, foretold {expected.get(key)}"
                for key in sorted(seen_there.keys() | expected.keys())
                if seen_there.get(key) != expected.get(key)
            ]
        for asked, told in zip(world.requests, record["answers"], strict=True):
            request = read(line(asked))
            possible = [_inside(table, request)] if world.client else table.possible(request, world.gateway_key)
            found.asked += 1
            if not any(fits(one, told, asked) for one in possible):
                found.differences.append(Difference(world.name, asked, told, possible[0]))
                continue
            if world.client:
                continue
            usual = plain.answer(request, world.gateway_key)
            if (usual.brief, usual.received) == (possible[0].brief, possible[0].received):
                continue
            found.departing += 1
            said = list(tables.departures(possible[0], usual, request, world.gateway_key))
            found.departures.update(said)
            if not said:
                found.unnamed.append(Difference(world.name, asked, told, usual))
    return found


def _conditions(table: Table) -> dict[str, dict[str, str]]:
    """What is foretold of every route, as `envoys.conditions` has it."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for one in of_routes(table):
        assert one.parent is not None
        found[place(str(one.object), msgspec.to_builtins(one.parent))][one.type] = f"{one.status} {one.reason}"
    return found


def _inside(table: Table, request: Request) -> Answer:
    """The answer to a pod, which passes no Gateway."""
    return mesh.answer(request, [one.route for one in table.placements.values()], table.world, table.profile)


class _Tables(dict[Profile, Table]):
    """The same cluster by other profiles, each compiled once."""

    def __init__(self, table: Table) -> None:
        super().__init__()
        self._profile = table.profile
        self._world, self._routes = table.world, [one.route for one in table.placements.values()]

    def __missing__(self, profile: Profile) -> Table:
        self[profile] = Table(self._world, self._routes, profile)
        return self[profile]

    def departures(self, answer: Answer, usual: Answer, request: Request, gateway: tuple[str, str]) -> Iterator[str]:
        for one in departures(answer, usual, self._profile, lambda other: self[other].answer(request, gateway)):
            yield one.name.partition("/")[2]


def fits(foretold: Answer, told: Json, asked: Asked) -> bool:
    """Whether what came back is what was foretold."""
    if "counts" in told:
        return _counts_fit(foretold, told["counts"])
    if "to" not in told:
        split = {one.status for one in foretold.backends}
        return told["status"] in (split or {foretold.status}) and told.get("location") == foretold.location
    if told["to"] not in {one.service for one in foretold.backends if one.status is None} or foretold.received is None:
        return False
    if asked.method == "HEAD":
        return True
    received, sent = foretold.received, _lines(told["headers"])
    expected = _lines((*received.headers, *(foretold.added or ())))
    if foretold.listener is None or not any(name.startswith("x-forwarded-p") for name in sent):
        for name in ("x-forwarded-proto", "x-forwarded-for"):  # inside a mesh; and older recordings have neither
            sent.pop(name, None)
            expected.pop(name, None)
    if len(foretold.backends) > 1:  # their own filters may differ: what all of them receive is foretold
        sent = {name: [value for value in sent.get(name, []) if value in values] for name, values in expected.items()}
    return (told["path"], told["host"], sent) == (received.path, received.host, expected)


def _lines(headers: Pairs | list[list[str]]) -> dict[str, list[str]]:
    found = defaultdict(list)
    for name, value in headers:
        if name.lower().startswith("x-"):
            found[name.lower()].append(value)
    return found


def _counts_fit(foretold: Answer, counts: dict[str, int]) -> bool:
    shares: Counter[str] = Counter()
    for one in foretold.backends or (BackendShare(service=None, port=None, share=1.0, status=foretold.status),):
        shares[str(one.service if one.status is None else one.status)] += one.share  # type: ignore[assignment]
    total = sum(counts.values())
    return all(
        abs(counts.get(where, 0) - total * share) <= SIGMAS * (total * share * max(1 - share, 0.0)) ** 0.5
        for where, share in ((where, shares[where]) for where in shares.keys() | counts.keys())
    )
