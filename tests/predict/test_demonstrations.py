"""The demonstrations of the talk, predicted, then really done: the same answers from the real API server, Contour and Envoy at each step.

No node agent and no network plugin run here. So the pods of the test, which are one HTTP server, do what those would make of them: pods
that a NetworkPolicy or a partition selects hang up, pods that a latency selects wait before they answer. Which pods that are, the real API
server says, by the selectors of the objects that it holds.
"""

import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from aichaos.domain.prediction import Answer, Prediction
from aichaos.files import yaml
from aichaos.observe.cluster import observe
from aichaos.observe.topology import Topology
from aichaos.predict.predict import Foretold
from aichaos.report import kubectl
from tests.controlplane.client import ControlPlane
from tests.controlplane.gateway import RunningGateway
from tests.observe.clusters import Manifest, route, thing, to
from tests.predict.evolve.test_against_the_server import next_second
from tests.predict.foretelling import experiment, foretold

TIMES = 12
"""How often each request is sent: often enough for Envoy to try every pod."""
ROUND = 0.13
"""How far a share that was counted may be from the one that was foretold."""


class Stage:
    """A namespace, and a host, behind a real gateway; what is done there is predicted first."""

    def __init__(self, controlplane: ControlPlane, gateway: RunningGateway, namespace: str, folder: Path) -> None:
        self.controlplane, self.gateway, self.namespace, self.folder = controlplane, gateway, namespace, folder
        self.host = f"{namespace}.example.com"

    def url(self, path: str) -> str:
        return f"http://{self.host}{path}"

    def workload(self, name: str, replicas: int) -> None:
        port = self.gateway.backends.port
        containers = [{"name": "c", "image": "web:1", "ports": [{"containerPort": port}]}]
        template = {"metadata": {"labels": {"app": name}}, "spec": {"nodeName": "node-a", "containers": containers}}
        spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
        self.gateway.create(thing("Deployment", name, spec, version="apps/v1", namespace=self.namespace))
        ports = [{"port": 8080, "targetPort": port}]
        self.gateway.create(thing("Service", name, {"selector": {"app": name}, "ports": ports}, namespace=self.namespace))

    def route(self, name: str, *rules: Manifest) -> Manifest:
        parents = [{"group": "gateway.networking.k8s.io", "kind": "Gateway", **self.gateway.parent}]
        return route(name, *rules, namespace=self.namespace, parentRefs=parents, hostnames=[self.host])

    def ready(self, **pods: int) -> None:
        def counted() -> bool:
            topology = Topology(self.observed())
            return all(topology.ready_endpoints(topology.services[self.namespace, name]) == count for name, count in pods.items())

        self.controlplane.wait(counted, what="the pods to be ready")
        self.gateway.settle()

    def observed(self) -> Any:
        return observe(kubeconfig=str(self.controlplane.kubeconfig()), namespaces=(self.namespace,))

    def selected(self, **labels: str) -> list[str]:
        """The addresses of the pods that a selector takes, as the API server says."""
        wanted = ",".join(f"{key}%3D{value}" for key, value in labels.items())
        items = self.controlplane.get(f"/api/v1/namespaces/{self.namespace}/pods?labelSelector={wanted}")["items"]
        return [one["status"]["podIP"] for one in sorted(items, key=lambda one: str(one["metadata"]["name"]))]

    def perform(self, steps: list[Manifest], *urls: str, meanwhile: Callable[[], None] = lambda: None) -> Foretold:
        """Predict, do it step by step, and compare the answers each time. meanwhile: what a network plugin or a node agent would do now."""
        before = self.observed()
        made = experiment(*steps)
        told = foretold(made, Topology(before), *urls)
        self.compare(told.prediction, 0)
        for number, (step, rendered) in enumerate(zip(made.spec.steps, kubectl.render(made, before, self.folder), strict=True), 1):
            if step.subject is not None and step.subject.kind == "HTTPRoute":
                next_second()
            if rendered.file is not None:
                (self.folder / rendered.file).write_text(yaml.dump(rendered.manifest))
            for line in rendered.commands:
                self.run(line)
            if step.scale is not None:
                self.ready(**{step.scale.name: step.scale.replicas})
            meanwhile()
            self.gateway.settle()
            self.compare(told.prediction, number)
        return told

    def run(self, line: str) -> None:
        arguments = shlex.split(line)[1:]
        self.controlplane.kubectl(*arguments, *(["--wait=false"] if arguments[0] == "delete" else []))

    def compare(self, told: Prediction, state: int) -> None:
        for request, answer in zip(told.requests, told.states[state].outcomes, strict=True):
            seen = self.asked(request.removeprefix("GET "))
            for key, share in expected(answer).items() | dict.fromkeys(seen, 0.0).items():
                if share or key not in expected(answer):
                    really = seen.get(key, 0) / sum(seen.values())
                    place = f"{request} after “{told.states[state].step}”: {key} was foretold for {share:.0%}, and seen {dict(seen)}"
                    assert abs(really - share) <= ROUND, place

    def asked(self, url: str) -> Counter[str]:
        """The names of the Deployments that answered, and the statuses of the gateway."""
        owners = {pod.status.pod_ip: pod.labels.get("app", "") for pod in self.observed().pods}
        path = url.removeprefix(self.url(""))
        seen: Counter[str] = Counter()
        for _ in range(TIMES):
            answer = self.gateway.ask("GET", self.host, path)
            seen[owners[answer.received.pod] if answer.received else str(answer.status)] += 1
        return seen


