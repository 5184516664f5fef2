"""The lever: one ConfigMap that stops every run in a cluster, and that anybody who may edit it can pull, with kubectl or with ours.

Absent means released: it is made at the first run. What can't be read, and what says neither word, counts as pulled.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

import msgspec

from aichaos.cluster.reader import Patience, Reader
from aichaos.cluster.writer import Absent, Found, Unread, Writer, address
from aichaos.domain.running import LEVER, Change, Conflict, Done, Manifest, Missing, Place
from aichaos.errors import RefusedError, SourceError
from aichaos.files.plain import mapping, sequence, text
from aichaos.run import own
from aichaos.run.rounds import rounds

EVERY = 0.1
"""Seconds between two looks at the lever during a run."""
PATIENCE = Patience(connect=2.0, silence=3.0, total=4.0)
"""How long a look may take before the lever counts as unreadable."""
BOUND = 5.0
"""The same for what no patience of a request holds: a login that never comes back. So a lever that was pulled is seen, or counts as
unreadable, within so many seconds and `EVERY`, whatever stands between it and the run."""
_ATTEMPTS = 4

Word = Literal["released", "pulled"]


class Lever(msgspec.Struct, frozen=True, kw_only=True):
    """pulled: whether nothing may run. told: for people. absent: it has not been made yet."""

    pulled: bool
    told: str
    absent: bool = False


def place(written: str = LEVER) -> Place:
    """written: `NS/NAME`."""
    namespace, _, name = written.partition("/")
    return own.config_map(name, namespace)


def look(reader: Reader, where: Place) -> Lever:
    """The lever as it is now; a Reader with `PATIENCE` does not wait long."""
    try:
        found = reader.get_named(address(where), where.name)
    except SourceError as error:
        return _unreadable(where, error)
    return judged(found, where)


def judged(found: Manifest | None, where: Place) -> Lever:
    if found is None:
        return Lever(pulled=False, told=f"the lever {_named(where)} is not there yet", absent=True)
    data = mapping(found.get("data"))
    match data.get("state"):
        case "released":
            return Lever(pulled=False, told="the lever is released")
        case "pulled":
            return Lever(pulled=True, told=f"the lever is pulled{_by(found)}")
    return Lever(pulled=True, told=f"the lever {_named(where)} says neither released nor pulled: that counts as pulled")


def _by(found: Manifest) -> str:
    """Who pulled it, when and why, as far as that was written together with the word: what stood there before tells of somebody else."""
    data = mapping(found.get("data"))
    writers = {key: _writer(found, key) for key in ("state", "who", "when", "why")}
    own = {key: text(data[key]) for key in ("who", "when", "why") if data.get(key) and writers[key] == writers["state"]}
    manager, at = writers["state"] or ("", "")
    if "who" not in own and manager:
        return f" with {manager} at {at}" + (f" because: {own['why']}" if "why" in own else "")
    return "".join(f" {word} {own[key]}" for key, word in (("who", "by"), ("when", "at"), ("why", "because:")) if key in own)


def _writer(found: Manifest, key: str) -> tuple[str, str] | None:
    """The field manager that wrote a key of a ConfigMap, and when; None where the server does not say."""
    for one in sequence(mapping(found.get("metadata")).get("managedFields")):
        entry = mapping(one)
        if f"f:{key}" in mapping(mapping(entry.get("fieldsV1")).get("f:data")):
            return text(entry.get("manager")), text(entry.get("time"))
    return None


def put(writer: Writer, where: Place, word: Word, why: str) -> str:
    """Pull or release the lever, and make it, with its namespace, where it is not there. Returns what stood in it before.

    Raises RefusedError where it can't be written, with what to type instead.
    """
    data = {"state": word, "who": writer.approval.who, "when": writer.approval.at, "why": why}
    last = ""
    for _ in range(_ATTEMPTS):
        match writer.read(where):
            case Unread(told, _, _):
                last = told
                continue
            case Absent():
                before = "absent"
                outcome = writer.send(own.config_map_of(where, data))
                if isinstance(outcome, Missing):
                    writer.send(own.home(where.namespace))
                    continue
            case Found(found):
                before = text(mapping(found.get("data")).get("state")) or "empty"
                outcome = writer.send(Change(verb="patch", place=where, body={"data": data}))
        if isinstance(outcome, Done):
            return before
        last = getattr(outcome, "why", "") or "it is not there"
        if not isinstance(outcome, Conflict | Missing):
            break
    made = f"kubectl -n {where.namespace} create configmap {where.name} --from-literal=state={word} --dry-run=client -o yaml"
    hint = f"Somebody who may can type: {made} | kubectl apply -f -"
    raise RefusedError(f"the lever {_named(where)} could not be {word}: {last}", hint=hint)


def make(writer: Writer, where: Place) -> None:
    """Make the lever, released, for whoever may need it, if the rights are there; one that is there stays as it is."""
    data = {"state": "released", "who": writer.approval.who, "when": writer.approval.at, "why": "made by the first run"}
    if isinstance(writer.send(own.config_map_of(where, data)), Missing):
        writer.send(own.home(where.namespace))
        writer.send(own.config_map_of(where, data))


@contextmanager
def watch(reader: Reader, where: Place, pulled: Callable[[str], object], every: float = EVERY, bound: float = BOUND) -> Iterator[None]:
    """Looks at the lever again and again in the block, and says once that it was pulled.

    There is no watch of the API in it: one that is cut silently, or that lags behind, would tell nothing, and nobody would know. Each look
    is a question of its own, and whatever is no answer to it counts as pulled. bound: seconds that one look may take, whatever it waits
    for.
    """

    def look_once() -> bool:
        try:
            found = look(reader, where)
        except Exception as error:  # noqa: BLE001  a bug of ours: a lever that nobody looks at any more is as unreadable as another
            found = _unreadable(where, type(error).__name__)
        if found.pulled and not over.is_set():
            pulled(found.told)
        return not found.pulled

    def stuck() -> None:
        pulled(_unreadable(where, f"no look at it has ended within {bound:g} s").told)

    with rounds("aichaos-lever", every, look_once, bound, stuck) as over:
        yield


def _unreadable(where: Place, why: object) -> Lever:
    return Lever(pulled=True, told=f"the lever {_named(where)} can't be read ({why}): that counts as pulled")


def _named(where: Place) -> str:
    return f"{where.namespace}/{where.name}"
