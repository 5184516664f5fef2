"""A run: the requests it sends, what undoes them, what its journal holds, and what it tells.

    Plan ─ approved ─► Intent (on disk before its Change is sent) ─► Outcome (what the server said) ─► Restored

An intent keeps the whole object as it was. The way back is never a list of commands written beforehand: it is computed from the intents
and from what is there now, so that it is right after a kill at any moment, twice, and beside other people's changes.
"""

import shlex
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import msgspec

from aichaos.domain.base import ObjectRef, group_of
from aichaos.domain.policy import NO_POLICY, Policy
from aichaos.domain.prediction import Irreversible

Manifest = dict[str, Any]
Verb = Literal["create", "patch", "delete"]


class _Word(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    pass


class Place(_Word, frozen=True, kw_only=True, order=True):
    """An object by the name that the API server has for it. resource: the plural, as in `httproutes`. namespace: "" if cluster-scoped."""

    api_version: str
    resource: str
    kind: str
    name: str
    namespace: str = ""

    @property
    def ref(self) -> ObjectRef:
        return ObjectRef(self.kind, self.name, self.namespace)

    @property
    def group(self) -> str:
        return group_of(self.api_version)

    def __str__(self) -> str:
        return str(self.ref)


class Change(_Word, frozen=True, kw_only=True):
    """One request to the API server.

    body: the object to create, or an RFC 7386 merge patch of exactly the fields that change. uid, resource_version: what the object must
    still be, or the server refuses; "" where nothing is there yet. Creating needs neither: a name is taken or it is free.
    """

    verb: Verb
    place: Place
    body: Manifest | None = None
    uid: str = ""
    resource_version: str = ""


class Intent(_Word, frozen=True, kw_only=True, tag="intent", tag_field="entry"):
    """A change that is about to be sent, numbered from 1 within its run.

    step: the number of the experiment's step, from 1; 0 where the way back makes it. before: the whole object as it was, None if there was
    none. after: the object as the server's own dry run says it will be; None for a delete, and where it could not be asked.
    """

    number: int
    step: int
    change: Change
    before: Manifest | None = None
    after: Manifest | None = None


# What the server said ---------------------------------------------------------------------------------------------------------


class Done(_Word, frozen=True, kw_only=True, tag="done"):
    """Carried out; `object` as it is now, None for a delete."""

    object: Manifest | None = None


class Conflict(_Word, frozen=True, kw_only=True, tag="conflict"):
    """Not carried out: the object is not (any more) what the change expects, or its name is taken."""

    why: str


class Missing(_Word, frozen=True, kw_only=True, tag="missing"):
    """Not carried out: there is no such object."""


class Refused(_Word, frozen=True, kw_only=True, tag="refused"):
    """Not carried out, and not worth another try: no right to it, or the server does not take the object."""

    code: int
    why: str


class Unsent(_Word, frozen=True, kw_only=True, tag="unsent"):
    """Not carried out: nobody took the request. seconds: how long the server asks us to wait."""

    why: str
    seconds: float | None = None


class Unknown(_Word, frozen=True, kw_only=True, tag="unknown"):
    """Carried out or not: the connection was cut, or the server failed, after the request was on its way. Only reading tells."""

    why: str


Outcome: TypeAlias = Done | Conflict | Missing | Refused | Unsent | Unknown


# The plan ---------------------------------------------------------------------------------------------------------------------


class Rivals(_Word, frozen=True, kw_only=True):
    """Objects whose order of age decides something. younger: those that must stay younger than `elder`, the eldest first."""

    elder: Place
    younger: tuple[Place, ...]


class Planned(_Word, frozen=True, kw_only=True):
    """One step. text: in words. intent: what it will send as far as that can be known now; None for a step that only waits or looks."""

    number: int
    name: str
    verb: str
    text: str
    intent: Intent | None = None


class Permission(_Word, frozen=True, kw_only=True, order=True):
    """A right that a run needs. verb: as in RBAC. name: "" for all objects of the kind. why: the step, or `restore`."""

    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""
    why: str = ""


LEVER = "aichaos/aichaos-lever"
"""`NS/NAME` of the ConfigMap that stops every run, where nobody says otherwise."""


def beside_lever(command: str, lever: str) -> str:
    """A command for people to type that finds the lever, and the Lease beside it, of a run."""
    return command if lever == LEVER else f"{command} --lever {shlex.quote(lever)}"


class Along(_Word, frozen=True, kw_only=True):
    """Objects that go with a deletion because they belong to what is deleted. of: that object. returns: how they come back, for people:
    "under other names"."""

    of: str
    kind: str
    names: tuple[str, ...]
    returns: str


class Plan(_Word, frozen=True, kw_only=True):
    """What a run will do, before it does it.

    run: its name. digest: of the experiment's document. cluster: the UID of namespace kube-system. rivals: for every object that will be
    deleted, whom its order of age concerns. closure: the objects that the way back must recreate although no step touches them.
    deadline: seconds. lever: `NS/NAME`. kubernetes: the version whose API the cluster serves, as `1.35`; "" where it does not say.
    along: what the deletions take along.
    """

    run: str
    experiment: str
    title: str
    digest: str
    cluster: str
    server: str
    steps: tuple[Planned, ...]
    deadline: float
    rivals: tuple[Rivals, ...] = ()
    closure: tuple[Place, ...] = ()
    irreversible: tuple[Irreversible, ...] = ()
    permissions: tuple[Permission, ...] = ()
    warnings: tuple[str, ...] = ()
    lever: str = LEVER
    kubernetes: str = ""
    along: tuple[Along, ...] = ()


class Approval(_Word, frozen=True, kw_only=True):
    """That somebody wants this plan carried out. Nothing can be written to a cluster without one; only `run/approve.py` makes it.

    who: as the machine knows them. how: at the keyboard, by `--yes`, or by a signed file. at: RFC 3339. why: in words.
    """

    run: str
    digest: str
    cluster: str
    who: str
    how: Literal["keyboard", "yes", "file"]
    at: str
    why: str = ""


# The journal ------------------------------------------------------------------------------------------------------------------


class Access(_Word, frozen=True, kw_only=True):
    """How whoever restores finds the cluster again: never a credential. Both None: the service account of the pod that we run in."""

    kubeconfig: str | None = None
    context: str | None = None


class Entry(_Word, frozen=True, kw_only=True, tag_field="entry"):
    """Base of what stands in a journal beside intents. at: seconds since 1970 by this machine's clock."""

    at: float


class Opened(Entry, frozen=True, kw_only=True, tag="opened"):
    """The first entry: everything that a stranger to the run needs to undo it. lease, lever: `NS/NAME`. policy: what the user allows."""

    plan: Plan
    approval: Approval
    access: Access
    host: str
    pid: int
    lease: str
    lever: str
    version: str
    policy: Policy = NO_POLICY


class Result(Entry, frozen=True, kw_only=True, tag="result"):
    number: int
    outcome: Outcome


class StepBegan(Entry, frozen=True, kw_only=True, tag="step"):
    number: int


class Stopping(Entry, frozen=True, kw_only=True, tag="stopping"):
    """Why a run ends before its last step."""

    reason: str


class Restoring(Entry, frozen=True, kw_only=True, tag="restoring"):
    """Somebody has begun to restore. who: main, watchdog, recover, in-cluster. generation: of the Lease, from here on."""

    who: str
    generation: int
    pid: int


class Undoing(Entry, frozen=True, kw_only=True, tag="undoing"):
    """Changes that are about to be sent to put things back."""

    changes: tuple[Change, ...]


class Undone(Entry, frozen=True, kw_only=True, tag="undone"):
    place: Place
    outcome: Outcome


class Foreign(_Word, frozen=True, kw_only=True, order=True):
    """An object that somebody else changed meanwhile; what they changed stays."""

    object: str
    what: str


class LeftOver(_Word, frozen=True, kw_only=True):
    """An object that is not as it was. commands: what a person can type, in their order."""

    object: str
    why: str
    commands: tuple[str, ...]


class Checked(Entry, frozen=True, kw_only=True, tag="checked"):
    """Every touched object was read again and compared."""

    left_over: tuple[LeftOver, ...] = ()
    foreign: tuple[Foreign, ...] = ()


class Closed(Entry, frozen=True, kw_only=True, tag="closed"):
    """The last entry. No other follows, and the run needs nobody any more."""

    outcome: str
    restored: str


JournalEntry: TypeAlias = Opened | Intent | Result | StepBegan | Stopping | Restoring | Undoing | Undone | Checked | Closed


# Stopping and restoring -------------------------------------------------------------------------------------------------------


class Stop(_Word, frozen=True, kw_only=True):
    """Why a run ends early, and when it was told to: seconds of `time.monotonic`."""

    reason: str
    at: float


class Restored(_Word, frozen=True, kw_only=True):
    """How a restore ended. seconds: from its beginning to the last acknowledged change; acknowledged: when that was, by `time.monotonic`;
    both None where nothing had to be sent."""

    left_over: tuple[LeftOver, ...] = ()
    foreign: tuple[Foreign, ...] = ()
    changes: int = 0
    seconds: float | None = None
    acknowledged: float | None = None

    @property
    def verified(self) -> bool:
        return not self.left_over


# What `run -o json` tells, one event a line -----------------------------------------------------------------------------------


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    """Base of all events."""


class Started(Event, frozen=True, kw_only=True, tag="started"):
    """The run has the Lease. deadline: seconds. stop: how to stop it from elsewhere."""

    run: str
    experiment: str
    steps: Sequence[str]
    deadline: float
    stop: str


class Step(Event, frozen=True, kw_only=True, tag="step"):
    """A step begins. seconds: since the first one did."""

    number: int
    text: str
    seconds: float


class Waiting(Event, frozen=True, kw_only=True, tag="waiting"):
    """What is waited for; told again once a second. seconds_left: None where that has no end of its own."""

    what: str
    seconds_left: float | None


class Changed(Event, frozen=True, kw_only=True, tag="changed"):
    """A step has changed an object, `Kind/ns/name`. verb: create, patch, delete."""

    verb: str
    object: str


class Probed(Event, frozen=True, kw_only=True, tag="probed"):
    """A probe was answered. good: None where its answer tells nothing."""

    probe: str
    good: bool | None
    detail: str


class Told(Event, frozen=True, kw_only=True, tag="note"):
    """Something that whoever follows the run should know."""

    text: str


class StopBegan(Event, frozen=True, kw_only=True, tag="stopping"):
    """Somebody or something ends the run early."""

    reason: str


class RestoreBegan(Event, frozen=True, kw_only=True, tag="restoring"):
    """Everything goes back from here on. who: main, the run itself."""

    who: str


class NotRestored(Event, frozen=True, kw_only=True, tag="left-over"):
    """An object that is NOT as it was, why, and what to type."""

    object: str
    why: str
    commands: Sequence[str]


class Finished(Event, frozen=True, kw_only=True, tag="finished"):
    """The last one. left_over: objects that are NOT as they were. foreign: those that somebody else has changed meanwhile; that stays.
    stop_to_restored_seconds: to the last change back, where something ended the run early. report: a path."""

    run: str
    outcome: Literal["completed", "stopped", "failed"]
    stop_reason: str | None
    restored: Literal["verified", "not-restored", "nothing-changed"]
    stop_to_restored_seconds: float | None
    verdict: Literal["pass", "fail", "no-data"]
    left_over: Sequence[str]
    foreign: Sequence[str]
    report: str
