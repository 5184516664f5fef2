"""The papers that people keep beside an experiment: the hypothesis with its scope and criteria, and the runbook.

Made of the experiment and, where one was looked at, of the cluster. What only people know is left to tick.
"""

import re
import shlex
from collections.abc import Iterator

import msgspec

from aichaos.domain.experiment import Experiment, Probe, lasting, seconds
from aichaos.domain.finding import Finding
from aichaos.domain.prediction import Prediction
from aichaos.domain.suggestion import BlastRadius
from aichaos.report.clean import clean
from aichaos.report.kubectl import text as step_text

_TAG = re.compile(r"<(?=[A-Za-z/!?])")


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """An experiment, and what a cluster says to it; None where none was looked at. path: its file."""

    path: str
    experiment: Experiment
    cluster: str | None = None
    radius: BlastRadius | None = None
    prediction: Prediction | None = None
    findings: list[Finding] | None = None


def hypothesis(found: Described) -> str:
    """The document that says what is believed, what is risked, and what would show that it is wrong."""
    return _joined(_hypothesis(found))


def runbook(found: Described) -> str:
    """How to run it, how to roll back, and what to do in an emergency."""
    return _joined(_runbook(found))


def _hypothesis(found: Described) -> Iterator[str]:
    spec, radius = found.experiment.spec, found.radius
    yield f"# Chaos Experiment: {_text(spec.title)}\n"
    yield f'## Hypothesis\n\n"{_text(spec.hypothesis) or "none was written"}"\n'
    yield f"{_text(spec.rationale)}\n" if spec.rationale else ""
    yield "## Scope\n"
    yield f"- **System**: {_text(', '.join(spec.scope.namespaces)) or 'no namespace is named'}"
    yield f"- **Duration**: {_duration(found.experiment)}; at the latest after {spec.deadline} everything goes back"
    limit = f"at most {spec.scope.max_pods} pods" if spec.scope.max_pods is not None else "no limit of pods is set"
    seen = f"; {radius.pods} of {radius.pods_total} pods ({radius.share:.0%}), {_counted(len(radius.routes))}" if radius is not None else ""
    yield f"- **Blast Radius**: {limit}{seen}"
    yield f"- **Environment**: {_text(found.cluster) if found.cluster else '(no cluster was looked at)'}\n"
    if found.prediction is not None:
        yield f"Predicted: {_text(found.prediction.verdict)}\n"
    yield "## Prerequisites Checklist\n"
    yield from _prerequisites(found)
    yield "\n## Success Criteria\n"
    yield from (f"- [ ] {_text(one)}" for probe in spec.steady_state for one in _criteria(probe))
    yield "- [ ] Everything is restored and verified, without anybody's help\n"
    yield "## Experiment Steps\n"
    yield from (f"{number}. {_text(step_text(step))}" for number, step in enumerate(spec.steps, 1))
    yield "\n## Metrics to Monitor\n"
    yield from ([f"- {_text(one.name)}: `{clean(one.query)}`" for one in spec.metrics] or ["- none is named in the experiment"])
    yield "\n## Rollback Plan\n"
    yield "1. `aichaos run` puts everything back by itself, at its end and whenever it is stopped"
    yield from (f"{number}. By hand: {_text(one)}" for number, one in enumerate(spec.rollback, 2))
    for one in found.prediction.irreversible if found.prediction is not None else ():
        yield f"\nApplying {_text(one.object)} again does not bring it back: {_text(one.why)}. {_text(one.undo)}"


def _counted(routes: int) -> str:
    return "1 route" if routes == 1 else f"{routes} routes"


def _prerequisites(found: Described) -> Iterator[str]:
    for text in ("Monitoring dashboard active", "Alerting enabled", "Team notified", "Off-peak time (low traffic)"):
        yield f"- [ ] {text}"
    yield "- [ ] Rollback plan documented: `aichaos document … --as runbook`"
    if found.findings is not None:
        bad = [one for one in found.findings if one.severity in ("error", "warning", "skipped")]
        told = f"{len(bad)} findings: `aichaos check`" if bad else "nothing found"
        yield f"- [{' ' if bad else 'x'}] Checked against {_text(found.cluster or '')}: {told}"


