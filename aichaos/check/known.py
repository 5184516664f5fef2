"""Kinds that we know without a cluster: which group serves them, in which versions, and whether they live in a namespace.

Versions are those that a supported server can offer (Kubernetes 1.30 and later, Gateway API 1.x, Chaos Mesh 2.x, Litmus 3.x, Istio
1.20 and later). What was removed before is not served: an apiVersion from an old page is the most common mistake of models.
"""

from collections import defaultdict

import msgspec

from aichaos.check.schema.bundle import index
from aichaos.domain.base import group_of


class KnownKind(msgspec.Struct, frozen=True):
    """`versions`: served ones, the best first."""

    name: str
    group: str
    versions: tuple[str, ...]
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.versions[0]}" if self.group else self.versions[0]


_ALSO: tuple[tuple[str, tuple[str, ...], str, bool], ...] = (
    ("", ("v1",), "ComponentStatus", False),
    ("gateway.networking.k8s.io", ("v1alpha2",), "GRPCRoute BackendTLSPolicy", True),
    ("gateway.networking.k8s.io", ("v1alpha1",), "ListenerSet", True),
    ("chaos-mesh.org", ("v1alpha1",), "CloudStackHostChaos YCChaos", True),
    ("litmuschaos.io", ("v1alpha1",), "ChaosSchedule", True),
    ("s3.aws.upbound.io", ("v1beta2", "v1beta1"), "BucketServerSideEncryptionConfiguration", False),
    ("s3.aws.upbound.io", ("v1beta1",), "BucketOwnershipControls BucketPolicy BucketPublicAccessBlock", False),
)
"""What other releases serve, beside the kinds and versions whose schemas come along."""


def _known() -> tuple[KnownKind, ...]:
    versions: dict[tuple[str, str, bool], list[str]] = defaultdict(list)
    for api_version, kinds in index().items():
        for kind, entry in kinds.items():
            versions[kind, group_of(api_version), entry.namespaced].append(api_version.rpartition("/")[2])
    for group, older, names, namespaced in _ALSO:
        for name in names.split():
            versions[name, group, namespaced] += older
    best = {which: tuple(sorted(set(served), key=_rank)) for which, served in sorted(versions.items())}
    return tuple(KnownKind(name, group, served, namespaced) for (name, group, namespaced), served in best.items())


def _rank(version: str) -> tuple[int, str]:
    """The stable ones first, then beta, then alpha; of these the highest."""
    return ("beta" in version) + 2 * ("alpha" in version), "".join(chr(0x10FFFF - ord(letter)) for letter in version)


KNOWN: tuple[KnownKind, ...] = _known()

CLOSED_GROUPS = frozenset(
    {"", "apps", "autoscaling", "batch", "policy", "networking.k8s.io", "discovery.k8s.io", "chaos-mesh.org", "litmuschaos.io"}
    | {"gateway.networking.k8s.io", "rbac.authorization.k8s.io", "networking.istio.io"}
)
"""Groups of which every kind is in the table: another kind in one of them is a misspelt one, and the server refuses it."""

RETIRED_GROUPS = frozenset({"extensions", "pingcap.com", "networking.x-k8s.io", "config.istio.io"})
"""Groups that nobody serves any more and that old pages still name."""

_BY_NAME: dict[str, list[KnownKind]] = defaultdict(list)
for _kind in KNOWN:
    _BY_NAME[_kind.name].append(_kind)

GROUPS = frozenset(kind.group for kind in KNOWN)
NAMES = tuple(_BY_NAME)


def kinds_called(name: str) -> list[KnownKind]:
    """Every known kind of a name, whatever its group (`Gateway` has two)."""
    return _BY_NAME.get(name, [])


def known_kind(api_version: str, name: str) -> KnownKind | None:
    """The kind that an apiVersion and a kind name, in any version of its group."""
    group = group_of(api_version)
    return next((kind for kind in kinds_called(name) if kind.group == group), None)


def is_namespaced(name: str) -> bool | None:
    """Whether a kind lives in namespaces; None where we do not know the kind."""
    kinds = kinds_called(name)
    return all(kind.namespaced for kind in kinds) if kinds else None
