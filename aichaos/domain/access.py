"""Who may do what, and the objects of which we only ever look at the outside."""

from aichaos.domain.base import KubeObject, Wire


class ServiceAccount(KubeObject, frozen=True, kw_only=True):
    pass


class PolicyRule(Wire, frozen=True, kw_only=True):
    verbs: tuple[str, ...] = ()
    api_groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    resource_names: tuple[str, ...] = ()


class Role(KubeObject, frozen=True, kw_only=True):
    rules: tuple[PolicyRule, ...] | None = None


class ClusterRole(KubeObject, frozen=True, kw_only=True):
    rules: tuple[PolicyRule, ...] | None = None


class RoleRef(Wire, frozen=True, kw_only=True):
    kind: str
    name: str


class Subject(Wire, frozen=True, kw_only=True):
    kind: str
    name: str
    namespace: str = ""


class RoleBinding(KubeObject, frozen=True, kw_only=True):
    role_ref: RoleRef
    subjects: tuple[Subject, ...] | None = None


class ClusterRoleBinding(KubeObject, frozen=True, kw_only=True):
    role_ref: RoleRef
    subjects: tuple[Subject, ...] | None = None


class ConfigMap(KubeObject, frozen=True, kw_only=True):
    """A ConfigMap's name and the names of its keys; never a value."""

    keys: tuple[str, ...] = ()


class Secret(KubeObject, frozen=True, kw_only=True):
    """A Secret's name and type. Its data is never asked for and never kept."""

    type: str = ""
