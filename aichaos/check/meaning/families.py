"""Which rules of meaning a document is asked: those of the family of its kind, and no others."""

from collections.abc import Iterator

from aichaos.check.late import late
from aichaos.check.subject import Subject
from aichaos.domain.base import group_of
from aichaos.domain.finding import Finding

FAMILIES = {
    "chaos-mesh.org": ("endings.ending_findings", "meaning.chaos_mesh.chaos_mesh_findings"),
    "litmuschaos.io": ("meaning.litmus.litmus_findings",),
    "gateway.networking.k8s.io": ("meaning.route_fields.route_field_findings",),
    "networking.istio.io": ("meaning.istio.istio_findings",),
    "apiextensions.k8s.io": ("meaning.definitions.definition_findings",),
    "s3.aws.upbound.io": ("meaning.crossplane.crossplane_findings",),
}
"""API group → the functions that hold its rules; they are loaded when a document of it is met."""


def meaning_findings(this: Subject) -> Iterator[Finding]:
    for family in FAMILIES.get(group_of(this.document["apiVersion"]), ()):
        yield from late(family)(this)