def _criteria(probe: Probe) -> Iterator[str]:
    for measure, limit in probe.tolerance.items():
        yield f"{probe.name}: {measure} {limit}"
    yield from (f"{probe.name}: {promise}" for promise in probe.slo)
    if not probe.tolerance and not probe.slo:
        yield f"{probe.name}: every answer is good"


def _duration(experiment: Experiment) -> str:
    times = [step.hold or (step.wait.for_ if step.wait else None) for step in experiment.spec.steps]
    waited = sum(seconds(one) or 0.0 for one in times if one)
    return f"about {lasting(waited)} of waiting in its steps"


def _runbook(found: Described) -> Iterator[str]:
    spec, path = found.experiment.spec, shlex.quote(found.path)
    yield f"# Runbook: {_text(spec.title)}\n"
    yield f"{_text(spec.hypothesis)}\n"
    yield "## How to run\n"
    yield "```sh"
    commands = {
        f"aichaos check {path} --from live": "is it right for this cluster?",
        f"aichaos predict {path} --from live": "what would it do?",
        f"aichaos doctor --rbac {path}": "the least Role that a run needs",
        f"aichaos run {path} --rehearse": "would the server take each step? nothing is changed",
        f"aichaos run {path}": "shows the plan, asks, runs, restores, verifies, judges",
        "aichaos report": "what came of it",
    }
    yield from (f"{command:{max(map(len, commands))}}  # {what}" for command, what in commands.items())
    yield "```\n"
    yield "It does, in this order:\n"
    yield from (f"{number}. {_text(step_text(step))}" for number, step in enumerate(spec.steps, 1))
    yield f"\nIt ends by itself, after {spec.deadline} at the latest. Its exit code: 0 the hypothesis held, 3 it did not, 7 it ended early,"
    yield "8 something is NOT restored, 9 no data.\n"
    yield "## How to roll back\n"
    yield "Everything goes back by itself at the end. To end it earlier:\n"
    yield "```sh"
    yield "aichaos stop     # from any terminal or machine; Ctrl-C in its own"
    yield "aichaos recover  # if its process died and nothing was restored"
    yield "```\n"
    yield f"By hand, in this order (or `aichaos export {path} --to kubectl`, which writes a script with its undo script):\n"
    yield from ([f"{number}. {_text(one)}" for number, one in enumerate(spec.rollback, 1)] or ["Nothing is written in the experiment."])
    yield "\n## Emergency procedures\n"
    yield "1. Stop everything, and let nothing new start: `aichaos stop --all`"
    yield '2. Without aichaos: `kubectl -n aichaos patch configmap aichaos-lever --type merge -p \'{"data":{"state":"pulled"}}\'`'
    yield "3. Where the machine of the run is lost: from another one `aichaos recover --from-configmap aichaos/aichaos-run-RUN --key FILE`."
    yield "   `kubectl get configmaps -A -l aichaos.io/run` shows which run. FILE is `key` in the state directory of the lost machine"
    yield "   (`~/.local/state/aichaos/key`): keep a copy of it elsewhere before the first run. The guard in the cluster"
    yield "   (`aichaos run --in-cluster-guard IMAGE`) needs nobody for this"
    yield "4. What is left over is printed by the run (exit 8) with the commands that undo it; `aichaos report` shows it again"
    yield "5. When all is well: `aichaos stop --release`\n"
    yield "## Afterwards\n"
    yield "```sh"
    yield "aichaos report -o markdown > results.md"
    yield "aichaos backlog > improvements.md"
    yield "```\n"
    yield "If the hypothesis does not hold, the experiment proposes:\n"
    yield from ([f"- {_text(one)}" for one in spec.remediation] or ["- nothing"])


def _joined(lines: Iterator[str]) -> str:
    return "\n".join(line for line in lines if line is not None).rstrip("\n") + "\n"


def _text(text: str) -> str:
    """On one line, and no HTML of its own."""
    return _TAG.sub("&lt;", " ".join(clean(text).split()))
