"""Where a gateway departs from the standard on one request, and which of its named deviations does it."""

from collections.abc import Callable

import msgspec

from aichaos.domain.prediction import Answer
from aichaos.predict.routing.profile import Deviation, Profile
from aichaos.predict.routing.profiles.standard import STANDARD


def without(profile: Profile, deviation: Deviation) -> Profile:
    """The profile with one deviation taken back."""
    usual = {switch: getattr(STANDARD, switch) for switch in deviation.switches}
    return msgspec.structs.replace(profile, name=f"{profile.name} without {deviation.name}", deviations=(), **usual)


def departures(answer: Answer, plain: Answer, profile: Profile, ask: Callable[[Profile], Answer]) -> list[str]:
    """What is said of it: nothing where both answer alike; else each deviation whose absence changes the answer.

    ask: the answer of a profile to the same request.
    """
    if _seen(answer) == _seen(plain):
        return []
    causes = [deviation for deviation in profile.deviations if _seen(ask(without(profile, deviation))) != _seen(answer)]
    said = [f"{deviation.name}: {deviation.says}" for deviation in causes]
    return said or [f"{profile.name} departs from the standard here by several of its deviations together"]


def _seen(answer: Answer) -> tuple[object, ...]:
    return answer.brief, answer.received, answer.route, answer.rule
