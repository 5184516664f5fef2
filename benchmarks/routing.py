"""The routing engine: compiling a table, answering, a step of an experiment; and a walk over all routes as the alternative.

python -m benchmarks.routing [--json]
"""

import json
import random
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable

from aichaos.domain.base import AnnotatedMetadata, Metadata
from aichaos.domain.experiment import Experiment, ExperimentMetadata, Spec, Step, Target
from aichaos.domain.gateway import (
    AllowedRoutes,
    BackendRef,
    Gateway,
    GatewaySpec,
    HTTPMatch,
    HTTPRoute,
    HTTPRouteSpec,
    HTTPRule,
    Listener,
    ParentRef,
    PathMatch,
    RouteNamespaces,
)
from aichaos.domain.network import Endpoint, EndpointPort, EndpointSlice, Service, ServicePort, ServiceSpec
from aichaos.domain.prediction import RequestLine
from aichaos.domain.snapshot import Snapshot, Source
from aichaos.predict.predict import predict
from aichaos.predict.routing.profiles.standard import STANDARD
from aichaos.predict.routing.request import Request, read
from aichaos.predict.routing.router import Router
from aichaos.predict.routing.table import Table, compile
from aichaos.report import kubectl

GATEWAY = ("shop", "edge")
SIZES = (100, 1_000, 10_000, 100_000)
QUESTIONS = 20_000
EXPERIMENT = Experiment(
    metadata=ExperimentMetadata(name="ten-steps"),
    spec=Spec(
        title="Delete five routes and make them again",
        steps=[
            step
            for target in (Target(kind="HTTPRoute", name=f"r{number}", namespace="shop") for number in range(5))
            for step in (Step(delete=target), Step(recreate=target))
        ],
    ),
)


def cluster(routes: int, *, one_host: bool = False) -> Snapshot:
    """As many HTTPRoutes of three rules each, on a host of their own or all on one, with a Service each."""
    listener = Listener(name="http", port=80, allowed_routes=AllowedRoutes(namespaces=RouteNamespaces(from_="All")))
    gateway = Gateway(metadata=Metadata(name="edge", namespace="shop"), spec=GatewaySpec(gateway_class_name="any", listeners=(listener,)))
    names = range(routes)
    return Snapshot(
        source=Source(kind="file", cluster="bench"),
        gateways=[gateway],
        http_routes=[_route(number, "all" if one_host else f"h{number}") for number in names],
        services=[
            Service(metadata=Metadata(name=f"s{number}", namespace="shop"), spec=ServiceSpec(ports=(ServicePort(port=80),)))
            for number in names
        ],
        endpoint_slices=[
            EndpointSlice(
                metadata=Metadata(name=f"s{number}", namespace="shop", labels={"kubernetes.io/service-name": f"s{number}"}),
                endpoints=(Endpoint(addresses=("10.0.0.1",)),),
                ports=(EndpointPort(port=80),),
            )
            for number in names
        ],
    )


def _route(number: int, host: str) -> HTTPRoute:
    rules = tuple(
        HTTPRule(
            matches=(HTTPMatch(path=PathMatch(type="PathPrefix", value=f"/p{number}/{rule}")),),
            backend_refs=(BackendRef(name=f"s{number}", port=80),),
        )
        for rule in range(3)
    )
    metadata = AnnotatedMetadata(name=f"r{number}", namespace="shop", creation_timestamp="2026-01-01T00:00:00Z")
    spec = HTTPRouteSpec(parent_refs=(ParentRef(name="edge"),), hostnames=(f"{host}.example.com",), rules=rules)
    return HTTPRoute(metadata=metadata, spec=spec)


def questions(routes: int, count: int, *, one_host: bool = False) -> list[Request]:
    chosen = random.Random(1)
    numbers = [chosen.randrange(routes) for _ in range(count)]
    return [
        read(RequestLine(url=f"http://{'all' if one_host else f'h{number}'}.example.com/p{number}/{chosen.randrange(3)}/x"))
        for number in numbers
    ]


