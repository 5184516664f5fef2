"""What runs: nodes, pods and what makes them; only the fields that a network experiment asks about."""

from enum import StrEnum

import msgspec

from aichaos.domain.base import ConditionStatus, KubeObject, LabelSelector, Wire


class Namespace(KubeObject, frozen=True, kw_only=True):
    pass


class Node(KubeObject, frozen=True, kw_only=True):
    """Region and zone are labels: see `zone`."""

    @property
    def zone(self) -> str:
        return self.labels.get("topology.kubernetes.io/zone", "")

    @property
    def region(self) -> str:
        return self.labels.get("topology.kubernetes.io/region", "")


class ContainerPort(Wire, frozen=True, kw_only=True):
    container_port: int
    name: str = ""
    protocol: str = "TCP"


class VolumeMount(Wire, frozen=True, kw_only=True):
    mount_path: str = ""


class Container(Wire, frozen=True, kw_only=True):
    name: str
    image: str = ""
    ports: tuple[ContainerPort, ...] = ()
    volume_mounts: tuple[VolumeMount, ...] = ()


class PodSpec(Wire, frozen=True, kw_only=True):
    node_name: str = ""
    service_account_name: str = ""
    host_network: bool = False
    containers: tuple[Container, ...] = ()


class PodConditionType(StrEnum):
    """What is asked about a pod is `READY`. The rest is named so that it is decoded fast; what is not named is `OTHER`."""

    READY = "Ready"
    CONTAINERS_READY = "ContainersReady"
    INITIALIZED = "Initialized"
    SCHEDULED = "PodScheduled"
    SANDBOX_READY = "PodReadyToStartContainers"
    DISRUPTED = "DisruptionTarget"
    OTHER = ""

    @classmethod
    def _missing_(cls, value: object) -> "PodConditionType":
        return cls.OTHER


class PodCondition(Wire, frozen=True, kw_only=True):
    type: PodConditionType
    status: ConditionStatus = ConditionStatus.UNKNOWN


class PodStatus(Wire, frozen=True, kw_only=True):
    phase: str = ""
    pod_ip: str = msgspec.field(name="podIP", default="")
    conditions: tuple[PodCondition, ...] = ()


class Pod(KubeObject, frozen=True, kw_only=True):
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()

    @property
    def ready(self) -> bool:
        return any(one.type is PodConditionType.READY and one.status is ConditionStatus.TRUE for one in self.status.conditions)

    @property
    def finished(self) -> bool:
        """Succeeded or failed: it keeps its labels and is no target of anything."""
        return self.status.phase in ("Succeeded", "Failed")


class PodTemplate(Wire, frozen=True, kw_only=True):
    class Meta(Wire, frozen=True, kw_only=True):
        labels: dict[str, str] = {}

    metadata: Meta = Meta()
    spec: PodSpec = PodSpec()


class WorkloadSpec(Wire, frozen=True, kw_only=True):
    """`replicas` is None on a DaemonSet, and 1 where a Deployment or a StatefulSet leaves it out."""

    replicas: int | None = None
    selector: LabelSelector = LabelSelector()
    template: PodTemplate = PodTemplate()


class WorkloadStatus(Wire, frozen=True, kw_only=True):
    ready_replicas: int = 0
    number_ready: int = 0
    observed_generation: int | None = None
    updated_replicas: int = 0
    replicas: int = 0


class Workload(KubeObject, frozen=True, kw_only=True):
    spec: WorkloadSpec = WorkloadSpec()
    status: WorkloadStatus = WorkloadStatus()

    @property
    def replicas(self) -> int:
        return 1 if self.spec.replicas is None else self.spec.replicas


class Deployment(Workload, frozen=True, kw_only=True):
    pass


class StatefulSet(Workload, frozen=True, kw_only=True):
    pass


class DaemonSet(Workload, frozen=True, kw_only=True):
    pass


class ScaleTarget(Wire, frozen=True, kw_only=True):
    kind: str
    name: str


class AutoscalerSpec(Wire, frozen=True, kw_only=True):
    scale_target_ref: ScaleTarget
    min_replicas: int = 1
    max_replicas: int = 0


class HorizontalPodAutoscaler(KubeObject, frozen=True, kw_only=True):
    spec: AutoscalerSpec


class DisruptionBudgetSpec(Wire, frozen=True, kw_only=True):
    selector: LabelSelector | None = None
    min_available: int | str | None = None
    max_unavailable: int | str | None = None


class PodDisruptionBudget(KubeObject, frozen=True, kw_only=True):
    spec: DisruptionBudgetSpec = DisruptionBudgetSpec()
