"""The cluster after each step is the one that the real API server and the real controllers make of the same step.

Every scenario is predicted and then really done, with the kubectl lines that the program prints for it. What nobody can know beforehand is
not compared: names of new pods, their addresses, and which of several equal pods goes.
"""

import contextlib
import shlex
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aichaos.domain.base import KubeObject
from aichaos.domain.experiment import Experiment
from aichaos.domain.kinds import BY_NAME
from aichaos.domain.snapshot import Snapshot
from aichaos.domain.workloads import Pod
from aichaos.files import yaml
from aichaos.observe.cluster import observe
from aichaos.observe.topology import Topology
from aichaos.predict.evolve.moments import Course
from aichaos.report import kubectl
from tests.controlplane.client import ControlPlane

OBJECTS = """
apiVersion: v1
kind: List
items:
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: web}
  spec: &web
    replicas: 3
    selector: {matchLabels: {app: web}}
    template:
      metadata: {labels: {app: web, tier: front}}
      spec:
        nodeName: node-a
        containers: [{name: c, image: "web:1", ports: [{name: http, containerPort: 8080}]}]
- apiVersion: apps/v1
  kind: StatefulSet
  metadata: {name: db}
  spec:
    replicas: 2
    serviceName: db
    selector: {matchLabels: {app: db}}
    template:
      metadata: {labels: {app: db, tier: back}}
      spec: {nodeName: node-a, containers: [{name: c, image: "db:1"}]}
- apiVersion: v1
  kind: Service
  metadata: {name: web}
  spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
- apiVersion: v1
  kind: Service
  metadata: {name: front}
  spec: {selector: {tier: front}, ports: [{port: 80, targetPort: 8080}]}
- apiVersion: v1
  kind: Service
  metadata: {name: db}
  spec: {selector: {app: db}, ports: [{port: 5432, targetPort: 5432}]}
- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {name: some}
  spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress], ingress: [{}]}
"""


