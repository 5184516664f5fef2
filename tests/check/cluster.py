"""The small cluster that the tests of this folder look at, and short ways to check something against it."""

import msgspec

from aichaos.check.decode import experiment_of
from aichaos.check.documents import Review, review
from aichaos.check.experiment import findings
from aichaos.domain.experiment import Experiment
from aichaos.domain.finding import Finding
from aichaos.domain.snapshot import Gap, Snapshot, Source
from aichaos.files.yaml import load
from aichaos.observe import manifests
from aichaos.observe.source import Choice, take
from aichaos.observe.topology import Topology

SHOP = """
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: other}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: runner, namespace: shop}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: chaos, namespace: shop}
rules: [{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: chaos, namespace: shop}
roleRef: {kind: Role, name: chaos}
subjects: [{kind: ServiceAccount, name: runner, namespace: shop}]
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: shop}, data: {colour: red}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: shop}
spec: {gatewayClassName: any, listeners: [{name: http, protocol: HTTP, port: 80, hostname: "*.example.com"}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop}
spec: {parentRefs: [{name: edge}], hostnames: [shop.example.com], rules: [{backendRefs: [{name: web-v1, port: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web-v1, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 8080, targetPort: 3000}]}
---
{apiVersion: v1, kind: Service, metadata: {name: web-v2, namespace: shop}, spec: {ports: [{port: 8080}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: far, namespace: other}, spec: {ports: [{port: 80}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, labels: {team: blue}}
spec:
  replicas: 4
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: main, ports: [{containerPort: 3000}]}]}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec:
  replicas: 1
  selector: {matchLabels: {app: db}}
  template: {metadata: {labels: {app: db}}, spec: {containers: [{name: sql}]}}
---
{apiVersion: litmuschaos.io/v1alpha1, kind: ChaosExperiment, metadata: {name: pod-delete, namespace: shop}}
---
{apiVersion: litmuschaos.io/v1alpha1, kind: ChaosExperiment, metadata: {name: pod-cpu-hog, namespace: other}}
---
{apiVersion: chaos-mesh.org/v1alpha1, kind: PodChaos, metadata: {name: old, namespace: other}}
"""


def snapshot(text: str, *gaps: Gap) -> Snapshot:
    seen = manifests.assume(manifests.snapshot(manifests.objects(load(text, "cluster")), Source(kind="live", cluster="test")))
    return msgspec.structs.replace(seen, gaps=(*seen.gaps, *gaps))


def topology(text: str = SHOP, *gaps: Gap) -> Topology:
    return Topology(snapshot(text, *gaps))


def demo(name: str) -> Topology:
    return Topology(take(Choice(origin=f"demo:{name}")))


def reviewed(text: str, cluster: Topology | None = None) -> Review:
    """Without what the server misses in documents that are as short as their test allows."""
    done = review([("file.yaml", text)], cluster)
    return msgspec.structs.replace(done, findings=[one for one in done.findings if one.rule != "admission/required"])


def found(text: str, cluster: Topology | None = None) -> list[Finding]:
    """The findings without the one that only says how far a fault reaches."""
    return [finding for finding in reviewed(text, cluster).findings if finding.rule != "policy/reach"]


def only(text: str, cluster: Topology | None = None) -> Finding:
    """The one finding there is."""
    findings = found(text, cluster)
    assert len(findings) == 1, findings
    return findings[0]


def rules(text: str, cluster: Topology | None = None) -> list[str]:
    return [finding.rule for finding in found(text, cluster)]


def experiment(steps: str, **spec: str) -> str:
    """An experiment's text around its steps (a YAML list in flow style); every other field of its spec can be replaced."""
    fields = {
        "title": "a title",
        "scope": "{namespaces: [shop]}",
        "steadyState": '[{name: shop answers, http: {url: "http://shop.example.com/", via: gateway/shop/edge}}]',
        "steps": steps,
    } | spec
    body = "\n".join(f"  {name}: {value}" for name, value in fields.items() if value)
    return f"apiVersion: aichaos/v1\nkind: Experiment\nmetadata: {{name: one}}\nspec:\n{body}\n"


def parsed(text: str) -> Experiment:
    found, problems = experiment_of(load(text, "file.yaml")[0])
    assert found is not None, problems
    return found


def judged(steps: str, **spec: str) -> list[Finding]:
    """The findings of an experiment with these steps on the shop's cluster."""
    return findings(parsed(experiment(steps, **spec)), topology())


def judged_rules(steps: str, **spec: str) -> list[str]:
    return [finding.rule for finding in judged(steps, **spec)]
