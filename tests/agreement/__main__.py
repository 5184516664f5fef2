"""The whole campaign: ``python -m tests.agreement [--seed N] [--count N] [--write FILE]``. Exit code 1 below the goal."""

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.controlplane import recipe
from tests.controlplane.cache import Missing, locate
from tests.controlplane.chaosmesh import ChaosMesh
from tests.controlplane.netns import isolate
from tests.controlplane.server import Servers

from .compare import judged, server_verdicts
from .mutate import campaign, valid
from .report import page, share
from .server import Server

GOAL = 0.995


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.agreement", description="Asks the API server and check about the same manifests."
    )
    parser.add_argument("--seed", type=int, default=1, help="which manifests (default: 1)")
    parser.add_argument("--count", type=int, default=6000, help="how many (default: 6000)")
    parser.add_argument("--write", type=Path, help="the page to write")
    options = parser.parse_args(arguments)
    reason = isolate()
    found = locate(*recipe.CHAOS_MESH)
    if reason is not None or isinstance(found, Missing):
        print(f"no real API server here: {reason or (found.reason if isinstance(found, Missing) else '')}", file=sys.stderr)
        return 1
    manifests = [*valid(), *campaign(options.seed, options.count)]
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aichaos-agreement-")))
        controlplane = stack.enter_context(Servers(folder / "controlplane", found)).controlplane
        stack.enter_context(ChaosMesh(controlplane))
        server = stack.enter_context(contextlib.closing(Server(controlplane)))
        started = time.monotonic()
        verdicts = server_verdicts(server, manifests)
        took = time.monotonic() - started
    both = judged(manifests, verdicts)
    if options.write:
        options.write.write_text(page(both, seed=options.seed, asked=len(manifests), took=took), encoding="utf-8")
    agree = sum(one.agrees for one in both)
    print(f"seed {options.seed}: {agree} of {len(both)} agree ({share(both)}); {took:.0f} s")
    for one in both:
        if not one.agrees:
            verdict = "takes" if one.server.accepted else f"refuses: {one.server.message[:200]}"
            print(f"  {one.manifest.family}, {one.manifest.mutation}: the server {verdict}")
    return 0 if agree >= GOAL * len(both) else 1


if __name__ == "__main__":
    sys.exit(main())
