"""What no experiment may do, whoever wrote it: hostile steps are refused by name, never by chance, and nothing can intend them."""

from typing import Any

import msgspec
import pytest

from aichaos.check.documents import review
from aichaos.check.experiment import findings
from aichaos.check.rules import RULES
from aichaos.domain.finding import Finding
from aichaos.domain.policy import Policy
from aichaos.files import yaml
from tests.check.cluster import experiment, parsed, topology

CLUSTER = topology()
WEB = "mode: one, selector: {namespaces: [shop], labelSelectors: {app: web}}, duration: 60s"
POD = "apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop}"
DEPLOYMENT = "apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: shop}"
MAIN = "containers: [{name: main, image: i}]"


def mesh(kind: str, spec: str) -> str:
    return f"chaos: {{apiVersion: chaos-mesh.org/v1alpha1, kind: {kind}, metadata: {{name: c, namespace: shop}}, spec: {{{spec}}}}}"


def engine(spec: str, fault: str = "pod-delete", inner: str = "") -> str:
    return (
        "chaos: {apiVersion: litmuschaos.io/v1alpha1, kind: ChaosEngine, metadata: {name: e, namespace: shop}, spec: {"
        "appinfo: {appns: shop, applabel: app=web, appkind: deployment}, chaosServiceAccount: runner, "
        f"experiments: [{{name: {fault}, spec: {{components: {{env: [{{name: TOTAL_CHAOS_DURATION, value: '60'}}]}}{inner}}}}}]{spec}}}}}"
    )


def probe(body: str) -> str:
    return engine("", inner=f", probe: [{{name: p, mode: EOT, runProperties: {{probeTimeout: 5s, interval: 1s}}, {body}}}]")


def make(body: str) -> str:
    return f"create: {{{body}}}"


def of_kind(kind: str, version: str = "v1", namespace: str = ", namespace: shop") -> str:
    return make(f"apiVersion: {version}, kind: {kind}, metadata: {{name: x{namespace}}}")


