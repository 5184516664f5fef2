"""What the server says beyond its schemas: the validation of the built-in kinds, and the admission webhooks that we know.

Facts are those of k8s.io/kubernetes v1.35 (pkg/apis/*/validation) and of Chaos Mesh (api/v1alpha1), each asked on real servers: see
docs/agreement.md. A document may hold anything; what has the wrong type counts as missing here, for `check/schema` has told that.
"""

from collections.abc import Iterator
from typing import Any

from aichaos.check.admission.defaults import out_of_range
from aichaos.check.admission.metadata import metadata as named
from aichaos.check.admission.spot import Problems, Spot
from aichaos.check.late import late
from aichaos.check.rules import finding
from aichaos.check.schema.bundle import Found
from aichaos.domain.base import reference_of
from aichaos.domain.finding import Finding

KINDS = {
    ("", "Pod"): "workloads.pod",
    ("", "Service"): "services.service",
    ("", "Endpoints"): "services.endpoints",
    ("", "PodTemplate"): "workloads.pod_template",
    ("", "ReplicationController"): "workloads.replication_controller",
    ("", "ConfigMap"): "config.config_map",
    ("", "Secret"): "config.secret",
    ("", "Namespace"): "config.namespace",
    ("", "ResourceQuota"): "config.resource_quota",
    ("", "LimitRange"): "config.limit_range",
    ("", "PersistentVolumeClaim"): "config.persistent_volume_claim",
    ("", "PersistentVolume"): "config.persistent_volume",
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): "webhooks.configuration",
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): "webhooks.configuration",
    ("apiextensions.k8s.io", "CustomResourceDefinition"): "definitions.definition",
    ("apps", "Deployment"): "workloads.deployment",
    ("apps", "ReplicaSet"): "workloads.replica_set",
    ("apps", "StatefulSet"): "workloads.stateful_set",
    ("apps", "DaemonSet"): "workloads.daemon_set",
    ("autoscaling", "HorizontalPodAutoscaler"): "scaling.autoscaler",
    ("batch", "Job"): "batch.job",
    ("batch", "CronJob"): "batch.cron_job",
    ("discovery.k8s.io", "EndpointSlice"): "services.endpoint_slice",
    ("networking.k8s.io", "NetworkPolicy"): "networking.network_policy",
    ("networking.k8s.io", "Ingress"): "networking.ingress",
    ("networking.k8s.io", "IngressClass"): "networking.ingress_class",
    ("node.k8s.io", "RuntimeClass"): "workloads.runtime_class",
    ("policy", "PodDisruptionBudget"): "scaling.disruption_budget",
    ("rbac.authorization.k8s.io", "Role"): "rbac.role",
    ("rbac.authorization.k8s.io", "ClusterRole"): "rbac.cluster_role",
    ("rbac.authorization.k8s.io", "RoleBinding"): "rbac.role_binding",
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): "rbac.cluster_role_binding",
    ("scheduling.k8s.io", "PriorityClass"): "scaling.priority_class",
    ("storage.k8s.io", "StorageClass"): "config.storage_class",
}
"""Group and kind → the function that validates it, as `module.function`: a module is loaded when a kind of it is met."""


def validated_kinds() -> list[str]:
    """The kinds whose built-in validation is looked at; of the others only the structure and the metadata are."""
    return sorted({kind for _, kind in KINDS})


def admission_findings(document: dict[str, Any], schema: Found | None) -> Iterator[Finding]:
    """Why the server would refuse a document whose structure is right. Never raises, whatever the document holds."""
    spot = Spot(document)
    name = str(reference_of(document))
    said = set()
    for problem in (*_problems(spot, document["apiVersion"], document["kind"]), *out_of_range(document, schema)):
        if problem not in said:
            said.add(problem)
            yield finding(problem.rule, problem.message, object=name, path=problem.path)


def _problems(spot: Spot, api_version: str, kind: str) -> Problems:
    yield from named(spot, api_version, kind)
    group = api_version.rpartition("/")[0]
    name = KINDS.get((group, kind))
    if name is not None:
        yield from late(f"admission.{name}")(spot)
    elif group == "chaos-mesh.org":
        yield from late("admission.chaosmesh.webhook")(spot, kind)
