"""What holds for every prediction: the order of objects, strangers, and steps that are taken back."""

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from aichaos.domain.kinds import KINDS
from aichaos.domain.prediction import Prediction
from aichaos.domain.snapshot import Snapshot
from aichaos.observe.topology import Topology
from tests.predict.foretelling import experiment, foretold
from tests.predict.shop import Manifest, manifest, pod, policy, route, shop

QUICK = settings(deadline=None, max_examples=30)
URLS = ("http://shop.test/", "http://shop.test/cart", "http://new.test/", "http://other.test/x")
ROUTE: Manifest = {"kind": "HTTPRoute", "name": "shop", "namespace": "shop"}
WEB: Manifest = {"kind": "Deployment", "name": "web", "namespace": "shop"}
SERVICE: Manifest = {"kind": "Service", "name": "v1", "namespace": "shop"}
POD: Manifest = {"kind": "Pod", "name": "v1-a", "namespace": "shop"}
HOLD: Manifest = {
    "apiVersion": "chaos-mesh.org/v1alpha1",
    "kind": "NetworkChaos",
    "metadata": {"name": "x", "namespace": "shop"},
    "spec": {"action": "partition", "mode": "all", "selector": {"labelSelectors": {"app": "v1"}}, "duration": "30s"},
}
SPEC: Manifest = {
    "replicas": 2,
    "selector": {"matchLabels": {"app": "web"}},
    "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "ports": [{"containerPort": 8080}]}]}},
}
RIVAL = route("rival", made=None, backendRefs=[{"name": "v2", "port": 80}])
DENY = policy("deny", podSelector={"matchLabels": {"app": "v1"}}, policyTypes=["Ingress"])
TO_WEB = route("to-web", host="other.test", backendRefs=[{"name": "web", "port": 80}])
GATEWAY: Manifest = {"kind": "Gateway", "name": "gw", "namespace": "edge"}
OBJECTS = (
    manifest("Deployment", "web", spec=SPEC),
    manifest("Service", "web", spec={"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}),
    TO_WEB,
    *(pod(f"web-1-{name}", f"10.0.1.{place}", {"app": "web"}, owner="web-1") for place, name in enumerate("ab", 1)),
)
ENDED: Manifest = {"delete": {"kind": "NetworkChaos", "name": "x", "namespace": "shop"}}

INVERSES: dict[str, tuple[Manifest, Manifest]] = {
    "create": ({"create": RIVAL}, {"delete": {**ROUTE, "name": "rival"}}),
    "apply": (
        {"apply": route("shop", host="new.test")},
        {"apply": route("shop")},
    ),
    "delete": ({"delete": ROUTE}, {"recreate": ROUTE}),
    "delete a policy": ({"create": DENY}, {"delete": {"kind": "NetworkPolicy", "name": "deny", "namespace": "shop"}}),
    "delete a workload": ({"delete": WEB}, {"recreate": WEB}),
    "delete a Gateway": ({"delete": GATEWAY}, {"recreate": GATEWAY}),
    "delete a Service": ({"delete": SERVICE}, {"recreate": SERVICE}),
    "patch": (
        {"patch": {**ROUTE, "merge": {"spec": {"hostnames": ["new.test"]}}}},
        {"patch": {**ROUTE, "merge": {"spec": {"hostnames": ["shop.test"]}}}},
    ),
    "patch a key": (
        {"patch": {**SERVICE, "merge": {"spec": {"selector": {"x": "y"}}}}},
        {"patch": {**SERVICE, "merge": {"spec": {"selector": {"x": None}}}}},
    ),
    "label": ({"label": {**POD, "set": {"app": "lost"}}}, {"label": {**POD, "set": {"app": "v1"}}}),
    "label another": ({"label": {**POD, "set": {"x": "y"}}}, {"label": {**POD, "remove": ["x"]}}),
    "scale": ({"scale": {**WEB, "replicas": 0}}, {"scale": {**WEB, "replicas": 2}}),
    "restart": ({"restart": WEB}, {"wait": {"for": "1s"}}),
    "chaos": ({"chaos": HOLD}, ENDED),
    "chaos, waited for": ({"chaos": HOLD, "hold": "30s"}, {"wait": {"for": "1s"}}),
    "wait": ({"wait": {"for": "5s"}}, {"wait": {"until": {"object": "Pod/shop/v1-a", "condition": "Ready"}, "timeout": "5s"}}),
    "probe": ({"probe": "p"}, {"probe": "p"}),
}
EVERY = [step for pair in INVERSES.values() for step in pair]
PROBE: Manifest = {"name": "p", "http": {"url": "http://shop.test/", "via": "gateway/edge/gw"}}
hosts = some.sampled_from(["shop.test", "new.test", "*.test"])


@some.composite
def clusters(draw: some.DrawFn) -> Snapshot:
    """The small cluster with routes more, of any age, and perhaps a policy."""
    kinds = some.tuples(hosts, some.sampled_from(["/", "/cart"]), some.integers(0, 9), some.sampled_from(["v1", "v2"]))
    more = []
    for number, (host, path, day, name) in enumerate(draw(some.lists(kinds, max_size=4))):
        made = f"2026-01-0{day + 1}T00:00:00Z" if day < 9 else None
        more.append(route(f"r{number}", host=host, path=path, made=made, backendRefs=[{"name": name, "port": 80}]))
    policies = [policy("own", podSelector={"matchLabels": {"x": "y"}}, policyTypes=["Ingress"])] if draw(some.booleans()) else []
    return shop(*OBJECTS, *more, *policies)


def told(snapshot: Snapshot, steps: list[Manifest], *urls: str) -> Prediction:
    return foretold(experiment(*steps, steadyState=[PROBE]), Topology(snapshot), *urls).prediction


@QUICK
@given(clusters(), some.lists(some.sampled_from(EVERY), min_size=1, max_size=5), some.integers(0, 99), some.sampled_from([(), URLS]))
def test_the_order_of_objects_never_matters(snapshot: Snapshot, steps: list[Manifest], seed: int, urls: tuple[str, ...]) -> None:
    chance = random.Random(seed)
    lists: dict[str, list[Any]] = {kind.field: list(getattr(snapshot, kind.field)) for kind in KINDS}
    for objects in lists.values():
        chance.shuffle(objects)
    assert told(snapshot, steps, *urls) == told(msgspec.structs.replace(snapshot, **lists), steps, *urls)


@QUICK
@given(clusters(), some.lists(some.sampled_from(EVERY), min_size=1, max_size=4))
def test_strangers_change_no_answer(snapshot: Snapshot, steps: list[Manifest]) -> None:
    strangers = [
        route("stranger", host="elsewhere.test", made="2020-01-01T00:00:00Z"),
        pod("stranger", "10.0.9.9", {"app": "stranger"}),
        manifest("Service", "stranger", spec={"selector": {"app": "stranger"}, "ports": [{"port": 80}]}),
    ]
    others = Topology(shop(*OBJECTS, *strangers)).snapshot
    kinds = ("http_routes", "pods", "services", "endpoint_slices")
    lists = {kind: [*getattr(snapshot, kind), *(one for one in getattr(others, kind) if "stranger" in one.name)] for kind in kinds}
    wider = msgspec.structs.replace(snapshot, **lists)
    alone, among = told(snapshot, steps, *URLS), told(wider, steps, *URLS)
    assert alone.states == among.states
    assert alone.irreversible == among.irreversible
    assert alone.restored == among.restored


@QUICK
@given(clusters(), some.lists(some.sampled_from(EVERY), min_size=1, max_size=5))
def test_shares_add_up_and_a_forward_has_a_backend(snapshot: Snapshot, steps: list[Manifest]) -> None:
    for state in told(snapshot, steps, *URLS).states:
        for answer in state.outcomes:
            if answer.backends:
                assert sum(one.share for one in answer.backends) == pytest.approx(1.0)
            assert (answer.outcome == "forward") == any(one.status is None for one in answer.backends)
        assert all(0 < effect.share <= 1 for effect in state.effects)


@pytest.mark.parametrize("verb", INVERSES)
@settings(deadline=None, max_examples=15)
@given(clusters())
def test_a_step_and_its_inverse_give_the_same_answers_unless_reported(verb: str, snapshot: Snapshot) -> None:
    found = told(snapshot, list(INVERSES[verb]), *URLS)
    before, after = found.states[0].outcomes, found.states[2].outcomes
    same = all(one.alike(other) for one, other in zip(before, after, strict=True))
    assert same or found.irreversible
    assert found.restored


@QUICK
@given(clusters(), some.lists(some.sampled_from(EVERY), min_size=1, max_size=6))
def test_whatever_the_steps_the_computed_way_back_restores_every_answer(snapshot: Snapshot, steps: list[Manifest]) -> None:
    assert told(snapshot, steps, *URLS).restored
