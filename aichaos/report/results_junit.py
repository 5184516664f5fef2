"""The results of a run as JUnit XML: a case for the prediction, one for each promise, and one for the restore, so that a CI server shows
which one was broken.

A promise without data is skipped, never passed.
"""

from aichaos.domain.results import Objective, Results
from aichaos.domain.sample import Verdict
from aichaos.report.junit import attribute, body


def text(found: Results) -> str:
    promised = [(probe.probe, one) for probe in found.probes if probe.role == "steady" for one in probe.objectives]
    lost = found.restored == "not-restored"
    foretold, told = _foretold(found)
    verdicts = [foretold, *(one.verdict for _, one in promised)]
    failures, skipped = verdicts.count("fail") + lost, verdicts.count("no-data")
    counts = f'tests="{len(promised) + 2}" failures="{failures}" errors="0" skipped="{skipped}" time="{found.ended - found.began:.3f}"'
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<testsuites name="aichaos run" {counts}>']
    lines.append(f"  <testsuite name={attribute(found.run)} {counts}>")
    lines += ['    <testcase classname="prediction" name="answers come as foretold">', told, "    </testcase>"]
    for probe, one in promised:
        lines += [f"    <testcase classname={attribute(probe)} name={attribute(one.text)}>", _inside(one), "    </testcase>"]
    lines += ['    <testcase classname="restore" name="everything is as it was">', _restore(found, lost=lost), "    </testcase>"]
    return "\n".join([*lines, "  </testsuite>", "</testsuites>", ""])


def _foretold(found: Results) -> tuple[Verdict, str]:
    """The difference between prediction and observation, which comes before all; and whether there is one."""
    differences = [one.text for one in found.observations if one.kind == "difference"]
    if differences:
        return "fail", f'      <failure type="prediction" message={attribute(differences[0])}>{body(chr(10).join(differences))}</failure>'
    agreeing = sum(one.verdict == "agrees" for one in found.prediction)
    if not agreeing:
        return "no-data", '      <skipped message="no foretold answer was observed"/>'
    return "pass", f"      <system-out>{agreeing} answers came as foretold</system-out>"


def _inside(one: Objective) -> str:
    match one.verdict:
        case "fail":
            return f'      <failure type="promise" message={attribute(one.why)}>{body(one.observed)}</failure>'
        case "no-data":
            return f"      <skipped message={attribute(one.why)}/>"
    return f"      <system-out>{body(one.observed)}</system-out>"


def _restore(found: Results, *, lost: bool) -> str:
    if lost:
        left = "\n".join(f"{one.object}: {one.why}" for one in found.left_over)
        return f'      <failure type="restore" message="not restored">{body(left)}</failure>'
    return f"      <system-out>{body(found.restored)}</system-out>"
