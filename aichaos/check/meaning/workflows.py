"""Schedule, Workflow and StatusCheck of Chaos Mesh."""

from collections.abc import Iterator
from typing import Any

from aichaos.check.admission.chaosmesh import later
from aichaos.check.admission.spot import Spot
from aichaos.check.fixes import add, fix, move, remove, replace
from aichaos.check.meaning.units import go_duration, short, whole
from aichaos.check.subject import Subject
from aichaos.domain.experiment import seconds
from aichaos.domain.finding import Finding
from aichaos.files.plain import mapping, sequence, text
from aichaos.observe.faults import FAULTS

_LONGEST_NAME = 63
_TEMPLATES = ("Task", "Serial", "Parallel", "Suspend", "Schedule", "StatusCheck", *FAULTS)


def workflow_findings(this: Subject) -> Iterator[Finding]:
    spec = mapping(this.document.get("spec"))
    match this.ref.kind:
        case "Schedule":
            yield from _name(this)
            yield from _schedule(this, spec, "/spec")
            yield from _templates(this, mapping(spec.get("workflow")), "/spec/workflow")
            yield from _refused_later(this)
        case "Workflow":
            yield from _name(this)
            yield from _templates(this, spec, "/spec")
            yield from _refused_later(this)
        case "StatusCheck":
            yield from _status_check(this, spec, "/spec")


def _refused_later(this: Subject) -> Iterator[Finding]:
    """A Workflow in a Schedule, a Schedule in a Workflow: the webhook looks at them when they are made, and then nobody is looking."""
    for problem in later(Spot(this.document)["spec"], this.ref.kind):
        message = f"admitted now, and refused by Chaos Mesh's webhook when this part is to run: {problem.message}"
        yield this.note("chaos-mesh/refused-later", message, problem.path)


def _name(this: Subject) -> Iterator[Finding]:
    if len(this.ref.name) > _LONGEST_NAME:
        happens = "never fires" if this.ref.kind == "Schedule" else "starts no node"
        message = f"a {this.ref.kind} whose name has more than {_LONGEST_NAME} characters is admitted and {happens}: shorten it"
        yield this.note("chaos-mesh/name-too-long", message, "/metadata/name")


def _schedule(this: Subject, spec: dict[str, Any], path: str) -> Iterator[Finding]:
    policy = spec.get("concurrencyPolicy")
    if policy is not None and policy not in ("Forbid", "Allow"):
        message = f"{short(policy)} is no concurrencyPolicy of a Schedule: it is Forbid (wait for the last one) or Allow (side by side)"
        yield this.note("chaos-mesh/schedule-concurrency", message, f"{path}/concurrencyPolicy")
    yield from _typed_block(this, spec, "type", (*FAULTS, "Workflow"), path)


def _typed_block(this: Subject, spec: dict[str, Any], field: str, types: tuple[str, ...], path: str) -> Iterator[Finding]:
    """A Schedule's or a template's type has its block: `type: PodChaos` has `podChaos:`."""
    kind = text(spec.get(field))
    if kind in types and spec.get(block_of(kind)) is None:
        message = (
            f"{field}: {kind} without its block {block_of(kind)}: the webhook panics instead of saying so; add what the fault does there"
        )
        yield this.note("chaos-mesh/type-without-block", message, f"{path}/{block_of(kind)}")


def block_of(kind: str) -> str:
    """The field that holds a fault of a kind: `podChaos`, `ioChaos`, `physicalmachineChaos`."""
    special = {"PhysicalMachineChaos": "physicalmachineChaos", "CloudStackHostChaos": "cloudstackHostChaos"}
    if kind in special:
        return special[kind]
    stem = kind.removesuffix("Chaos")
    return (stem.lower() if stem.isupper() else stem[0].lower() + stem[1:]) + ("Chaos" if kind.endswith("Chaos") else "")


def _templates(this: Subject, spec: dict[str, Any], path: str) -> Iterator[Finding]:
    for index, item in enumerate(sequence(spec.get("templates"))):
        template, here = mapping(item), f"{path}/templates/{index}"
        if "type" in template:
            certain = (
                fix("templateType: instead of type:", move(f"{here}/type", f"{here}/templateType"))
                if "templateType" not in template
                else None
            )
            yield this.note("chaos-mesh/template-type", "the type of a template is called templateType", f"{here}/type", fix=certain)
        kind = text(template.get("templateType")) or text(template.get("type"))
        if "templateType" in template:
            yield from _typed_block(this, template, "templateType", FAULTS, here)
        if kind in FAULTS:
            yield from _deadline(this, template, block_of(kind), here)
        if isinstance(template.get("schedule"), dict):
            yield from _schedule(this, template["schedule"], f"{here}/schedule")
        if isinstance(template.get("statusCheck"), dict):
            yield from _status_check(this, template["statusCheck"], f"{here}/statusCheck", template, here)


def _deadline(this: Subject, template: dict[str, Any], block: str, path: str) -> Iterator[Finding]:
    holder = mapping(template.get(block))
    if "duration" in holder:
        source = f"{path}/{block}/duration"
        certain = fix("deadline: of the template instead", move(source, f"{path}/deadline")) if "deadline" not in template else None
        message = "a fault in a Workflow has no duration: it ends with the template's deadline"
        yield this.note("chaos-mesh/template-deadline", message, source, fix=certain)


def _status_check(
    this: Subject, check: dict[str, Any], path: str, template: dict[str, Any] | None = None, above: str = ""
) -> Iterator[Finding]:
    kind = check.get("type")
    if kind is not None and kind != "HTTP":
        certain = fix("type: HTTP", replace(f"{path}/type", "HTTP")) if text(kind).upper() == "HTTP" else None
        message = f"{short(kind)}: a StatusCheck asks over HTTP only; for a metric, ask Prometheus' own HTTP address"
        yield this.note("chaos-mesh/status-check", message, f"{path}/type", fix=certain)
    for wrong, right in (("interval", "intervalSeconds"), ("timeout", "timeoutSeconds")):
        if wrong in check:
            yield this.note(
                "chaos-mesh/status-check", f"the field is {right}, a number", f"{path}/{wrong}", fix=_seconds(check, wrong, right, path)
            )
    code, here = mapping(mapping(check.get("http")).get("criteria")).get("statusCode"), f"{path}/http/criteria/statusCode"
    if code is not None and not isinstance(code, str):
        number = whole(code)
        certain = fix(f'statusCode: "{number}"', replace(here, str(number))) if number else None
        yield this.note(
            "chaos-mesh/status-check", f'statusCode is {short(code)}; it takes a text, as in "200" or "200-299"', here, fix=certain
        )
    for wrong in ("abortWithStatusCheck", "abort"):
        if wrong in check and template is not None:
            operations = [remove(f"{path}/{wrong}"), add(f"{above}/abortWithStatusCheck", True)]
            certain = fix("abortWithStatusCheck: true on the template", *operations) if check[wrong] is True else None
            message = "whether a failing check ends the Workflow is said beside statusCheck, on the template: abortWithStatusCheck: true"
            yield this.note("chaos-mesh/abort-with-status-check", message, f"{path}/{wrong}", fix=certain)


def _seconds(check: dict[str, Any], wrong: str, right: str, path: str) -> Any:
    duration = go_duration(check[wrong], "s") or text(check[wrong])
    length = seconds(duration) if duration else None
    if length is None or length < 1 or length != int(length) or right in check:
        return None
    return fix(f"{right}: {int(length)}", remove(f"{path}/{wrong}"), add(f"{path}/{right}", int(length)))