def route(name: str, weight: int = 1) -> dict[str, Any]:
    """With everything that the server would fill in."""
    backend = {"group": "", "kind": "Service", "name": "web", "port": 80, "weight": weight}
    rule = {"matches": [{"path": {"type": "PathPrefix", "value": "/"}}], "backendRefs": [backend]}
    parent = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "gw"}
    spec = {"parentRefs": [parent], "hostnames": ["shop.test"], "rules": [rule]}
    return {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": name}, "spec": spec}


WEB: dict[str, Any] = {"kind": "Deployment", "name": "web"}
DB: dict[str, Any] = {"kind": "StatefulSet", "name": "db"}
A: dict[str, Any] = {"kind": "HTTPRoute", "name": "a"}
TEMPLATE = {"spec": {"template": {"metadata": {"labels": {"tier": "other"}}}}}

SCENARIOS: dict[str, list[dict[str, Any]]] = {
    "a route deleted and recreated beside a rival": [
        {"create": route("b")},
        {"delete": A},
        {"recreate": A},
        {"apply": route("a", weight=3)},
        {"patch": {**A, "merge": {"spec": {"hostnames": ["other.test"]}}}},
        {"label": {**A, "set": {"x": "y"}}},
        {"delete": {"kind": "HTTPRoute", "name": "b"}},
    ],
    "scaled to zero and back": [
        {"scale": {**WEB, "replicas": 0}},
        {"scale": {**WEB, "replicas": 2}},
        {"scale": {**DB, "replicas": 3}},
        {"scale": {**DB, "replicas": 1}},
    ],
    "restarted": [{"restart": WEB}, {"restart": DB}],
    "a template's labels changed": [{"patch": {**WEB, "merge": TEMPLATE}}],
    "labels of a pod": [
        {"label": {"kind": "Pod", "name": "$web", "set": {"tier": "lost"}}},
        {"label": {"kind": "Pod", "name": "$web", "set": {"app": "lost"}}},
        {"label": {"kind": "Pod", "name": "$web", "set": {"app": "web"}}},
    ],
    "labels of a pod that has a number": [
        {"label": {"kind": "Pod", "name": "db-1", "set": {"app": "lost"}}},
        {"label": {"kind": "Pod", "name": "db-1", "set": {"app": "db"}}},
    ],
    "pods deleted": [{"delete": {"kind": "Pod", "name": "$web"}}, {"delete": {"kind": "Pod", "name": "db-0"}}],
    "workloads deleted": [{"delete": WEB}, {"delete": DB}],
    "Services changed": [
        {"patch": {"kind": "Service", "name": "front", "merge": {"spec": {"selector": {"tier": "back"}}}}},
        {"delete": {"kind": "Service", "name": "web"}},
        {
            "create": {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": "new"},
                "spec": {"selector": {"app": "nobody"}, "ports": [{"port": 80}]},
            }
        },
    ],
    "policies": [
        {
            "create": {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "NetworkPolicy",
                "metadata": {"name": "deny"},
                "spec": {"podSelector": {}, "egress": []},
            }
        },
        {"patch": {"kind": "NetworkPolicy", "name": "some", "merge": {"spec": {"ingress": None}}}},
        {"delete": {"kind": "NetworkPolicy", "name": "some"}},
        {"recreate": {"kind": "NetworkPolicy", "name": "some"}},
    ],
    "a namespace labelled": [{"label": {"kind": "Namespace", "name": "$namespace", "set": {"team": "x"}}}],
    "refused": [
        {"create": route("a")},
        {"delete": {"kind": "HTTPRoute", "name": "nobody"}},
        {"patch": {**WEB, "merge": {"spec": {"selector": {"matchLabels": {"app": "other"}}}}}},
        {"scale": {"kind": "Deployment", "name": "nobody", "replicas": 1}},
    ],
}


@pytest.fixture
def namespace(controlplane: ControlPlane) -> Iterator[str]:
    controlplane.install_crds("gateway-api")
    controlplane.node("node-a", zone="a")
    with controlplane.namespace() as name:
        controlplane.apply(OBJECTS, name)
        controlplane.apply(msgspec.json.encode(route("a")).decode(), name)
        controlplane.wait(lambda: is_settled(seen(controlplane, name)), what="all pods to be ready")
        yield name


def seen(controlplane: ControlPlane, namespace: str) -> Snapshot:
    return observe(kubeconfig=str(controlplane.kubeconfig()), namespaces=(namespace,))


def is_settled(snapshot: Snapshot) -> bool:
    topology = Topology(snapshot)
    ready = {service.name: topology.ready_endpoints(service) for service in snapshot.services}
    workloads = (*snapshot.deployments, *snapshot.stateful_sets)
    return ready == {"web": 3, "front": 3, "db": 2} and all(one.status.ready_replicas == one.replicas for one in workloads)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_step_does_what_the_server_and_the_controllers_do(controlplane: ControlPlane, namespace: str, tmp_path: Path, name: str) -> None:
    before = seen(controlplane, namespace)
    experiment = experiment_of(SCENARIOS[name], before, namespace)
    course = Course(before)
    for step, rendered in zip(experiment.spec.steps, kubectl.render(experiment, before, tmp_path), strict=True):
        if step.subject is not None and step.subject.kind == "HTTPRoute":
            next_second()
        if step.subject is not None and step.subject.name == one_of_web(before):
            grown_up(before)
        moment = course.step(step)
        if rendered.file is not None:
            (tmp_path / rendered.file).write_text(yaml.dump(rendered.manifest))
        (line,) = rendered.commands
        arguments = shlex.split(line)[1:]
        arguments += ["--wait=false"] if arguments[0] == "delete" else []  # what is gone is waited for below, with a limit
        done = controlplane.kubectl(*arguments, "-n", namespace, check=False)
        refused = [note for note in moment.notes if "refuse" in note]
        assert bool(done.returncode) == bool(refused), (line, done.stderr, moment.notes)
        expected = comparable(moment.snapshot, before, namespace)
        with contextlib.suppress(TimeoutError):  # what differs is said below
            controlplane.wait(partial(is_like, expected, controlplane, before, namespace), timeout=15)
        real = comparable(seen(controlplane, namespace), before, namespace)
        differ = [key for key in real if real[key] != expected[key]]
        assert {key: real[key] for key in differ} == {key: expected[key] for key in differ}, f"after: {rendered.text}"


def is_like(expected: dict[str, Any], controlplane: ControlPlane, before: Snapshot, namespace: str) -> bool:
    return comparable(seen(controlplane, namespace), before, namespace) == expected


def next_second() -> None:
    """Changes of routes fall into different seconds, because the server's timestamps have no smaller unit."""
    time.sleep(1.01 - time.time() % 1)


def grown_up(before: Snapshot) -> None:
    """Of two pods a ReplicaSet gives up the younger one where one is about twice as old; else chance decides (LogarithmicScaleDown).

    So those that were there at first are let grow older than it takes to make another one and look at it: by ten seconds, for then the two
    are told apart as long as that takes less than seventeen (ages count by powers of two nanoseconds).
    """
    born = max(datetime.fromisoformat(pod.metadata.creation_timestamp or "").timestamp() for pod in before.pods)
    time.sleep(max(0.0, born + 10 - time.time()))


def one_of_web(before: Snapshot) -> str:
    return min(pod.name for pod in before.pods if pod.labels.get("app") == "web")


def experiment_of(steps: list[dict[str, Any]], before: Snapshot, namespace: str) -> Experiment:
    """The steps in a namespace; `$web` is one of the pods of web."""
    pod = one_of_web(before)
    text = msgspec.json.encode(steps).decode().replace("$web", pod).replace("$namespace", namespace)
    placed = [{verb: _placed(what, namespace) for verb, what in step.items()} for step in msgspec.json.decode(text)]
    document = {"apiVersion": "aichaos/v1", "kind": "Experiment", "metadata": {"name": "x"}, "spec": {"title": "x", "steps": placed}}
    return msgspec.convert(document, Experiment)


def _placed(what: dict[str, Any], namespace: str) -> dict[str, Any]:
    if "metadata" in what:
        return what | {"metadata": what["metadata"] | {"namespace": namespace}}
    return what if what["kind"] == "Namespace" else what | {"namespace": namespace}


def comparable(snapshot: Snapshot, first: Snapshot, namespace: str) -> dict[str, Any]:
    """What can be known beforehand of a namespace."""
    born = frozenset(obj.metadata.uid for kind in BY_NAME for obj in first.of(kind))
    routes = sorted(snapshot.http_routes, key=lambda route: (route.metadata.creation_timestamp or "", route.name))
    policies = snapshot.network_policies
    return {
        "routes, the eldest first": [(_head(one, born), one.labels, one.spec) for one in routes],
        "policies": [(_head(one, born), one.spec.policy_types, one.spec.ingress or (), one.spec.egress or ()) for one in policies],
        "services": [(one.name, one.spec.selector, one.metadata.uid in born) for one in snapshot.services],
        "workloads": [
            (one.name, one.metadata.generation, one.replicas, one.spec.template, one.status)
            for one in (*snapshot.deployments, *snapshot.stateful_sets)
        ],
        "pods": Counter(_pod(pod, born) for pod in snapshot.pods),
        "endpoints": Counter(_endpoints(snapshot, born)),
        "namespace": [one.labels for one in snapshot.namespaces if one.name == namespace],
    }


def _head(obj: KubeObject, born: frozenset[str]) -> Any:
    """Name, generation, and whether it is the object that was there at first."""
    return obj.name, obj.metadata.generation, obj.metadata.uid in born


def _pod(pod: Pod, born: frozenset[str]) -> Any:
    labels = tuple(sorted((key, value) for key, value in pod.labels.items() if key not in HASHES))
    owners = tuple(owner.kind for owner in pod.metadata.owner_references)
    named = pod.name if "StatefulSet" in owners else ""
    return named, owners, labels, pod.ready, pod.metadata.uid in born


HASHES = ("pod-template-hash", "controller-revision-hash", "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index")
"""Labels that controllers add to pods."""


def _endpoints(snapshot: Snapshot, born: frozenset[str]) -> Iterator[Any]:
    pods = {pod.name: _pod(pod, born) for pod in snapshot.pods}
    for piece in snapshot.endpoint_slices:
        ports = tuple((port.name, port.port, port.protocol) for port in piece.ports or ())
        if not piece.endpoints:
            yield piece.service_name, "none"
        for endpoint in piece.endpoints or ():
            assert endpoint.target_ref is not None
            yield piece.service_name, ports, pods.get(endpoint.target_ref.name), endpoint.ready
