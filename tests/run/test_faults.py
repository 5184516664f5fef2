"""An API server that misbehaves: whatever it does to our requests, everything is as it was, or exit 8 with the exact list.

The suite takes some seeds; `make faults` takes 300 (FAULTS=…). Every third run is killed as well.
"""

import os
import random
from pathlib import Path

import pytest

from tests.controlplane.client import ControlPlane
from tests.run.proxy import FAULTS, misbehaving_proxy
from tests.run.rig import plain, rigged

COUNT = int(os.environ.get("AICHAOS_FAULTS", "4"))


@pytest.mark.parametrize("seed", range(COUNT))
def test_everything_goes_back_or_is_listed(controlplane: ControlPlane, tmp_path: Path, seed: int) -> None:
    choices = random.Random(seed)
    share, point = choices.choice((0.1, 0.2, 0.35)), choices.randint(8, 90) if seed % 3 == 2 else 0
    with misbehaving_proxy(controlplane, seed, share) as proxy, rigged(controlplane, tmp_path, server=proxy.url) as rig:
        orders = rig.orders(point=point, death="main" if point else "none")
        code, said = rig.finish(orders, timeout=120)
        refused = (1, 5)  # no journal, no watchdog, no Lease: then nothing was changed
        assert code in (0, 7, 8, *refused, *([-9] if point else [])), said
        if rig.closed() or not rig.watched():
            rig.assert_restored()
            assert code != 8
            return
        now = {name: plain(obj) for name, obj in rig.look().items()}
        before = {name: plain(obj) for name, obj in rig.before.items()}
        different = {name for name in now.keys() | before.keys() if now.get(name) != before.get(name)}
        for name in different:
            kind, _, bare = name.partition("/")
            assert f"{kind}/{rig.namespace}/{bare}" in said, f"{name} is left over, and not said"
        proxy.share = 0.0
        code, said = rig.finish(orders, "recover")
        assert code == 0, said
        rig.assert_restored()


def test_the_proxy_does_every_fault(controlplane: ControlPlane) -> None:
    with misbehaving_proxy(controlplane, 1, 1.0) as proxy:
        for _ in range(200):
            proxy.fault("PATCH")
        assert set(proxy.done) == set(FAULTS)
