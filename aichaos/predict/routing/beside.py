"""What an answer has beside it: copies of the request, and changes of the answer's headers."""

import msgspec

from aichaos.domain import forms
from aichaos.domain.gateway import BackendRef, Filter
from aichaos.domain.prediction import Answer, Changes, Mirror
from aichaos.predict.routing.backends import resolve
from aichaos.predict.routing.entries import Entry
from aichaos.predict.routing.notes import mirrored
from aichaos.predict.routing.profile import Profile
from aichaos.predict.routing.response import changes
from aichaos.predict.routing.world import World


def beside(answer: Answer, entry: Entry, world: World, profile: Profile) -> Answer:
    """The answer of an entry's rule with its mirrors and with what becomes of its headers."""
    filters: tuple[Filter, ...] = getattr((entry.route.spec.rules or ())[entry.rule], "filters", ())
    if not filters:
        return answer
    changed = changes(entry, answer, profile)
    headers = Changes(
        set=tuple((one.name, one.value) for change in changed for one in change.set),
        add=tuple((one.name, one.value) for change in changed for one in change.add),
        remove=tuple(name for change in changed for name in change.remove),
    )
    copies = _mirrors(filters, entry, world, profile) if answer.outcome == "forward" and answer.status is None else ()
    return msgspec.structs.replace(answer, mirrors=copies or msgspec.UNSET, response_headers=headers if changed else msgspec.UNSET)


def _mirrors(filters: tuple[Filter, ...], entry: Entry, world: World, profile: Profile) -> tuple[Mirror, ...]:
    """One whose reference is bad mirrors nothing."""
    found = []
    for one in filters:
        if one.request_mirror is not None:
            ref = forms.convert(one.request_mirror.backend_ref, BackendRef)
            target = resolve(entry.route, ref, world, profile)
            if not target.invalid and target.service is not None:
                found.append(Mirror(service=target.service, port=ref.port, share=mirrored(one.request_mirror, profile) / 100))
    return tuple(found)
