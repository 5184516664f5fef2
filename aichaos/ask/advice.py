"""A finding in a form that a model can act on: where, what stands there, what is allowed there, an example."""

import re
from typing import Any

import msgspec

from aichaos.ask.protocol import Attempt
from aichaos.domain.experiment import VERBS
from aichaos.domain.finding import Finding
from aichaos.files.plain import mapping

_EXAMPLES = {
    "experiment/duration": "deadline: 5m",
    "chaos-mesh/duration-required": 'duration: "60s"',
    "chaos-mesh/value": 'mode: fixed-percent, value: "50"',
    "litmus/duration": '{name: TOTAL_CHAOS_DURATION, value: "60"}',
    "experiment/no-steady-state": 'steadyState: [{name: shop answers, http: {url: "http://HOST/PATH", via: gateway/NAMESPACE/NAME}}]',
    "experiment/recreate-without-delete": "a delete of the same object in a step before it",
    "reply/placeholder": "the name of an object from the list",
    "reply/no-experiment": "apiVersion: aichaos/v1\nkind: Experiment\n… as in the form above",
}
_FORMS = {
    "delete": "delete: {kind: HTTPRoute, name: …, namespace: …}",
    "recreate": "recreate: {kind: HTTPRoute, name: …, namespace: …}",
    "scale": "scale: {kind: Deployment, name: …, namespace: …, replicas: 0}",
    "patch": "patch: {kind: …, name: …, namespace: …, merge: {spec: {…}}}",
    "label": "label: {kind: Pod, name: …, namespace: …, set: {key: value}, remove: [key]}; one object a step, by its name",
    "restart": "restart: {kind: Deployment, name: …, namespace: …}",
    "wait": "wait: {for: 10s}, or wait: {until: {object: Deployment/NAMESPACE/NAME, condition: Available}, timeout: 2m}",
    "probe": "probe: the name of a steadyState entry",
    "chaos": "chaos: {apiVersion: …, kind: …, metadata: {name: …, namespace: …}, spec: {…}}, hold: 60s",
}
"""The form of each verb, for a step that does not have it."""
_IN_A_STEP = re.compile(r"/spec/steps/\d+/([a-z]+)")


def advice(attempt: Attempt) -> list[dict[str, Any]]:
    """Findings that a model should mend, the errors first; those that no answer can change (a check that was skipped) are left out."""
    from aichaos.ask.reply import documents

    experiment: Any = next((one for one in documents(attempt.text) if mapping(one).get("kind") == "Experiment"), {})
    told = [one for one in attempt.findings if one.severity in ("error", "warning")]
    return [_told(one, experiment, attempt.examples) for one in sorted(told, key=lambda one: one.severity != "error")]


def _told(one: Finding, experiment: Any, examples: dict[str, str]) -> dict[str, Any]:
    was = _at(experiment, one.path) if one.path else None
    fix = one.fix.description if one.fix else ""
    allowed = fix or ("exactly one of " + ", ".join(VERBS) if "exactly one verb" in one.message else "")
    return {
        "severity": one.severity,
        "rule": one.rule,
        "path": one.path,
        "line": one.line,
        "message": one.message,
        "was": "" if was is None else msgspec.json.encode(was).decode()[:300],
        "allowed": allowed,
        "example": _EXAMPLES.get(one.rule) or _form(one) or examples.get(one.rule, ""),
    }


def _form(one: Finding) -> str:
    """The form of the verb that a finding about the form is about; "" for any other finding."""
    verb = _IN_A_STEP.match(one.path) if one.rule == "experiment/schema" else None
    return _FORMS.get(verb[1], "") if verb else ""


def _at(value: Any, path: str) -> Any:
    for part in path.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        elif isinstance(value, dict) and key in value:
            value = value[key]
        else:
            return None
    return value
