"""One place, one finding: where the server refuses a field and a rule knows why people write it so, the rule speaks.

Rules of the layers `schema` and `admission` in `meaning/` hold what people need beside the server's verdict: the reason, and the fix where
one is certain. They say nothing on their own, because what the server takes depends on the CRD that is installed; a rule of the layer
`meaning` stands on its own and only takes the place of what the server says there.
"""

from collections.abc import Container, Iterable

import msgspec

from aichaos.check.fixes import touched
from aichaos.domain.finding import Finding

_SERVER = ("schema", "admission")


def joined(server: list[Finding], ours: Iterable[Finding], *, judged: Container[str]) -> list[Finding]:
    """What the server would say and what we know, as one list. judged: which of the server's layers looked at this document."""
    found, said = [], {id(one): one for one in server}
    unseen = [f"{one.path}/" for one in server if one.rule == "schema/type"]
    for one in ours:
        places = {one.path, *touched(one.fix)}
        told = [
            other for other in server if other.layer in _SERVER and other.severity in ("error", "skipped") and _same(one, other, places)
        ]
        for other in told:
            said.pop(id(other), None)
        refused = [other for other in told if other.severity == "error"]
        if refused:
            found.append(msgspec.structs.replace(one, layer=refused[0].layer, severity="error"))
        elif one.layer not in _SERVER or told or one.layer not in judged or _inside(places, unseen):
            found.append(one)
    return [*said.values(), *found]


def _same(one: Finding, other: Finding, places: set[str]) -> bool:
    """Whether the server's finding is about the place of ours; a missing field may be told of at its parent."""
    if other.rule == "schema/required" and one.layer in _SERVER and other.path.rpartition("/")[0] in places:
        return True
    return other.path in places


def _inside(places: set[str], unseen: list[str]) -> bool:
    """Whether a place is inside a value of a wrong type: the server stops there, and what is below it is wrong as well."""
    return any(place.startswith(above) for place in places for above in unseen)
