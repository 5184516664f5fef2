"""What the resilience pack does to requests: by Istio's own translation, a real Envoy, and pods that fail.

Istio's part is kept (`python -m tests.predict.oracles.pack`); Envoy and the pods are real. Beside each stands the same without the part
that does it.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from tests.controlplane.asking import Client
from tests.controlplane.backends import Backends
from tests.controlplane.cache import Missing, locate
from tests.controlplane.netns import isolate
from tests.controlplane.ports import free_port
from tests.predict.differential.worlds import TARGET_PORT
from tests.predict.oracles import pack
from tests.predict.oracles.envoys import serving

LLAMA, VLLM, VLLM_ENGINE = (f"{name}.production.svc.cluster.local:8000" for name in ("llama3", "vllm-service", "vllm-inference-engine"))


@pytest.fixture(scope="module")
def pods() -> Iterator[Backends]:
    reason = isolate()
    found = locate("envoy")
    if reason is not None or isinstance(found, Missing):
        pytest.skip(f"no real Envoy here: {reason or (found.reason if isinstance(found, Missing) else '')}")
    with Backends() as backends:
        yield backends


def asked(client: Client, host: str, times: int) -> Counter[str]:
    """How often each pod answered, or which status came instead."""
    (port,) = client.ports
    seen: Counter[str] = Counter()
    for _ in range(times):
        answer = client.ask("GET", host, "/v1/models", port=port)
        seen[answer.received.pod if answer.received is not None else str(answer.status)] += 1
    return seen


@contextmanager
def envoy(name: str, pods: Backends) -> Iterator[Client]:
    """A client whose Envoy serves by what was kept; on ports of its own, since other tests have theirs."""
    found = locate("envoy")
    assert not isinstance(found, Missing)
    translation = pack.kept()[name]
    free = free_port()
    for listener in translation["xds"]["listeners"]:
        place = listener["address"]["socketAddress"]
        place["portValue"] = free if place["portValue"] == pack.PORT else place["portValue"]
    for group in (group for load in translation["xds"]["endpoints"] for group in load.get("endpoints", ())):
        for one in group["lbEndpoints"]:
            if one["endpoint"]["address"].get("socketAddress", {}).get("portValue") == TARGET_PORT:
                one["endpoint"]["address"]["socketAddress"]["portValue"] = pods.port
    with serving("istio", found.programs["envoy"], translation) as (_, client, _):
        yield client


@contextmanager
def lost(pods: Backends, addresses: Sequence[str]) -> Iterator[None]:
    """Pods that hang up on everybody, as those do whose process is gone."""
    pods.refused.update(addresses)
    try:
        yield
    finally:
        pods.refused.difference_update(addresses)


def test_what_is_kept_is_of_the_manifests_as_they_are() -> None:
    for world in pack.worlds():
        assert pack.kept()[world.name]["objects"] == world.everything, "keep it anew: python -m tests.predict.oracles.pack"


def test_the_small_model_answers_when_the_large_one_fails(pods: Backends) -> None:
    with envoy("degradation", pods) as client:
        before = asked(client, LLAMA, 60)
        with lost(pods, pack.LARGE):
            during = asked(client, LLAMA, 100)
    assert set(before) == set(pack.LARGE), "as long as the large one lives, nobody else is asked"
    assert sum(during[one] for one in pack.SMALL) >= 99, during


def test_without_priorities_and_retries_it_does_not(pods: Backends) -> None:
    with envoy("degradation-bare", pods) as client:
        before = asked(client, LLAMA, 120)
        with lost(pods, pack.LARGE):
            during = asked(client, LLAMA, 100)
    assert set(before) == {*pack.LARGE, *pack.SMALL}, "the small model answers although nothing is wrong"
    assert during["503"] > 30, during


def test_a_region_that_fails_is_answered_by_the_other(pods: Backends) -> None:
    """Envoy notices after three errors of each pod, and tells its workers within a second."""
    home, away = (set(pack.REGIONS[region]) for region in ("us-east-1", "us-west-2"))
    with envoy("failover", pods) as client:
        before = asked(client, VLLM_ENGINE, 40)
        with lost(pods, sorted(home)):
            latest = time.monotonic() + 10
            while not set(during := asked(client, VLLM_ENGINE, 40)) <= away:
                assert time.monotonic() < latest, during
    assert set(before) == home, "as long as the near region lives, nobody else is asked"


def test_failover_without_outlier_detection_is_none(pods: Backends) -> None:
    home = pack.REGIONS["us-east-1"]
    with envoy("failover-blind", pods) as client, lost(pods, home):
        during = asked(client, VLLM_ENGINE, 100)
    assert during["503"] > 20, during


def test_a_slow_shadow_is_not_noticed(pods: Backends) -> None:
    pods.served.clear()
    pods.delays[pack.SHADOW] = 2.0
    try:
        with envoy("shadowing", pods) as client:
            began = time.monotonic()
            seen = asked(client, VLLM, 40)
            took = time.monotonic() - began
    finally:
        del pods.delays[pack.SHADOW]
    assert seen == {pack.PRIMARY: 40}
    assert took < 2.0, "forty answers come before a single one of the shadow"
    assert (pack.SHADOW, "/v1/models") in pods.heard, "and the shadow has its copies"


def test_a_share_of_nothing_mirrors_nothing(pods: Backends) -> None:
    pods.heard.clear()
    with envoy("shadowing-nothing", pods) as client:
        assert asked(client, VLLM, 20) == {pack.PRIMARY: 20}
    assert (pack.SHADOW, "/v1/models") not in pods.heard