def measure() -> dict[str, float]:
    """Seconds, microseconds an answer, and bytes a rule, by what was measured."""
    found: dict[str, float] = {}
    for one_host in (False, True):
        where = "one host" if one_host else "a host each"
        for size in SIZES:
            snapshot = cluster(size, one_host=one_host)
            found[f"compile {size} {where}"] = _least(lambda s=snapshot: compile(s), 1 if size > 10_000 else 3)  # type: ignore[misc]
            table, asked = compile(snapshot), questions(size, QUESTIONS, one_host=one_host)
            found[f"answer {size} {where}"] = _least(lambda t=table, a=asked: _ask(t, a), 3) / QUESTIONS * 1e6  # type: ignore[misc]
            if size == 10_000:
                router = Router(snapshot)
                router.table(STANDARD)
                found[f"ten steps {where}"] = _least(lambda r=router: _foretold(r), 3)  # type: ignore[misc]
                found[f"twelve tables {where}"] = _least(lambda s=snapshot: _again(s), 1)  # type: ignore[misc]
    snapshot = cluster(10_000)
    tracemalloc.start()
    table = compile(snapshot)
    _ask(table, questions(10_000, QUESTIONS))
    found["bytes a rule"] = tracemalloc.get_traced_memory()[0] / 30_000
    tracemalloc.stop()
    found["walk 10000"] = statistics.median(_walked(snapshot, one) for one in questions(10_000, 20)) * 1e6
    return found


def _least(work: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


def _ask(table: Table, asked: list[Request]) -> None:
    for request in asked:
        answer = table.answer(request, GATEWAY)
        assert answer.outcome == "forward"


def _foretold(router: Router) -> None:
    """An experiment of ten steps that deletes five routes and makes them again, foretold: all that `aichaos predict` computes."""
    found = predict(EXPERIMENT, router, kubectl.text).prediction
    assert len(found.states) == 12
    assert found.restored


def _again(snapshot: Snapshot) -> None:
    """The alternative: a table for each of its states."""
    for _ in range(12):
        compile(snapshot)


def _walked(snapshot: Snapshot, request: Request) -> float:
    """The alternative: every route looked at for every request."""
    start = time.process_time()
    best = max(
        (
            (len(match.path.value or ""), route.name)
            for route in snapshot.http_routes
            if request.host in route.spec.hostnames
            for rule in route.spec.rules or ()
            for match in rule.matches or ()
            if match.path is not None and request.path.startswith(f"{match.path.value}/")
        ),
        default=None,
    )
    assert best is not None
    return time.process_time() - start


def table(found: dict[str, float]) -> list[str]:
    rows = ["| Routes × 3 rules | Compiled, s | An answer, µs | Compiled, one host, s | An answer, one host, µs |", "|--:|--:|--:|--:|--:|"]
    for size in SIZES:
        cells = [found[f"{what} {size} {where}"] for where in ("a host each", "one host") for what in ("compile", "answer")]
        rows.append(f"| {size:,} | {cells[0]:.3f} | {cells[1]:.1f} | {cells[2]:.3f} | {cells[3]:.1f} |")
    slower = found["walk 10000"] / found["answer 10000 a host each"]
    steps, crowded = found["ten steps a host each"] * 1000, found["ten steps one host"] * 1000
    again = found["twelve tables a host each"]
    return [
        *rows,
        "",
        f"Walking over all 10,000 routes takes {found['walk 10000']:,.0f} µs an answer, {slower:,.0f} times as long. An experiment of ten",
        f"steps on 10,000 routes, which deletes five and makes them again, is foretold in {steps:.0f} ms, and in {crowded:.0f} ms",
        f"where all routes are on one host; a table for each of its states would alone take {again:.1f} s. Memory beyond the",
        f"snapshot, all answers given: {found['bytes a rule']:.0f} bytes a rule.",
    ]


if __name__ == "__main__":
    measured = measure()
    print(json.dumps(measured, indent=2) if "--json" in sys.argv else "\n".join(table(measured)))
