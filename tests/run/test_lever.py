"""A lever that was pulled is seen within a stated time, whatever stands between it and the run: on the real API server, through a proxy."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aichaos.cluster.connection import connect
from aichaos.cluster.reader import Reader
from aichaos.cluster.together import together
from aichaos.run import lever
from tests.controlplane.client import ControlPlane
from tests.run.proxy import STUBBORN, Proxy, misbehaving_proxy

BUSY = 10.0
"""Seconds that a busy machine may add to a time that is promised."""


class Told:
    """What a watch says, and when."""

    def __init__(self) -> None:
        self.why = ""
        self.heard = threading.Event()
        self.at = 0.0

    def __call__(self, why: str) -> None:
        self.why, self.at = why, time.monotonic()
        self.heard.set()


@pytest.fixture
def namespace(controlplane: ControlPlane) -> Iterator[str]:
    with controlplane.namespace() as name:
        put(controlplane, name, "POST", "", {"metadata": {"name": "lever"}, "data": {"state": "released"}})
        yield name


def put(controlplane: ControlPlane, namespace: str, method: str, name: str, body: Any) -> None:
    kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
    path = f"/api/v1/namespaces/{namespace}/configmaps{name}"
    controlplane.request(method, path, body, content_type=kind)


def watched(kubeconfig: Path, namespace: str, meanwhile: Callable[[Told], float]) -> tuple[Told, float]:
    """What a watch told, and how long after the moment that `meanwhile` returns."""
    told = Told()
    with (
        connect(kubeconfig=str(kubeconfig)) as connection,
        lever.watch(Reader(connection, lever.PATIENCE), lever.place(f"{namespace}/lever"), told),
    ):
        since = meanwhile(told)
        told.heard.wait(lever.BOUND + lever.EVERY + BUSY)
    return told, told.at - since


def test_a_lever_that_is_pulled_is_seen_at_the_next_look(controlplane: ControlPlane, namespace: str) -> None:
    def pull(told: Told) -> float:
        assert not told.heard.wait(3 * lever.EVERY), told.why
        since = time.monotonic()
        put(controlplane, namespace, "PATCH", "/lever", {"data": {"state": "pulled"}})
        return since

    told, after = watched(controlplane.kubeconfig(), namespace, pull)
    assert told.why.startswith("the lever is pulled")
    assert after < lever.EVERY + BUSY


def test_whatever_keeps_answering_in_the_server_s_place_counts_as_pulled_in_time(controlplane: ControlPlane, namespace: str) -> None:
    def through(fault: str) -> tuple[str, str, float]:
        with misbehaving_proxy(controlplane, seed=1, share=0.0) as proxy:

            def break_it(told: Told) -> float:
                assert not told.heard.wait(3 * lever.EVERY), told.why
                proxy.always["/configmaps/lever"] = fault
                return time.monotonic()

            told, after = watched(controlplane.kubeconfig(server=proxy.url), namespace, break_it)
            return fault, told.why, after

    for fault, why, after in together([lambda fault=fault: through(fault) for fault in STUBBORN], len(STUBBORN)):  # type: ignore[misc]
        assert why.endswith("that counts as pulled"), (fault, why)
        assert after < lever.BOUND + lever.EVERY + BUSY, fault


def test_a_login_that_never_comes_back_counts_as_pulled_in_time(
    controlplane: ControlPlane, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server takes our login no more, and the plugin that would get a new one hangs: no patience of a request helps there."""
    over = threading.Event()
    with connect(kubeconfig=str(controlplane.kubeconfig())) as connection:
        told = Told()
        monkeypatch.setattr(connection, "renew", lambda session: over.wait(30))
        with lever.watch(Reader(connection, lever.PATIENCE), lever.place(f"{namespace}/lever"), told, bound=1.0):
            assert not told.heard.wait(3 * lever.EVERY), told.why
            connection.session().headers["Authorization"] = "Bearer taken-back"
            assert told.heard.wait(1.0 + lever.EVERY + BUSY)
        over.set()
    assert told.why == f"the lever {namespace}/lever can't be read (no look at it has ended within 1 s): that counts as pulled"


def test_a_single_lost_answer_stops_nothing(controlplane: ControlPlane, namespace: str) -> None:
    def lose(proxy: Proxy, told: Told) -> float:
        lost = ["cut after", "429", "503", "half", "500"]
        proxy.once["/configmaps/lever"] = [word for fault in lost for word in (fault, "")]
        controlplane.wait(lambda: not proxy.once["/configmaps/lever"], what="all of them to have happened")
        assert [fault for fault in lost if proxy.done[fault] != 1] == []
        assert not told.heard.is_set(), told.why
        put(controlplane, namespace, "PATCH", "/lever", {"data": {"state": "pulled"}})
        return time.monotonic()

    with misbehaving_proxy(controlplane, seed=1, share=0.0) as proxy:
        told, _ = watched(controlplane.kubeconfig(server=proxy.url), namespace, lambda told: lose(proxy, told))
    assert told.why.startswith("the lever is pulled")
