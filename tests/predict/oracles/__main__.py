"""Asks the gateways anew: ``python -m tests.predict.oracles [--seed N] [--count N] [--suite NAME] [--record]``.

Exit codes: 0 every answer was foretold, 1 one was not, or the programs are not built.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from aichaos.predict.routing.profile import Profile
from aichaos.predict.routing.profiles.registry import by_name
from tests.controlplane import recipe
from tests.controlplane.backends import Backends
from tests.controlplane.cache import Missing, locate
from tests.controlplane.netns import isolate
from tests.predict.differential.calls import calls
from tests.predict.differential.meshes import meshes
from tests.predict.differential.paged import paged
from tests.predict.differential.themes import worlds
from tests.predict.differential.worlds import TARGET_PORT, World

from . import records
from .compare import compared
from .envoys import Json, answers, translated


class Suite(NamedTuple):
    """gateway: the name of the profile, and of the part that is built. clusters: from a seed and a number. kept: the file for them."""

    gateway: str
    version: str
    clusters: Callable[[int, int], Iterator[World]]
    kept: str


def _pages(seed: int, count: int) -> Iterator[World]:
    """The examples of the pages, which are always the same."""
    return paged()


SUITES = {
    "envoy-gateway": Suite("envoy-gateway", recipe.ENVOY_GATEWAY_VERSION, worlds, "worlds"),
    "envoy-gateway-pages": Suite("envoy-gateway", recipe.ENVOY_GATEWAY_VERSION, _pages, "pages"),
    "envoy-gateway-calls": Suite("envoy-gateway", recipe.ENVOY_GATEWAY_VERSION, calls, "calls"),
    "istio": Suite("istio", recipe.ISTIO_VERSION, worlds, "worlds"),
    "istio-pages": Suite("istio", recipe.ISTIO_VERSION, _pages, "pages"),
    "istio-calls": Suite("istio", recipe.ISTIO_VERSION, calls, "calls"),
    "istio-mesh": Suite("istio", recipe.ISTIO_VERSION, meshes, "meshes"),
}
"""Through the Gateway of a cluster; and, in a mesh, from pod to Service."""
_SHOWN = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.predict.oracles", description="Asks gateways what they make of random clusters, and the profiles the same."
    )
    parser.add_argument("--seed", type=int, default=1, help="which clusters (default: 1)")
    parser.add_argument("--count", type=int, default=360, help="how many (default: 360)")
    parser.add_argument("--suite", choices=list(SUITES), action="append", help="one alone (default: all)")
    parser.add_argument("--record", action="store_true", help="keep clusters and answers for the tests")
    options = parser.parse_args(arguments)
    chosen = {name: SUITES[name] for name in options.suite or SUITES}
    reason = isolate()
    found = locate("envoy", *dict.fromkeys(suite.gateway for suite in chosen.values()))
    if reason is not None or isinstance(found, Missing):
        print(f"no gateway can be asked here: {reason or (found.reason if isinstance(found, Missing) else '')}", file=sys.stderr)
        return 1
    made = {"made": f"python -m tests.predict.oracles --record --seed {options.seed} --count {options.count}", "seed": options.seed}
    good = True
    with Backends(TARGET_PORT):
        for name, suite in chosen.items():
            asked = list(suite.clusters(options.seed, options.count))
            started = time.monotonic()
            told = {one["id"]: one for one in _answers(suite.gateway, found.programs, asked)}
            if options.record:
                versions = {suite.gateway: suite.version, "envoy": recipe.ENVOY_VERSION}
                records.write_worlds(suite.kept, asked, made)
                records.write_answers(name, told.values(), {**made, "gateway": suite.gateway, "versions": versions})
            good = _report(name, asked, told, by_name(suite.gateway), time.monotonic() - started) and good
    return 0 if good else 1


def _answers(gateway: str, programs: Mapping[str, Path], asked: Sequence[World]) -> Iterator[Json]:
    translations = translated(programs[f"{gateway}-oracle"], asked)
    for world, translation in zip(asked, translations, strict=True):
        yield answers(gateway, programs["envoy"], world, translation)


def _report(name: str, asked: Sequence[World], told: dict[str, Json], profile: Profile, took: float) -> bool:
    found = compared(asked, told, profile)
    print(
        f"{name}: {len(asked)} clusters, {found.asked} requests in {took:.0f} s: {len(found.differences)} not as foretold, "
        f"{len(found.refusals)} ports, {len(found.unwritten)} of {found.conditions} conditions; "
        f"{found.departing} not as by the standard: {dict(found.departures.most_common())}"
    )
    for wrong in [*found.refusals, *found.unwritten, *found.differences, *found.unnamed][:_SHOWN]:
        print(wrong)
    return not (found.refusals or found.unwritten or found.differences or found.unnamed)


if __name__ == "__main__":
    sys.exit(main())
