"""What the tests of agreement ask."""

import contextlib
from collections.abc import Iterator

import pytest

from tests.controlplane.client import ControlPlane

from .server import Server


@pytest.fixture(scope="module")
def server(chaos_mesh: ControlPlane) -> Iterator[Server]:
    """The real server with everything installed, one connection a module."""
    with contextlib.closing(Server(chaos_mesh)) as server:
        yield server