def expected(answer: Answer) -> Mapping[str, float]:
    """Deployment or status → share. The Deployments of the test are called like their Services."""
    if answer.outcome == "error":
        return {str(answer.status): 1.0}
    found: dict[str, float] = {}
    for one in answer.backends:
        key = (one.service or "").partition("/")[2] if one.status is None else str(one.status)
        found[key] = found.get(key, 0.0) + one.share
    return found


@pytest.fixture
def stage(controlplane: ControlPlane, gateway: RunningGateway, tmp_path: Path) -> Iterator[Stage]:
    controlplane.install_crds("litmus", "chaos-mesh")
    controlplane.node("node-a", zone="a")
    with controlplane.namespace() as namespace:
        yield Stage(controlplane, gateway, namespace, tmp_path)
    gateway.backends.refused = set()
    gateway.backends.delays = {}


def test_route_conflict(stage: Stage) -> None:
    """Delete and apply again: the younger rival has become the elder, and keeps the traffic until it is deleted or made again itself."""
    stage.workload("v1", 2)
    stage.workload("v3", 1)
    slash, shop = ([{"path": {"type": "PathPrefix", "value": path}}] for path in ("/", "/shop"))
    stage.gateway.create(stage.route("my-route", to("v1", matches=slash), to("v1", matches=shop)))
    stage.ready(v1=2, v3=1)
    mine = {"kind": "HTTPRoute", "name": "my-route", "namespace": stage.namespace}
    rival = stage.route("my-route-v3", to("v3", matches=slash), to("v3", matches=shop))
    urls = (stage.url("/"), stage.url("/shop"), stage.url("/shop/x"))
    told = stage.perform([{"create": rival}, {"delete": mine}, {"recreate": mine}], *urls)
    assert [expected(state.outcomes[1]) for state in told.prediction.states] == [{one: 1.0} for one in ("v1", "v1", "v3", "v3", "v1")]
    (lost,) = told.prediction.irreversible
    assert lost.undo == f"recreate HTTPRoute/{stage.namespace}/my-route-v3 after my-route, or delete it"
    for ref in told.inverse.remove:
        stage.gateway.delete(rival if ref.name == "my-route-v3" else {})
    for obj in told.inverse.again:
        stage.gateway.delete({**rival, "metadata": {"name": obj.name, "namespace": obj.namespace}})
        next_second()
        stage.gateway.create(stage.route("my-route", to("v1", matches=slash), to("v1", matches=shop)))
    stage.gateway.settle()
    stage.compare(told.prediction, len(told.prediction.states) - 1)


def test_a_backend_scaled_to_zero_and_back(stage: Stage) -> None:
    stage.workload("v1", 2)
    stage.workload("v3", 1)
    stage.gateway.create(stage.route("my-route", to("v1"), to("v3", matches=[{"path": {"type": "PathPrefix", "value": "/v3"}}])))
    stage.ready(v1=2, v3=1)
    workload = {"kind": "Deployment", "name": "v1", "namespace": stage.namespace}
    urls = (stage.url("/"), stage.url("/v3"))
    told = stage.perform([{"scale": {**workload, "replicas": 0}}, {"scale": {**workload, "replicas": 2}}], *urls)
    assert [expected(state.outcomes[0]) for state in told.prediction.states] == [{"v1": 1.0}, {"503": 1.0}, {"v1": 1.0}, {"v1": 1.0}]
    assert told.prediction.irreversible == ()


