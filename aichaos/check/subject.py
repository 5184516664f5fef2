"""The manifest that is being looked at, and the sentences that every reference check says in the same way."""

from collections.abc import Iterator
from typing import Any

import msgspec

from aichaos.check.rules import finding
from aichaos.check.spelling import there_are
from aichaos.check.world import World, placed
from aichaos.domain.base import ObjectRef
from aichaos.domain.finding import Finding, Fix, Severity
from aichaos.files.plain import without_nulls
from aichaos.observe.targets import only_on_the_workload, shown_labels


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """`document` is without nulls. `ref` has the namespace that the object falls into."""

    document: dict[str, Any]
    ref: ObjectRef
    world: World

    @property
    def namespace(self) -> str:
        return self.ref.namespace

    def note(self, rule: str, message: str, path: str, severity: Severity | None = None, *, fix: Fix | None = None) -> Finding:
        return finding(rule, message, object=str(self.ref), path=path, severity=severity, fix=fix)

    def missing(self, rule: str, ref: ObjectRef, path: str) -> Iterator[Finding]:
        """A finding where an object that is referred to is not there; `skipped` where nobody can know."""
        if self.world.exists(ref):
            return
        match self.world.sight(ref.kind, ref.namespace):
            case "alone":
                return
            case "unread":
                yield self.unread(rule, f"whether {ref} exists", ref.kind, ref.namespace, path)
            case "known":
                names = self.world.names(ref.kind, ref.namespace)
                where = f" in {ref.namespace}" if ref.namespace else ""
                yield self.note(rule, f"no {ref.kind} {ref.name}{where}; {there_are(names, ref.name)}", path)

    def unread(self, rule: str, what: str, kind: str, namespace: str, path: str) -> Finding:
        why = self.world.why_unread(kind, namespace)
        return self.note(rule, f"{what} could not be checked: {why}", path, "skipped")

    def takes_no_pod(
        self, what: str, labels: dict[str, str], namespaces: tuple[str, ...], path: str, severity: Severity
    ) -> Iterator[Finding]:
        """A selector that takes nothing, with the reason where one can be seen."""
        rule = "reference/selector-hits-nothing"
        workload = only_on_the_workload(self.world.topology, labels, namespaces)
        if workload is not None:
            kind, own = type(workload).__name__, workload.spec.template.metadata.labels
            message = (
                f"{what} takes no pod: {shown_labels(labels)} is on the {kind} {workload.name} itself, "
                f"not on its pod template, which has {shown_labels(own)}"
            )
            yield self.note(rule, message, path, severity)
            return
        unread = next((namespace for namespace in namespaces if self.world.sight("Pod", namespace) == "unread"), None)
        if unread is not None:
            yield self.unread(rule, f"which pods {what} takes", "Pod", unread, path)
        elif self.world.cluster is not None:
            where = ", ".join(namespaces)
            yield self.note(rule, f"{what} takes no pod in {where}: {self._what_pods_have(labels, namespaces)}", path, severity)

    def _what_pods_have(self, labels: dict[str, str], namespaces: tuple[str, ...]) -> str:
        """The values that pods there have under the labels that were asked for."""
        pods = [pod for namespace in namespaces for pod in self.world.topology.pods_of_namespace.get(namespace, [])]
        if not pods:
            return "there is no pod at all"
        for key, value in labels.items():
            values = {pod.labels[key] for pod in pods if key in pod.labels}
            if value not in values:
                instead = f"; for {key} {there_are(values, value)}" if values else ""
                return f"no pod has {key}={value}{instead}"
        return f"{len(pods)} pods are there, and none fits all of it"


def subject(manifest: dict[str, Any], world: World) -> Subject:
    document = without_nulls(manifest)
    return Subject(document=document, ref=placed(document), world=world)
