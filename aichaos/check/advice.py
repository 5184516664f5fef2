"""One place, one finding: where the server refuses a field and a rule knows why people write it so, the rule speaks.

Rules of the layers `schema` and `admission` in `meaning/` hold what people need beside the server's verdict: the reason, and the fix where
one is certain. They say nothing on their own, because what the server takes depends on the CRD that is installed; a rule of the layer
`meaning` stands on its own and only takes the place of what the server says there.
"""

from collections.abc import Iterable

import msgspec

from aichaos.check.fixes import touched
from aichaos.domain.finding import Finding

_SERVER = ("schema", "admission")


def joined(server: list[Finding], ours: Iterable[Finding], *, judged: bool) -> list[Finding]:
    """What the server would say and what we know, as one list. judged: whether the server's layers looked at this document at all."""
    found, said = [], {id(one): one for one in server}
    for one in ours:
        places = {one.path, *touched(one.fix)}
        told = [other for other in server if other.path in places and other.layer in _SERVER and other.severity in ("error", "skipped")]
        for other in told:
            said.pop(id(other), None)
        refused = [other for other in told if other.severity == "error"]
        if refused:
            found.append(msgspec.structs.replace(one, layer=refused[0].layer, severity="error"))
        elif one.layer not in _SERVER or told or not judged:
            found.append(one)
    return [*said.values(), *found]
