"""Asks the gateways anew: ``python -m tests.predict.oracles [--seed N] [--count N] [--gateway NAME] [--record]``.

Exit codes: 0 every answer was foretold, 1 one was not, or the programs are not built.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from aichaos.predict.routing.profiles.registry import by_name
from tests.controlplane import recipe
from tests.controlplane.backends import Backends
from tests.controlplane.cache import Missing, locate
from tests.controlplane.netns import isolate
from tests.predict.differential.paged import paged
from tests.predict.differential.themes import worlds
from tests.predict.differential.worlds import TARGET_PORT, World

from . import records
from .compare import compared
from .envoys import Json, answers, translated

GATEWAYS = {"envoy-gateway": recipe.ENVOY_GATEWAY_VERSION, "istio": recipe.ISTIO_VERSION}
"""Each with the version of its translator. The names are those of the profiles."""
_SHOWN = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.predict.oracles", description="Asks gateways what they make of random clusters, and the profiles the same."
    )
    parser.add_argument("--seed", type=int, default=1, help="which clusters (default: 1)")
    parser.add_argument("--count", type=int, default=360, help="how many beside the examples of the pages (default: 360)")
    parser.add_argument("--gateway", choices=list(GATEWAYS), action="append", help="one gateway alone (default: all)")
    parser.add_argument("--record", action="store_true", help="keep clusters and answers for the tests")
    options = parser.parse_args(arguments)
    chosen = options.gateway or list(GATEWAYS)
    reason = isolate()
    found = locate("envoy", *chosen)
    if reason is not None or isinstance(found, Missing):
        print(f"no gateway can be asked here: {reason or (found.reason if isinstance(found, Missing) else '')}", file=sys.stderr)
        return 1
    asked = [*worlds(options.seed, options.count), *paged()]
    made = {"made": f"python -m tests.predict.oracles --record --seed {options.seed} --count {options.count}", "seed": options.seed}
    if options.record:
        records.write_worlds(asked, made)
    good = True
    with Backends(TARGET_PORT):
        for gateway in chosen:
            started = time.monotonic()
            told = {one["id"]: one for one in _answers(gateway, found.programs, asked)}
            if options.record:
                versions = {gateway: GATEWAYS[gateway], "envoy": recipe.ENVOY_VERSION}
                records.write_answers(gateway, told.values(), {**made, "gateway": gateway, "versions": versions})
            good = _report(gateway, asked, told, time.monotonic() - started) and good
    return 0 if good else 1


def _answers(gateway: str, programs: Mapping[str, Path], asked: Sequence[World]) -> Iterator[Json]:
    translations = translated(programs[f"{gateway}-oracle"], asked)
    for world, translation in zip(asked, translations, strict=True):
        yield answers(gateway, programs["envoy"], world, translation)


def _report(gateway: str, asked: Sequence[World], told: dict[str, Json], took: float) -> bool:
    found = compared(asked, told, by_name(gateway))
    print(
        f"{gateway}: {len(asked)} clusters, {found.asked} requests in {took:.0f} s: {len(found.differences)} not as foretold, "
        f"{len(found.refusals)} ports; {found.departing} not as by the standard: {dict(found.departures.most_common())}"
    )
    for wrong in [*found.refusals, *found.differences, *found.unnamed][:_SHOWN]:
        print(wrong)
    return not (found.refusals or found.differences or found.unnamed)


if __name__ == "__main__":
    sys.exit(main())
