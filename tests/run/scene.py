"""A cluster of a few whole objects for the tests of plans, without a server."""

from collections.abc import Mapping
from typing import Any

from aichaos.check.decode import experiment_of
from aichaos.domain.base import ObjectRef, reference_of
from aichaos.domain.experiment import Experiment
from aichaos.domain.kinds import BY_NAME
from aichaos.domain.policy import NO_POLICY, Policy
from aichaos.domain.running import Manifest, Place
from aichaos.errors import UsageError
from aichaos.files import yaml
from aichaos.report.kubectl import text
from aichaos.run.plan import Foreseen, Frame, Made, make

NOTHING = Foreseen()


class Known:
    """Places by our own table of kinds, and the fault kinds of Chaos Mesh."""

    def of(self, ref: ObjectRef) -> Place:
        kind = BY_NAME.get(ref.kind)
        if kind is None:
            raise UsageError(f"the cluster has no kind {ref.kind!r}")
        return Place(api_version=kind.api_version(), resource=kind.plural, kind=ref.kind, name=ref.name, namespace=ref.namespace)

    def of_manifest(self, manifest: Manifest) -> Place:
        ref = reference_of(manifest)
        kind = BY_NAME.get(ref.kind)
        plural = kind.plural if kind else ref.kind.lower()
        return Place(api_version=manifest["apiVersion"], resource=plural, kind=ref.kind, name=ref.name, namespace=ref.namespace)


def route(name: str, **metadata: Any) -> Manifest:
    head = {"name": name, "namespace": "shop", "uid": f"uid-{name}", "resourceVersion": "7", "creationTimestamp": "2026-01-01T00:00:00Z"}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": head | metadata,
        "spec": {"hostnames": ["a.test"]},
    }


def deployment(replicas: int = 2, **metadata: Any) -> Manifest:
    head = {"name": "web", "namespace": "shop", "uid": "uid-web", "resourceVersion": "3"}
    template = {"metadata": {"labels": {"app": "web"}}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": head | metadata,
        "spec": {"replicas": replicas, "template": template},
    }


def experiment(steps: str, scope: str = "{namespaces: [shop]}") -> Experiment:
    document = f"""
apiVersion: aichaos/v1
kind: Experiment
metadata: {{name: trial}}
spec: {{title: A trial, scope: {scope}, deadline: 5m, steps: {steps}}}
"""
    found, findings = experiment_of(yaml.load(document, "trial.yaml")[0])
    assert found is not None, findings
    return found


def planned(steps: str, *objects: Manifest, foreseen: Foreseen = NOTHING, policy: Policy = NO_POLICY, **frame: Any) -> Made:
    live: Mapping[ObjectRef, Manifest] = {reference_of(one): one for one in objects}
    cluster: dict[str, Any] = {
        "cluster": "uid-1",
        "server": "https://192.0.2.1",
        "lease": "aichaos/aichaos-run",
        "lever": "aichaos/aichaos-lever",
    }
    given = Frame(run="trial-1", policy=policy, **cluster, **frame)
    return make(experiment(steps), given, foreseen, lambda place: live.get(place.ref), Known(), text)
