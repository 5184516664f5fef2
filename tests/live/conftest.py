"""The talk's cluster, alive."""

import pytest

from tests.controlplane.client import ControlPlane
from tests.live.living import CRDS, bring_to_life


@pytest.fixture(scope="session")
def talk(controlplane: ControlPlane) -> ControlPlane:
    """The real API server with demo:route-chaos on it. Look, but change nothing that you do not put back."""
    controlplane.install_crds(*CRDS)
    bring_to_life(controlplane, "route-chaos")
    return controlplane
