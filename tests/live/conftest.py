"""The talk's cluster, alive, for one test at a time: some of them change it, and all workers share the server."""

from collections.abc import Iterator

import pytest

from tests.controlplane.client import ControlPlane
from tests.controlplane.locks import only_one
from tests.live.living import CRDS, bring_to_life


@pytest.fixture
def alone(controlplane: ControlPlane) -> Iterator[ControlPlane]:
    """The real API server, with no other test of this folder on it."""
    with only_one(controlplane.folder / "live.lock"):
        yield controlplane


@pytest.fixture
def talk(alone: ControlPlane) -> ControlPlane:
    """The real API server with demo:route-chaos on it. What a test changes, it puts back."""
    done = alone.folder / "talk-is-alive"
    if not done.exists():
        alone.install_crds(*CRDS)
        bring_to_life(alone, "route-chaos")
        done.touch()
    return alone


@pytest.fixture
def many(talk: ControlPlane) -> ControlPlane:
    """The same server with demo:service-a on it as well, 20 pods instead of its 500."""
    done = talk.folder / "many-are-alive"
    if not done.exists():
        bring_to_life(talk, "service-a", most=20)
        done.touch()
    return talk