RBAC = "rbac.authorization.k8s.io/v1"
HOSTILE: dict[str, tuple[str, str]] = {
    # shells
    "a task": (
        "policy/shell",
        mesh("Workflow", "entry: t, templates: [{name: t, templateType: Task, task: {container: {name: c, image: i}}}]"),
    ),
    "a task without its type": ("policy/shell", mesh("Workflow", "entry: t, templates: [{name: t, task: {container: {image: i}}}]")),
    "a task in a scheduled workflow": (
        "policy/shell",
        mesh(
            "Schedule", "schedule: '* * * * *', type: Workflow, workflow: {entry: t, templates: [{name: t, templateType: Task, task: {}}]}"
        ),
    ),
    "a command as probe": ("policy/shell", probe("type: cmdProbe, cmdProbe/inputs: {command: id}")),
    "a command as probe of no type": ("policy/shell", probe("cmdProbe/inputs: {command: id}")),
    "a command as probe under a wrong key": ("policy/shell", probe("type: httpProbe, cmdProbe: {command: id}")),
    "a query that is a command": (
        "litmus/query-in-shell",
        probe("type: promProbe, promProbe/inputs: {endpoint: 'http://web-v1.shop', query: '$(id)'}"),
    ),
    "a query in backquotes": (
        "litmus/query-in-shell",
        probe("type: promProbe, promProbe/inputs: {endpoint: 'http://web-v1.shop', query: 'sum(`id`)'}"),
    ),
    "a fault of one's own": (
        "policy/shell",
        make("apiVersion: litmuschaos.io/v1alpha1, kind: ChaosExperiment, metadata: {name: x, namespace: shop}, spec: {definition: {}}"),
    ),
    # images
    "a foreign runner": ("policy/foreign-image", engine(", components: {runner: {image: evil/runner}}")),
    "a foreign experiment": (
        "policy/foreign-image",
        "chaos: {apiVersion: litmuschaos.io/v1alpha1, kind: ChaosEngine, metadata: {name: e, namespace: shop}, spec: {experiments: "
        "[{name: pod-delete, spec: {components: {experimentImage: evil/go-runner}}}]}}",
    ),
    "a foreign helper": (
        "policy/foreign-image",
        "chaos: {apiVersion: litmuschaos.io/v1alpha1, kind: ChaosEngine, metadata: {name: e, namespace: shop}, spec: {experiments: "
        "[{name: pod-network-loss, spec: {components: {env: [{name: LIB_IMAGE, value: evil/lib}]}}}]}}",
    ),
    "an image that only begins like Litmus": ("policy/foreign-image", engine(", components: {runner: {image: litmuschaos.evil.io/x}}")),
    "an image of a namesake": ("policy/foreign-image", engine(", components: {runner: {image: evil/litmuschaos/chaos-runner}}")),
    # code, machines, clouds
    "code in a JVM": ("policy/code", mesh("JVMChaos", f"action: exception, {WEB}")),
    "code in a JVM on a schedule": ("policy/code", mesh("Schedule", f"schedule: '* * * * *', type: JVMChaos, jvmChaos: {{{WEB}}}")),
    "code in a JVM in a workflow": (
        "policy/code",
        mesh("Workflow", f"entry: t, templates: [{{name: t, templateType: JVMChaos, deadline: 60s, jvmChaos: {{{WEB}}}}}]"),
    ),
    "a machine": ("policy/machine", mesh("PhysicalMachineChaos", "action: stress-cpu, duration: 60s")),
    "a machine in a workflow": (
        "policy/machine",
        mesh("Workflow", "entry: t, templates: [{name: t, templateType: PhysicalMachineChaos, deadline: 9s, physicalmachineChaos: {}}]"),
    ),
    "a kernel": ("policy/machine", mesh("KernelChaos", WEB)),
    "a node": ("policy/machine", engine("", fault="node-drain")),
    "a kubelet": ("policy/machine", engine("", fault="kubelet-service-kill")),
    "AWS": ("policy/cloud", mesh("AWSChaos", "action: ec2-stop, duration: 60s")),
    "GCP": ("policy/cloud", mesh("GCPChaos", "action: node-stop, duration: 60s")),
    "Azure": ("policy/cloud", mesh("AzureChaos", "action: vm-stop, duration: 60s")),
    "AWS on a schedule": ("policy/cloud", mesh("Schedule", "schedule: '* * * * *', type: AWSChaos, awsChaos: {duration: 60s}")),
    "AWS by Litmus": ("policy/cloud", engine("", fault="ec2-stop-by-id")),
    "a database by Litmus": ("policy/cloud", engine("", fault="rds-instance-stop")),
    # what never recovers
    "a forced finalizer": (
        "chaos-mesh/clean-finalizer",
        "chaos: {apiVersion: chaos-mesh.org/v1alpha1, kind: PodChaos, metadata: {name: c, namespace: shop, annotations: "
        f"{{chaos-mesh.chaos-mesh.org/cleanFinalizer: forced}}}}, spec: {{action: pod-failure, {WEB}}}}}",
    ),
    # power over nodes
    "a privileged container": (
        "policy/privileged",
        make(f"{POD}, spec: {{containers: [{{name: main, image: i, securityContext: {{privileged: true}}}}]}}"),
    ),
    "a privileged init container": (
        "policy/privileged",
        make(f"{POD}, spec: {{{MAIN}, initContainers: [{{name: a, securityContext: {{privileged: true}}}}]}}"),
    ),
    "the node's network": ("policy/privileged", make(f"{POD}, spec: {{hostNetwork: true, {MAIN}}}")),
    "the node's processes": ("policy/privileged", make(f"{DEPLOYMENT}, spec: {{template: {{spec: {{hostPID: true, {MAIN}}}}}}}")),
    "the node's files": ("policy/privileged", make(f"{POD}, spec: {{volumes: [{{name: r, hostPath: {{path: /}}}}], {MAIN}}}")),
    "a strong capability": (
        "policy/privileged",
        make(f"{POD}, spec: {{containers: [{{name: main, image: i, securityContext: {{capabilities: {{add: [SYS_ADMIN]}}}}}}]}}"),
    ),
    "a capability in its other spelling": (
        "policy/privileged",
        make(f"{POD}, spec: {{containers: [{{name: main, image: i, securityContext: {{capabilities: {{add: [cap_net_admin]}}}}}}]}}"),
    ),
    "a privileged job": (
        "policy/privileged",
        make("apiVersion: batch/v1, kind: Job, metadata: {name: j, namespace: shop}, spec: {template: {spec: {hostIPC: true}}}"),
    ),
    "a privileged cron job": (
        "policy/privileged",
        make(
            "apiVersion: batch/v1, kind: CronJob, metadata: {name: j, namespace: shop}, "
            f"spec: {{jobTemplate: {{spec: {{template: {{spec: {{hostNetwork: true, {MAIN}}}}}}}}}}}"
        ),
    ),
    "a patch that makes it privileged": (
        "policy/privileged",
        "patch: {kind: Deployment, name: web, namespace: shop, merge: {spec: {template: {spec: {hostNetwork: true}}}}}",
    ),
    # kinds that are out of bounds
    "a role": ("policy/kind", of_kind("Role", RBAC)),
    "a binding": ("policy/kind", of_kind("RoleBinding", RBAC)),
    "a cluster role": ("policy/kind", of_kind("ClusterRole", RBAC, "")),
    "a cluster binding": ("policy/kind", of_kind("ClusterRoleBinding", RBAC, "")),
    "a secret": ("policy/kind", of_kind("Secret")),
    "a namespace": ("policy/kind", of_kind("Namespace", "v1", "")),
    "a webhook": ("policy/kind", of_kind("ValidatingWebhookConfiguration", "admissionregistration.k8s.io/v1", "")),
    "a mutating webhook": ("policy/kind", of_kind("MutatingWebhookConfiguration", "admissionregistration.k8s.io/v1", "")),
    "a definition": ("policy/kind", of_kind("CustomResourceDefinition", "apiextensions.k8s.io/v1", "")),
    "an API": ("policy/kind", of_kind("APIService", "apiregistration.k8s.io/v1", "")),
    "a node deleted": ("policy/kind", "delete: {kind: Node, name: one, namespace: ''}"),
    "a volume deleted": ("policy/kind", "delete: {kind: PersistentVolumeClaim, name: v, namespace: shop}"),
    "a namespace deleted": ("policy/kind", "delete: {kind: Namespace, name: shop, namespace: ''}"),
    "a gateway class deleted": ("policy/kind", "delete: {kind: GatewayClass, name: any, namespace: ''}"),
    "a kind that nobody knows": ("policy/kind", of_kind("Wish", "genie.example.com/v1")),
    "another cluster": ("policy/kind", of_kind("RemoteCluster", "chaos-mesh.org/v1alpha1", "")),
    # places
    "the cluster's own namespace": (
        "policy/protected-namespace",
        mesh("PodChaos", "action: pod-kill, mode: one, selector: {namespaces: [kube-system]}"),
    ),
    "the engine's own namespace": (
        "policy/protected-namespace",
        mesh("PodChaos", "action: pod-kill, mode: one, selector: {namespaces: [chaos-mesh]}"),
    ),
    "pods named elsewhere": ("policy/outside-scope", mesh("PodChaos", "action: pod-kill, mode: one, selector: {pods: {other: [a]}}")),
    # addresses
    "a status check of the metadata": (
        "policy/probe-address",
        make(
            "apiVersion: chaos-mesh.org/v1alpha1, kind: StatusCheck, metadata: {name: s, namespace: shop}, spec: {http: {url: 'http://169.254.169.254/'}}"
        ),
    ),
    "a probe of the metadata": (
        "policy/probe-address",
        probe("type: httpProbe, httpProbe/inputs: {url: 'http://169.254.169.254/', method: {get: {criteria: '==', responseCode: '200'}}}"),
    ),
    "a probe of a stranger": (
        "policy/probe-address",
        probe("type: httpProbe, httpProbe/inputs: {url: 'http://evil.example.net/', method: {get: {criteria: '==', responseCode: '200'}}}"),
    ),
}
ADDRESSES = (
    "http://localhost:8080/",
    "http://127.0.0.1/",
    "http://127.1/",
    "http://0x7f000001/",
    "http://2130706433/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[fe80::1]/",
    "http://0.0.0.0/",
    "http://169.254.169.254/latest/meta-data",
    "http://[fd00:ec2::254]/",
    "http://metadata.google.internal/",
    "http://a.localhost/",
    "http://evil.example.net/",
)


