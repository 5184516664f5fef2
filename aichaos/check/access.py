"""What a service account may do, resolved from the Roles and bindings of the snapshot (RBAC, `rbac.authorization.k8s.io/v1`)."""

from collections.abc import Iterator, Mapping

import msgspec

from aichaos.check.world import World
from aichaos.domain.access import ClusterRole, PolicyRule, Role, RoleRef, Subject
from aichaos.domain.base import ObjectRef

_KINDS = ("RoleBinding", "ClusterRoleBinding", "Role", "ClusterRole")
_EVERYTHING = PolicyRule(verbs=("*",), api_groups=("*",), resources=("*",))


class Allowed(msgspec.Struct, frozen=True):
    """What an account may do in one namespace. unknown: why that can't be told, or ""."""

    rules: tuple[PolicyRule, ...]
    unknown: str = ""

    def missing(self, group: str, resource: str, verbs: tuple[str, ...]) -> list[str]:
        """Those of the verbs that no rule allows."""
        return [verb for verb in verbs if not any(_allows(rule, group, resource, verb) for rule in self.rules)]


def allowed(world: World, account: ObjectRef, namespace: str) -> Allowed:
    """What a ServiceAccount may do with the objects of a namespace."""
    assert world.cluster is not None
    unknown = next((why for kind in _KINDS if (why := world.why_unread(kind, namespace if kind in ("RoleBinding", "Role") else ""))), "")
    seen = world.topology.snapshot
    if not unknown and not (seen.role_bindings or seen.cluster_role_bindings):
        unknown = f"{seen.source.cluster or 'the source'} holds no RoleBinding at all"
    bound = list(_bound(world, account, namespace))
    if not unknown and seen.source.kind == "file":
        elsewhere = next((ref.name for ref, rules in bound if ref.kind == "ClusterRole" and not rules), None)
        unknown = f"{seen.source.cluster or 'the source'} does not say what the ClusterRole {elsewhere} allows" if elsewhere else ""
    return Allowed(tuple(rule for _, rules in bound for rule in rules), unknown)


def _bound(world: World, account: ObjectRef, namespace: str) -> Iterator[tuple[RoleRef, tuple[PolicyRule, ...]]]:
    """The roles that an account is bound to, and their rules; none for a role that is not there."""
    seen, objects = world.topology.snapshot, world.topology.objects
    for binding in seen.role_bindings:
        if binding.namespace == namespace and any(_is(subject, account, namespace) for subject in binding.subjects or ()):
            yield binding.role_ref, _of(binding.role_ref, namespace, objects)
    for cluster_binding in seen.cluster_role_bindings:
        if any(_is(subject, account, "") for subject in cluster_binding.subjects or ()):
            yield cluster_binding.role_ref, _of(cluster_binding.role_ref, "", objects)


def _of(ref: RoleRef, namespace: str, objects: Mapping[ObjectRef, object]) -> tuple[PolicyRule, ...]:
    role = objects.get(ObjectRef(ref.kind, ref.name, namespace if ref.kind == "Role" else ""))
    if role is None and (ref.kind, ref.name) == ("ClusterRole", "cluster-admin"):
        return (_EVERYTHING,)  # which the API server makes itself
    return (role.rules or ()) if isinstance(role, (Role, ClusterRole)) else ()


def _is(subject: Subject, account: ObjectRef, namespace: str) -> bool:
    match subject.kind:
        case "ServiceAccount":
            return subject.name == account.name and (subject.namespace or namespace) == account.namespace
        case "User":
            return subject.name == f"system:serviceaccount:{account.namespace}:{account.name}"
        case "Group":
            return subject.name in ("system:serviceaccounts", f"system:serviceaccounts:{account.namespace}", "system:authenticated")
    return False


def _allows(rule: PolicyRule, group: str, resource: str, verb: str) -> bool:
    """Whether a rule allows a verb on every object of a resource; rules for single names do not count."""
    kind, _, part = resource.partition("/")
    resources = {"*", resource} | ({f"*/{part}"} if part else set())
    return (
        not rule.resource_names
        and bool({"*", verb} & set(rule.verbs))
        and bool({"*", group} & set(rule.api_groups))
        and bool(resources & set(rule.resources))
        and bool(kind)
    )