def test_a_gateway_cut_off_from_its_backends_while_routes_are_added(stage: Stage) -> None:
    stage.workload("v1", 2)
    stage.workload("v3", 1)
    stage.gateway.create(stage.route("my-route", to("v1")))
    stage.ready(v1=2, v3=1)
    spec = {"action": "partition", "mode": "all", "selector": {"labelSelectors": {"app": "v1"}}, "duration": "90s"}
    fault = thing("NetworkChaos", "cut", spec, version="chaos-mesh.org/v1alpha1", namespace=stage.namespace)
    added = stage.route("added", to("v3", matches=[{"path": {"type": "PathPrefix", "value": "/new"}}]))
    late = stage.route("late", to("v1", matches=[{"path": {"type": "PathPrefix", "value": "/late"}}]))

    def partition() -> None:
        there = stage.controlplane.get(f"/apis/chaos-mesh.org/v1alpha1/namespaces/{stage.namespace}/networkchaos")["items"]
        stage.gateway.backends.refused = {address for _ in there for address in stage.selected(app="v1")}

    healed = {"delete": {"kind": "NetworkChaos", "name": "cut", "namespace": stage.namespace}}
    urls = (stage.url("/"), stage.url("/new"), stage.url("/late"))
    told = stage.perform([{"chaos": fault}, {"create": added}, {"create": late}, healed], *urls, meanwhile=partition)
    assert [[*expected(one)] for one in told.prediction.states[3].outcomes] == [["503"], ["v3"], ["503"]]


def test_network_policies_against_label_flips(stage: Stage) -> None:
    stage.workload("v1", 2)
    stage.gateway.create(stage.route("my-route", to("v1")))
    spec = {"podSelector": {"matchLabels": {"access": "none"}}, "policyTypes": ["Ingress"]}
    policy = thing("NetworkPolicy", "quarantine", spec, version="networking.k8s.io/v1", namespace=stage.namespace)
    stage.controlplane.apply(yaml.dump(policy), stage.namespace)
    stage.ready(v1=2)
    names = sorted(pod.name for pod in stage.observed().pods)

    def plugin() -> None:
        there = stage.controlplane.get(f"/apis/networking.k8s.io/v1/namespaces/{stage.namespace}/networkpolicies")["items"]
        selectors = [one["spec"]["podSelector"].get("matchLabels", {}) for one in there]
        stage.gateway.backends.refused = {address for labels in selectors for address in stage.selected(**labels)}

    flips = [{"label": {"kind": "Pod", "name": name, "namespace": stage.namespace, "set": {"access": "none"}}} for name in names]
    back = {"label": {"kind": "Pod", "name": names[0], "namespace": stage.namespace, "set": {"access": "all"}}}
    gone = {"delete": {"kind": "NetworkPolicy", "name": "quarantine", "namespace": stage.namespace}}
    told = stage.perform([*flips, back, gone], stage.url("/"), meanwhile=plugin)
    shares = [expected(state.outcomes[0]) for state in told.prediction.states]
    assert shares == [{"v1": 1.0}, {"v1": 0.5, "503": 0.5}, {"503": 1.0}, {"v1": 0.5, "503": 0.5}, {"v1": 1.0}, {"v1": 1.0}]


def test_latency_on_half_of_the_pods(stage: Stage) -> None:
    """1000 ms on 50 % of the pods: half of the answers are late, and where a rule's time-out is shorter they are 504."""
    stage.workload("v1", 6)
    limited = to("v1", matches=[{"path": {"type": "PathPrefix", "value": "/limited"}}], timeouts={"request": "250ms"})
    stage.gateway.create(stage.route("my-route", to("v1"), limited))
    stage.ready(v1=6)
    environment = {"TOTAL_CHAOS_DURATION": "90", "NETWORK_LATENCY": "1000", "PODS_AFFECTED_PERC": "50"}
    components = {"components": {"env": [{"name": name, "value": value} for name, value in environment.items()]}}
    spec = {
        "engineState": "active",
        "appinfo": {"appns": stage.namespace, "applabel": "app=v1", "appkind": "deployment"},
        "chaosServiceAccount": "litmus-admin",
        "experiments": [{"name": "pod-network-latency", "spec": components}],
    }
    engine = thing("ChaosEngine", "slow", spec, version="litmuschaos.io/v1alpha1", namespace=stage.namespace)

    def agent() -> None:
        there = stage.controlplane.get(f"/apis/litmuschaos.io/v1alpha1/namespaces/{stage.namespace}/chaosengines")["items"]
        for one in there:
            pods = stage.selected(**dict([one["spec"]["appinfo"]["applabel"].split("=")]))
            stage.gateway.backends.delays = dict.fromkeys(pods[: len(pods) // 2], 1.0)
        if not there:
            stage.gateway.backends.delays.clear()

    ended = {"delete": {"kind": "ChaosEngine", "name": "slow", "namespace": stage.namespace}}
    urls = (stage.url("/"), stage.url("/limited"))
    told = stage.perform([{"chaos": engine}, ended], *urls, meanwhile=agent)
    lasting = told.prediction.states[1]
    assert [expected(one) for one in lasting.outcomes] == [{"v1": 1.0}, {"v1": 0.5, "504": 0.5}]
    assert [(one.pods, one.of, one.latency_ms) for one in lasting.effects] == [(3, 6, (1000.0, 1000.0))]
