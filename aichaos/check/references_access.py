"""Whether the service account of a Litmus engine may do what its faults need."""

from collections.abc import Iterator

from aichaos.check.access import allowed
from aichaos.check.meaning.litmus_faults import Needed, needed
from aichaos.check.subject import Subject
from aichaos.domain.base import ObjectRef
from aichaos.domain.finding import Finding
from aichaos.files.plain import at, text
from aichaos.observe.faults import litmus_faults

_RULE = "reference/service-account-permissions"
_VITAL = frozenset({"pods", "jobs", "chaosengines", "chaosexperiments", "chaosresults"})
"""Resources without which no fault runs; the rest (events, logs, owners) costs messages or some targets."""

_ONLY_WITH = {"apps.openshift.io": "deploymentconfig", "argoproj.io": "rollout"}
"""API groups that matter only where the target is of that kind."""


def permission_findings(this: Subject, account: ObjectRef, path: str) -> Iterator[Finding]:
    target = text(at(this.document, "spec", "appinfo", "appns")) or this.namespace
    kind = text(at(this.document, "spec", "appinfo", "appkind")).lower()
    faults = [fault.name for fault in litmus_faults(this.document) if needed(fault.name)]
    wanted = {one: None for fault in faults for one in needed(fault) if _ONLY_WITH.get(one.group, kind) == kind}
    if not wanted:
        return
    homes = {namespace: allowed(this.world, account, namespace) for namespace in (this.namespace, target)}
    unknown = next((one.unknown for one in homes.values() if one.unknown), "")
    if unknown:
        yield this.note(_RULE, f"whether {account.name} may do what {faults[0]} needs could not be checked: {unknown}", path, "skipped")
        return
    lacking: list[tuple[Needed, list[str], str]] = []
    for one in wanted:
        namespace = this.namespace if one.group in ("litmuschaos.io", "batch") else target
        verbs = homes[namespace].missing(one.group, one.resource, one.verbs)
        if verbs:
            lacking.append((one, verbs, namespace))
    if lacking:
        told = "; ".join(f"{', '.join(verbs)} {_called(one)} in {namespace}" for one, verbs, namespace in lacking[:4])
        more = f" and {len(lacking) - 4} more" if len(lacking) > 4 else ""
        vital = any(one.resource in _VITAL for one, _, _ in lacking)
        message = f"{account.name} may not {told}{more}, which {' and '.join(dict.fromkeys(faults))} needs: bind a Role that allows it"
        yield this.note(_RULE, message, path, None if vital else "warning")


def _called(one: Needed) -> str:
    return f"{one.resource}.{one.group}" if one.group else one.resource
