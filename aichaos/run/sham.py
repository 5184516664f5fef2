"""A sham run: everything but the fault. The same steps take as long, the same guard, probes and way back; nothing is changed.

What a run shows beyond its sham, only the fault explains.
"""

import msgspec

from aichaos.domain.experiment import Experiment, Step, Wait


def idle(experiment: Experiment) -> Experiment:
    """The experiment with a wait in place of each change: as long as a fault is held, and next to no time where it is made and left."""
    steps = [_idle(step) for step in experiment.spec.steps]
    title = f"{experiment.spec.title or experiment.name} (a sham: everything but the fault)"
    return msgspec.structs.replace(experiment, spec=msgspec.structs.replace(experiment.spec, title=title, steps=steps))


def _idle(step: Step) -> Step:
    if step.verb in ("wait", "probe"):
        return step
    return Step(name=step.name or step.verb, wait=Wait(for_=step.hold or "10ms"))