def judged(step: str, policy: Policy = Policy(), **spec: str) -> list[Finding]:  # noqa: B008 - frozen
    return findings(parsed(experiment(f"[{{{step}}}]", **spec)), CLUSTER, policy)


@pytest.mark.parametrize(("rule", "step"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_step_is_an_error_of_its_rule(rule: str, step: str) -> None:
    found = [one for one in judged(step) if one.rule == rule]
    assert [one for one in found if one.severity == "error"], judged(step)


@pytest.mark.parametrize(("rule", "step"), HOSTILE.values(), ids=HOSTILE)
def test_no_experiment_can_intend_it(rule: str, step: str) -> None:
    assert not RULES[rule].intendable
    found = judged(step, intends=f"[{rule}]")
    assert [one for one in found if one.rule == rule and one.severity == "error"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_probe_asks_nobody_outside(address: str) -> None:
    found = judged("wait: {for: 1s}", steadyState=f'[{{name: a, http: {{url: "{address}"}}}}]')
    assert "policy/probe-address" in [one.rule for one in found if one.severity == "error"]


@pytest.mark.parametrize("address", ["http://shop.example.com/", "http://web-v1.shop:8080/", "http://web-v1.shop.svc.cluster.local:8080/"])
def test_a_probe_asks_what_is_in_the_cluster(address: str) -> None:
    found = judged("wait: {for: 1s}", steadyState=f'[{{name: a, http: {{url: "{address}"}}}}]')
    assert "policy/probe-address" not in [one.rule for one in found]


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("JVMChaos", HOSTILE["code in a JVM"][1]),
        ("policy/code", HOSTILE["code in a JVM"][1]),
        ("Task", HOSTILE["a task"][1]),
        ("cmdProbe", HOSTILE["a command as probe"][1]),
        ("evil/*", HOSTILE["a foreign runner"][1]),
        ("node-drain", HOSTILE["a node"][1]),
        ("evil.example.net", HOSTILE["a probe of a stranger"][1]),
        ("hostNetwork", HOSTILE["the node's network"][1]),
    ],
)
def test_what_the_users_policy_allows_by_name_is_shown_and_stops_nothing(name: str, step: str) -> None:
    rules = {rule for rule, one in HOSTILE.values() if one == step}
    found = [one for one in judged(step, Policy(allow=(name,))) if one.rule in rules]
    assert found
    assert {one.severity for one in found} == {"info"}
    assert all(one.message.startswith("allowed by the policy") for one in found)


def test_in_a_file_of_ones_own_the_closed_lists_warn() -> None:
    manifest = yaml.load("{" + HOSTILE["code in a JVM"][1] + "}", "a.yaml")[0]["chaos"]
    found = review([("a.yaml", yaml.dump(manifest))], None).findings
    assert [(one.rule, one.severity) for one in found if one.rule == "policy/code"] == [("policy/code", "warning")]


# limits of the policy -----------------------------------------------------------------------------------------------------------

KILL = (
    f"{{apiVersion: chaos-mesh.org/v1alpha1, kind: PodChaos, metadata: {{name: c, namespace: shop}}, spec: {{action: pod-failure, {WEB}}}}}"
)


def limited(text: str, **limits: Any) -> list[Finding]:
    policy = msgspec.convert(limits, Policy)
    return [one for one in review([("a.yaml", text)], CLUSTER, policy).findings if one.layer == "policy" and one.rule != "policy/reach"]


def test_a_limit_says_what_the_blast_radius_is() -> None:
    (found,) = limited(KILL, max_share=0.1)
    assert (found.rule, found.severity) == ("policy/blast-radius", "error")
    assert found.message.startswith(
        "it reaches 1 of 5 pods (20%), 1 Service, 1 route loses a quarter of its endpoints; the policy allows 10%"
    )


@pytest.mark.parametrize(
    ("limits", "rules"),
    [
        ({"max_pods": 0}, ["policy/blast-radius"]),
        ({"max_pods": 1}, []),
        ({"max_duration": "30s"}, ["policy/duration"]),
        ({"max_duration": "1m"}, []),
        ({"kinds": ["NetworkChaos"]}, ["policy/kind"]),
        ({"kinds": ["PodChaos"]}, []),
        ({"protected_namespaces": ["shop"]}, ["policy/protected-namespace"]),
        ({"protected_namespaces": ["shop"], "allow": ["shop"]}, []),
    ],
)
def test_the_limits_of_the_policy_hold_for_a_chaos_object(limits: dict[str, Any], rules: list[str]) -> None:
    assert [one.rule for one in limited(KILL, **limits)] == rules


def test_the_policy_holds_for_an_experiment_whatever_its_scope_allows() -> None:
    found = judged(f"chaos: {KILL}", Policy(max_pods=0, max_duration="1m"), deadline="5m")
    assert {"policy/blast-radius", "policy/duration"} <= {one.rule for one in found if one.severity == "error"}


@pytest.mark.parametrize(
    ("cron", "severity"),
    [
        ("0 3 * * *", "error"),
        ("0 10 * * *", "error"),
        ("*/30 9-16 * * mon-fri", None),
        ("*/30 9-17 * * mon-fri", "error"),
        ("0 10 * * 0", "error"),
        ("0 10 1 * *", "error"),
        ("@daily", "error"),
        ("@monthly", "error"),
        ("CRON_TZ=Asia/Tokyo 0 10 * * *", "skipped"),
        ("@every 1h", "skipped"),
        ("nonsense", "skipped"),
        ("61 3 * * *", "skipped"),
    ],
)
def test_a_schedule_keeps_to_the_hours(cron: str, severity: str | None) -> None:
    text = (
        "{apiVersion: chaos-mesh.org/v1alpha1, kind: Schedule, metadata: {name: s, namespace: shop}, "
        f'spec: {{schedule: "{cron}", type: PodChaos, podChaos: {{action: pod-kill, {WEB.removesuffix(", duration: 60s")}}}}}}}'
    )
    found = limited(text, windows=[{"from": "09:00", "to": "17:00", "days": ["mon", "tue", "wed", "thu", "fri"]}])
    assert [one.severity for one in found if one.rule == "policy/time-window"] == ([severity] if severity else [])


def test_a_namespace_that_the_policy_protects_is_said_to_be_that() -> None:
    assert [one.message for one in limited(KILL, protected_namespaces=["shop"])] == ["shop is protected: the policy names it"]
