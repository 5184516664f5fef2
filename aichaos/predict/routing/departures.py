"""Where a gateway departs from the standard on one request, and which of its named deviations does it."""

from collections.abc import Callable

import msgspec

from aichaos.domain.prediction import Answer
from aichaos.predict.routing.profile import Deviation, Profile
from aichaos.predict.routing.profiles.standard import STANDARD


def without(profile: Profile, *deviations: Deviation) -> Profile:
    """The profile with some of its deviations taken back."""
    usual = {switch: getattr(STANDARD, switch) for one in deviations for switch in one.switches}
    return msgspec.structs.replace(profile, name=f"{profile.name} without {len(deviations)}", deviations=(), **usual)


def departures(answer: Answer, plain: Answer, profile: Profile, ask: Callable[[Profile], Answer]) -> list[Deviation]:
    """What makes the answer another one than the standard's: nothing where both are alike; else each deviation that changes it.

    Where each of several would do it alone, none of them changes anything by itself: then as few of them as give this answer.
    ask: the answer of a profile to the same request.
    """
    seen = _seen(answer)
    if seen == _seen(plain):
        return []
    causes = [one for one in profile.deviations if _seen(ask(without(profile, one))) != seen]
    if causes:
        return causes
    taken: list[Deviation] = []
    for one in profile.deviations:
        if _seen(ask(without(profile, *taken, one))) == seen:
            taken.append(one)
    return [one for one in profile.deviations if one not in taken]


def _seen(answer: Answer) -> tuple[object, ...]:
    return answer.brief, answer.received, answer.route, answer.rule, answer.mirrors, answer.response_headers
