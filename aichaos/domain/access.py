"""Who may do what, and the objects of which we only ever look at the outside."""

from aichaos.domain.base import KubeObject, Wire


class ServiceAccount(KubeObject, frozen=True, kw_only=True):
    pass


class PolicyRule(Wire, frozen=True, kw_only=True):
    verbs: list[str] = []
    api_groups: list[str] = []
    resources: list[str] = []
    resource_names: list[str] = []


class Role(KubeObject, frozen=True, kw_only=True):
    rules: list[PolicyRule] | None = None


class ClusterRole(KubeObject, frozen=True, kw_only=True):
    rules: list[PolicyRule] | None = None


class RoleRef(Wire, frozen=True, kw_only=True):
    kind: str
    name: str


class Subject(Wire, frozen=True, kw_only=True):
    kind: str
    name: str
    namespace: str = ""


class RoleBinding(KubeObject, frozen=True, kw_only=True):
    role_ref: RoleRef
    subjects: list[Subject] | None = None


class ClusterRoleBinding(KubeObject, frozen=True, kw_only=True):
    role_ref: RoleRef
    subjects: list[Subject] | None = None


class ConfigMap(KubeObject, frozen=True, kw_only=True):
    """A ConfigMap's name and the names of its keys; never a value."""

    keys: list[str] = []


class Secret(KubeObject, frozen=True, kw_only=True):
    """A Secret's name and type. Its data is never asked for and never kept."""

    type: str = ""
