"""Pytest fixtures: one real control plane for the whole session, however many workers it has.

Where it cannot run, its tests are skipped with the reason; see `require_all` for runs in which that must not happen.
"""

import dataclasses
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from . import keeper, recipe
from .cache import Binaries, Missing, locate
from .client import ControlPlane
from .gateway import RunningGateway, running
from .netns import isolate
from .server import Servers

pytest_plugins = ["tests.controlplane.require_all"]

_FOLDER, _OWNER = "aichaos_controlplane_folder", "aichaos_controlplane_owner"


@dataclass(frozen=True)
class _Session:
    """What the processes of one pytest session share: a folder, and the main process to whose life all is tied."""

    folder: Path
    owner: int


# Where the second keeper's files lie, in the session's folder.
_CHAOS_MESH = "chaos-mesh"

_SESSION = pytest.StashKey[_Session]()


def pytest_configure(config: pytest.Config) -> None:
    """Makes the folder in the main process; a worker is told of it."""
    told: dict[str, Any] | None = getattr(config, "workerinput", None)  # xdist gives it to workers
    if told is None:
        session = _Session(Path(tempfile.mkdtemp(prefix="aichaos-controlplane-")), os.getpid())
    else:
        session = _Session(Path(told[_FOLDER]), told[_OWNER])
    config.stash[_SESSION] = session


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """xdist, in the main process: passes the folder to a worker that is about to start."""
    session = node.config.stash[_SESSION]
    node.workerinput[_FOLDER] = str(session.folder)
    node.workerinput[_OWNER] = session.owner


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stops the servers, in the main process alone and after all workers have ended."""
    session = config.stash.get(_SESSION, None)
    if session is not None and session.owner == os.getpid():
        keeper.stop(session.folder)
        keeper.stop(session.folder / _CHAOS_MESH)
        shutil.rmtree(session.folder)


@pytest.fixture(scope="session")
def server_binaries() -> Binaries:
    """The built programs; skips where they are not built, or where there is no network namespace to run them in."""
    return _binaries(recipe.CONTROL_PLANE)


def _binaries(parts: Sequence[str]) -> Binaries:
    reason = isolate()
    if reason is not None:
        pytest.skip(f"no real API server here: {reason}")
    found = locate(*parts)
    if isinstance(found, Missing):
        pytest.skip(f"no real API server here: {found.reason}")
    return found


@pytest.fixture(scope="session")
def controlplane(server_binaries: Binaries, request: pytest.FixtureRequest) -> ControlPlane:
    """The control plane that all tests share. Work in `controlplane.namespace()`, and leave alone what is not yours."""
    session = request.config.stash[_SESSION]
    return keeper.shared(session.folder, session.owner, server_binaries)


@pytest.fixture(scope="session")
def chaos_mesh(request: pytest.FixtureRequest) -> ControlPlane:
    """A second control plane that all tests share, with the real Chaos Mesh controller and its admission webhooks in force.

    A fault that is created here is injected as far as that is possible without a daemon on the nodes; the webhooks are asked
    for every document of a Chaos Mesh kind, dry runs included. The same manners as with `controlplane`.
    """
    binaries = _binaries(recipe.CHAOS_MESH)
    session = request.config.stash[_SESSION]
    return keeper.shared(session.folder / _CHAOS_MESH, session.owner, binaries, chaos_mesh=True)


@pytest.fixture
def private_controlplane(server_binaries: Binaries) -> Iterator[Servers]:
    """A control plane for one test, which may stop its API server or change things of the whole cluster; costs some seconds."""
    with tempfile.TemporaryDirectory(prefix="aichaos-private-") as folder, Servers(Path(folder), server_binaries) as servers:
        yield servers


@pytest.fixture(scope="module")
def gateway(controlplane: ControlPlane) -> Iterator[RunningGateway]:
    """A Gateway that a real Contour and a real Envoy serve, for the tests of one module; see `gateway.py`."""
    found = locate(*recipe.CONTROL_PLANE, *recipe.GATEWAY)
    if isinstance(found, Missing):
        pytest.skip(f"no real gateway here: {found.reason}")
    with running(dataclasses.replace(controlplane, binaries=found)) as started:
        yield started
