"""Which rules of meaning a document is asked: those of the family of its kind, and no others."""

from collections.abc import Callable, Iterator

from aichaos.check.endings import ending_findings
from aichaos.check.meaning.chaos_mesh import chaos_mesh_findings
from aichaos.check.meaning.crossplane import crossplane_findings
from aichaos.check.meaning.istio import istio_findings
from aichaos.check.meaning.litmus import litmus_findings
from aichaos.check.meaning.route_fields import route_field_findings
from aichaos.check.subject import Subject
from aichaos.domain.base import group_of
from aichaos.domain.finding import Finding

_FAMILIES: dict[str, tuple[Callable[[Subject], Iterator[Finding]], ...]] = {
    "chaos-mesh.org": (ending_findings, chaos_mesh_findings),
    "litmuschaos.io": (litmus_findings,),
    "gateway.networking.k8s.io": (route_field_findings,),
    "networking.istio.io": (istio_findings,),
    "s3.aws.upbound.io": (crossplane_findings,),
}
"""API group → its rules."""


def meaning_findings(this: Subject) -> Iterator[Finding]:
    for family in _FAMILIES.get(group_of(this.document["apiVersion"]), ()):
        yield from family(this)
